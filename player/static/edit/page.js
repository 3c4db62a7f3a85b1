// The editor of a recording: marks on its timeline, a list of cuts and of chapters, a preview.
import { $, clock, el } from "../dom.js";
import { toast } from "../site.js";
import { t, told } from "../translate.js";
import { momentAt, positionAt } from "../watch/pieces.js";
import { Player } from "../watch/player.js";
import { followJobs, verdict } from "../watch/jobs.js";
import { endOfCut, left, withCut } from "./cuts.js";
import { proposed } from "./proposals.js";
import { drawWaveform, loadPeaks } from "./waveform.js";

const config = JSON.parse($("editor-config").textContent);
const player = new Player({ root: document.querySelector("[data-player]"), url: config.uncut, mode: "recording" });
const csrf = document.querySelector('meta[name="csrf-token"]').content;

let edition = null; // as the server has it
let draft = { cuts: [], chapters: [], dismissed_ms: [] };
let slides = []; // when they change, as the server found
let mark = null; // where the next cut begins, in milliseconds since the first moment

const startsAt = () => Date.parse(edition.starts_at);

/** The moment that is shown, in milliseconds since the first one. */
function now() {
  return Math.max(0, Math.round(momentAt(player.fragments, player.video.currentTime) - startsAt()));
}

function go(ms) {
  player.seek(positionAt(player.fragments, startsAt() + ms) ?? 0);
}

