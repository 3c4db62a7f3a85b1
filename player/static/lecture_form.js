// Plan or change a lecture: times in the person's zone become UTC here.
import { $, el } from "./dom.js";
import { call } from "./site.js";
import { t, tn } from "./translate.js";
import { moment } from "./zones.js";

const form = $("lecture-form");
const { zone, lecture, revision } = form.dataset;
const DAY_MS = 86_400_000;

/** Begin and end; an end before the begin is on the next day, as a night lecture's is. */
function times() {
  const begins = moment(form.day.value, form.begins.value, zone);
  let ends = moment(form.day.value, form.ends.value, zone);
  if (begins && ends && ends < begins) ends = new Date(ends.getTime() + DAY_MS);
  return { begins, ends };
}

function showLength() {
  const { begins, ends } = times();
  const minutes = begins && ends ? Math.round((ends - begins) / 60_000) : 0;
  $("form-length").textContent = minutes ? tn("It lasts {count} minute.", "It lasts {count} minutes.", minutes) : "";
}

function complain(text, findings = []) {
  $("form-error").hidden = false;
  $("form-error-text").textContent = text;
  $("form-findings").replaceChildren(...findings.map((one) => el("li", {}, one.message ?? String(one))));
  $("form-error").focus();
}

/** Say what is missing before anything is sent; true when nothing is. */
function check() {
  const empty = [...form.querySelectorAll("[required]")].filter((field) => !field.value.trim());
  for (const field of form.elements) field.removeAttribute("aria-invalid");
  for (const field of empty) field.setAttribute("aria-invalid", "true");
  if (!empty.length) return true;
  complain(t("Please fill in what is marked."));
  empty[0].focus();
  return false;
}

async function submit(event) {
  event.preventDefault();
  if (!check()) return;
  const { begins, ends } = times();
  const body = {
    title: form.title.value.trim(),
    summary: form.summary.value.trim(),
    starts_at: begins.toISOString(),
    ends_at: ends.toISOString(),
    is_recorded: form.is_recorded.checked,
  };
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  try {
    const saved = lecture
      ? await call("PATCH", `/api/v1/lectures/${lecture}`, { ...body, revision: Number(revision) })
      : await call("POST", "/api/v1/lectures", body);
    location.assign(`/lectures/${saved.id}`);
  } catch (error) {
    complain(error.message, error.findings);
    button.disabled = false;
  }
}

form.addEventListener("submit", submit);
form.addEventListener("input", showLength);
showLength();
