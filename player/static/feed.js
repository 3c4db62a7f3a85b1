// One's own page: the secret addresses of one's calendar, and of the feeds of courses and channels.
import { $, el } from "./dom.js";
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

const WHAT = { calendar: t("Calendar"), recordings: t("Recordings") };

async function revoke(feed) {
  await call("DELETE", `/api/v1/me/feeds/${feed.id}`);
  toast(t("The address is revoked."));
  await list();
}

function line(feed) {
  const words = t("Revoke it");
  const label = `${words}: ${feed.of ?? ""}`;
  const button = el("button", { type: "button", class: "button danger small", "aria-label": label, onclick: () => attempt(() => revoke(feed)) }, words);
  return el("li", { class: "row" }, el("span", { class: "badge" }, WHAT[feed.what]), el("span", {}, feed.of ?? ""), button);
}

/** Those of courses and channels; one's own calendar is above. */
async function list() {
  const { feeds } = await call("GET", "/api/v1/me/feeds");
  const others = feeds.filter((feed) => feed.course || feed.channel);
  $("feeds-box").hidden = !others.length;
  $("feeds").replaceChildren(...others.map(line));
}

attempt(async () => show(await call("GET", FEED)));
attempt(list);
