// One course, for who manages it: enrol somebody, end an enrolment.
import { $ } from "./dom.js";
import { formDialog, withNumber } from "./form_dialog.js";
import { call, toast } from "./site.js";

async function end(button) {
  button.disabled = true;
  try {
    await call("PATCH", `/api/v1/enrolments/${button.dataset.end}`, { until: button.dataset.today });
    location.reload();
  } catch (error) {
    toast(error.message);
    button.disabled = false;
  }
}

formDialog({
  opener: $("enrol"),
  dialog: $("enrol-dialog"),
  address: `/api/v1/courses/${$("enrol-form").dataset.course}/enrolments`,
  body: (said) => withNumber(said, "category"),
});
for (const button of document.querySelectorAll("[data-end]")) {
  button.addEventListener("click", () => end(button));
}
