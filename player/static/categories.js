// The categories of a person: one form that says of which they are, and when.
import { $ } from "./dom.js";
import { call } from "./site.js";

const form = $("category-form");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = {
    category: form.category.value,
    begins_on: form.begins_on.value,
    ends_on: form.ends_on.value || null,
  };
  try {
    await call("POST", `/api/v1/people/${form.dataset.person}/categories`, said);
    location.reload();
  } catch (error) {
    $("category-error").hidden = false;
    $("category-error").textContent = error.message;
  }
});
