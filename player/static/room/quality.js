// How good the connection is, and which way the pictures come.
import { $, el } from "../dom.js";
import { locale, t } from "../translate.js";
import { barsOf, lossBetween } from "./grade.js";

export class Quality {
  #before = {};
  #number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

  /** Look at WebRTC statistics and say how good they are. */
  showWebRtc(stats) {
    const loss = lossBetween(this.#before, stats.tracks);
    this.#before = stats.tracks;
    const roundTrip = stats.roundTripMs ?? 0;
    this.#show(barsOf(roundTrip, loss), "WebRTC", [
      [t("Way"), t("direct, WebRTC")],
      [t("Round trip"), t("{number} ms", { number: Math.round(roundTrip) })],
      [t("Lost packets"), `${this.#number.format(loss)} %`],
      ...this.#pictures(stats),
    ]);
  }

  showHls(latency) {
    const behind = latency ? t("{number} s behind", { number: this.#number.format(latency) }) : "HLS";
    this.#show(latency && latency < 8 ? 3 : 2, behind, [
      [t("Way"), t("stream, LL-HLS")],
      [t("Behind"), latency ? t("{number} s", { number: this.#number.format(latency) }) : "–"],
    ]);
  }

  hide() {
    $("quality").hidden = true;
  }

  #pictures(stats) {
    return Object.values(stats.tracks)
      .filter((track) => track.kind === "video" && track.width)
      .map((track) => [
        track.source === "screen" ? t("Screen") : t("Camera"),
        `${track.width} × ${track.height}`,
      ]);
  }

  #show(bars, text, facts) {
    const button = $("quality");
    button.hidden = false;
    button.querySelector(".bars").dataset.bars = bars;
    $("quality-way").textContent = text;
    const verdict = [null, t("poor"), t("fair"), t("good")][bars];
    button.setAttribute("aria-label", t("Connection: {verdict}, {way}", { verdict, way: text }));
    if ($("quality-dialog").open || !$("quality-facts").children.length) {
      $("quality-facts").replaceChildren(
        ...facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
      );
    }
  }
}
