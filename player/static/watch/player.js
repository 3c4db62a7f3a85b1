// The player: hls.js under our own controls. Live it keeps to the edge; recorded it seeks.
import Hls from "hls.js";
import { clock } from "../dom.js";
import { t } from "../translate.js";
import { shortcuts } from "./keys.js";
import { keepPosition, keptPosition } from "./left_off.js";
import { isLost } from "./lost.js";
import { positionAt } from "./pieces.js";
import { limit } from "./rungs.js";
import { StreamCaptions } from "./stream_captions.js";

const WORKER = new URL("../vendor/hls.js/hls.worker.js", import.meta.url).href;
const RETRY_MS = 1500;
const IDLE_MS = 2800;
const USUAL_MBPS = 3; // where the browser does not tell
const PICTURE_SECONDS = 1 / 25;
const NEAR_EDGE_SECONDS = 4; // beyond the live position: still "live"
const KEEP_POSITION_MS = 5000;

/** Fires `ready` when the first playlist is there, `change` when another size is asked for, `level` when it is played, `position` (detail: seconds), and `tip` while somebody points at
 * a position of the seek bar (detail: {position, tip}, the element that may say more about it). */
export class Player extends EventTarget {
  #root;
  #mode;
  #key;
  #url;
  #hls = null;
  #idle = null;
  #retry = null;
  #saved = 0;
  #resume;
  #limits = { height: null, cap: null };
  #streamed; // captions
  isChanging = false; // another size was asked for and is not played yet
  #from = null; // seconds, where the next load begins
  #stop = new AbortController();
  captions = null; // of a recording, once they are there

