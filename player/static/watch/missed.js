// For who was there live with gaps: links to what they missed.
import { $, clock, el } from "../dom.js";
import { call } from "../site.js";
import { t } from "../translate.js";

const MOST = 12; // links; who was away more often watches it whole

/** `player` is ready, so that it knows where moments lie. */
export async function offerMissed(address, player) {
  const { spans } = await call("GET", address);
  const places = spans
    .map(({ began_at, ended_at }) => [began_at, ended_at].map((at) => player.positionOf(new Date(at))))
    .filter(([from, to]) => from !== null && to - from > 1);
  if (!places.length) return;
  const box = $("missed");
  box.append(t("You missed:"), ...places.slice(0, MOST).map(([from, to]) => link(from, to, player)));
  box.hidden = false;
}

function link(from, to, player) {
  const play = () => {
    player.seek(from);
    player.play();
  };
  const span = `${clock(from)}–${clock(to)}`;
  const name = t("Play what you missed: {span}", { span });
  return el("button", { type: "button", class: "button plain small", "data-testid": "missed-span", "aria-label": name, onclick: play }, span);
}
