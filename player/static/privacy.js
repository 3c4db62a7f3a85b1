// Purposes of the record, switched with a reason and a day.
import { call } from "./site.js";
import { moment } from "./zones.js";

async function submit(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const { dataset, since, reason } = form;
  const begins = since.value ? moment(since.value, "00:00", dataset.zone).toISOString() : null;
  const wanted = { purpose: dataset.switch, is_on: dataset.on === "yes", reason: reason.value, since: begins };
  try {
    await call("POST", "/api/v1/purposes", wanted);
    location.reload();
  } catch (error) {
    const shown = form.querySelector("[data-error]");
    shown.hidden = false;
    shown.textContent = error.message;
  }
}

for (const form of document.querySelectorAll("[data-switch]")) form.addEventListener("submit", submit);
