// What speaks against a class, as the server told it, with its proposals as buttons.
import { dateFormat } from "./dates.js";
import { el, icon } from "./dom.js";
import { call } from "./site.js";
import { locale, t, told } from "./translate.js";

/** Ask about a class as it shall be; see docs/timetable.md. */
export async function review(wish) {
  const { obstacles } = await call("POST", "/api/v1/lectures/review", wish);
  return obstacles;
}

export const areHard = (obstacles) => obstacles.some((one) => one.is_hard);

/** A list of them; `take` is called with a proposal: `{starts_at}` or `{auditorium}`. */
export function obstacleList(obstacles, zone, take) {
  return el("ul", { class: "obstacles" }, ...obstacles.map((one) => item(one, zone, take)));
}

function item(one, zone, take) {
  const text = told(one.message, one.template, one.values);
  return el(
    "li",
    { class: one.is_hard ? "is-hard" : null, "data-code": one.code, "data-testid": "obstacle" },
    icon("info"),
    el("div", {}, el("p", {}, text), el("p", { class: "row" }, ...proposals(one, zone, take))),
  );
}

function proposals({ starts_at, auditoriums }, zone, take) {
  const chip = (text, proposal) =>
    el("button", { class: "button plain small", type: "button", "data-testid": "proposal", onclick: () => take(proposal) }, text);
  return [
    starts_at && chip(shown(new Date(starts_at), zone), { starts_at: new Date(starts_at) }),
    ...(auditoriums ?? []).map((auditorium) => chip(t("Take {auditorium}", { auditorium }), { auditorium })),
  ].filter(Boolean);
}

const shown = (at, zone) =>
  dateFormat(locale, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone })(at);
