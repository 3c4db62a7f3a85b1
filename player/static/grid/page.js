// The grid of a channel's day: what is shown follows from the draft; the draft is checked by a push that only tells.
import { $, el } from "../dom.js";
import { call, toast } from "../site.js";
import { locale, t, tn } from "../translate.js";
import { Blocks, drawHours, nameOf, pixelsPerHour, wall } from "./blocks.js";
import { HOUR, History, MINUTE, difference, edgesBeside, firstGap, fromAnswer, isFixed, movedTo, pushOf, secondBeside, snapped, trimmedTo } from "./day.js";
import { draggable } from "./drag.js";
import { byKey, sentence } from "./findings.js";
import { Offers } from "./offers.js";
import { filledIn, showPanel } from "./panel.js";

const CHECK_AFTER = 350; // milliseconds without a change
const LOOK_AGAIN = 15_000;
const SNAP = 8; // pixels
const root = $("grid");
const api = `/api/v1/channels/${root.dataset.channel}`;
const blocks = new Blocks();

let day = null; // since, until, now, zone, revision, name
let history = null;
let saved = []; // the draft as the server has it
let selected = null;
let held = null; // the draft while something is dragged
let findings = new Map();
let isChecked = true;
let timer = null;
let asked = 0;

const draft = () => held ?? history.current;
const programmeOf = (key) => draft().find((one) => one.key === key);
const changes = () => difference(saved, history.current);
const replaced = (run, next) => run.map((one) => (one.key === next.key ? next : one));

// ---------------------------------------------------------------- from and to the server

async function read() {
  const told = await call("GET", `${api}/day?on=${root.dataset.day}`);
  day = { ...told, name: root.dataset.day, since: Date.parse(told.since), until: Date.parse(told.until) };
  day.ahead = Date.parse(told.now) - Date.now(); // how far the server's clock is ahead of ours
  day.now = Date.parse(told.now);
  saved = told.programmes.map(fromAnswer);
  history = new History(saved);
  findings = new Map();
  isChecked = true;
  if (!programmeOf(selected)) selected = null;
  complain("");
}

/** The day as a push; `revision` tells it from one that somebody else saved meanwhile. */
function push(query) {
  const window = new URLSearchParams({ from: new Date(day.since).toISOString(), to: new Date(day.until).toISOString(), revision: day.revision, ...query });
  return call("PUT", `${api}/schedule?${window}`, pushOf(history.current, day));
}

async function check() {
  const mine = (asked += 1);
  try {
    const answer = await push({ dry_run: true });
    if (mine === asked) take(answer.findings);
  } catch (error) {
    if (mine === asked) refused(error);
  }
  if (mine === asked) show();
}

function take(found) {
  findings = byKey(found, pushOf(history.current, day).programmes.map(({ key }) => key));
  isChecked = true;
}

function refused(error) {
  take(error.findings ?? []);
  isChecked = false;
  if (!error.findings?.length) complain(error.message, { isStale: error.status === 412 });
}

async function save() {
  $("grid-save").disabled = true;
  try {
    await push({});
    await read();
    toast(t("Saved. The channel follows it."));
  } catch (error) {
    refused(error);
  }
  show();
}

/** While nothing is changed the page follows what is conditioned, goes on air, or is pushed by others. */
async function follow() {
  if (!document.hidden && !history.canUndo && !history.canRedo && !held) {
    try {
      await read();
    } catch (error) {
      complain(error.message);
    }
    show();
  }
  setTimeout(follow, LOOK_AGAIN);
}

function complain(text, { isStale = false } = {}) {
  $("grid-error").hidden = !text;
  $("grid-error").querySelector("span").textContent = text;
  $("grid-reload").hidden = !isStale;
  if (text) $("grid-error").focus();
}

// ---------------------------------------------------------------- what is shown

function show() {
  day.now = Date.now() + day.ahead;
  blocks.draw(draft(), { day, selected, findings, locale });
  showPanel(programmeOf(selected), day, findings.get(selected) ?? []);
  const general = findings.get(null) ?? [];
  $("grid-findings").replaceChildren(...general.map((one) => el("li", { class: one.severity }, sentence(one))));
  $("grid-undo").disabled = !history.canUndo;
  $("grid-redo").disabled = !history.canRedo;
  const errors = [...findings.values()].flat().filter(({ severity }) => severity === "error").length;
  $("grid-save").disabled = !changes() || !isChecked || errors > 0;
  say(errors);
  showNow();
}

function say(errors) {
  const count = changes();
  const parts = [count ? tn("{count} change is not saved.", "{count} changes are not saved.", count) : t("Everything is saved.")];
  if (errors) parts.push(tn("{count} error keeps it from being saved.", "{count} errors keep it from being saved.", errors));
  $("grid-says").textContent = parts.join(" ");
}

function showNow() {
  $("grid-now").hidden = day.now < day.since || day.now >= day.until;
  $("grid-now").style.setProperty("--from", (day.now - day.since) / HOUR);
}

// ---------------------------------------------------------------- what is done

function change(next) {
  history.do(next);
  changed();
}

function changed() {
  isChecked = false;
  asked += 1; // what is on its way is about something else
  clearTimeout(timer);
  timer = setTimeout(check, CHECK_AFTER);
  show();
}

function select(key, { hasFocus = false } = {}) {
  selected = key;
  show();
  if (hasFocus) blocks.focus(key);
}

