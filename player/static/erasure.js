// The page that erases a person: one order, and what came of it.
import { $ } from "./dom.js";
import { call } from "./site.js";

const form = $("erasure-form");

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { person } = form.dataset;
  const button = form.querySelector("button");
  button.disabled = true;
  $("erasure-error").hidden = true;
  try {
    await call("POST", `/api/v1/people/${person}/erasure`, { person, ground: form.ground.value });
    form.hidden = true;
    $("erasure-done").hidden = false;
  } catch (error) {
    button.disabled = false;
    $("erasure-error").hidden = false;
    $("erasure-error").querySelector("span").textContent = error.message;
  }
});
