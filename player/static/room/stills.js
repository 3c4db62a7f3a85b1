// The lowest rung: the voice, and a still of the screen or the camera every ten seconds.
import Hls from "hls.js";
import { $ } from "../dom.js";
import { t } from "../translate.js";
import { codecOf, newestPicture } from "./pictures.js";

const WORKER = new URL("../vendor/hls.js/hls.worker.js", import.meta.url).href;
const RENEW_MS = 10_000;
const AGAIN_MS = 3000;
const FETCH_MS = 15_000;
const VOICE_AGAIN_MS = 2000;

export class Stills {
  #base;
  #voice = null;
  #sound = null; // <audio>
  #retry = null;
  #timer = null;
  #stop = null;
  #init = { address: null, data: null };
  #blocked;
  speed = 0; // how much faster than it plays the last picture came, for two in a row

  /** `base` is the address of the playlists; `blocked` is called when sound may not begin by itself. */
  constructor(base, blocked) {
    this.#base = new URL(base, location.href);
    this.#blocked = blocked;
  }

  get isOn() {
    return this.#stop !== null;
  }

  /** Whether the voice comes from the stream, too. */
  get hasVoice() {
    return this.#voice !== null;
  }

  open() {
    if (this.isOn) return;
    this.#stop = new AbortController();
    this.#speeds = [];
    $("stills").hidden = false;
    $("stills-note").textContent = t("The next picture is on its way…");
    this.#renew();
  }

  close() {
    if (!this.isOn) return;
    clearTimeout(this.#timer);
    this.#stop.abort();
    this.#stop = null;
    this.setVoice(false);
    const canvas = $("still");
    canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
    $("stills").hidden = true;
  }

  /** Play the voice of the stream, or leave the sound to the direct way. */
  setVoice(on) {
    if (on === this.hasVoice) return;
    clearTimeout(this.#retry);
    this.#voice?.destroy();
    this.#sound?.remove();
    this.#voice = this.#sound = null;
    if (on) this.#speak();
  }

  /** After a click: sound may begin. */
  async startSound() {
    await this.#sound?.play().catch(() => {});
  }

  #speak() {
    this.#sound = document.createElement("audio");
    this.#sound.dataset.testid = "still-voice";
    $("sounds").append(this.#sound);
    const hls = new Hls({ workerPath: WORKER, lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.06, backBufferLength: 10 });
    this.#voice = hls;
    hls.on(Hls.Events.LEVEL_LOADED, () => this.#sound?.play().catch((error) => error.name === "NotAllowedError" && this.#blocked()));
    hls.on(Hls.Events.ERROR, (_, { fatal }) => fatal && this.#speakAgain());
    hls.loadSource(new URL("voice.m3u8", this.#base).href);
    hls.attachMedia(this.#sound);
  }

  #speakAgain() {
    this.#voice?.destroy();
    this.#sound?.remove();
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.hasVoice && this.#speak(), VOICE_AGAIN_MS);
  }

  // ---------------------------------------------------------------- pictures

  #speeds = [];

  async #renew() {
    const { signal } = this.#stop;
    let wait = RENEW_MS;
    try {
      await this.#fetchPicture(signal);
    } catch {
      wait = AGAIN_MS;
      this.#measured(0);
    }
    if (!signal.aborted) this.#timer = setTimeout(() => this.#renew(), wait);
  }

  async #fetchPicture(signal) {
    const playlist = new URL("programme.m3u8", this.#base);
    const found = newestPicture(new TextDecoder().decode((await this.#fetch(playlist, signal)).data));
    if (!found) throw new Error("no picture");
    if (this.#init.address !== found.init) {
      this.#init = { address: found.init, data: (await this.#fetch(new URL(found.init, playlist), signal)).data };
    }
    const part = await this.#fetch(new URL(found.part, playlist), signal);
    const frame = await firstFrame(this.#init.data, part.data);
    if (signal.aborted) return;
    this.#draw(frame);
    this.#measured((found.seconds * 1000) / Math.max(1, part.ms));
  }

  /** The bytes, and the milliseconds in which they came once they had begun to. */
  async #fetch(address, signal) {
    const answer = await fetch(address, { signal: AbortSignal.any([signal, AbortSignal.timeout(FETCH_MS)]) });
    if (!answer.ok) throw new Error(`${answer.status}`);
    const since = performance.now();
    return { data: await answer.arrayBuffer(), ms: performance.now() - since };
  }

  #measured(speed) {
    this.#speeds = [...this.#speeds.slice(-1), speed];
    this.speed = this.#speeds.length > 1 ? Math.min(...this.#speeds) : 0;
  }

  #draw(frame) {
    const canvas = $("still");
    canvas.width = frame.width;
    canvas.height = frame.height;
    canvas.getContext("2d").drawImage(frame, 0, 0);
    frame.close();
    const time = new Date().toLocaleTimeString(document.documentElement.lang, { timeStyle: "medium" });
    canvas.setAttribute("aria-label", t("Picture of {time}", { time }));
    $("stills-note").textContent = t("Voice and stills. Picture of {time}.", { time });
  }
}

/** The first frame of a part, by way of a paused video, since pages have no other H.264 decoder everywhere. */
async function firstFrame(init, part) {
  const codec = codecOf(init);
  if (!codec) throw new Error("not H.264");
  const source = new MediaSource();
  const video = document.createElement("video");
  video.muted = true;
  const address = URL.createObjectURL(source);
  try {
    video.src = address;
    await happened(source, "sourceopen");
    const buffer = source.addSourceBuffer(`video/mp4; codecs="${codec}"`);
    for (const data of [init, part]) {
      buffer.appendBuffer(data);
      await happened(buffer, "updateend");
    }
    source.endOfStream();
    video.currentTime = buffer.buffered.start(0);
    await happened(video, "seeked");
    return await createImageBitmap(video);
  } finally {
    URL.revokeObjectURL(address);
    video.removeAttribute("src");
    video.load();
  }
}

function happened(target, name) {
  return new Promise((resolve, reject) => {
    target.addEventListener(name, resolve, { once: true });
    target.addEventListener("error", () => reject(new Error(name)), { once: true });
  });
}
