// One's own page: language and time zone, and whether one is counted in what a class watched.
import { $ } from "./dom.js";
import { call, toast } from "./site.js";
import { t } from "./translate.js";

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

const COUNTING = "/api/v1/me/counting";
const counted = $("counting").elements.is_counted;

counted.addEventListener("change", async () => {
  try {
    await call("PUT", COUNTING, { is_counted: counted.checked });
    toast(t("Saved."));
  } catch (error) {
    counted.checked = !counted.checked;
    toast(error.message);
  }
});
call("GET", COUNTING).then(
  ({ is_counted }) => {
    counted.checked = is_counted;
    counted.disabled = false;
  },
  () => {}, // it stays as it is
);
