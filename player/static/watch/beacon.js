// Tells the server what was played, so that watching counts as presence: only what really ran.
import { Played } from "../ranges.js";
import { uuid7 } from "../uuid7.js";

const EVERY_MS = 5000;
const MOST_SEGMENTS = 100;

export class Beacon {
  #video;
  #address;
  #mode;
  #revision;
  #played = new Played();
  #view = uuid7();
  #timer = null;
  #hasBegun = false; // who never played has nothing to tell
  #stop = new AbortController();
  #unsent = [];

  /** `mode` is live, recording or tv; `revision` is that of the recording which is played. */
  constructor({ video, address, mode, revision }) {
    this.#video = video;
    this.#address = address;
    this.#mode = mode;
    this.#revision = revision;
    const on = (target, name, handle) => target.addEventListener(name, handle, { signal: this.#stop.signal });
    on(video, "timeupdate", () => this.#look());
    on(video, "playing", () => this.#start());
    on(video, "seeking", () => this.#played.stop());
    on(video, "waiting", () => this.#played.stop());
    on(video, "pause", () => this.#pause());
    on(window, "pagehide", () => this.#send({ isLast: true }));
    on(document, "visibilitychange", () => this.#send());
    if (!video.paused) this.#start();
  }

  get view() {
    return this.#view;
  }

  /** The player goes away, the page stays. */
  close() {
    this.#send({ isLast: true });
    clearInterval(this.#timer);
    this.#stop.abort();
  }

  get #isPlaying() {
    return !this.#video.paused && !this.#video.seeking && this.#video.readyState > 2;
  }

  /** At the live edge the data is short for a moment now and then: that is no pause. */
  #hasPlayed(played) {
    return this.#isPlaying || (!this.#video.paused && played.length > 0);
  }

  #look() {
    if (this.#isPlaying) this.#played.play(this.#video.currentTime);
    else this.#played.stop();
  }

  #start() {
    if (this.#timer) return;
    this.#hasBegun = true;
    this.#send();
    this.#timer = setInterval(() => this.#send(), EVERY_MS);
  }

  #pause() {
    if (!this.#timer) return;
    this.#look();
    clearInterval(this.#timer);
    this.#timer = null;
    this.#send({ isLast: true });
  }

  /** A beacon that fails is not repeated; its segments go with the next. */
  async #send({ isLast = false } = {}) {
    if (!this.#address || !this.#hasBegun) return;
    const played = this.#played.take();
    const segments = [...this.#unsent, ...played].slice(-MOST_SEGMENTS);
    this.#unsent = [];
    const body = {
      view: this.#view,
      mode: this.#mode,
      revision: this.#revision,
      position: Math.max(0, this.#video.currentTime),
      segments,
      playing: this.#hasPlayed(played) && !isLast,
      visible: !document.hidden,
      sent_at: new Date().toISOString(),
    };
    try {
      const answer = await post(this.#address, body);
      if (answer.status >= 500) this.#unsent = segments;
    } catch {
      this.#unsent = segments;
    }
  }
}

/** `keepalive` outlives the page like sendBeacon, and carries the token that sendBeacon cannot. */
function post(address, body) {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  return fetch(address, {
    method: "POST",
    keepalive: true,
    headers: { "Content-Type": "application/json", "X-CSRF-Token": token },
    body: JSON.stringify(body),
  });
}
