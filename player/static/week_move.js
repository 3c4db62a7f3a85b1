// Move a class in the week: drag it, or press its button; what speaks against it is shown before.
import { dateFormat } from "./dates.js";
import { $, el } from "./dom.js";
import { areHard, obstacleList } from "./obstacles.js";
import { call } from "./site.js";
import { locale, t, tn, told } from "./translate.js";
import { dayOf, moment, timeOf } from "./zones.js";

const HALF_HOUR = 30; // minutes; what a drop is rounded to
const dialog = $("move-dialog");
const form = $("move-form");
const { zone, house, city } = form.dataset;
const week = document.querySelector(".week");
let held = null; // the class that is being dragged, and where it was taken hold of
let card = null; // the class that the dialog is about
let hall = null; // the auditorium that was chosen instead of its own
let asked = 0;

// ------------------------------------------------------------ the dialog

async function open(one, day, begins) {
  [card, hall] = [one, null];
  form.reset();
  const starts = new Date(one.dataset.starts);
  $("move-what").textContent = `${one.dataset.title} · ${inWords(starts, zone)}`;
  form.day.value = day ?? dayOf(starts, zone);
  form.begins.value = begins ?? timeOf(starts, zone);
  $("move-reach").hidden = true;
  dialog.showModal();
  preview();
  const { series } = await call("GET", `/api/v1/series?lecture=${one.dataset.movable}`).catch(() => ({ series: [] }));
  $("move-reach").hidden = !series.some((each) => !each.ended_at);
}

const inWords = (at, timeZone) =>
  dateFormat(locale, { weekday: "long", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone })(at);

const target = () => moment(form.day.value, form.begins.value, zone);

function ask(isPreview) {
  const { movable, revision } = card.dataset;
  const body = { starts_at: target().toISOString(), revision: Number(revision), reach: form.reach.value, ...(hall && { auditorium: hall }) };
  return call("POST", `/api/v1/lectures/${movable}/move?dry_run=${isPreview}`, body);
}

/** What would come of it; the newest question wins. */
async function preview() {
  const mine = ++asked;
  $("move-save").disabled = true;
  $("move-error").hidden = true;
  if (!target()) return;
  showHouse();
  try {
    const outcome = await ask(true);
    if (mine !== asked) return;
    show(outcome);
  } catch (error) {
    if (mine === asked) complain(error);
  }
}

function showHouse() {
  if (house) $("move-house").textContent = t("In {city}: {when}", { city, when: inWords(target(), house) });
}

function show({ lectures, on_holidays: free, obstacles, findings }) {
  const hasMoved = hall !== null || target().getTime() !== new Date(card.dataset.starts).getTime();
  const notes = hall ? [t("It takes place in {auditorium}.", { auditorium: hall })] : [];
  if (form.reach.value === "following") notes.push(tn("{count} class moves.", "{count} classes move.", lectures.length - findings.length));
  if (free) notes.push(tn("{count} class falls on a holiday and is cancelled.", "{count} classes fall on holidays and are cancelled.", free));
  const wrong = findings.map((one) => el("li", {}, `${one.day}: ${told(one.message, one.template, one.values)}`));
  const calm = hasMoved && !obstacles.length && !findings.length ? el("p", { class: "alert calm", "data-testid": "move-free" }, t("Nothing is in the way.")) : null;
  $("move-outcome").replaceChildren(
    ...(obstacles.length ? [obstacleList(obstacles, zone, take)] : []),
    ...notes.map((text) => el("p", {}, text)),
    ...(wrong.length ? [el("ul", { class: "findings" }, ...wrong)] : []),
    ...(calm ? [calm] : []),
  );
  $("move-save").disabled = !hasMoved || areHard(obstacles) || findings.length > 0;
}

function take({ starts_at: starts, auditorium }) {
  if (auditorium) hall = auditorium;
  if (starts) [form.day.value, form.begins.value] = [dayOf(starts, zone), timeOf(starts, zone)];
  preview();
}

function complain(error) {
  $("move-outcome").replaceChildren();
  $("move-error").hidden = false;
  $("move-error").textContent = error.message;
}

async function save(event) {
  event.preventDefault();
  $("move-save").disabled = true;
  try {
    await ask(false);
    const here = new URL(location);
    here.searchParams.set("on", form.day.value);
    location.assign(here);
  } catch (error) {
    complain(error);
  }
}

// ------------------------------------------------------------ dragging

function hold(event) {
  const one = event.target.closest("[data-movable]");
  if (!one) return;
  held = { one, grip: event.clientY - one.getBoundingClientRect().top };
  one.classList.add("is-held");
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", one.dataset.title);
}

function over(event) {
  const day = held && event.target.closest(".day");
  if (!day) return;
  event.preventDefault();
  mark(day);
}

function mark(day) {
  for (const one of week.querySelectorAll(".is-target")) if (one !== day) one.classList.remove("is-target");
  day?.classList.add("is-target");
}

function drop(event) {
  const day = held && event.target.closest(".day");
  if (!day) return;
  event.preventDefault();
  const minutes = minutesAt(event.clientY - held.grip);
  open(held.one, day.dataset.day, minutes === null ? undefined : clock(minutes));
}

/** Minutes since midnight at that height; null where the page shows no hours, as on a phone. */
function minutesAt(y) {
  const hours = [...week.querySelectorAll(".hours span")].map((one) => one.getBoundingClientRect());
  if (!hours[0]?.height) return null;
  const row = Math.max(0, hours.findLastIndex((one) => one.top <= y));
  const part = Math.min(1, Math.max(0, (y - hours[row].top) / hours[row].height));
  const exact = (Number(week.dataset.firstHour) + row + part) * 60;
  return Math.min(24 * 60 - HALF_HOUR, Math.round(exact / HALF_HOUR) * HALF_HOUR);
}

const clock = (minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;

function release() {
  held?.one.classList.remove("is-held");
  held = null;
  mark(null);
}

week.addEventListener("dragstart", hold);
week.addEventListener("dragover", over);
week.addEventListener("drop", drop);
week.addEventListener("dragend", release);
week.addEventListener("click", (event) => {
  const button = event.target.closest("[data-move]");
  if (button) open(button.closest("[data-movable]"));
});
form.addEventListener("change", preview);
form.addEventListener("submit", save);
$("move-close").addEventListener("click", () => dialog.close());
