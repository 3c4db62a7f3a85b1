// The far tier in a room: the same lecture as a stream, where WebRTC is not wanted or not possible.
import { $ } from "../dom.js";
import { Beacon } from "../watch/beacon.js";
import { Player } from "../watch/player.js";
import { keptQuality, Quality } from "../watch/quality.js";
import { Progress } from "./progress.js";

export class FarTier {
  #config;
  #beacon = null;
  #quality = null;
  #progress = null;
  #isCaptioned = false;
  player = null;

  constructor(config) {
    this.#config = config;
  }

  get isOn() {
    return this.player !== null;
  }

  get latency() {
    return this.player?.latency ?? null;
  }

  open() {
    if (this.player) return;
    $("watch").hidden = false;
    const root = $("watch").querySelector("[data-player]");
    const urls = { picture: this.#config.hls, sound: this.#config.voice };
    const url = keptQuality().choice === "sound" ? urls.sound : urls.picture;
    this.player = new Player({ root, url, mode: "live" });
    if (this.#isCaptioned) this.player.offerCaptions();
    this.#quality = new Quality({ root, player: this.player, urls });
    this.#beacon = new Beacon({ video: this.player.video, address: this.#config.beacon, mode: "live" });
    this.#progress = new Progress(performance.now());
    this.player.addEventListener("change", () => this.#progress.beginAgain(performance.now()));
  }

  /** Somebody writes captions. */
  offerCaptions() {
    this.#isCaptioned = true;
    this.player?.offerCaptions();
  }

  close() {
    if (!this.player) return;
    this.#beacon.close();
    this.#quality.close();
    this.player.close();
    this.player = this.#beacon = this.#quality = null;
    $("watch").hidden = true;
  }

  /** What it did since the last call: off, loading, playing or stalled. */
  look() {
    if (!this.player) return "off";
    const { video, isChanging } = this.player;
    return this.#progress.look(video, { isChanging, now: performance.now() });
  }
}
