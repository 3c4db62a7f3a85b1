// A new version of the rules: what would change is shown first, then it is adopted.
import { $, el } from "./dom.js";
import { call } from "./site.js";
import { t, tn } from "./translate.js";
import { moment } from "./zones.js";

const ADDRESS = "/api/v1/attendance/policies";
const form = $("policy-form");
const save = $("policy-save");
let asked = 0;

const number = (text) => (text === "" ? null : Number(text));
const minutes = (text) => (text === "" ? null : `PT${Math.round(Number(text) * 60)}S`);

/** Both fields, or no such rule. */
function replay(percent, days) {
  return percent === "" && days === "" ? null : { percent: Number(percent), days: Number(days) };
}

function ownRule(fieldset) {
  const field = (name) => fieldset.querySelector(`[data-member=${name}]`);
  const value = (name) => field(name).value;
  const rule = {
    present_percent: number(value("present_percent")),
    present_minutes: number(value("present_minutes")),
    late_after: minutes(value("late_after")),
    asynchronous: replay(value("replay_percent"), value("replay_days")),
    is_excused: field("is_excused").checked,
  };
  return [value("category"), rule];
}

/** The policy as the API takes it; it begins with its day in the reader's zone. */
function wanted() {
  const rules = [...document.querySelectorAll("#policy-rules [data-rule]")].map(ownRule);
  return {
    begins_at: moment(form.begins_on.value, "00:00", form.dataset.zone).toISOString(),
    policy: {
      version: form.version.value.trim(),
      window: form.window.value,
      present_percent: Number(form.present_percent.value),
      present_minutes: number(form.present_minutes.value),
      late_after: minutes(form.late_after.value),
      early_opening: minutes(form.early_opening.value),
      asynchronous: replay(form.replay_percent.value, form.replay_days.value),
      overrides: Object.fromEntries(rules),
    },
  };
}

function complain(error) {
  $("policy-error").hidden = false;
  $("policy-error").textContent = error.message;
}

const NAMES = () => ({
  present: t("Present"),
  late: t("Late"),
  watched: t("By the recording"),
  excused: t("Excused"),
  absent: t("Absent"),
});

function classRow({ title, starts_at, lecture, changes }) {
  const names = NAMES();
  const told = changes.map(({ before, after, people }) => el("li", {}, `${names[before]} → ${names[after]}: ${people}`));
  const when = new Date(starts_at).toLocaleDateString(document.documentElement.lang, { timeZone: form.dataset.zone });
  const link = el("a", { href: `/lectures/${lecture}/attendance` }, title);
  return el("tr", {}, el("th", { scope: "row" }, link), el("td", {}, when), el("td", {}, el("ul", {}, ...told)));
}

function show({ classes, people, changed, is_complete }) {
  const [judged, hit] = [
    tn("It judges {count} class that was taught.", "It judges {count} classes that were taught.", classes),
    people
      ? tn("{count} status would change.", "{count} statuses would change.", people)
      : t("No status would change."),
  ];
  const more = is_complete ? "" : ` ${t("Older classes were not looked at.")}`;
  $("policy-outcome").replaceChildren(el("p", {}, `${judged} ${hit}${more}`));
  if (!changed.length) return;
  const heads = [t("Class"), t("Time"), t("Changes")].map((name) => el("th", { scope: "col" }, name));
  const table = el("table", {}, el("thead", {}, el("tr", {}, ...heads)), el("tbody", {}, ...changed.map(classRow)));
  $("policy-outcome").append(el("div", { class: "table-scroll" }, table));
}

/** The newest question wins. */
async function preview(event) {
  event.preventDefault();
  const mine = ++asked;
  forget();
  try {
    const found = await call("POST", `${ADDRESS}?dry_run=true`, wanted());
    if (mine !== asked) return;
    show(found);
    save.disabled = false;
  } catch (error) {
    if (mine === asked) complain(error);
  }
}

/** What was shown is of other rules than those that stand there now. */
function forget() {
  save.disabled = true;
  $("policy-error").hidden = true;
  $("policy-outcome").replaceChildren();
}

async function adopt() {
  save.disabled = true;
  try {
    await call("POST", ADDRESS, wanted());
    location.reload();
  } catch (error) {
    complain(error);
  }
}

function add() {
  const copy = $("policy-rule").content.cloneNode(true);
  $("policy-rules").append(copy);
  $("policy-rules").lastElementChild.querySelector("select").focus();
}

form.addEventListener("submit", preview);
form.addEventListener("input", () => {
  asked += 1;
  forget();
});
save.addEventListener("click", adopt);
$("policy-add").addEventListener("click", add);
$("policy-rules").addEventListener("click", (event) => {
  const button = event.target.closest("[data-drop]");
  if (!button) return;
  button.closest("[data-rule]").remove();
  asked += 1;
  forget();
  $("policy-add").focus();
});
