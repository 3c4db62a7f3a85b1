// What the class watched, as a curve over the seek bar; and, for hosts, as a table.
import { $, clock, el } from "../dom.js";
import { call } from "../site.js";
import { t, tn } from "../translate.js";
import { heatPath } from "./heat_path.js";

/** Nothing is drawn while too few have watched. */
export async function drawHeat(root, address) {
  const { curve } = await call("GET", address);
  const svg = root.querySelector("[data-heat]");
  svg.toggleAttribute("hidden", !curve);
  if (curve) svg.querySelector("path").setAttribute("d", heatPath(curve));
}

/** The table is asked for when somebody opens it. */
export function openHeatTable(address, player) {
  $("heat").addEventListener("toggle", async () => {
    if (!$("heat").open) return;
    try {
      show(await call("GET", `${address}/table`), player);
    } catch (error) {
      $("heat-note").textContent = error.message;
    }
  });
}

function show({ viewers, bins }, player) {
  const people = tn("{count} person has watched it.", "{count} people have watched it.", viewers);
  $("heat-note").textContent = `${people} ${t("Who teaches it and who does not want to be counted are left out.")}`;
  const most = Math.max(1, ...bins.map((bin) => bin.plays));
  $("heat-rows").replaceChildren(...bins.map((bin) => row(bin, most, player)));
}

function row({ begin_ms, end_ms, viewers, plays }, most, player) {
  const go = () => player.seek(begin_ms / 1000);
  const span = `${clock(begin_ms / 1000)}–${clock(end_ms / 1000)}`;
  return el(
    "tr",
    {},
    el("td", {}, el("button", { type: "button", class: "chat-time", onclick: go }, span)),
    el("td", { class: "number" }, String(viewers)),
    el("td", { class: "number" }, String(plays)),
    el("td", { class: "heat-bar" }, el("meter", { min: 0, max: most, value: plays, "aria-hidden": "true" })),
  );
}
