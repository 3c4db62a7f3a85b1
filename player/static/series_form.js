// The part of the form that repeats a lecture weekly: which weeks of which period.
import { $, el } from "./dom.js";
import { call } from "./site.js";
import { t, tn, told } from "./translate.js";

const DAY_MS = 86_400_000;
const form = $("lecture-form");
const box = $("repeat");
let periods = [];
let asked = 0;

export const repeats = () => Boolean(form.repeats?.checked);

/** What is asked of the API, out of what one lecture would be. */
export function seriesOf(lecture, minutes) {
  return {
    ...lecture,
    period: form.period.value,
    weekday: ((new Date(`${form.day.value}T00:00Z`).getUTCDay() + 6) % 7) + 1,
    begins: form.begins.value,
    minutes,
    zone: form.dataset.zone,
    weeks: form.weeks.value,
    first_week: Number(form.first_week.value),
    last_week: Number(form.last_week.value),
  };
}

/** Show what the series would be; the newest question wins. */
export async function preview(body) {
  const mine = ++asked;
  const [text, findings] = await outcome(body);
  if (mine !== asked) return;
  $("repeat-outcome").textContent = text;
  $("repeat-findings").replaceChildren(...findings.map((one) => el("li", {}, `${one.day}: ${told(one.message, one.template, one.values)}`)));
}

async function outcome(body) {
  try {
    const { classes, findings } = await call("POST", "/api/v1/series?dry_run=true", { ...body, title: body.title || "–" });
    const free = tn("{count} class fits.", "{count} classes fit.", classes.length);
    return [findings.length ? `${free} ${t("These do not:")}` : free, findings];
  } catch (error) {
    return [error.message, []];
  }
}

const monday = (day) => Date.parse(`${day}T00:00Z`) - ((new Date(`${day}T00:00Z`).getUTCDay() + 6) % 7) * DAY_MS;

/** The chosen day's period in the calendar that the course follows, and its week as the first one. */
function followDay() {
  const day = form.day.value;
  const calendar = form.course.selectedOptions[0]?.dataset.calendar ?? "university";
  const found = periods.filter((one) => one.starts_on <= day && day <= one.ends_on);
  const period = found.find((one) => one.calendar === calendar) ?? found[0];
  if (period) form.period.value = period.id;
  showWeeks(period ? 1 + (monday(day) - monday(period.starts_on)) / (7 * DAY_MS) : 1);
}

function showWeeks(first) {
  const { weeks } = periods.find((one) => one.id === form.period.value);
  for (const field of [form.first_week, form.last_week]) field.max = weeks;
  form.first_week.value = first;
  form.last_week.value = weeks;
}

/** Periods of several calendars are told apart by these. */
const nameOf = ({ name, calendar }) => (calendar === "university" ? name : `${name} · ${calendar}`);

/** On the page of one class: its series, if it has one, can be ended. */
async function showSeriesOf(lecture) {
  const { series } = await call("GET", `/api/v1/series?lecture=${lecture}`);
  const running = series.find((one) => !one.ended_at);
  if (!running) return;
  $("series").hidden = false;
  $("series-end").addEventListener("click", () => end(running.id));
}

async function end(id) {
  try {
    await call("DELETE", `/api/v1/series/${id}`);
    location.assign("/week");
  } catch (error) {
    $("series-error").hidden = false;
    $("series-error").textContent = error.message;
  }
}

async function begin() {
  if (!box) return showSeriesOf(form.dataset.lecture);
  ({ periods } = await call("GET", `/api/v1/periods?from=${form.day.value}`));
  if (!periods.length) return;
  form.period.replaceChildren(...periods.map((one) => new Option(nameOf(one), one.id)));
  followDay();
  box.hidden = false;
  form.day.addEventListener("change", followDay);
  form.course.addEventListener("change", followDay);
  form.period.addEventListener("change", () => showWeeks(1));
  form.repeats.addEventListener("change", () => { $("repeat-how").hidden = !repeats(); });
}

begin();
