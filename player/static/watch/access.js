// For hosts: who may watch the recording, and its public link.
import { $ } from "../dom.js";
import { call, toast } from "../site.js";
import { t } from "../translate.js";

export function openAccess(address) {
  const choices = $("access").querySelectorAll("[name=visibility]");

  function show({ visibility, url }) {
    for (const choice of choices) choice.checked = choice.value === visibility;
    $("public-link").hidden = !url;
    $("public-link-address").value = url ?? "";
  }

  /** What is shown is what the server has, also when it refused. */
  async function attempt(act, done) {
    try {
      show(await act());
      if (done) toast(done);
    } catch (error) {
      toast(error.message);
      call("GET", address).then(show, () => {});
    }
  }

  for (const choice of choices) {
    choice.addEventListener("change", () => attempt(() => call("PUT", address, { visibility: choice.value }), t("Saved.")));
  }
  $("public-link-renew").addEventListener("click", () => attempt(() => call("POST", `${address}/link`), t("There is a new link; the one before has ended.")));
  $("public-link-copy").addEventListener("click", async () => {
    $("public-link-address").select();
    await navigator.clipboard?.writeText($("public-link-address").value).catch(() => {});
    toast(t("Copied."));
  });
  attempt(() => call("GET", address));
}
