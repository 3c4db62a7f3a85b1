// The far tier in a room: the same lecture as a stream, where WebRTC is not wanted or not possible.
import { $ } from "../dom.js";
import { Beacon } from "../watch/beacon.js";
import { Player } from "../watch/player.js";

export class FarTier {
  #config;
  #beacon = null;
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
    $("tiles").hidden = true;
    const root = $("watch").querySelector("[data-player]");
    this.player = new Player({ root, url: this.#config.hls, mode: "live" });
    this.#beacon = new Beacon({ video: this.player.video, address: this.#config.beacon, mode: "live" });
  }

  close() {
    if (!this.player) return;
    this.#beacon.close();
    this.player.close();
    this.player = this.#beacon = null;
    $("watch").hidden = true;
    $("tiles").hidden = false;
  }
}
