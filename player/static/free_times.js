// The form of a lecture proposes times at which nothing is in its way, for a make-up class.
import { dateFormat } from "./dates.js";
import { $, el } from "./dom.js";
import { call, toast } from "./site.js";
import { locale, t } from "./translate.js";
import { dayOf, timeOf } from "./zones.js";

const form = $("lecture-form");
const { zone, lecture } = form.dataset;

const shown = (at) =>
  dateFormat(locale, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone })(at);

function take(starts, ends) {
  form.day.value = dayOf(starts, zone);
  form.begins.value = timeOf(starts, zone);
  form.ends.value = timeOf(ends, zone);
  form.dispatchEvent(new Event("input"));
}

function chip({ starts_at: starts, ends_at: ends }) {
  const [from, to] = [new Date(starts), new Date(ends)];
  return el("button", { class: "button plain small", type: "button", onclick: () => take(from, to) }, shown(from));
}

async function propose() {
  try {
    const { times } = await call("GET", `/api/v1/lectures/${lecture}/free-times`);
    $("free-times-found").replaceChildren(...(times.length ? times.map(chip) : [t("There is no free time within two weeks.")]));
  } catch (error) {
    toast(error.message);
  }
}

$("free-times")?.addEventListener("click", propose);
