// Where the code on the wall leads: one button that says "I am here".
import { $ } from "./dom.js";
import { call } from "./site.js";

const form = $("here");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { lecture, code } = form.dataset;
  $("here-error").hidden = true;
  try {
    await call("POST", `/api/v1/lectures/${lecture}/in-room/arrivals`, { code });
    form.hidden = true;
    $("here-done").hidden = false;
  } catch (error) {
    $("here-error").hidden = false;
    $("here-error").querySelector("span").textContent = error.message;
  }
});
