// Whether something new comes to the stream at all: if not, the fault is not in our line.

const BETWEEN_MS = 1200; // parts of the stream come some times a second
const ANSWER_MS = 3000;
const FORGOTTEN_MS = 10_000;

export class Edge {
  #base;
  #text = null;
  #at = -Infinity; // when the playlist was asked for last
  #isAsking = false;
  #state = "unknown";

  /** `base` is the address of the lecture's playlists. */
  constructor(base) {
    this.#base = base;
  }

  /** moving, still, or unknown: the latter also when the stream cannot be reached. */
  get state() {
    return performance.now() - this.#at < FORGOTTEN_MS ? this.#state : "unknown";
  }

  /** Look again, if the last look is long enough ago; `name` is programme or voice. */
  async look(name) {
    const now = performance.now();
    if (this.#isAsking || now - this.#at < BETWEEN_MS) return;
    if (now - this.#at > FORGOTTEN_MS) this.#forget();
    this.#isAsking = true;
    this.#at = now;
    try {
      const answer = await fetch(`${this.#base}${name}.m3u8`, { cache: "no-store", signal: AbortSignal.timeout(ANSWER_MS) });
      this.#take(answer.ok ? await answer.text() : "");
    } catch {
      this.#forget();
    } finally {
      this.#isAsking = false;
    }
  }

  #take(text) {
    if (!text) this.#state = "still"; // there is no stream
    else if (this.#text !== null) this.#state = text === this.#text ? "still" : "moving";
    this.#text = text;
  }

  #forget() {
    this.#text = null;
    this.#state = "unknown";
  }
}
