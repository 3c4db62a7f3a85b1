// One's own page: language and time zone.
import { $ } from "./dom.js";
import { call } from "./site.js";

const form = $("preferences");
$("zones").replaceChildren(...Intl.supportedValuesOf("timeZone").map((zone) => new Option("", zone)));

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await call("POST", "/api/v1/me", { locale: form.locale.value, zone: form.zone.value });
    location.reload();
  } catch (error) {
    const box = $("preferences-error");
    box.hidden = false;
    box.querySelector("span").textContent = error.message;
  }
});
