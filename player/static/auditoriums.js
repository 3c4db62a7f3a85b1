// The list of auditoriums, for who manages it: one is added, has other seats, or goes.
import { dateFormat } from "./dates.js";
import { $, el } from "./dom.js";
import { call } from "./site.js";
import { locale, t, tn } from "./translate.js";

const dialog = $("hall-dialog");
const removal = $("hall-removal");
const SHOWN = 5; // classes that are named before an auditorium goes
const moment = dateFormat(locale, { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: removal.dataset.zone });
let hall = null; // which one a dialog is about; nothing: a new one

const addressOf = (name) => `/api/v1/auditoriums/${encodeURIComponent(name)}`;
const asRead = () => ({ "If-Match": `"${hall.seats}"` });

/** Open a dialog, clean of what was wrong before. */
function open(sheet, of) {
  hall = of;
  sheet.querySelector("[data-error]").hidden = true;
  sheet.showModal();
}

function ask({ name = "", seats = "" }, isListed) {
  const form = dialog.querySelector("form");
  form.name.value = name;
  form.seats.value = seats;
  $("hall-name").hidden = isListed;
  $("hall-title").textContent = isListed ? t("Seats of {name}", { name }) : t("New auditorium");
  open(dialog, isListed ? { name, seats } : null);
  (name ? form.seats : form.name).focus();
}

async function askRemoval({ hall: name, seats, classes }) {
  $("hall-removal-title").textContent = t("Take {name} out of the list?", { name });
  const count = Number(classes);
  const words = count ? tn("{count} class is planned there, and stays:", "{count} classes are planned there, and stay:", count) : t("No class is planned there.");
  $("hall-classes").replaceChildren(el("p", {}, words));
  open(removal, { name, seats });
  if (!count) return;
  const coming = new URLSearchParams({ auditorium: name, from: new Date().toISOString(), state: "planned,open,live", limit: SHOWN });
  try {
    const { lectures } = await call("GET", `/api/v1/lectures?${coming}`);
    if (hall?.name !== name) return;
    const rows = lectures.map((one) => el("li", {}, `${moment(new Date(one.starts_at))} `, el("a", { href: `/lectures/${one.id}` }, one.title), ` · ${one.lecturer_name}`));
    const more = count > rows.length ? [el("li", { class: "soft" }, t("and others"))] : [];
    $("hall-classes").append(el("ul", {}, ...rows, ...more), el("p", { class: "soft" }, t("Nobody is warned any more when too many people come to them.")));
  } catch (problem) {
    complain(removal, problem);
  }
}

function complain(sheet, problem) {
  const error = sheet.querySelector("[data-error]");
  error.hidden = false;
  error.textContent = problem.message;
}

/** Do what a dialog is for; the page is read anew. */
function submits(sheet, action) {
  const form = sheet.querySelector("form");
  form.querySelector("[data-close]").addEventListener("click", () => sheet.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.submitter.disabled = true;
    try {
      await action(form);
      location.reload();
    } catch (problem) {
      complain(sheet, problem);
      event.submitter.disabled = false;
    }
  });
}

submits(dialog, (form) => {
  const name = hall ? hall.name : form.name.value.trim();
  const condition = hall ? asRead() : { "If-None-Match": "*" };
  return call("PUT", addressOf(name), { seats: Number(form.seats.value) }, condition);
});
submits(removal, () => call("DELETE", addressOf(hall.name), undefined, asRead()));
$("new-hall").addEventListener("click", () => ask({}, false));
document.querySelector(".halls").addEventListener("click", (event) => {
  const row = event.target.closest("[data-hall]");
  if (event.target.closest("[data-change]")) ask({ name: row.dataset.hall, seats: row.dataset.seats }, true);
  if (event.target.closest("[data-remove]")) askRemoval(row.dataset);
  if (event.target.closest("[data-add]")) ask({ name: row.dataset.hall }, false);
});
