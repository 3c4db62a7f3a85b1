// What is to be watched before class: on the page of the class, of the recording and of the week.
import { dateFormat } from "./dates.js";
import { $, el } from "./dom.js";
import { call, toast } from "./site.js";
import { locale, t } from "./translate.js";

const box = $("assignments");
const { address, mode } = box?.dataset ?? {};
const moment = dateFormat(locale, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: box?.dataset.zone });

function state(one) {
  if (one.watched_percent === null) return null;
  if (one.is_done) return el("span", { class: "badge air", "data-testid": "assignment-done" }, t("Watched"));
  const percent = Math.floor(one.watched_percent);
  const label = t("{percent} % watched", { percent });
  const bar = el("meter", { min: 0, max: 100, high: one.percent, value: percent, "aria-label": label });
  return el("span", { class: "assignment-state" }, bar, label);
}

function line(one) {
  const isOfClass = mode === "recording";
  const [id, title] = isOfClass ? [one.lecture, one.title] : [one.recording, one.recording_title];
  const what = isOfClass ? t("Before the class") : t("Watch before class");
  const need = t("at least {percent} % until {deadline}", { percent: one.percent, deadline: moment(new Date(one.deadline)) });
  return el(
    "li",
    { "data-testid": "assignment" },
    el("span", { class: "soft" }, mode === "week" ? `${what}: ${one.title}` : what),
    el("a", { href: `/lectures/${id}` }, title),
    el("span", { class: "soft" }, need),
    state(one),
    ...(box.dataset.canAssign === undefined ? [] : tools(one)),
  );
}

function tools(one) {
  const people = el("div", { class: "assignment-people" });
  const who = el("button", { type: "button", class: "button plain small", "data-testid": "assignment-who", onclick: () => attempt(() => tell(one, people)) }, t("Who has?"));
  const gone = el("button", { type: "button", class: "button danger small", onclick: () => attempt(() => remove(one)) }, t("Take away"));
  return [el("span", { class: "row" }, who, gone), people];
}

async function tell(one, people) {
  const found = await call("GET", `/api/v1/assignments/${one.id}/progress`);
  const done = found.people.filter((person) => person.is_done).length;
  const rows = found.people.map((person) =>
    el("li", {}, person.is_done ? "✓ " : "", `${person.name}: ${Math.floor(person.percent)} %`),
  );
  people.replaceChildren(
    el("p", { "data-testid": "assignment-count" }, t("{done} of {all} have watched enough", { done, all: found.people.length })),
    el("ul", {}, ...rows),
  );
}

async function remove(one) {
  await call("DELETE", `/api/v1/assignments/${one.id}`);
  await show();
}

function form(choices) {
  const options = choices.map((one) => el("option", { value: one.id }, `${one.title} · ${moment(new Date(one.starts_at))}`));
  const fields = el(
    "form",
    { class: "assignment-form", onsubmit: add },
    el("label", { class: "field" }, el("span", {}, t("Recording")), el("select", { name: "recording", "data-testid": "assignment-recording" }, ...options)),
    el("label", { class: "field" }, el("span", {}, t("At least, in percent")), el("input", { type: "number", name: "percent", min: 1, max: 100, value: 80, required: true })),
    el("label", { class: "field" }, el("span", {}, t("Hours before the class")), el("input", { type: "number", name: "hours", min: 0, max: 720, value: 0, required: true })),
    el("button", { type: "submit", class: "button small", "data-testid": "assignment-add" }, t("Assign it")),
  );
  return el("details", {}, el("summary", { "data-testid": "assignment-open" }, t("Have a recording watched before class")), fields);
}

async function add(event) {
  event.preventDefault();
  const { recording, percent, hours } = event.currentTarget.elements;
  const deadline = new Date(Date.parse(box.dataset.starts) - Number(hours.value) * 3_600_000).toISOString();
  await attempt(async () => {
    await call("POST", address, { recording: recording.value, percent: Number(percent.value), deadline });
    await show();
  });
}

async function attempt(action) {
  try {
    await action();
  } catch (error) {
    toast(error.message);
  }
}

async function show() {
  const said = await call("GET", address);
  const listed = { week: said.assignments, recording: said.of_recording, class: said.before }[mode];
  const open = mode === "week" ? listed.filter((one) => !one.is_done) : listed;
  const choices = said.choices ?? [];
  box.replaceChildren(
    ...(open.length ? [el("ul", { class: "assignment-list" }, ...open.map(line))] : []),
    ...(choices.length ? [form(choices)] : []),
  );
  box.hidden = !open.length && !choices.length;
}

if (box) show().catch(() => {}); // the page is whole without it
