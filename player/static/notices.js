// One's own page: of what one wants to be told, how long before, and by what way.
import { $ } from "./dom.js";
import { call, toast } from "./site.js";
import { t } from "./translate.js";

const WISHES = "/api/v1/me/notices";
const form = $("notices");
const CHECKS = ["tells_changes", "by_mail", "by_webhook"];

function show(wish) {
  form.elements.email.value = wish.email;
  form.elements.ahead.value = String(wish.ahead);
  for (const name of CHECKS) form.elements[name].checked = wish[name];
  $("notices-mail").hidden = !wish.ways.includes("mail");
  $("notices-webhook").hidden = !wish.ways.includes("webhook");
  $("notices-none").hidden = wish.ways.length > 0;
  $("notices-unconfirmed").hidden = !wish.email || wish.is_confirmed || !wish.ways.includes("mail");
  for (const element of form.elements) element.disabled = false;
}

async function attempt(action) {
  $("notices-error").hidden = true;
  try {
    show(await action());
    return true;
  } catch (error) {
    $("notices-error").hidden = false;
    $("notices-error").textContent = error.message;
    return false;
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const wanted = { email: form.elements.email.value.trim(), ahead: Number(form.elements.ahead.value) };
  for (const name of CHECKS) wanted[name] = form.elements[name].checked;
  if (await attempt(() => call("PUT", WISHES, wanted))) toast(t("Saved."));
});
$("notices-again").addEventListener("click", async () => {
  if (await attempt(() => call("POST", WISHES))) toast(t("The letter is on its way."));
});
attempt(() => call("GET", WISHES));
