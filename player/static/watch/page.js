// A lecture that was: the recording, and beside it what was said in the chat.
import { $, clock, el } from "../dom.js";
import { call } from "../site.js";
import { t } from "../translate.js";
import { linked } from "../room/chat.js";
import { Beacon } from "./beacon.js";
import { Companion, hasScreen } from "./companion.js";
import { offerDownload } from "./download.js";
import { Player } from "./player.js";

const config = JSON.parse($("room-config").textContent);
const list = $("chat-log");
const note = $("chat-log-note");
const FINISHING_MS = 700;

/** The recording takes a second or two after the end; then this page has it. */
async function awaitRecording() {
  try {
    const lecture = await call("GET", config.api);
    if (lecture.state !== config.state) return location.reload();
  } catch {
    // ask again
  }
  setTimeout(awaitRecording, FINISHING_MS);
}

async function loadChat() {
  try {
    return (await call("GET", config.chat)).lines;
  } catch (error) {
    if (error.status && error.status !== 404) note.textContent = error.message;
    return [];
  }
}

/** Draw the log; with a player each line leads to its moment. */
function drawChat(lines, player) {
  const drawn = lines.map((line) => {
    const position = player?.positionOf(new Date(line.at)) ?? null;
    const time = position === null ? null : timeButton(position, player);
    const text = el("p", {}, el("strong", {}, line.name), " ", el("span", { class: "chat-text" }, ...linked(line.text)));
    const element = el("li", { "data-testid": "chat-line", "data-id": line.id }, time ?? el("span"), text);
    return { position, element };
  });
  list.replaceChildren(...drawn.map((one) => one.element));
  list.hidden = !drawn.length;
  if (!drawn.length && !note.textContent) note.textContent = t("Nothing was said in the chat.");
  return drawn;
}

function timeButton(position, player) {
  const time = clock(position);
  const play = () => {
    player.seek(position);
    player.play();
  };
  return el("button", { type: "button", class: "chat-time", "aria-label": t("Play from {time}", { time }), onclick: play }, time);
}

/** Mark the line that was said last at this position. */
function follow(drawn, position) {
  const current = drawn.filter((one) => one.position !== null && one.position <= position + 0.2).at(-1);
  for (const one of drawn) one.element.classList.toggle("current", one === current);
  if (!current || list.matches(":hover, :focus-within")) return;
  const box = current.element;
  if (box.offsetTop < list.scrollTop || box.offsetTop + box.offsetHeight > list.scrollTop + list.clientHeight) {
    list.scrollTop = box.offsetTop - list.clientHeight / 2;
  }
}

async function watch(root) {
  const key = `daris.position.${config.lecture}`;
  const player = new Player({ root, url: config.hls, mode: "recording", key, keysOn: document });
  const beacon = new Beacon({ video: player.video, address: config.beacon, mode: "recording" });
  globalThis.daris = { player, beacon, companion: null };
  const ready = new Promise((resolve) => player.addEventListener("ready", resolve, { once: true }));
  const [lines] = await Promise.all([loadChat(), ready]);
  if (hasScreen(player.fragments)) globalThis.daris.companion = new Companion({ root, player, url: config.camera });
  const drawn = drawChat(lines, player);
  player.addEventListener("position", (event) => follow(drawn, event.detail));
}

const root = document.querySelector("[data-player]");
if (root) {
  root.querySelector("video").poster = $("recorded").dataset.poster ?? "";
  offerDownload($("download"), $("download-note"));
  watch(root);
} else {
  loadChat().then((lines) => drawChat(lines, null));
  if ($("finishing")) setTimeout(awaitRecording, FINISHING_MS);
}
