// The attendance sheet: one dialog in which the lecturer marks a person.
import { $ } from "./dom.js";
import { call } from "./site.js";
import { t } from "./translate.js";

const dialog = $("mark-dialog");
const form = $("mark-form");
let person = "";

function open({ dataset }) {
  person = dataset.mark;
  form.reset();
  form.status.value = dataset.status;
  $("mark-title").textContent = t("Mark {name}", { name: dataset.name });
  $("mark-error").hidden = true;
  dialog.showModal();
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const minutes = form.minutes.value === "" ? null : Number(form.minutes.value);
  const mark = { person, status: form.status.value, minutes, reason: form.reason.value };
  try {
    await call("POST", `/api/v1/lectures/${form.dataset.lecture}/attendance/marks`, mark);
    location.reload();
  } catch (error) {
    $("mark-error").hidden = false;
    $("mark-error").querySelector("span").textContent = error.message;
  }
});

dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
for (const button of document.querySelectorAll("[data-mark]")) {
  button.addEventListener("click", () => open(button));
}
