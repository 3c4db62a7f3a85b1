// The broadcast desk: check and push a schedule's file, take a source on air and give it back.
import { $, el } from "./dom.js";
import { call } from "./site.js";
import { t } from "./translate.js";

const TYPES = { json: "application/json", csv: "text/csv", tsv: "text/csv", xml: "application/xml", xmltv: "application/xml" };
const take = $("take-form");
const push = $("push-form");
const api = `/api/v1/channels/${push.dataset.channel}`;

function complain(text) {
  $("desk-error").hidden = false;
  $("desk-error").querySelector("span").textContent = text;
  $("desk-error").focus();
}

/** Do it once; then the page shows what came of it. */
async function act(button, method, address, body) {
  button.disabled = true;
  try {
    await call(method, address, body);
    location.reload();
  } catch (error) {
    button.disabled = false;
    complain(error.message);
  }
}

function source(value) {
  const [kind, ...name] = value.split(":");
  if (kind === "slate") return { slate: true };
  return kind === "live" ? { live: { lecture: name.join(":") } } : { [kind]: name.join(":") };
}

take.addEventListener("submit", (event) => {
  event.preventDefault();
  const body = { source: source(take.source.value) };
  if (take.minutes.value) body.duration = Number(take.minutes.value) * 60;
  act(event.submitter, "POST", `${api}/take`, body);
});
$("release")?.addEventListener("click", ({ target }) => act(target, "DELETE", `${api}/take`));

/** The chosen file with the type that its ending tells; null when it tells none. */
function chosen() {
  const file = push.file.files[0];
  const type = TYPES[file?.name.split(".").pop().toLowerCase()];
  if (!type) return null;
  const charset = push.charset.value;
  return new Blob([file], { type: charset ? `${type}; charset=${charset}` : type });
}

function changes({ added, changed, removed }) {
  const names = (keys) => ({ names: keys.join(", ") });
  const lines = [
    added.length && t("New: {names}", names(added)),
    changed.length && t("Changed: {names}", names(changed)),
    removed.length && t("Removed: {names}", names(removed)),
  ].filter(Boolean);
  return (lines.length ? lines : [t("Nothing changes.")]).map((line) => el("li", {}, line));
}

function show(lines, findings) {
  const told = findings.map((one) => el("li", { class: one.severity }, one.message));
  $("push-preview").replaceChildren(el("ul", {}, ...lines, ...told));
}

push.addEventListener("submit", async (event) => {
  event.preventDefault();
  $("push-now").disabled = true;
  const body = chosen();
  if (!body) return complain(t("The file's name has to end in .json, .csv, .tsv, .xml or .xmltv."));
  try {
    const pushed = await call("PUT", `${api}/schedule?dry_run=true`, body);
    show(changes(pushed), pushed.findings);
    $("push-now").disabled = pushed.findings.some((one) => one.severity === "error");
  } catch (error) {
    show([el("li", { class: "error" }, error.message)], error.findings ?? []);
  }
});
push.addEventListener("change", () => {
  $("push-now").disabled = true;
  $("push-preview").replaceChildren();
});
$("push-now").addEventListener("click", ({ target }) => act(target, "PUT", `${api}/schedule`, chosen()));

const logo = $("logo-form");

/** The picture in small, with the logo as it would lie in it. */
function sketch() {
  const [file] = logo.file.files;
  const image = $("logo-image");
  if (file) {
    URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(file);
  }
  image.hidden = !image.src;
  $("logo-sketch").dataset.corner = logo.corner.value;
  image.style.height = `${logo.height.value}%`;
  image.style.opacity = logo.opacity.value / 100;
}

logo.addEventListener("input", sketch);
sketch();
logo.addEventListener("submit", async (event) => {
  event.preventDefault();
  const place = new URLSearchParams(["corner", "height", "opacity"].map((name) => [name, logo[name].value]));
  const image = logo.file.files[0] ?? (await (await fetch($("logo-image").src)).blob());
  act(event.submitter, "PUT", `${api}/logo?${place}`, new Blob([image], { type: "image/png" }));
});
$("logo-remove")?.addEventListener("click", ({ target }) => act(target, "DELETE", `${api}/logo`));
