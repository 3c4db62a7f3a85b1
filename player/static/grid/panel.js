// The panel of one programme: its times, its words, what it does when it overruns.
import { $, el } from "../dom.js";
import { locale } from "../translate.js";
import { moment } from "../zones.js";
import { nameOf, wall } from "./blocks.js";
import { HOUR, isFixed, movedTo, trimmedTo } from "./day.js";
import { sentence } from "./findings.js";

const form = $("panel-form");
const languages = () => [...form.querySelectorAll("[name^=title-]")].map(({ name }) => name.slice("title-".length));

/** Show the programme, or nothing. A field that is being filled in is left alone. */
export function showPanel(programme, day, findings) {
  $("grid-panel").hidden = !programme;
  if (!programme) return;
  const { starts, ends, source, floating, title, description, reason } = programme;
  $("panel-title").textContent = nameOf(programme, locale);
  $("panel-source").textContent = [nameOfSource(source), reason].filter(Boolean).join(" · ");
  $("panel-findings").replaceChildren(...findings.map((one) => el("li", { class: one.severity }, sentence(one))));
  $("panel-live").hidden = !source.live;
  const values = { starts: wall(starts, day.zone, { seconds: true }), ends: wall(ends, day.zone, { seconds: true }) };
  values.overrun = source.live?.overrun ?? "cut";
  values.extension = (source.live?.extension ?? 900) / 60;
  for (const code of languages()) {
    values[`title-${code}`] = title[code] ?? "";
    values[`description-${code}`] = description[code] ?? "";
  }
  for (const [name, value] of Object.entries(values)) {
    if (form.elements[name] !== document.activeElement) form.elements[name].value = value;
  }
  form.elements.floating.checked = floating;
  for (const field of form.elements) field.disabled = isFixed(programme, day);
}

/** A room and the slate have none. */
const nameOfSource = ({ recording, file }) => file ?? recording ?? "";

/** The programme as the panel's field `name` has it now. */
export function filledIn(programme, name, day) {
  const value = form.elements[name].value;
  if (name === "starts") {
    const at = moment(day.name, value, day.zone)?.getTime();
    return at === undefined ? programme : movedTo(programme, at, day);
  }
  if (name === "ends") {
    const at = moment(day.name, value, day.zone)?.getTime();
    if (at === undefined) return programme;
    return trimmedTo(programme, "end", at > programme.starts ? at : at + 24 * HOUR, day);
  }
  if (name === "floating") return { ...programme, floating: form.elements.floating.checked };
  if (name === "overrun") return withLive(programme, { overrun: value });
  if (name === "extension") return withLive(programme, { extension: Math.round(Number(value) * 60) });
  const [kind, code] = name.split("-");
  return { ...programme, [kind]: { ...programme[kind], [code]: value } };
}

function withLive(programme, parts) {
  const { source } = programme;
  return { ...programme, source: { live: { ...source.live, ...parts } } };
}
