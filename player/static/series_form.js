// The part of the form that repeats a lecture weekly: which weeks of which period.
import { dateFormat } from "./dates.js";
import { $, el } from "./dom.js";
import { obstacleList } from "./obstacles.js";
import { call } from "./site.js";
import { locale, t, tn, told } from "./translate.js";

const MOST_DAYS = 6; // named one by one
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
  const [text, against] = await outcome(body);
  if (mine !== asked) return;
  $("repeat-outcome").textContent = text;
  $("repeat-findings").replaceChildren(...against);
}

async function outcome(body) {
  try {
    const { classes, findings, review } = await call("POST", "/api/v1/series?dry_run=true", { ...body, title: body.title || "–" });
    const free = tn("{count} class fits.", "{count} classes fit.", classes.length);
    const wrong = tn("{count} does not.", "{count} do not.", findings.length);
    const text = findings.length ? `${free} ${wrong}` : free;
    const against = sameTogether(review.obstacles);
    const halls = review.auditoriums.length ? [{ code: "auditorium", message: t("Free in all of these weeks:"), auditoriums: review.auditoriums }] : [];
    return [text, against.length ? [obstacleList([...against, ...halls], form.dataset.zone, take)] : []];
  } catch (error) {
    return [error.message, []];
  }
}

/** What is said of several weeks is said once, the hard ones first, with their days. */
function sameTogether(found) {
  const groups = new Map();
  for (const { day, obstacle } of found) {
    const key = `${obstacle.code} ${obstacle.template} ${JSON.stringify(Object.entries(obstacle.values).filter(([, value]) => !value.includes(day)))}`;
    const group = groups.get(key) ?? { obstacle, days: [] };
    group.days.push(day);
    groups.set(key, group);
  }
  const all = [...groups.values()].sort((a, b) => b.obstacle.is_hard - a.obstacle.is_hard);
  return all.map(({ obstacle, days }) => ({
    code: obstacle.code,
    is_hard: obstacle.is_hard,
    message: `${daysInWords(days)}: ${told(obstacle.message, obstacle.template, obstacle.values)}`,
  }));
}

function daysInWords(days) {
  const short = dateFormat(locale, { day: "numeric", month: "short", timeZone: "UTC" });
  const shown = days.slice(0, MOST_DAYS).map((day) => short(new Date(`${day}T00:00Z`)));
  return days.length > MOST_DAYS ? `${shown.join(", ")} …` : shown.join(", ");
}

/** An auditorium for all of them goes into the form. */
function take({ auditorium }) {
  form.auditorium.value = auditorium;
  form.dispatchEvent(new Event("change"));
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
