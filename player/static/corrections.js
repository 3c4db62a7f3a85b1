// Requests for a correction: asked where a number is explained, answered there or on the list.
import { $ } from "./dom.js";
import { call } from "./site.js";

/** Send it; what is wrong stays beside the form. */
async function send(form, address, body) {
  const error = form.querySelector("[data-error]");
  const button = form.querySelector("[type=submit]");
  button.disabled = true;
  try {
    await call("POST", address, body);
    location.reload();
  } catch (problem) {
    error.hidden = false;
    error.textContent = problem.message;
    button.disabled = false;
  }
}

const path = ({ lecture }) => `/api/v1/lectures/${lecture}/attendance/corrections`;

for (const form of document.querySelectorAll("[data-answer]")) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const minutes = form.minutes.value === "" ? null : Number(form.minutes.value);
    const answer = { status: form.status.value || null, minutes, reason: form.reason.value };
    send(form, `${path(form.dataset)}/${form.dataset.answer}/answer`, answer);
  });
}

$("correction-form")?.addEventListener("submit", (event) => {
  event.preventDefault();
  const form = event.currentTarget;
  send(form, path(form.dataset), { words: form.words.value });
});
