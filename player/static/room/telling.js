// What this page tells the server of its connection, for the lecturer and for metrics.

const EVERY_MS = 5000;

/** Adds up what one connection after the other counted. */
export class Freezes {
  #before = {};
  #stops = 0; // of the stream
  count = 0;
  ms = 0;

  /** A look at the tracks of `stats`, and whether the stream stands still. */
  look(tracks, isStalled, elapsedMs) {
    for (const [id, now] of Object.entries(tracks)) {
      const then = this.#before[id] ?? { freezes: 0, frozenMs: 0 };
      this.count += Math.max(0, (now.freezes ?? 0) - then.freezes);
      this.ms += Math.max(0, (now.frozenMs ?? 0) - then.frozenMs);
      this.#before[id] = { freezes: now.freezes ?? 0, frozenMs: now.frozenMs ?? 0 };
    }
    if (isStalled) this.ms += elapsedMs;
    if (isStalled && !this.#stops) this.count += 1;
    this.#stops = isStalled ? this.#stops + 1 : 0;
  }
}

/** Says whether a report is worth telling, and remembers it if it is. */
export class Telling {
  #told = null;
  #at = -Infinity;

  /** The message to send now, or null. */
  next({ way, width, height, freezes, frozenMs }, now) {
    const message = { type: "report", way, width: width ?? 0, height: height ?? 0, freezes, frozen_ms: Math.round(frozenMs) };
    const text = JSON.stringify(message);
    if (text === this.#told || now - this.#at < EVERY_MS) return null;
    this.#told = text;
    this.#at = now;
    return message;
  }

  /** The seat is a new one. */
  repeat() {
    this.#told = null;
  }
}

/** The largest picture of `tracks`: {width, height}. */
export function largest(tracks) {
  const pictures = Object.values(tracks).filter((track) => track.kind === "video" && track.height);
  return pictures.reduce((best, one) => (one.height > best.height ? one : best), { width: 0, height: 0 });
}
