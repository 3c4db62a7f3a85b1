// All courses: adds one.
import { $ } from "./dom.js";
import { formDialog, withNumber } from "./form_dialog.js";

formDialog({
  opener: $("new-course"),
  dialog: $("course-dialog"),
  address: "/api/v1/courses",
  body: (said) => withNumber(said, "credits"),
  then: (made) => location.assign(made.page),
});
