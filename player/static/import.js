// Import a roster or a class list: what it would do is shown as soon as a file is chosen.
import { $, el } from "./dom.js";
import { call } from "./site.js";
import { t, tn, told } from "./translate.js";

const form = $("import-form");
const save = $("import-save");
let asked = 0;

const isCalendar = (file) => file.name.toLowerCase().endsWith(".ics");

/** Ask the API, for a preview or in earnest. */
function send(isPreview) {
  const file = form.file.files[0];
  const body = new Blob([file], { type: isCalendar(file) ? "text/calendar" : "text/csv" });
  const asking = new URLSearchParams({ dry_run: isPreview });
  if (form.lecturer.value.trim()) asking.set("lecturer", form.lecturer.value.trim());
  return call("POST", `/api/v1/import/${form.what.value}?${asking}`, body);
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

/** Show what the file would do; the newest question wins. */
async function preview() {
  const mine = ++asked;
  save.disabled = true;
  $("import-error").hidden = true;
  $("import-outcome").replaceChildren();
  $("import-lecturer").hidden = !(form.what.value === "classes");
  if (!form.file.files.length) return;
  $("import-outcome").textContent = t("Reading the file…");
  try {
    const outcome = await send(true);
    if (mine !== asked) return;
    show(outcome);
    save.disabled = outcome.errors > 0;
  } catch (error) {
    if (mine !== asked) return;
    $("import-outcome").replaceChildren();
    complain(error);
  }
}

async function submit(event) {
  event.preventDefault();
  save.disabled = true;
  try {
    show(await send(false));
    $("import-outcome").prepend(el("p", { class: "alert calm", "data-testid": "import-done" }, t("It is saved.")));
  } catch (error) {
    complain(error);
  }
}

form.addEventListener("change", preview);
form.addEventListener("submit", submit);
