// The day's programmes as blocks on the time axis; on the phone the same elements are a list.
import { $, el } from "../dom.js";
import { t } from "../translate.js";
import { offset } from "../zones.js";
import { HOUR, MINUTE, inOrder, isFixed, lanes } from "./day.js";
import { sentence } from "./findings.js";

const SHORT = 54; // pixels that hold time and title one below the other

/** The wall clock of `zone`: 09:00, or 09:00:30 where the seconds matter. */
export function wall(at, zone, { seconds = at % MINUTE !== 0 } = {}) {
  return new Date(at + offset(at, zone)).toISOString().slice(11, seconds ? 19 : 16);
}

export const nameOf = ({ title, key }, locale) => title[locale] || Object.values(title).find(Boolean) || key;

/** Draw the axis for a day: lines with the wall clock's hours, of which there may be 23 or 25. */
export function drawHours({ since, until, zone }) {
  const hours = Math.round((until - since) / HOUR);
  $("grid-axis").style.setProperty("--hours", hours);
  const lines = Array.from({ length: hours }, (_, at) => {
    const line = el("span", {}, wall(since + at * HOUR, zone));
    line.style.setProperty("--at", at);
    return line;
  });
  $("grid-hours").replaceChildren(...lines);
}

/** How high an hour is; 0 where there is no axis but a list. */
export function pixelsPerHour() {
  const axis = $("grid-axis");
  return $("grid-hours").offsetParent ? axis.offsetHeight / Number(axis.style.getPropertyValue("--hours")) : 0;
}

/** Keeps an element for each programme, so that focus and a drag outlive a change. */
export class Blocks {
  #list = $("grid-blocks");
  #known = new Map();

  draw(draft, { day, selected, findings, locale }) {
    const order = inOrder(draft);
    const lane = lanes(draft);
    for (const [key, block] of this.#known) {
      if (order.some((one) => one.key === key)) continue;
      block.remove();
      this.#known.delete(key);
    }
    order.forEach((programme, at) => {
      const block = this.#block(programme.key);
      this.#fill(block, programme, { day, findings: findings.get(programme.key) ?? [], locale });
      block.style.setProperty("--lane", lane.get(programme.key));
      if (programme.key === selected) block.setAttribute("aria-current", "true");
      else block.removeAttribute("aria-current");
      if (this.#list.children[at] !== block) this.#list.insertBefore(block, this.#list.children[at] ?? null);
    });
    $("grid-empty").hidden = order.length > 0;
  }

  focus(key) {
    this.#known.get(key)?.querySelector("button").focus({ preventScroll: true });
    this.#known.get(key)?.scrollIntoView({ block: "nearest" });
  }

  of(key) {
    return this.#known.get(key);
  }

  #block(key) {
    const known = this.#known.get(key);
    if (known) return known;
    const face = el("button", { type: "button", class: "block-face" });
    const edges = ["start", "end"].map((edge) => el("i", { class: "edge", "data-edge": edge }));
    const block = el("li", { class: "block", "data-key": key, "data-testid": "block" }, face, ...edges);
    this.#known.set(key, block);
    return block;
  }

  #fill(block, programme, { day, findings, locale }) {
    const { starts, ends, source } = programme;
    const state = stateOf(programme);
    block.dataset.state = state;
    block.style.setProperty("--from", (starts - day.since) / HOUR);
    block.style.setProperty("--takes", (ends - starts) / HOUR);
    block.classList.toggle("is-live", Boolean(source.live));
    block.classList.toggle("is-fixed", isFixed(programme, day));
    block.classList.toggle("is-short", pixelsPerHour() > 0 && ((ends - starts) / HOUR) * pixelsPerHour() < SHORT);
    block.classList.toggle("has-error", findings.some(({ severity }) => severity === "error"));
    const hours = `${wall(starts, day.zone)}–${wall(ends, day.zone)}`;
    const badge = el("span", { class: `badge state-${state}` }, stateName(programme, state));
    const worst = (one) => ["error", "warning", "info"].indexOf(one.severity);
    const inTurn = [...findings].sort((a, b) => worst(a) - worst(b));
    const told = inTurn.map((one) => el("span", { class: `told ${one.severity}` }, sentence(one)));
    const [time, name] = [el("span", { class: "hours" }, hours), el("strong", {}, nameOf(programme, locale))];
    const isShort = block.classList.contains("is-short");
    const parts = isShort ? [time, name, told[0] ?? badge] : [time, badge, name, ...told];
    block.firstElementChild.replaceChildren(...parts);
  }
}

/** A slate that is planned is no stand-in; what is new has no state yet. */
function stateOf({ source, state, kept }) {
  if (source.slate && state !== "on_air" && state !== "over") return "slate";
  return kept ? state : "new";
}

function stateName({ source }, state) {
  const names = {
    over: t("Over"),
    on_air: t("On air"),
    ready: source.live ? t("Live") : t("Ready"),
    waiting: t("Being conditioned"),
    absent: t("Media is missing"),
    failed: t("Failed"),
    slate: t("Filler"),
    new: source.live ? t("Live") : t("New"),
  };
  return names[state];
}
