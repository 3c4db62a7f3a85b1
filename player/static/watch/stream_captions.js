// Captions that the stream itself brings: its button, and whether somebody wants them.
import Hls from "hls.js";

export class StreamCaptions {
  #button;
  #hls = null;
  #isOffered = false;
  #isWanted = false;

  constructor(button) {
    this.#button = button;
    this.#press();
  }

  /** Show what this one brings, as it was wanted before. */
  follow(hls) {
    this.#hls = hls;
    // not at once: when all have heard it, hls.js takes what it has chosen itself
    hls.on(Hls.Events.SUBTITLE_TRACKS_UPDATED, () => queueMicrotask(() => this.#show()));
  }

  /** There are some now, perhaps since after the stream's list was loaded. */
  offer() {
    this.#isOffered = Hls.isSupported();
    this.#button.hidden = !this.#isOffered && !this.#hasTracks;
  }

  /** On or off. True if the stream's list has to be loaded again for that. */
  toggle() {
    if (!this.#hasTracks && !this.#isOffered) return false;
    this.#isWanted = !this.#isWanted;
    this.#press();
    this.#show();
    return this.#isWanted && !this.#hasTracks;
  }

  get #hasTracks() {
    return Boolean(this.#hls?.subtitleTracks?.length);
  }

  #press() {
    this.#button.setAttribute("aria-pressed", String(this.#isWanted));
  }

  #show() {
    this.#button.hidden = !this.#hasTracks && !this.#isOffered;
    if (!this.#hasTracks) return;
    const track = this.#isWanted ? 0 : -1;
    if (this.#hls.subtitleTrack !== track) this.#hls.subtitleTrack = track;
    this.#hls.subtitleDisplay = this.#isWanted;
  }
}