/** Ask the server; 412 means that somebody else was faster. */
async function ask(method, address, body) {
  const headers = { Accept: "application/json", "Content-Type": "application/json", "X-CSRF-Token": csrf };
  if (edition) headers["If-Match"] = `"${edition.revision}"`;
  const response = await fetch(address, { method, headers, body: body && JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(told(answer.title));
  return answer;
}

function take(answer) {
  edition = answer;
  draft = { cuts: answer.cuts, chapters: answer.chapters, dismissed_ms: answer.dismissed_ms };
  mark = null;
  show();
}

async function attempt(step) {
  try {
    take(await step());
    toast(t("Saved. Viewers see it from now on."));
  } catch (error) {
    toast(error.message, { seconds: 8 });
  }
}

// ---------------------------------------------------------------- what is shown

function show() {
  const span = (kind) => ({ starts_ms, ends_ms }) => bar(kind, starts_ms, ends_ms);
  const marks = draft.chapters.map(({ at_ms }) => bar("chapter", at_ms));
  const open = mark === null ? [] : [bar("mark", mark)];
  const maybe = offered().map((at_ms) => bar("proposal", at_ms));
  $("marks").replaceChildren(...edition.pauses.map(span("pause")), ...draft.cuts.map(span("cut")), ...maybe, ...marks, ...open);
  showCuts();
  showChapters();
  showProposals();
  $("mark-out").disabled = mark === null;
  const isChanged = ["cuts", "chapters", "dismissed_ms"].some((part) => draft[part] !== edition[part]);
  $("save").disabled = !isChanged;
  $("undo").disabled = isChanged || edition.revision === 0;
  const length = clock(left(edition.taken_ms, draft.cuts, edition.pauses) / 1000);
  $("editor-length").textContent = t("{length} of {taken} are left", { length, taken: clock(edition.taken_ms / 1000) });
}

/** On the timeline; the page's policy allows styles by script only, not in attributes. */
function bar(kind, starts, ends = null) {
  const element = el("i", { class: kind });
  element.style.left = `${(100 * starts) / edition.taken_ms}%`;
  if (ends !== null) element.style.width = `${(100 * (ends - starts)) / edition.taken_ms}%`;
  return element;
}

function showCuts() {
  $("cuts").replaceChildren(
    ...draft.cuts.map((cut) => {
      const [from, to] = [clock(cut.starts_ms / 1000), clock(cut.ends_ms / 1000)];
      const without = () => change({ cuts: draft.cuts.filter((one) => one !== cut) });
      return el("li", { "data-testid": "cut" }, jump(cut.starts_ms, `${from} – ${to}`), remove(t("Keep {from} to {to}", { from, to }), without));
    }),
  );
  $("no-cuts").hidden = draft.cuts.length > 0;
}

function showChapters() {
  $("chapters").replaceChildren(
    ...draft.chapters.map((chapter) => {
      const without = () => change({ chapters: draft.chapters.filter((one) => one !== chapter) });
      const name = t("Remove the chapter {title}", { title: chapter.title });
      return el("li", { "data-testid": "chapter" }, jump(chapter.at_ms, clock(chapter.at_ms / 1000)), el("span", {}, chapter.title), remove(name, without));
    }),
  );
}

const offered = () => proposed(slides, draft, edition.taken_ms);

function showProposals() {
  const found = offered();
  $("proposals").hidden = !found.length;
  $("proposals-list").replaceChildren(
    ...found.map((at_ms) => {
      const title = slideTitle(at_ms);
      const take = el("button", { type: "button", class: "button plain small", "data-testid": "proposal-take", "aria-label": t("Add {title} as a chapter", { title }), onclick: () => accept([at_ms]) }, t("Add"));
      const drop = remove(t("{title} is no chapter", { title }), () => change({ dismissed_ms: [...draft.dismissed_ms, at_ms] }));
      return el("li", { "data-testid": "proposal" }, jump(at_ms, clock(at_ms / 1000)), el("span", {}, title), el("div", { class: "proposal-tools" }, take, drop));
    }),
  );
}

/** By its number among all slides, so that it keeps its name whatever becomes of the others. */
function slideTitle(at_ms) {
  return t("Slide {number}", { number: slides.indexOf(at_ms) + 1 });
}

function accept(times) {
  const taken = times.map((at_ms) => ({ at_ms, title: slideTitle(at_ms) }));
  change({ chapters: [...draft.chapters, ...taken].sort((a, b) => a.at_ms - b.at_ms) });
}

function jump(ms, text) {
  return el("button", { type: "button", class: "editor-time", onclick: () => go(ms) }, text);
}

function remove(name, onclick) {
  return el("button", { type: "button", class: "quiet square", "aria-label": name, title: name, onclick }, "×");
}

// ---------------------------------------------------------------- what is done

function change(parts) {
  draft = { ...draft, ...parts };
  show();
}

function cut(starts_ms, ends_ms) {
  mark = null;
  change({ cuts: withCut(draft.cuts, { starts_ms, ends_ms }) });
}

function addChapter(event) {
  event.preventDefault();
  const title = $("chapter-title").value.trim();
  if (!title) return;
  $("chapter-title").value = "";
  change({ chapters: [...draft.chapters, { at_ms: now(), title }].sort((a, b) => a.at_ms - b.at_ms) });
}

function wire() {
  $("mark-in").addEventListener("click", () => {
    mark = now();
    show();
  });
  $("mark-out").addEventListener("click", () => cut(Math.min(mark, now()), Math.max(mark, now())));
  $("trim-start").addEventListener("click", () => cut(0, now()));
  $("trim-end").addEventListener("click", () => cut(now(), edition.taken_ms));
  $("accept-all").addEventListener("click", () => accept(offered()));
  $("chapter-form").addEventListener("submit", addChapter);
  $("save").addEventListener("click", () => attempt(() => ask("PUT", config.edition, draft)));
  $("undo").addEventListener("click", () => attempt(() => ask("POST", `${config.edition}/undo`)));
  $("timeline").addEventListener("click", (event) => {
    const box = $("timeline").getBoundingClientRect();
    go(((event.clientX - box.left) / box.width) * edition.taken_ms);
  });
  player.addEventListener("position", () => {
    const at = now();
    $("timeline").style.setProperty("--at", `${(100 * at) / edition.taken_ms}%`);
    const end = $("preview").checked && !player.video.paused ? endOfCut(draft.cuts, at) : null;
    if (end !== null) go(end);
  });
}

/** What was found out about the recording, as it is found out. */
function study() {
  let hasDrawn = false;
  followJobs(config.jobs, async (told) => {
    slides = told.slides_ms;
    $("editor-voice").textContent = told.loudness ? verdict(told.loudness) : "";
    show();
    if (hasDrawn || !told.has_waveform) return;
    hasDrawn = true;
    $("waveform").hidden = false;
    drawWaveform($("waveform"), await loadPeaks(config.waveform), edition.taken_ms / 1000);
  });
}

const ready = new Promise((resolve) => player.addEventListener("ready", resolve, { once: true }));
Promise.all([ask("GET", config.edition), ready]).then(
  ([answer]) => {
    take(answer);
    wire();
    study();
    document.querySelector("[data-editor]").dataset.editor = "ready";
  },
  (error) => toast(error.message, { seconds: 20 }),
);
