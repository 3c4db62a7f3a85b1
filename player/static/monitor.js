// The desk's monitor: a channel's loudness and alarms, read once a second.
import { $, el } from "./dom.js";
import { call } from "./site.js";
import { t } from "./translate.js";
import { Player } from "./watch/player.js";

const QUIETEST = -60;
const EVERY = 1000;
const box = $("monitor");
const stream = `/tv/${box.dataset.channel}/index.m3u8`;
new Player({ root: box.querySelector("[data-player]"), url: stream, mode: "tv", keysOn: box });
const api = `/api/v1/channels/${box.dataset.channel}/health`;
const bars = { momentary: $("level-momentary"), short_term: $("level-short-term"), integrated: $("level-integrated") };

function show({ alarms, ...levels }) {
  for (const [name, bar] of Object.entries(bars)) {
    const value = levels[name];
    bar.querySelector("meter").value = Math.max(QUIETEST, value);
    bar.querySelector("output").textContent = value > -70 ? `${value.toFixed(1)} LUFS` : t("silent");
  }
  const lines = alarms.map(({ message, since }) =>
    el("li", { class: "error" }, t(message), " ", el("time", { datetime: since }, new Date(since).toLocaleTimeString())),
  );
  const told = lines.map((line) => line.textContent).join();
  if (told === box.dataset.told) return; // a screen reader hears what is new only
  box.dataset.told = told;
  $("alarms").replaceChildren(...(lines.length ? lines : [el("li", { class: "info" }, t("Everything is in order."))]));
}

async function look() {
  try {
    show(await call("GET", api));
  } catch (error) {
    box.dataset.told = "";
    $("alarms").replaceChildren(el("li", { class: "warning" }, error.message));
  }
  setTimeout(look, document.hidden ? 10 * EVERY : EVERY);
}
look();
