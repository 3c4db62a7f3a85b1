// Whose timetable is shown: a choice leads to its page.
const form = document.querySelector("[data-chooser]");

form.addEventListener("change", ({ target }) => {
  location.assign(`${form.getAttribute("action")}?on=${form.dataset.on}&${target.value}`);
});
