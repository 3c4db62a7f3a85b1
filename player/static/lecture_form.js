// Plan or change a lecture: times in the person's zone become UTC here.
import { $, el } from "./dom.js";
import { preview, repeats, seriesOf } from "./series_form.js";
import { obstacleList, review } from "./obstacles.js";
import { call } from "./site.js";
import { t, tn, told } from "./translate.js";
import { dayOf, moment, timeOf } from "./zones.js";

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

const lengthOf = (begins, ends) => (begins && ends ? Math.round((ends - begins) / 60_000) : 0);

function showLength() {
  const { begins, ends } = times();
  const minutes = lengthOf(begins, ends);
  $("form-length").textContent = minutes ? tn("It lasts {count} minute.", "It lasts {count} minutes.", minutes) : "";
}

function complain(text, findings = []) {
  $("form-error").hidden = false;
  $("form-error-text").textContent = text;
  $("form-findings").replaceChildren(...findings.map((one) => el("li", {}, one.message ? told(one.message, one.template, one.values) : String(one))));
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

/** What the form says, apart from its times. */
const words = () => ({
  title: form.title.value.trim(),
  summary: form.summary.value.trim(),
  is_recorded: form.is_recorded.checked,
  kind: form.kind.value,
  mode: form.mode.value,
  chat_mode: form.chat_mode.value,
  waiting_room: form.waiting_room.checked,
  attendance_policy: form.attendance_policy.value || null,
  course: form.course.value || null,
  groups: groups(),
  auditorium: form.auditorium.value.trim() || null,
  channel: form.channel?.value || null,
});

/** Groups come by way of a course; without one there are none. */
const groups = () => {
  const marked = form.querySelectorAll("[name=groups]:checked");
  return form.course.value ? [...marked].map((box) => box.value) : [];
};

const showGroups = () => {
  if ($("form-groups")) $("form-groups").hidden = !form.course.value;
};

const series = () => {
  const { begins, ends } = times();
  return seriesOf(words(), lengthOf(begins, ends));
};

/** Save it; the address to go to. */
async function save() {
  if (repeats()) {
    const { classes } = await call("POST", "/api/v1/series", series());
    return `/week?on=${classes[0].starts_at.slice(0, 10)}`;
  }
  const { begins, ends } = times();
  const body = { ...words(), starts_at: begins.toISOString(), ends_at: ends.toISOString() };
  const saved = lecture
    ? await call("PATCH", `/api/v1/lectures/${lecture}`, { ...body, revision: Number(revision) })
    : await call("POST", "/api/v1/lectures", body);
  return `/lectures/${saved.id}`;
}

let waiting = 0;

/** Ask what the series would be, or what speaks against the one class, once the hand rests. */
function foresee() {
  clearTimeout(waiting);
  $("form-obstacles").replaceChildren();
  if (!form.day.value || !form.begins.value) return;
  waiting = setTimeout(() => (repeats() ? preview(series()) : showObstacles()), 300);
}

async function showObstacles() {
  const mine = waiting;
  const { begins, ends } = times();
  const { title, summary, is_recorded, ...work } = words();
  if (!begins || !ends || ends <= begins) return;
  const wish = { ...work, lecture: lecture || null, starts_at: begins.toISOString(), ends_at: ends.toISOString() };
  const found = await review(wish).catch(() => []); // saving will say what is wrong
  if (mine === waiting && found.length) $("form-obstacles").replaceChildren(obstacleList(found, zone, take));
}

/** A proposal goes into the form. */
function take({ starts_at: starts, auditorium }) {
  if (auditorium) form.auditorium.value = auditorium;
  if (starts) fillTimes(starts, lengthOf(times().begins, times().ends));
  form.dispatchEvent(new Event("change"));
}

function fillTimes(starts, minutes) {
  const ends = new Date(starts.getTime() + minutes * 60_000);
  [form.day.value, form.begins.value] = [dayOf(starts, zone), timeOf(starts, zone)];
  form.ends.value = timeOf(ends, zone);
  showLength();
}

async function submit(event) {
  event.preventDefault();
  if (!check()) return;
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  try {
    location.assign(await save());
  } catch (error) {
    complain(error.message, error.findings);
    button.disabled = false;
  }
}

form.addEventListener("submit", submit);
form.addEventListener("input", showLength);
form.addEventListener("change", foresee);
form.course.addEventListener("change", showGroups);
showGroups();
showLength();
