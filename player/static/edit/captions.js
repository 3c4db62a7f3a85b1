// The editor of captions: the picture on one side, the cues on the other, by mouse and by keys.
import { $, el } from "../dom.js";
import { toast } from "../site.js";
import { t, tn, told } from "../translate.js";
import { languageName } from "../watch/captions.js";
import { Player } from "../watch/player.js";
import { added, changed, fault, indexAt, joined, ordered, removed, shifted, split, timeOf, timeText } from "./cue_list.js";

const config = JSON.parse($("editor-config").textContent);
const root = document.querySelector("[data-player]");
const player = new Player({ root, url: config.hls, mode: "recording" });
const csrf = document.querySelector('meta[name="csrf-token"]').content;
const MOST_STEPS = 200;
const FAULTS = {
  time: () => t("Write a time like 1:02.500."),
  order: () => told("the caption ends before it begins."),
  late: () => told("the caption begins after the end of the recording."),
  empty: () => told("the caption is empty."),
  long: () => told("the caption is longer than a screen can show."),
  overlaps: () => t("The next one begins before this one ends."),
};

let tag = null; // of the version that was read
let length = 0; // of the recording, in milliseconds
let saved = [];
let cues = [];
let chosen = -1;
let steps = []; // lists before each change that is not saved
let typing = null; // the words that are being written: all of it is one step
let stopAt = null; // where playing one cue ends, in seconds

const now = () => Math.round(player.video.currentTime * 1000);

// ---------------------------------------------------------------- with the server

async function ask(method, address, body) {
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRF-Token": csrf };
  if (tag) headers["If-Match"] = tag;
  const response = await fetch(address, { method, headers, body: body && JSON.stringify(body) });
  const answer = await response.json().catch(() => null);
  if (!response.ok) {
    const [first] = answer?.findings ?? [];
    if (first) choose(first.cue);
    throw new Error(told(answer?.title ?? t("The server can't be reached. Please try again.")));
  }
  tag = response.headers.get("ETag");
  length = answer.length_ms;
  cues = saved = answer.cues;
  steps = [];
  $("take-back").dataset.can = String(answer.can_take_back);
  draw(Math.min(chosen, cues.length - 1));
}

async function attempt(act, done) {
  try {
    await act();
    toast(done);
  } catch (error) {
    toast(error.message, { seconds: 8 });
  }
}

function save() {
  if ($("save").disabled) return;
  attempt(() => ask("PUT", config.cues, { cues }), t("Saved. Viewers see it from now on."));
}

// ---------------------------------------------------------------- what is shown

/** All rows anew; `index` is chosen. */
function draw(index, { focus = false } = {}) {
  typing = null;
  $("cues").replaceChildren(...cues.map(row));
  $("no-cues").hidden = cues.length > 0;
  choose(index, { focus });
  tell();
}

function row(cue, index) {
  const time = (key, name) =>
    el("input", { value: timeText(cue[key]), "aria-label": name, "data-key": key, inputmode: "decimal", spellcheck: "false", autocomplete: "off" });
  const text = el("textarea", { rows: 2, "aria-label": t("Caption {number}", { number: index + 1 }), lang: config.language, "data-testid": "cue-text" });
  text.value = cue.text;
  const times = el("div", { class: "cue-times" }, time("begin_ms", t("Begins")), time("end_ms", t("Ends")));
  return el("li", { class: "cue", "data-testid": "cue" }, times, text, el("p", { class: "cue-fault" }));
}

const rowAt = (index) => $("cues").children[index];

function choose(index, { focus = false } = {}) {
  rowAt(chosen)?.removeAttribute("data-chosen");
  chosen = index;
  const element = rowAt(index);
  if (!element) return;
  element.setAttribute("data-chosen", "");
  if (!focus) return;
  element.scrollIntoView({ block: "nearest" });
  element.querySelector("textarea").focus({ preventScroll: true });
}

/** Faults at their cues, and what can be done now. */
function tell() {
  let faults = 0;
  cues.forEach((_, index) => {
    const found = fault(cues, index, length);
    const element = rowAt(index);
    const note = element.querySelector(".cue-fault");
    note.textContent = found ? FAULTS[found]() : "";
    note.classList.toggle("hint", found === "overlaps");
    const isWrong = Boolean(found) && found !== "overlaps";
    faults += isWrong;
    for (const field of element.querySelectorAll("input, textarea")) {
      const isField = found === "empty" || found === "long" ? field.matches("textarea") : field.matches("input");
      field.setAttribute("aria-invalid", String(isWrong && isField));
    }
  });
  const count = tn("{count} caption", "{count} captions", cues.length);
  $("state").textContent = faults ? `${count} · ${tn("{count} is not right yet", "{count} are not right yet", faults)}` : count;
  const isChanged = cues !== saved;
  $("save").disabled = !isChanged || faults > 0 || !cues.length;
  $("take-back").disabled = isChanged || $("take-back").dataset.can !== "true";
  $("file").hidden = !saved.length;
}

