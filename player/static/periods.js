// The academic calendar, for who manages it: periods and their holidays.
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

async function save(form) {
  const holidays = holidaysOf(form.holidays.value);
  const address = `/api/v1/periods/${form.dataset.period}`;
  const changed = await call("PATCH", address, {
    revision: Number(form.dataset.revision),
    name: form.name.value.trim(),
    starts_on: form.starts_on.value,
    ends_on: form.ends_on.value,
    midterm_week: week(form.midterm_week.value),
  });
  form.dataset.revision = changed.revision; // so that wrong holidays can be mended and saved again
  await call("PUT", `${address}/holidays`, { holidays });
}

async function submit(event) {
  event.preventDefault();
  const form = event.currentTarget;
  const error = form.querySelector("[data-error]");
  try {
    await save(form);
    location.reload();
  } catch (problem) {
    error.hidden = false;
    error.textContent = [problem.message, ...(problem.findings ?? []).map((one) => one.message)].join(" ");
  }
}

for (const form of document.querySelectorAll("[data-period]")) form.addEventListener("submit", submit);
formDialog({
  opener: $("new-period"),
  dialog: $("period-dialog"),
  address: "/api/v1/periods",
  body: (said) => ({ ...said, midterm_week: week(said.midterm_week) }),
});
