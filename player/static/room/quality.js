// How good the connection is, which way the pictures come and why, and what else may be chosen.
import { $, el } from "../dom.js";
import { numbers, t } from "../translate.js";
import { barsOf, lossBetween } from "./grade.js";

export class Quality {
  #before = {};
  #number = new Intl.NumberFormat(numbers, { maximumFractionDigits: 1 });
  #way;

  /** `way` is asked for the rung, and told what was chosen. */
  constructor(way) {
    this.#way = way;
    for (const radio of this.#radios) {
      radio.checked = radio.value === way.choice;
      radio.addEventListener("change", () => way.choose(radio.value));
    }
  }

  get #radios() {
    return $("quality-choice").querySelectorAll("input");
  }

  /** A look at the statistics of the connection. */
  show(connectionWay, stats) {
    const { rung } = this.#way;
    if (rung === "stream") this.#showStream(this.#way.far.latency);
    else if (rung === "stills") this.#show(1, t("Voice and stills"), [[t("Way"), t("voice and stills")], ...this.#why()]);
    else if (stats && connectionWay === "connected") this.#showWebRtc(stats);
    else this.#show(0, t("Connecting…"), [[t("Way"), t("direct, WebRTC")]]);
  }

  #showWebRtc(stats) {
    const loss = lossBetween(this.#before, stats.tracks);
    this.#before = stats.tracks;
    const roundTrip = stats.roundTripMs ?? 0;
    const [name, way] = direct(stats.path);
    this.#show(barsOf(roundTrip, loss), name, [
      [t("Way"), way],
      [t("Round trip"), t("{number} ms", { number: Math.round(roundTrip) })],
      [t("Lost packets"), `${this.#number.format(loss)} %`],
      ...this.#pictures(stats),
    ]);
  }

  #showStream(latency) {
    const behind = latency ? t("{number} s behind", { number: this.#number.format(latency) }) : "HLS";
    this.#show(latency && latency < 8 ? 3 : 2, behind, [
      [t("Way"), t("stream, LL-HLS")],
      ...this.#why(),
      [t("Behind"), latency ? t("{number} s", { number: this.#number.format(latency) }) : "–"],
    ]);
  }

  #why() {
    const reason = because(this.#way.reason);
    return reason ? [[t("Why"), reason]] : [];
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
    const verdict = [t("none"), t("poor"), t("fair"), t("good")][bars];
    button.setAttribute("aria-label", t("Connection: {verdict}, {way}", { verdict, way: text }));
    if ($("quality-dialog").open || !$("quality-facts").children.length) {
      $("quality-facts").replaceChildren(
        ...facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
      );
    }
  }
}

/** The direct way in short, and in words. */
function direct(path) {
  if (path?.way === "tcp") return ["WebRTC · TCP", t("direct, WebRTC over TCP")];
  if (path?.way === "relay") {
    const protocol = path.protocol.toUpperCase();
    return ["WebRTC · TURN", t("through a relay, WebRTC over {protocol}", { protocol })];
  }
  return ["WebRTC", t("direct, WebRTC")];
}

/** Why the way is not the best one; null when it is. */
export function because(reason) {
  const texts = {
    blocked: () => t("A direct connection is not possible here."),
    lost: () => t("The direct connection broke off."),
    silent: () => t("Nothing came over the direct connection."),
    frozen: () => t("The picture stood still."),
    loss: () => t("Too much was lost on the way."),
    stalls: () => t("The stream kept stopping."),
    chosen: () => t("You chose it."),
  };
  return texts[reason]?.() ?? null;
}

/** What a person reads when the way has changed. */
export function news(rung, reason) {
  const texts = {
    stream: () => t("You see the stream now, a few seconds later. {reason}", { reason: because(reason) }),
    stills: () => t("You hear the voice and see stills now. {reason}", { reason: because(reason) }),
    webrtc: () => t("The direct connection is back."),
  };
  return texts[rung]();
}
