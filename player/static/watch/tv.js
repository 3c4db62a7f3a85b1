// A television channel: its player, and the list of programmes kept up to date.
import { $ } from "../dom.js";
import { Beacon } from "./beacon.js";
import { Player } from "./player.js";

const config = JSON.parse($("channel-config").textContent);
const root = document.querySelector("[data-player]");
const player = new Player({ root, url: config.stream, mode: config.mode, keysOn: document });
const beacon = config.beacon ? new Beacon({ video: player.video, address: config.beacon, mode: config.mode }) : null;
if (!player.isLive) player.addEventListener("ready", () => player.play(), { once: true }); // it was asked for
globalThis.daris = Object.freeze({ player, beacon });

/** At the end of a programme the page asks for what is on now. */
async function refresh() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const id of ["on-now", "guide"]) $(id)?.replaceWith(fresh.getElementById(id));
  showCurrent();
}

/** The list begins with what is on, not with what was. */
function showCurrent() {
  const guide = $("guide");
  const current = guide?.querySelector(".current");
  if (current) guide.scrollTop = current.offsetTop - guide.offsetTop;
}

function plan() {
  const end = Date.parse($("on-now")?.dataset.ends ?? "");
  const wait = Number.isNaN(end) ? 60_000 : Math.max(5000, end - Date.now() + 1000);
  setTimeout(() => refresh().catch(() => {}).finally(plan), Math.min(wait, 300_000));
}
showCurrent();
plan();
