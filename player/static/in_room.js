// The wall: a code that changes, who has scanned it, and whom the lecturer sees.
import { $, el, icon } from "./dom.js";
import { call } from "./site.js";
import { t } from "./translate.js";

const address = `/api/v1/lectures/${$("wall").dataset.lecture}/in-room`;
const LOOK_MS = 2_000;
let arrivals = [];
let shown = "";

function drawCode(changesAt) {
  if (changesAt === shown) return;
  shown = changesAt;
  $("code").src = `${address}/code.svg?until=${encodeURIComponent(changesAt)}`;
}

const time = (moment) => new Date(moment).toLocaleTimeString([], { timeStyle: "short" });

function line({ person, name, arrived_at: arrived, confirmed_at: confirmed }) {
  const badge = confirmed && el("span", { class: "badge status-present" }, t("Confirmed {time}", { time: time(confirmed) }));
  const button = el("button", { class: "button plain small", type: "button", onclick: () => confirm([person]) }, icon("check"), t("Confirm"));
  return el("li", { "data-person": person }, el("span", {}, name, " ", el("span", { class: "when" }, time(arrived))), badge || button);
}

async function look() {
  try {
    const wall = await call("GET", address);
    ({ arrivals } = wall);
    drawCode(wall.changes_at);
    $("arrivals").replaceChildren(...arrivals.map(line));
    $("count").textContent = arrivals.length;
    $("all").disabled = arrivals.length === 0;
    $("nobody").hidden = arrivals.length > 0;
    $("wall-error").hidden = true;
  } catch (error) {
    fail(error);
  }
}

async function confirm(people) {
  try {
    await call("POST", `${address}/confirmations`, { people });
    await look();
  } catch (error) {
    fail(error);
  }
}

function fail(error) {
  $("wall-error").hidden = false;
  $("wall-error").querySelector("span").textContent = error.message;
}

async function lookOn() {
  if (!document.hidden) await look();
  setTimeout(lookOn, LOOK_MS);
}

$("all").addEventListener("click", () => confirm(arrivals.map(({ person }) => person)));
lookOn();
