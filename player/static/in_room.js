// The wall: a code that changes, who has scanned it, and whom the lecturer sees.
import { $, el, icon } from "./dom.js";
import { call } from "./site.js";
import { locale, t } from "./translate.js";

const address = `/api/v1/lectures/${$("wall").dataset.lecture}/in-room`;
const LOOK_MS = 2_000;
let arrivals = [];
let shown = "";
let listed = "";

function drawCode(changesAt) {
  if (changesAt === shown) return;
  shown = changesAt;
  $("code").src = `${address}/code.svg?until=${encodeURIComponent(changesAt)}`;
}

const time = (moment) => new Date(moment).toLocaleTimeString(locale, { timeStyle: "short" });

function line({ person, name, arrived_at: arrived, confirmed_at: confirmed }) {
  const badge = confirmed ? el("span", { class: "badge status-present" }, t("Confirmed {time}", { time: time(confirmed) })) : null;
  const button = el("button", { class: "button plain small", type: "button", onclick: () => confirm([person]) }, icon("check"), t("Confirm"));
  return el("li", { "data-person": person }, el("span", {}, name, " ", el("span", { class: "when" }, time(arrived))), el("span", { class: "row" }, badge, button));
}

/** Only what is new is drawn: whoever is on a button with the keyboard stays there. */
function list() {
  const now = JSON.stringify(arrivals);
  if (now === listed) return;
  listed = now;
  const focused = document.activeElement?.closest("[data-person]")?.dataset.person;
  $("arrivals").replaceChildren(...arrivals.map(line));
  if (focused) $("arrivals").querySelector(`[data-person="${focused}"] button`)?.focus();
}

async function look() {
  try {
    const wall = await call("GET", address);
    ({ arrivals } = wall);
    drawCode(wall.changes_at);
    list();
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
