// The surge switch: what would change is shown first, then all of it is switched.
import { $ } from "./dom.js";
import { call, toast } from "./site.js";
import { t, tn } from "./translate.js";
import { moment } from "./zones.js";

const DAY_MS = 86_400_000;
const form = $("surge-form");
const save = $("surge-save");
let asked = 0;

/** What is asked of the API; the last day counts whole. */
function wanted() {
  const { zone } = form.dataset;
  const until = new Date(moment(form.until.value, "00:00", zone).getTime() + DAY_MS);
  return {
    reason: form.reason.value.trim(),
    faculty: form.faculty.value === "*" ? null : form.faculty.value,
    mode: form.mode.value,
    since: moment(form.since.value, "00:00", zone).toISOString(),
    until: until.toISOString(),
  };
}

function complain(error) {
  $("surge-error").hidden = false;
  $("surge-error").textContent = error.message;
}

/** The newest question wins. */
async function preview() {
  const mine = ++asked;
  save.disabled = true;
  $("surge-error").hidden = true;
  $("surge-outcome").textContent = "";
  if (!form.checkValidity()) return;
  try {
    const { classes, courses } = await call("POST", "/api/v1/surges?dry_run=true", wanted());
    if (mine !== asked) return;
    const changed = tn("{count} class changes", "{count} classes change", classes);
    $("surge-outcome").textContent = `${changed} (${tn("{count} course", "{count} courses", courses)}).`;
    save.disabled = false;
  } catch (error) {
    if (mine === asked) complain(error);
  }
}

async function submit(event) {
  event.preventDefault();
  save.disabled = true;
  try {
    await call("POST", "/api/v1/surges", wanted());
    location.reload();
  } catch (error) {
    complain(error);
  }
}

/** The first press tells how many classes go back, the second does it. */
async function back(button) {
  const address = `/api/v1/surges/${button.dataset.back}`;
  try {
    if (!button.dataset.sure) {
      const { classes } = await call("DELETE", `${address}?dry_run=true`);
      button.dataset.sure = "yes";
      button.textContent = t("Press again: {count} go back", { count: classes });
      return;
    }
    await call("DELETE", address);
    location.reload();
  } catch (error) {
    toast(error.message);
  }
}

form.addEventListener("change", preview);
form.addEventListener("submit", submit);
for (const button of document.querySelectorAll("[data-back]")) button.addEventListener("click", () => back(button));
