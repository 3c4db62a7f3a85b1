// The camera beside the screen: a second video, kept in step with the first one, which has the sound.
import Hls from "hls.js";
import { t } from "../translate.js";
import { isSentAt, momentAt, pieceAt, positionAt } from "./pieces.js";

const WORKER = new URL("../vendor/hls.js/hls.worker.js", import.meta.url).href;
const LOOK_MS = 100;
const SEEK_BEYOND_SECONDS = 0.25; // what lies nearer is caught up by speed
const STILL_SECONDS = 0.02; // a paused picture is this exact
const PULL = 2; // share of the speed per second of drift
const MOST_PULL = 0.25;
const LONGEST_LEAD_SECONDS = 1;
const VIEWS = ["both", "screen", "camera"];
const KEY = "daris.view";

/** True if the screen was shared at some time, so that there may be two pictures. */
export const hasScreen = (fragments) => fragments.some(isScreen);

const isScreen = (fragment) => fragment?.relurl === "screen.mp4";

export class Companion {
  #player;
  #root;
  #main;
  #side;
  #hls;
  #view;
  #sought = 0; // when the last seek began
  #lead = 0; // seconds that it took

  /** `url` is the playlist of the camera; `view` events of `player` go on to the next view. */
  constructor({ root, player, url }) {
    this.#root = root;
    this.#player = player;
    this.#main = player.video;
    this.#side = root.querySelector("[data-side]");
    this.#view = VIEWS.find((one) => one === localStorage.getItem(KEY)) ?? VIEWS[0];
    this.#hls = new Hls({ workerPath: WORKER, maxBufferLength: 12, backBufferLength: 12 });
    this.#hls.once(Hls.Events.LEVEL_LOADED, () => this.#begin());
    this.#hls.on(Hls.Events.ERROR, (_, data) => this.#failed(data));
    this.#hls.loadSource(url);
    this.#hls.attachMedia(this.#side);
  }

  get view() {
    return this.#view;
  }

  /** Seconds by which the camera is ahead; null while it is not shown. */
  get drift() {
    const target = this.#target();
    return target === null ? null : this.#side.currentTime - target;
  }

  show(view) {
    this.#view = view;
    localStorage.setItem(KEY, view);
    if (view === "screen") this.#hls.stopLoad();
    else this.#hls.startLoad(this.#target() ?? -1);
    this.#label();
    this.#sync();
  }

  next() {
    this.show(VIEWS[(VIEWS.indexOf(this.#view) + 1) % VIEWS.length]);
  }

  #begin() {
    const button = this.#root.querySelector("[data-view]");
    button.hidden = false;
    button.addEventListener("click", () => this.next());
    this.#player.addEventListener("view", () => this.next());
    this.#side.addEventListener("click", () => this.show(this.#view === "camera" ? "both" : "camera"));
    this.#side.addEventListener("seeked", () => this.#arrived());
    for (const name of ["play", "playing", "pause", "waiting", "seeking", "seeked", "ratechange"]) {
      this.#main.addEventListener(name, () => this.#sync());
    }
    setInterval(() => this.#sync(), LOOK_MS);
    this.#label();
  }

  #label() {
    const names = { both: t("Screen and camera"), screen: t("Screen only"), camera: t("Camera large") };
    const button = this.#root.querySelector("[data-view]");
    button.dataset.view = this.#view;
    button.title = names[this.#view];
    button.setAttribute("aria-label", t("View: {name}", { name: names[this.#view] }));
  }

  /** Where the camera should be; null when there is no second picture to show. */
  #target() {
    const { fragments } = this.#player;
    const camera = this.#hls.levels?.[0]?.details?.fragments;
    const position = this.#main.currentTime;
    if (this.#view === "screen" || !camera || !isScreen(pieceAt(fragments, position))) return null;
    const moment = momentAt(fragments, position);
    return isSentAt(camera, moment) ? positionAt(camera, moment) : null;
  }

  #sync() {
    const target = this.#target();
    this.#draw(target !== null);
    const { paused, seeking, ended, readyState, playbackRate } = this.#main;
    const runs = target !== null && !paused && !seeking && !ended && readyState > HTMLMediaElement.HAVE_CURRENT_DATA;
    if (target !== null) this.#keepUp(target, playbackRate, runs);
    if (runs && this.#side.paused) this.#side.play().catch(() => {});
    if (!runs && !this.#side.paused) this.#side.pause();
  }

  /** Small drift by speed, large by a seek to where it will be when the seek is done. */
  #keepUp(target, rate, runs) {
    const drift = this.#side.currentTime - target;
    const pull = Math.max(-MOST_PULL, Math.min(MOST_PULL, -PULL * drift));
    this.#side.playbackRate = runs ? rate * (1 + pull) : rate;
    if (this.#side.seeking || Math.abs(drift) <= (runs ? SEEK_BEYOND_SECONDS : STILL_SECONDS)) return;
    this.#sought = performance.now();
    this.#side.currentTime = runs ? target + this.#lead * rate : target;
  }

  #arrived() {
    this.#lead = Math.min((performance.now() - this.#sought) / 1000, LONGEST_LEAD_SECONDS);
  }

  #draw(isShown) {
    this.#side.hidden = !isShown;
    if (isShown) this.#root.dataset.pair = this.#view;
    else delete this.#root.dataset.pair;
  }

  /** Without the camera the first picture goes on alone. */
  #failed(data) {
    if (!data.fatal) return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR) this.#hls.recoverMediaError();
    else if (this.#hls.levels?.[0]?.details) this.#hls.startLoad();
  }
}
