// The self-test page: tries hop by hop, shows each as it goes, and says what the room will be like.
import { $, el, icon } from "../dom.js";
import { toast } from "../site.js";
import { t } from "../translate.js";
import { OwnDevices } from "./own.js";
import { TRIES } from "./hops.js";
import { after } from "./path.js";
import { lineOf, reportOf } from "./report.js";
import { Signal } from "./signal.js";
import { HOPS, verdictOf } from "./verdict.js";
import { adviceOf, blameOf, factOf, headingOf, prospectOf, stateName } from "./words.js";

const HOP_MS = 30_000; // beyond what any hop waits for by itself
const MARKS = { ok: "check", warning: "info", failing: "close", skipped: "next" };

let report = "";

async function run() {
  const start = $("check-start");
  start.setAttribute("aria-disabled", "true");
  $("check-steps").hidden = false;
  $("verdict").hidden = $("check-report").hidden = true;
  for (const hop of HOPS) show(hop, { state: "waiting" });
  const signal = new Signal();
  const test = { found: {}, ground: null, signal, show: showEcho };
  try {
    await tryAll(test);
  } finally {
    signal.close();
    showEcho(null);
  }
  conclude(test.found);
  $("check-start-name").textContent = t("Check again");
  start.removeAttribute("aria-disabled");
}

async function tryAll(test) {
  for (const hop of HOPS) {
    show(hop, { state: "running" });
    test.found[hop] = test.found.server?.state === "failing" ? { state: "skipped" } : await attempt(hop, test);
    show(hop, test.found[hop]);
  }
}

/** What a hop throws is what is wrong with it: browsers differ. */
async function attempt(hop, test) {
  try {
    const found = await Promise.race([TRIES[hop](test), after(HOP_MS)]);
    return found || { state: "failing", reason: t("No answer.") };
  } catch (error) {
    return { state: "failing", reason: error.message };
  }
}

function show(hop, found) {
  const item = $(`hop-${hop}`);
  item.dataset.state = found.state;
  item.querySelector(".hop-mark").replaceChildren(...(MARKS[found.state] ? [icon(MARKS[found.state])] : []));
  item.querySelector(".hop-state").textContent = stateName(found.state);
  const isDone = found.state in MARKS;
  item.querySelector(".hop-fact").textContent = isDone ? factOf(hop, found) : "";
  const isBad = found.state === "failing" || found.state === "warning";
  item.querySelector(".hop-help").replaceChildren(...(isBad ? help(hop, found) : []));
}

function help(hop, found) {
  const line = lineOf(hop, found);
  return [
    el("p", {}, adviceOf(hop, found)),
    el("p", { class: "hop-line" }, el("code", {}, line), copier(() => line, t("Copy for the helpdesk"))),
  ];
}

function copier(text, name) {
  return el("button", { type: "button", class: "button plain small", onclick: () => copy(text()) }, name);
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast(t("Copied"));
  } catch {
    toast(t("The browser does not let us copy; mark the text and copy it."));
  }
}

function conclude(found) {
  const verdict = verdictOf(found);
  const box = $("verdict");
  box.dataset.state = verdict.state;
  box.dataset.rung = verdict.rung;
  box.dataset.failing = verdict.failing ?? "";
  $("verdict-mark").replaceChildren(icon(MARKS[verdict.state]));
  $("verdict-heading").textContent = headingOf(verdict);
  $("verdict-text").textContent = [blameOf(verdict.failing, found[verdict.failing]), prospectOf(verdict)].join(" ").trim();
  box.hidden = $("check-report").hidden = false;
  report = reportOf(found, verdict, {
    at: new Date().toISOString(),
    address: location.origin,
    agent: navigator.userAgent,
  });
  $("report-text").textContent = report;
  box.focus({ preventScroll: true });
  box.scrollIntoView({ block: "nearest" });
}

/** The picture that came back, while it comes. */
function showEcho(stream) {
  $("echo-box").hidden = !stream;
  $("echo").srcObject = stream;
}

$("check-start").addEventListener("click", (event) => {
  if (event.currentTarget.getAttribute("aria-disabled") !== "true") run();
});
$("report-copy").addEventListener("click", () => copy(report));
new OwnDevices();
for (const button of document.querySelectorAll(".check-page button")) button.disabled = false;
