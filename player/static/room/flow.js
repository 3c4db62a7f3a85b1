// Whether media flows, out of one look at the statistics after the other. Pure; times in milliseconds.
import { lossBetween } from "./grade.js";

export class Flow {
  #tracks = {};
  #heard = 0;
  #expected = "";
  #mediaAt = 0; // when a packet of something expected came
  #lineAt = 0; // when anything came at all
  #pictureAt = 0; // when a frame was decoded, or there was none to decode
  #loss = 0;

  /** A look: `stats` of the connection or null, the ids of the tracks that should come, the time. */
  look(stats, expected, now) {
    const { tracks = {}, heard = 0 } = stats ?? {};
    const before = this.#tracks;
    this.#begin([...expected].sort().join(), now);
    const grew = (id, field) => (tracks[id]?.[field] ?? 0) > (before[id]?.[field] ?? 0);
    const pictures = expected.filter((id) => tracks[id]?.kind === "video");
    if (!expected.length || expected.some((id) => grew(id, "packets"))) this.#mediaAt = now;
    if (heard !== this.#heard) this.#lineAt = now;
    const has = pictures.some((id) => grew(id, "packets"));
    if (!has || pictures.some((id) => grew(id, "framesDecoded"))) this.#pictureAt = now;
    this.#loss = lossBetween(before, tracks);
    this.#tracks = tracks;
    this.#heard = heard;
    return {
      expects: expected.length > 0,
      silentMs: now - this.#mediaAt,
      lineMs: now - this.#lineAt,
      frozenMs: now - this.#pictureAt,
      loss: this.#loss,
    };
  }

  /** What is expected anew gets its time to come. */
  #begin(expected, now) {
    if (expected === this.#expected && this.#lineAt) return;
    this.#expected = expected;
    this.#mediaAt = this.#pictureAt = now;
    this.#lineAt ||= now;
  }
}