function follow() {
  const at = indexAt(cues, now());
  const element = at >= 0 && now() < cues[at].end_ms ? rowAt(at) : null;
  for (const other of document.querySelectorAll(".cue[data-now]")) if (other !== element) other.removeAttribute("data-now");
  element?.setAttribute("data-now", "");
  showOver(element ? cues[at].text : "");
  if (!player.video.paused && element && !$("cues").contains(document.activeElement)) element.scrollIntoView({ block: "nearest" });
  if (stopAt !== null && player.video.currentTime >= stopAt) {
    stopAt = null;
    player.video.pause();
  }
}

/** Over the picture, as viewers see it. */
function showOver(text) {
  const caption = root.querySelector("[data-caption]");
  caption.hidden = !text;
  caption.replaceChildren(el("span", {}, text));
}

// ---------------------------------------------------------------- what is done

/** A step that can be undone; `index` is chosen then. */
function step(next, index, options = {}) {
  steps = [...steps, cues].slice(-MOST_STEPS);
  cues = next;
  draw(Math.min(index, cues.length - 1), options);
}

const ACTS = {
  add() {
    const made = added(cues, now(), length);
    step(made.cues, made.index, { focus: true });
  },
  again() {
    if (!cues[chosen]) return;
    player.seek(cues[chosen].begin_ms / 1000);
    stopAt = cues[chosen].end_ms / 1000;
    player.play();
  },
  split() {
    if (!cues[chosen]) return;
    const { selectionStart, value } = rowAt(chosen).querySelector("textarea");
    const caret = selectionStart || Math.ceil(value.length / 2);
    step(split(cues, chosen, caret, now()), chosen + 1, { focus: true });
  },
  join: () => cues[chosen + 1] && step(joined(cues, chosen), chosen, { focus: true }),
  remove: () => cues[chosen] && step(removed(cues, chosen), chosen, { focus: true }),
  undo() {
    if (!steps.length) return;
    cues = steps.at(-1);
    steps = steps.slice(0, -1);
    draw(Math.min(Math.max(chosen, 0), cues.length - 1), { focus: true });
  },
  begin: () => setTime("begin_ms", now()),
  end: () => setTime("end_ms", now()),
  toggle: () => player.toggle(),
  before: () => go(chosen - 1),
  after: () => go(chosen + 1),
};

const KEYS = { KeyN: "add", KeyR: "again", KeyJ: "join", Delete: "remove", Backspace: "remove", KeyZ: "undo", KeyB: "begin", KeyE: "end", KeyK: "toggle", ArrowUp: "before", ArrowDown: "after" };

function go(index) {
  if (!cues[index]) return;
  choose(index, { focus: true });
  player.seek(cues[index].begin_ms / 1000);
}

function setTime(key, ms) {
  if (!cues[chosen]) return;
  const moved = ordered(changed(cues, chosen, { [key]: ms }), chosen);
  step(moved.cues, moved.index, { focus: true });
}

/** Words are taken as they are written, without drawing the rows anew. */
function write(event) {
  const index = [...$("cues").children].indexOf(event.target.closest(".cue"));
  if (!event.target.matches("textarea") || index < 0) return;
  if (typing !== event.target) steps = [...steps, cues].slice(-MOST_STEPS);
  typing = event.target;
  cues = changed(cues, index, { text: event.target.value });
  tell();
  follow();
}

function retime(event) {
  if (!event.target.matches("input[data-key]")) return;
  choose([...$("cues").children].indexOf(event.target.closest(".cue")));
  setTime(event.target.dataset.key, timeOf(event.target.value));
}

function wire() {
  const list = $("cues");
  list.addEventListener("focusin", (event) => choose([...list.children].indexOf(event.target.closest(".cue"))));
  list.addEventListener("input", write);
  list.addEventListener("change", retime);
  for (const button of document.querySelectorAll("[data-act]")) {
    button.addEventListener("pointerdown", (event) => event.preventDefault()); // the caret stays where it is
    button.addEventListener("click", () => ACTS[button.dataset.act]());
  }
  $("save").addEventListener("click", save);
  $("take-back").addEventListener("click", () => attempt(() => ask("POST", `${config.cues}/undo`), t("The captions are as they were before.")));
  $("shift-form").addEventListener("submit", (event) => {
    event.preventDefault();
    step(shifted(cues, Math.round(event.target.elements.seconds.valueAsNumber * 1000)), chosen);
  });
  document.addEventListener("keydown", (event) => {
    const name = event.altKey && !event.ctrlKey ? KEYS[event.code] : null;
    const act = event.ctrlKey && event.code === "Enter" ? ACTS.split : event.ctrlKey && event.code === "KeyS" ? save : ACTS[name];
    if (!act) return;
    event.preventDefault();
    act();
  });
  for (const name of ["timeupdate", "seeked"]) player.video.addEventListener(name, follow);
  setInterval(() => !player.video.paused && follow(), 50);
  addEventListener("beforeunload", (event) => cues !== saved && event.preventDefault());
}

$("language-name").textContent = languageName(config.language);
ask("GET", config.cues).then(
  () => {
    wire();
    document.querySelector("[data-editor]").dataset.editor = "ready";
  },
  (error) => toast(error.message, { seconds: 20 }),
);
