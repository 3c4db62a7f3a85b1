// Import a roster or a class list: what it would do is shown as soon as a file is chosen.
import { $, el } from "./dom.js";
import { callInLines } from "./lines.js";
import { numbers, t, tn, told } from "./translate.js";

const form = $("import-form");
const save = $("import-save");
const bar = $("import-bar");
const whole = new Intl.NumberFormat(numbers);
const CHECKS = 0.25; // of the time that it takes: the rest is for saving
let asking = null; // what ends the question that is under way

const isCalendar = (file) => file.name.toLowerCase().endsWith(".ics");

/** Ask the API, for a preview or in earnest; how far it is stands in the bar. */
async function send(isPreview) {
  const file = form.file.files[0];
  const body = new Blob([file], { type: isCalendar(file) ? "text/calendar" : "text/csv" });
  const query = new URLSearchParams({ dry_run: isPreview });
  if (form.lecturer.value.trim()) query.set("lecturer", form.lecturer.value.trim());
  const mine = (asking = new AbortController());
  const tell = (progress) => mine === asking && showProgress(progress, isPreview);
  bar.removeAttribute("value");
  $("import-step").textContent = t("Reading the file…");
  $("import-progress").hidden = false;
  try {
    return await callInLines("POST", `/api/v1/import/${form.what.value}?${query}`, body, { told: tell, signal: mine.signal });
  } finally {
    if (mine === asking) $("import-progress").hidden = true;
  }
}

function showProgress({ step, done, of }, isPreview) {
  const counts = { done: whole.format(done), of: whole.format(of) };
  const share = of ? done / of : 1;
  const isChecked = step === "checked";
  bar.value = isChecked ? share * CHECKS : CHECKS + share * (1 - CHECKS);
  if (isChecked) $("import-step").textContent = t("Rows that are checked: {done} of {of}", counts);
  else if (isPreview) $("import-step").textContent = t("Rows that are tried out: {done} of {of}", counts);
  else $("import-step").textContent = t("Rows that are saved: {done} of {of}", counts);
}

const COUNTS = {
  added: (count) => tn("{count} row is new", "{count} rows are new", count),
  changed: (count) => tn("{count} row changes", "{count} rows change", count),
  cancelled: (count) => tn("{count} class is cancelled", "{count} classes are cancelled", count),
  same: (count) => tn("{count} row is known", "{count} rows are known", count),
  courses: (count) => tn("{count} new course", "{count} new courses", count),
  groups: (count) => tn("{count} new group", "{count} new groups", count),
  people: (count) => tn("{count} new person", "{count} new people", count),
};

function show({ taken, findings, errors }) {
  const counts = Object.entries(taken).filter(([, count]) => count);
  const badges = counts.map(([name, count]) => el("span", { class: "badge air" }, COUNTS[name](count)));
  const wrong = errors ? el("span", { class: "badge open" }, tn("{count} row does not fit", "{count} rows do not fit", errors)) : null;
  $("import-outcome").replaceChildren(el("p", { class: "import-counts" }, ...badges, wrong), ...(findings.length ? [tableOf(findings)] : []));
}

function tableOf(findings) {
  const rows = findings.map((one) =>
    el("tr", { class: one.is_note ? "is-note" : null }, el("td", { class: "number" }, String(one.row)), el("td", {}, told(one.message, one.template, one.values))),
  );
  const head = el("tr", {}, el("th", { scope: "col", class: "number" }, t("Row")), el("th", { scope: "col" }, t("What is wrong")));
  return el("div", { class: "import-findings", tabindex: "0", role: "region", "aria-label": t("What is wrong") }, el("table", {}, el("thead", {}, head), el("tbody", {}, ...rows)));
}

function complain(error) {
  $("import-error").hidden = false;
  $("import-error").textContent = [error.message, ...(error.findings ?? []).slice(0, 3).map((one) => told(one.message, one.template, one.values))].join(" ");
}

/** Show what the file would do; the newest question wins, the one before it ends. */
async function preview() {
  asking?.abort();
  asking = null;
  $("import-progress").hidden = true;
  save.disabled = true;
  $("import-error").hidden = true;
  $("import-outcome").replaceChildren();
  $("import-lecturer").hidden = !(form.what.value === "classes");
  if (!form.file.files.length) return;
  const answer = send(true);
  const mine = asking;
  try {
    const outcome = await answer;
    if (mine !== asking) return;
    show(outcome);
    save.disabled = outcome.errors > 0;
  } catch (error) {
    if (mine === asking) complain(error);
  }
}

async function submit(event) {
  event.preventDefault();
  const answer = send(false);
  setDisabled(true); // no other file until this one is saved
  try {
    show(await answer);
    $("import-outcome").prepend(el("p", { class: "alert calm", "data-testid": "import-done" }, t("It is saved.")));
  } catch (error) {
    complain(error);
  } finally {
    setDisabled(false);
    save.disabled = true;
  }
}

function setDisabled(isDisabled) {
  for (const field of form.elements) field.disabled = isDisabled;
}

form.addEventListener("change", preview);
form.addEventListener("submit", submit);
preview(); // the browser may have kept what was chosen before a reload
