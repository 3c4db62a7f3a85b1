// For hosts: how long the recording is kept, and the button that deletes it.
import { dateFormat } from "../dates.js";
import { $ } from "../dom.js";
import { call, toast } from "../site.js";
import { locale, numbers, t, tn } from "../translate.js";

const DAY_MS = 86_400_000;

/** `address` is the recording's. */
export function openRetention(address) {
  const form = $("retention-form");
  const { keep, until } = form.elements;

  function show(found) {
    keep.value = found.keep;
    until.value = found.until ? lastDay(found.until) : until.value;
    const days = tn("Deleted {count} day after the lecture.", "Deleted {count} days after the lecture.", found.house_days);
    $("retention-house").textContent = found.house_days ? days : t("The house deletes nothing by itself.");
    $("retention-when").textContent = `${size(found.size_bytes)} ${whenIn(found.deleted_at)}`;
    $("retention-save").disabled = true;
    $("retention-day").hidden = keep.value !== "until";
  }

  async function attempt(act) {
    try {
      await act();
    } catch (error) {
      toast(error.message, { seconds: 8 });
    }
  }

  form.addEventListener("change", () => {
    until.min = day(new Date());
    until.required = keep.value === "until";
    $("retention-day").hidden = !until.required;
    $("retention-save").disabled = false;
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const end = keep.value === "until" ? nightAfter(until.value) : null;
    attempt(async () => {
      show(await call("PUT", `${address}/retention`, { keep: keep.value, until: end }));
      toast(t("Saved."));
    });
  });

  const dialog = $("delete-dialog");
  $("delete-recording").addEventListener("click", () => {
    $("delete-sure").checked = false;
    $("delete-confirm").disabled = true;
    dialog.showModal();
  });
  $("delete-sure").addEventListener("change", (event) => ($("delete-confirm").disabled = !event.target.checked));
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "delete") return;
    attempt(async () => {
      await call("DELETE", address);
      location.reload();
    });
  });
  attempt(async () => show(await call("GET", `${address}/retention`)));
}

const day = (date) => [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, "0")).join("-");

/** The midnight that ends the day, by the clock of this device. */
function nightAfter(text) {
  const [year, month, date] = text.split("-").map(Number);
  return new Date(year, month - 1, date + 1).toISOString();
}

const lastDay = (until) => day(new Date(Date.parse(until) - 1));

function whenIn(at) {
  if (!at) return t("Nothing deletes it by itself.");
  const when = new Date(Math.max(Date.parse(at), Date.now()));
  const words = dateFormat(locale, { day: "numeric", month: "long", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" })(when);
  const left = Math.round((when - Date.now()) / DAY_MS);
  return `${t("It is deleted on {day}.", { day: words })} ${left ? tn("{count} day is left.", "{count} days are left.", left) : ""}`;
}

function size(bytes) {
  const [number, unit] = bytes < 1e9 ? [bytes / 1e6, "megabyte"] : [bytes / 1e9, "gigabyte"];
  const format = { style: "unit", unit, maximumFractionDigits: number < 10 ? 1 : 0 };
  return t("The recording takes {size}.", { size: new Intl.NumberFormat(numbers, format).format(number) });
}