  /**
   * `mode` is live, recording or tv; `key` is where the position is kept, if at all. `resume` is where
   * the person stopped on any device, {seconds, at}.
   */
  constructor({ root, url, mode, key = null, keysOn = root, resume = null }) {
    super();
    this.#root = root;
    this.#url = url;
    this.#mode = mode;
    this.#key = key;
    this.#resume = resume;
    this.video = this.#part("video");
    this.#streamed = new StreamCaptions(this.#part("[data-captions]"));
    this.video.preservesPitch = true; // at any speed; so it is by default, where it can be switched
    this.#controls();
    shortcuts(this, keysOn, this.#stop.signal);
    this.#wait(this.isLive ? t("Connecting…") : t("Loading…"));
    this.#load();
  }

  get isLive() {
    return this.#mode !== "recording";
  }

  /** The seconds behind what happens now; null when that is unknown. */
  get latency() {
    return this.isLive && this.#hls ? this.#hls.latency || null : null;
  }

  get duration() {
    return Number.isFinite(this.video.duration) ? this.video.duration : this.#range()[1];
  }

  /** What hls.js knows of the programme: pieces in media time with their time of day. */
  get fragments() {
    const { levels = [], loadLevel, currentLevel } = this.#hls ?? {};
    return (levels[loadLevel]?.details ?? levels[currentLevel]?.details)?.fragments ?? [];
  }

  /** Of the size that is played, in lines; null while that is unknown, or where it is sound. */
  get height() {
    return this.#hls?.levels?.[this.#hls.currentLevel]?.height || null;
  }

  /** Whether there is this size; true while that is unknown. */
  hasHeight(height) {
    return !this.#hls?.levels?.length || this.#hls.levels.some((level) => level.height === height);
  }

  /** Play this `height`, or at most `cap`; null: as the line allows. */
  limit(limits) {
    this.#limits = limits;
    if (this.#hls?.levels?.length && limit(this.#hls, limits)) this.#changes();
  }

  /** The media time of a moment on the wall clock; null while that is unknown. */
  positionOf(moment) {
    return positionAt(this.fragments, moment.getTime()) ?? (this.fragments.length ? 0 : null);
  }

  // ---------------------------------------------------------------- what controls and keys do

  toggle() {
    if (this.video.paused) this.play();
    else this.video.pause();
  }

  /** Play; without sound when the browser does not let sound begin by itself. */
  async play() {
    try {
      await this.video.play();
    } catch (error) {
      if (error.name !== "NotAllowedError") return;
      this.video.muted = true;
      this.#part("[data-sound]").hidden = false;
      await this.video.play().catch(() => {});
    }
  }

  seek(position) {
    const [from, to] = this.#range();
    this.video.currentTime = Math.min(Math.max(position, from), to);
    this.#showTime();
  }

  seekBy(seconds) {
    this.seek(this.video.currentTime + seconds);
  }

  seekTo(share) {
    const [from, to] = this.#range();
    this.seek(from + share * (to - from));
  }

  /** Go on with another playlist of the same times, from where it stands. */
  changeTo(url) {
    const isPlaying = !this.video.paused;
    this.#url = url;
    this.#changes();
    this.video.defaultPlaybackRate = this.video.playbackRate; // a new source begins with it
    this.#from = this.video.currentTime;
    this.#root.dataset.state = "loading";
    this.#hls?.destroy();
    this.#load();
    if (isPlaying) this.addEventListener("ready", () => this.play(), { once: true });
  }

  toLive() {
    const edge = this.#hls?.liveSyncPosition;
    if (edge) this.video.currentTime = edge;
    this.play();
  }

  setVolume(volume) {
    this.video.volume = Math.min(1, Math.max(0, volume));
    this.video.muted = this.video.volume === 0;
  }

  changeSpeed(steps) {
    if (this.isLive) return;
    const select = this.#part("[data-speed]");
    const at = Math.min(select.options.length - 1, Math.max(0, select.selectedIndex + steps));
    select.selectedIndex = at;
    this.video.playbackRate = Number(select.value);
  }

  toggleMute() {
    this.video.muted = !this.video.muted;
    if (!this.video.muted) this.#part("[data-sound]").hidden = true;
  }

  toggleCaptions() {
    if (this.captions) {
      this.captions.toggle();
      return;
    }
    if (this.#streamed.toggle()) this.changeTo(this.#url);
  }

  /** The stream has captions now. */
  offerCaptions() {
    this.#streamed.offer();
  }

  /** One picture back or on, while it is paused. */
  stepBy(pictures) {
    if (this.video.paused) this.seekBy(pictures * PICTURE_SECONDS);
  }

  async togglePictureInPicture() {
    if (!document.pictureInPictureEnabled) return;
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else await this.video.requestPictureInPicture().catch(() => {}); // nothing to show yet
  }

  async toggleFullscreen() {
    if (document.fullscreenElement) await document.exitFullscreen();
    else await (this.#root.requestFullscreen?.() ?? this.video.webkitEnterFullscreen?.());
  }

  close() {
    this.#keepPosition();
    this.#stop.abort();
    clearTimeout(this.#retry);
    clearTimeout(this.#idle);
    this.#hls?.destroy();
    this.#hls = null;
    this.video.removeAttribute("src");
    this.video.load();
    this.#root.dataset.state = "loading"; // another player may follow in the same place
  }

  // ---------------------------------------------------------------- loading

  #load() {
    if (!Hls.isSupported()) {
      this.#loadNatively();
      return;
    }
    const hls = new Hls({
      workerPath: WORKER,
      lowLatencyMode: this.isLive,
      maxLiveSyncPlaybackRate: this.isLive ? 1.06 : 1,
      backBufferLength: 120,
      abrEwmaDefaultEstimate: (navigator.connection?.downlink ?? USUAL_MBPS) * 800_000, // not all of it is ours
      startPosition: this.isLive ? -1 : (this.#from ?? keptPosition(this.#key, this.#resume)),
    });
    this.#hls = hls;
    hls.on(Hls.Events.ERROR, (_, data) => data.fatal && this.#failed(hls, data));
    hls.on(Hls.Events.MANIFEST_PARSED, () => limit(hls, this.#limits));
    hls.on(Hls.Events.LEVEL_SWITCHED, () => {
      this.isChanging = false;
      this.dispatchEvent(new Event("level"));
    });
    hls.on(Hls.Events.LEVEL_LOADED, () => this.#ready());
    hls.on(Hls.Events.LEVEL_UPDATED, (_, { details }) => isLost(details, this.video) && this.#again());
    this.#streamed.follow(hls);
    hls.loadSource(this.#url);
    hls.attachMedia(this.video);
  }

  /** Where there is no MediaSource (older iPhones), the browser plays HLS itself. */
  #loadNatively() {
    this.video.src = this.#url;
    this.video.addEventListener("loadedmetadata", () => this.#ready(), { signal: this.#stop.signal });
    this.video.addEventListener("error", () => this.#again(), { signal: this.#stop.signal });
  }

  #changes() {
    this.isChanging = true;
    this.dispatchEvent(new Event("change"));
  }

  #ready() {
    if (this.#root.dataset.state === "ready") return;
    this.#root.dataset.state = "ready";
    this.#part("[data-wait]").hidden = true;
    this.#part("[data-error]").hidden = true;
    if (this.isLive) this.play();
    else this.#part("[data-big]").hidden = !this.video.paused;
    this.dispatchEvent(new Event("ready"));
  }

  #failed(hls, data) {
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && this.#root.dataset.state === "ready") {
      hls.recoverMediaError();
      return;
    }
    const status = data.response?.code;
    if (status === 401 || status === 403) {
      this.#tell(t("You may not watch this."));
      hls.destroy();
      return;
    }
    this.#again();
  }

  /** Not there yet, or gone for a moment: ask again. */
  #again() {
    this.#root.dataset.state = "waiting";
    this.#wait(this.isLive ? t("The picture comes as soon as somebody is on the stage.") : t("Loading…"));
    this.#hls?.destroy();
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#load(), RETRY_MS);
  }

  #wait(text) {
    this.#part("[data-wait]").hidden = false;
    this.#part("[data-wait-text]").textContent = text;
  }

  #tell(text) {
    this.#part("[data-wait]").hidden = true;
    this.#part("[data-error]").hidden = false;
    this.#part("[data-error-text]").textContent = text;
  }

  // ---------------------------------------------------------------- controls

  #part(selector) {
    return this.#root.querySelector(selector);
  }

  #controls() {
    const signal = this.#stop.signal;
    const on = (selector, name, handle) => this.#part(selector).addEventListener(name, handle, { signal });
    this.#part("[data-play]").disabled = false; // before this a click would be lost
    on("[data-play]", "click", () => this.toggle());
    on("[data-big]", "click", () => this.play());
    on("video", "click", () => this.toggle());
    on("video", "dblclick", () => this.toggleFullscreen());
    on("[data-mute]", "click", () => this.toggleMute());
    on("[data-sound]", "click", () => this.toggleMute());
    on("[data-volume]", "input", (event) => this.setVolume(Number(event.target.value)));
    on("[data-seek-bar]", "input", (event) => this.seek(Number(event.target.value)));
    on("[data-seek-bar]", "pointermove", (event) => this.#showTip(event));
    on("[data-seek-bar]", "pointerleave", () => (this.#part("[data-tip]").hidden = true));
    on("[data-live]", "click", () => this.toLive());
    on("[data-captions]", "click", () => this.toggleCaptions());
    on("[data-speed]", "change", (event) => (this.video.playbackRate = Number(event.target.value)));
    on("[data-pip]", "click", () => this.togglePictureInPicture());
    on("[data-fullscreen]", "click", () => this.toggleFullscreen());
    for (const name of ["play", "pause", "volumechange", "ended"]) on("video", name, () => this.#show());
    for (const name of ["timeupdate", "durationchange", "progress", "seeked"]) on("video", name, () => this.#showTime());
    on("video", "pause", () => this.#keepPosition());
    addEventListener("pagehide", () => this.#keepPosition(), { signal });
    for (const name of ["pointermove", "keydown", "focusin"]) {
      this.#root.addEventListener(name, () => this.#stir(), { signal });
    }
    this.#part("[data-live]").hidden = !this.isLive;
    this.#part("[data-speed-box]").hidden = this.isLive;
    this.#part("[data-pip]").hidden = !document.pictureInPictureEnabled;
    this.#show();
  }

  #show() {
    const { paused, muted, volume } = this.video;
    this.#root.dataset.playing = String(!paused);
    this.#root.dataset.silent = String(muted || volume === 0);
    this.#part("[data-play]").setAttribute("aria-label", paused ? t("Play") : t("Pause"));
    this.#part("[data-mute]").setAttribute("aria-label", muted ? t("Sound on") : t("Sound off"));
    this.#part("[data-volume]").value = muted ? 0 : volume;
    this.#part("[data-big]").hidden = !paused || this.#root.dataset.state !== "ready" || this.isLive;
    this.#stir();
    this.#showTime();
  }

  #showTime() {
    const [from, to] = this.#range();
    const position = this.video.currentTime;
    const bar = this.#part("[data-seek-bar]");
    bar.min = from;
    bar.max = to;
    bar.value = position;
    const length = to - from || 1;
    bar.style.setProperty("--done", `${((position - from) / length) * 100}%`);
    const { buffered } = this.video;
    const loaded = buffered.length ? buffered.end(buffered.length - 1) : from;
    this.#part("[data-buffered]").style.setProperty("--loaded", `${((loaded - from) / length) * 100}%`);
    if (this.isLive) this.#showEdge(to - position);
    else this.#part("[data-time]").textContent = `${clock(position)} / ${clock(to)}`;
    bar.setAttribute("aria-valuetext", this.isLive ? this.#part("[data-time]").textContent : clock(position));
    if (performance.now() - this.#saved > KEEP_POSITION_MS && !this.video.paused) this.#keepPosition();
    this.dispatchEvent(new CustomEvent("position", { detail: position }));
  }

  #showEdge(behind) {
    const atEdge = behind < NEAR_EDGE_SECONDS && !this.video.paused;
    const button = this.#part("[data-live]");
    button.dataset.edge = String(atEdge);
    button.setAttribute("aria-label", atEdge ? t("Live") : t("Go to what is live"));
    this.#part("[data-time]").textContent = atEdge ? "" : `−${clock(behind)}`;
  }

  /** What can be sought: from where, to where. */
  #range() {
    const { seekable, duration } = this.video;
    if (!this.isLive) return [0, Number.isFinite(duration) ? duration : 0];
    if (!seekable.length) return [0, 0];
    const edge = this.#hls?.liveSyncPosition ?? seekable.end(seekable.length - 1);
    return [seekable.start(0), Math.max(edge, this.video.currentTime)];
  }

  #showTip(event) {
    const bar = event.currentTarget;
    const share = Math.min(1, Math.max(0, event.offsetX / bar.clientWidth));
    const [from, to] = this.#range();
    const tip = this.#part("[data-tip]");
    tip.hidden = false;
    tip.style.left = `${share * 100}%`;
    const position = from + share * (to - from);
    tip.textContent = this.isLive ? `−${clock(to - position)}` : clock(position);
    this.dispatchEvent(new CustomEvent("tip", { detail: { position, tip } }));
  }

  /** Controls are there while something moves, and while it is paused. */
  #stir() {
    delete this.#root.dataset.idle;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (!this.video.paused) this.#root.dataset.idle = "";
    }, IDLE_MS);
  }

  // ---------------------------------------------------------------- where one left off

  #keepPosition() {
    this.#saved = performance.now();
    keepPosition(this.#key, this.video.currentTime, this.duration);
  }
}
