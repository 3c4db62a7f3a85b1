// One's own page: the secret address of one's calendar.
import { $ } from "./dom.js";
import { call, toast } from "./site.js";
import { t } from "./translate.js";

const FEED = "/api/v1/me/feed";

function show({ created_at, url }) {
  $("feed-state").hidden = !created_at || Boolean(url);
  $("feed-revoke").hidden = !created_at;
  $("feed-shown").hidden = !url;
  $("feed-address").value = url ?? "";
  if (url) $("feed-address").select();
}

async function attempt(action) {
  try {
    await action();
  } catch (error) {
    toast(error.message);
  }
}

$("feed-make").addEventListener("click", () => attempt(async () => show(await call("POST", FEED))));
$("feed-revoke").addEventListener("click", () =>
  attempt(async () => {
    await call("DELETE", FEED);
    show({ created_at: null });
    toast(t("The address is revoked."));
  }),
);
attempt(async () => show(await call("GET", FEED)));
