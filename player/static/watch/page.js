// A lecture that was: the recording, and beside it what was said, in it and in the chat.
import { $ } from "../dom.js";
import { shares } from "../room/poll_state.js";
import { call } from "../site.js";
import { t } from "../translate.js";
import { openAccess } from "./access.js";
import { openCaptionDesk } from "./caption_desk.js";
import { Captions } from "./captions.js";
import { Beacon } from "./beacon.js";
import { Companion, hasScreen } from "./companion.js";
import { offerDownload } from "./download.js";
import { drawHeat, openHeatTable } from "./heat.js";
import { holdMediaSession } from "./media_session.js";
import { offerMissed } from "./missed.js";
import { openOffline } from "./offline.js";
import { openJobs } from "./jobs.js";
import { Player } from "./player.js";
import { keptQuality, Quality } from "./quality.js";
import { offerRemote } from "./remote.js";
import { openRetention } from "./retention.js";
import { openSeekBar } from "./seek_bar.js";
import { TimedList } from "./timed_list.js";
import { drawChat, WordsPanel } from "./words_panel.js";

const config = JSON.parse($("room-config").textContent);
const recorded = $("recorded");
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
  if (!config.chat) return [];
  try {
    const { lines, polls } = await call("GET", config.chat);
    return [...lines, ...polls.map(asLine)].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
  } catch (error) {
    if (error.status && error.status !== 404) note.textContent = error.message;
    return [];
  }
}

/** A poll whose result was shown, as a line of the chat at its end. */
function asLine({ id, at, question, counts, answered }) {
  const percent = shares({ counts, answered });
  const result = question.choices.map((choice, place) => `${choice}: ${percent[place]} %`).join(" · ");
  return { id, at, name: t("Poll"), text: `${question.text}\n${result}` };
}

/** Where this person stopped, as the server knows it; null if it does not. */
function stoppedAt() {
  const { resume, resumedAt } = recorded.dataset;
  return resume ? { seconds: Number(resume), at: Date.parse(resumedAt) } : null;
}

async function watch(root) {
  const key = `daris.position.${config.lecture}`;
  const url = keptQuality().choice === "sound" ? config.voice : config.hls;
  const player = new Player({ root, url, mode: "recording", key, keysOn: document, resume: stoppedAt() });
  const beacon = new Beacon({ video: player.video, address: config.beacon, mode: "recording", revision: Number(recorded.dataset.revision) });
  const { poster, lecturer } = recorded.dataset;
  holdMediaSession({ player, title: config.title, artist: lecturer, poster });
  const captions = new Captions({ root, video: player.video, address: config.captions });
  player.captions = captions;
  player.addEventListener("help", () => $("keys-help").showModal());
  player.addEventListener("search", () => $("words-search").focus());
  new Quality({ root, player, urls: { picture: config.hls, sound: config.voice } });
  globalThis.daris = { player, beacon, captions, companion: null };
  const ready = new Promise((resolve) => player.addEventListener("ready", resolve, { once: true }));
  const panel = new WordsPanel(player);
  captions.addEventListener("cues", () => panel.showCues(captions.cues, captions.language));
  const [lines] = await Promise.all([loadChat(), ready, captions.load().catch(() => {})]);
  offerRemote(root, player.video);
  const addCompanion = () => {
    if (!hasScreen(player.fragments) || globalThis.daris.companion) return;
    globalThis.daris.companion = new Companion({ root, player, url: config.camera });
    offerDownload($("download-camera"), $("download-note"));
  };
  addCompanion();
  player.addEventListener("ready", addCompanion); // the picture may have come after the sound
  panel.showChat(lines, (moment) => player.positionOf(moment));
  openSeekBar({ root, player, editionAt: config.edition, storyboardAt: config.storyboard });
  drawHeat(root, config.heatmap).catch(() => {}); // a convenience, too
  if ($("heat")) openHeatTable(config.heatmap, player);
  if (config.missed) offerMissed(config.missed, player).catch(() => {}); // a convenience
  if ($("caption-form")) openCaptionDesk(config.captions, () => captions.load());
}

const root = document.querySelector("[data-player]");
if (root) {
  const { poster } = recorded.dataset;
  root.querySelector("video").poster = poster ?? "";
  if (poster) root.style.setProperty("--still", `url("${new URL(poster, location.href).href}")`);
  offerDownload($("download"), $("download-note"));
  $("keys").addEventListener("click", () => $("keys-help").showModal());
  if ($("access")) openAccess(config.access);
  if ($("retention")) openRetention(config.recording_address);
  if ($("watch-form")) openOffline({ packageAt: config.package, recordsAt: config.watch_records });
  if ($("jobs")) openJobs(config.jobs);
  watch(root);
} else {
  loadChat().then((lines) => drawChat(new TimedList($("chat-log"), null), lines, () => null));
  if ($("finishing")) setTimeout(awaitRecording, FINISHING_MS);
}