function edit(key, step) {
  const programme = programmeOf(key);
  if (!programme || isFixed(programme, day)) return;
  const next = step(programme);
  if (next !== programme) change(replaced(history.current, next));
}

function remove(key) {
  if (!programmeOf(key) || isFixed(programmeOf(key), day)) return;
  selected = null;
  change(history.current.filter((one) => one.key !== key));
  $("grid-scroll").focus({ preventScroll: true });
}

/** Where its room has it, else behind what is selected, else in the first gap from now on. */
function add({ wished, takes, ...programme }) {
  const from = programmeOf(selected)?.ends ?? day.now;
  const isWished = wished !== null && wished >= day.since && wished < day.until && wished > day.now;
  const starts = isWished ? wished : firstGap(history.current, from, takes, day);
  selected = programme.key;
  change([...history.current, movedTo({ ...programme, starts, ends: starts + takes }, starts, day)]);
  blocks.focus(selected);
}

function back() {
  history.undo();
  changed();
}

function forth() {
  history.redo();
  changed();
}

const dragging = {
  pixelsPerHour,
  pick: (key) => !isFixed(programmeOf(key), day),
  drag(key, edge, by) {
    const programme = history.current.find((one) => one.key === key);
    const tolerance = (SNAP / pixelsPerHour()) * HOUR;
    const edges = edgesBeside(history.current, key);
    const at = snapped((edge === "end" ? programme.ends : programme.starts) + by, edges, tolerance);
    const next = edge ? trimmedTo(programme, edge, at, day) : movedTo(programme, at, day);
    held = replaced(history.current, next);
    selected = key;
    show();
  },
  drop() {
    const next = held;
    held = null;
    change(next);
  },
  cancel() {
    held = null;
    show();
  },
};

function step(at, event) {
  const way = event.key === "ArrowDown" ? 1 : -1;
  return event.shiftKey ? secondBeside(at, way) : at + way * MINUTE;
}

function onKey(event) {
  const { key } = event.target.closest(".block")?.dataset ?? {};
  if (!key) return;
  if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    event.preventDefault();
    edit(key, (one) => (event.altKey ? trimmedTo(one, "end", step(one.ends, event), day) : movedTo(one, step(one.starts, event), day)));
    blocks.focus(key);
    const moved = programmeOf(key);
    $("grid-says").textContent = `${nameOf(moved, locale)}: ${wall(moved.starts, day.zone)}–${wall(moved.ends, day.zone)}`;
  } else if (event.key === "Delete") {
    remove(key);
  }
}

function onShortcut(event) {
  if (!(event.ctrlKey || event.metaKey) || event.target.closest("input, textarea")) return;
  const pressed = event.key.toLowerCase();
  if (pressed === "z" || pressed === "y") {
    event.preventDefault();
    pressed === "y" || event.shiftKey ? forth() : back();
  }
}

function zoom(by) {
  const level = Math.max(0, Math.min(3, Number(root.dataset.zoom ?? 1) + by));
  const middle = ($("grid-scroll").scrollTop + $("grid-scroll").clientHeight / 2) / $("grid-axis").offsetHeight;
  root.dataset.zoom = level;
  $("zoom-out").disabled = level === 0;
  $("zoom-in").disabled = level === 3;
  $("grid-scroll").scrollTop = middle * $("grid-axis").offsetHeight - $("grid-scroll").clientHeight / 2;
  show();
}

function wire() {
  const list = $("grid-blocks");
  draggable(list, $("grid-scroll"), dragging);
  list.addEventListener("click", ({ target }) => {
    const block = target.closest(".block");
    if (block) select(block.dataset.key, { hasFocus: true });
  });
  list.addEventListener("keydown", onKey);
  document.addEventListener("keydown", onShortcut);
  $("grid-undo").addEventListener("click", back);
  $("grid-redo").addEventListener("click", forth);
  $("grid-save").addEventListener("click", save);
  $("grid-reload").addEventListener("click", () => read().then(show));
  $("zoom-in").addEventListener("click", () => zoom(1));
  $("zoom-out").addEventListener("click", () => zoom(-1));
  $("panel-close").addEventListener("click", () => select(null));
  $("panel-delete").addEventListener("click", () => remove(selected));
  $("panel-form").addEventListener("change", ({ target }) => edit(selected, (one) => filledIn(one, target.name, day)));
  $("panel-form").addEventListener("submit", (event) => event.preventDefault());
  for (const button of document.querySelectorAll("[data-by]")) {
    button.addEventListener("click", () => edit(selected, (one) => movedTo(one, one.starts + Number(button.dataset.by), day)));
  }
  addEventListener("beforeunload", (event) => changes() && event.preventDefault());
}

/** The part of the day that matters: now, else the first programme. */
function scroll() {
  const at = day.now >= day.since && day.now < day.until ? day.now : Math.min(...saved.map(({ starts }) => starts), day.since + 8 * HOUR);
  $("grid-scroll").scrollTop = ((at - day.since) / HOUR - 0.5) * pixelsPerHour();
}

async function begin() {
  try {
    await read();
    drawHours(day);
    wire();
    show();
    scroll();
    root.dataset.ready = "";
    const offers = new Offers(day, add);
    offers.take((await call("GET", `${api}/sources?on=${root.dataset.day}`)).sources);
    setTimeout(follow, LOOK_AGAIN);
  } catch (error) {
    complain(error.message);
  }
}
begin();
