// The small mark of somebody's connection in the list of people, for who moderates.
import { el } from "../dom.js";
import { t } from "../translate.js";
import { barsOf } from "./grade.js";

const BARS = { stream: 2, stills: 1 }; // at most

/** An element that shows nothing before `describe`. */
export function lineMark() {
  return el("span", { class: "bars line", role: "img", hidden: true, "data-testid": "line" }, el("i"), el("i"), el("i"));
}

/** Show the connection of somebody as the server told it. */
export function describe(mark, quality) {
  const known = quality && (quality.way || quality.loss !== null);
  mark.hidden = !known;
  if (!known) return;
  const bars = Math.min(BARS[quality.way] ?? 3, barsOf(quality.round_trip_ms ?? 0, Math.max(quality.loss ?? 0, quality.up_loss ?? 0)));
  const verdict = [null, t("poor"), t("fair"), t("good")][bars];
  mark.dataset.bars = bars;
  mark.title = [t("Connection: {verdict}", { verdict }), ...facts(quality)].join("\n");
  mark.setAttribute("aria-label", [t("Connection: {verdict}", { verdict }), ...facts(quality)].join(", "));
}

function facts(quality) {
  const ways = {
    udp: () => t("direct, WebRTC"),
    tcp: () => t("direct, WebRTC over TCP"),
    relay: () => t("through a relay"),
    stream: () => t("stream, LL-HLS"),
    stills: () => t("voice and stills"),
  };
  return [
    ways[quality.way]?.(),
    quality.loss !== null && t("{number} % lost", { number: quality.loss }),
    quality.up_loss && t("{number} % lost on the way to us", { number: quality.up_loss }),
    quality.round_trip_ms !== null && t("round trip {number} ms", { number: quality.round_trip_ms }),
    quality.height && `${quality.width} × ${quality.height}`,
    quality.layer && t("layer {name}", { name: quality.layer }),
    quality.freezes && t("stood still {number} times", { number: quality.freezes }),
  ].filter(Boolean);
}
