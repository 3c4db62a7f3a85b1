// What a stream does, from looks at its video: loading, playing or stalled. Times in milliseconds.

const BEGIN_MS = 12_000; // what has not begun to play by then does not reach us
const ENOUGH = 2; // HTMLMediaElement.HAVE_CURRENT_DATA

export class Progress {
  #since;
  #position = 0;
  #hasPlayed = false;

  constructor(now) {
    this.#since = now;
  }

  /** Another size was asked for: until it plays, what stands still is no fault of the line. */
  beginAgain(now) {
    this.#since = now;
    this.#hasPlayed = false;
  }

  /** `isChanging`: that other size is not shown yet. */
  look({ currentTime, paused, readyState }, { isChanging, now }) {
    const hasMoved = currentTime !== this.#position;
    this.#position = currentTime;
    this.#hasPlayed ||= hasMoved && currentTime > 0 && !isChanging;
    const isHeld = paused && readyState > ENOUGH; // by the person
    if (hasMoved || (this.#hasPlayed && isHeld)) return "playing";
    return this.#hasPlayed || now - this.#since > BEGIN_MS ? "stalled" : "loading";
  }
}
