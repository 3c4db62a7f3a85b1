// The academic calendar, for who manages it: periods with their holidays, practices and exam sessions.
import { $ } from "./dom.js";
import { formDialog } from "./form_dialog.js";
import { call } from "./site.js";
import { t } from "./translate.js";

const week = (text) => (text ? Number(text) : null);

/** Lines of a day and its name. */
function holidaysOf(text) {
  const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
  return lines.map((line) => {
    const match = /^(\d{4}-\d{2}-\d{2})\s+(.+)$/.exec(line);
    if (!match) throw new Error(t("This line is not a day and its name: {line}", { line }));
    return { day: match[1], name: match[2] };
  });
}

/** Lines of two days: when it is taught, and whose classes these are. */
function movedDaysOf(text) {
  const lines = text.split("\n").map((line) => line.trim()).filter(Boolean);
  return lines.map((line) => {
    const match = /^(\d{4}-\d{2}-\d{2})\s+(\d{4}-\d{2}-\d{2})$/.exec(line);
    if (!match) throw new Error(t("This line is not two days: {line}", { line }));
    return { day: match[1], taught_as: match[2] };
  });
}

function stretchOf(row) {
  const field = (name) => row.querySelector(`[data-field=${name}]`);
  const kind = field("kind");
  return {
    kind: kind.value,
    name: field("name").value.trim() || kind.selectedOptions[0].textContent,
    starts_on: field("starts_on").value,
    ends_on: field("ends_on").value,
    has_classes: field("has_classes").checked,
  };
}

/** The rows that have a day; an empty one was only begun. */
function stretchesOf(form) {
  const rows = [...form.querySelectorAll("[data-stretch]")].map(stretchOf);
  const begun = rows.filter((one) => one.starts_on || one.ends_on);
  const lacking = begun.find((one) => !one.starts_on || !one.ends_on);
  if (lacking) throw new Error(t("A day is missing: {name}", { name: lacking.name }));
  return begun;
}

/** What the law says, for the days that have no line yet. */
async function addNational(form) {
  const { holidays } = await call("GET", `/api/v1/periods/${form.dataset.period}/national-days`);
  const known = new Set(form.holidays.value.split("\n").map((line) => line.slice(0, 10)));
  const fresh = holidays.filter((one) => !known.has(one.day));
  const lines = form.holidays.value.trim() ? [form.holidays.value.trim()] : [];
  form.holidays.value = [...lines, ...fresh.map((one) => `${one.day} ${one.name}`)].sort().join("\n");
  const worked = fresh.filter((one) => one.worked_on).map((one) => `${one.worked_on} ${one.day}`);
  form.moved_days.value = [form.moved_days.value.trim(), ...worked].filter(Boolean).join("\n");
  const guessed = fresh.filter((one) => one.is_estimated).map((one) => one.day);
  form.querySelector("[data-national-said]").textContent = guessed.length
    ? t("By the moon, and so estimated: {days}", { days: guessed.join(", ") })
    : t("Look them over, then save.");
}

async function save(form) {
  const holidays = holidaysOf(form.holidays.value);
  const moved_days = movedDaysOf(form.moved_days.value);
  const stretches = stretchesOf(form);
  const address = `/api/v1/periods/${form.dataset.period}`;
  const changed = await call("PATCH", address, {
    revision: Number(form.dataset.revision),
    name: form.name.value.trim(),
    starts_on: form.starts_on.value,
    ends_on: form.ends_on.value,
    midterm_week: week(form.midterm_week.value),
    opens: form.opens.value,
    closes: form.closes.value,
  });
  form.dataset.revision = changed.revision; // so that wrong holidays can be mended and saved again
  await call("PUT", `${address}/holidays`, { holidays });
  await call("PUT", `${address}/stretches`, { stretches });
  await call("PUT", `${address}/moved-days`, { moved_days });
}

async function submit(event) {
  event.preventDefault();
  const form = event.currentTarget;
  await attempt(form, async () => {
    await save(form);
    location.reload();
  });
}

async function attempt(form, action) {
  const error = form.querySelector("[data-error]");
  try {
    await action();
  } catch (problem) {
    error.hidden = false;
    error.textContent = [problem.message, ...(problem.findings ?? []).map((one) => one.message)].join(" ");
  }
}

function click(event) {
  const form = event.currentTarget;
  if (event.target.closest("[data-remove]")) event.target.closest("[data-stretch]").remove();
  if (event.target.closest("[data-add-stretch]")) {
    form.querySelector("[data-stretches]").append($("stretch-row").content.cloneNode(true));
    form.querySelector("[data-stretch]:last-child select").focus();
  }
  if (event.target.closest("[data-national]")) attempt(form, () => addNational(form));
}

for (const form of document.querySelectorAll("[data-period]")) {
  form.addEventListener("submit", submit);
  form.addEventListener("click", click);
}
formDialog({
  opener: $("new-period"),
  dialog: $("period-dialog"),
  address: "/api/v1/periods",
  body: (said) => ({ ...said, midterm_week: week(said.midterm_week) }),
});
