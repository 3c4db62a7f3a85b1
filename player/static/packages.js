// Picking lectures for one offline package: how large it will be, what is still being made, the download.
import { $ } from "./dom.js";
import { call } from "./site.js";
import { numbers, t, tn } from "./translate.js";

const WAIT_MS = 2000;
const config = JSON.parse($("packages-config").textContent);
const form = $("packages");
const boxes = form ? [...form.querySelectorAll("[name=lecture]")] : [];
const button = form?.querySelector("[type=submit]");

const chosen = () => boxes.filter((box) => box.checked);

function size(bytes) {
  const [number, unit] = bytes < 1e9 ? [bytes / 1e6, "megabyte"] : [bytes / 1e9, "gigabyte"];
  return new Intl.NumberFormat(numbers, { style: "unit", unit, maximumFractionDigits: number < 10 ? 1 : 0 }).format(number);
}

function show() {
  const picked = chosen();
  const bytes = picked.reduce((sum, box) => sum + Number(box.dataset.size), 0);
  const isTooMany = picked.length > config.most;
  const count = tn("{count} lecture, about {size}", "{count} lectures, about {size}", picked.length, { size: size(bytes) });
  $("sum").textContent = isTooMany ? t("A package holds {most} lectures at most.", { most: config.most }) : count;
  $("all").checked = picked.length === boxes.length;
  $("all").indeterminate = picked.length > 0 && picked.length < boxes.length;
  button.disabled = !picked.length || isTooMany;
}

/** Until every file is made; the zip itself is streamed. */
async function untilMade(query) {
  for (;;) {
    const response = await fetch(`${config.address}.zip?${query}`, { method: "HEAD" });
    if (response.status === 200) return;
    const { lectures, size_bytes } = await call("GET", `${config.address}?${query}`);
    if (response.status !== 202) throw new Error(t("No file could be made of this recording."));
    const made = lectures.filter((one) => one.is_made).length;
    Object.assign($("made"), { hidden: false, max: lectures.length, value: made });
    $("package-note").textContent = t("{made} of {count} files are made; the package will have about {size}.", { made, count: lectures.length, size: size(size_bytes) });
    await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  }
}

async function take(event) {
  event.preventDefault();
  const query = new URLSearchParams(new FormData(form)).toString();
  button.disabled = true;
  try {
    await untilMade(query);
    $("package-note").textContent = t("The download has begun.");
    location.assign(`${config.address}.zip?${query}`);
  } catch (error) {
    $("package-note").textContent = error.message;
  }
  $("made").hidden = true;
  button.disabled = false;
}

if (form) {
  for (const box of boxes) box.closest("label").querySelector("[data-shown-size]").textContent = size(Number(box.dataset.size));
  $("all").addEventListener("change", (event) => boxes.forEach((box) => (box.checked = event.target.checked)));
  form.addEventListener("change", show);
  form.addEventListener("submit", take);
  show();
}
