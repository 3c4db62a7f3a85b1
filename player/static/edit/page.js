// The editor of a recording: marks on its timeline, a list of cuts and of chapters, a preview.
import { $, clock, el } from "../dom.js";
import { toast } from "../site.js";
import { t, told } from "../translate.js";
import { momentAt, positionAt } from "../watch/pieces.js";
import { Player } from "../watch/player.js";
import { endOfCut, left, withCut } from "./cuts.js";

const config = JSON.parse($("editor-config").textContent);
const player = new Player({ root: document.querySelector("[data-player]"), url: config.uncut, mode: "recording" });
const csrf = document.querySelector('meta[name="csrf-token"]').content;

let edition = null; // as the server has it
let draft = { cuts: [], chapters: [] };
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
  draft = { cuts: answer.cuts, chapters: answer.chapters };
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
  $("timeline").replaceChildren(...edition.pauses.map(span("pause")), ...draft.cuts.map(span("cut")), ...marks, ...open);
  showCuts();
  showChapters();
  $("mark-out").disabled = mark === null;
  const isChanged = draft.cuts !== edition.cuts || draft.chapters !== edition.chapters;
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

const ready = new Promise((resolve) => player.addEventListener("ready", resolve, { once: true }));
Promise.all([ask("GET", config.edition), ready]).then(
  ([answer]) => {
    take(answer);
    wire();
    document.querySelector("[data-editor]").dataset.editor = "ready";
  },
  (error) => toast(error.message, { seconds: 20 }),
);
