// Every page: the theme, the zone of the browser, menus, short messages.
import { t, told } from "./translate.js";

const YEAR = 365 * 24 * 3600;

/** A cookie for a year, for all pages. */
function keep(name, value) {
  document.cookie = `${name}=${encodeURIComponent(value)}; path=/; max-age=${YEAR}; samesite=lax`;
}

const root = document.documentElement;
const systemDark = matchMedia("(prefers-color-scheme: dark)");

function shownTheme() {
  const chosen = root.dataset.theme;
  return chosen === "auto" ? (systemDark.matches ? "dark" : "light") : chosen;
}

function showTheme() {
  const dark = shownTheme() === "dark";
  root.dataset.shown = dark ? "dark" : "light";
  for (const button of document.querySelectorAll("[data-theme-toggle]")) {
    button.setAttribute("aria-pressed", String(dark));
  }
}

function toggleTheme() {
  root.dataset.theme = shownTheme() === "dark" ? "light" : "dark";
  keep("theme", root.dataset.theme);
  showTheme();
}

/** A short message at the foot of the page, read out politely. */
export function toast(text, { seconds = 5 } = {}) {
  const note = document.createElement("p");
  note.className = "toast";
  note.dataset.testid = "toast";
  note.textContent = text;
  document.getElementById("toasts").append(note);
  setTimeout(() => note.remove(), seconds * 1000);
}

/** Call the API as this person; a Blob goes as it is, anything else as JSON; `more` are headers beside ours. Throws an Error whose message a person can read. */
export async function call(method, address, body, more = {}) {
  const response = await reach(method, address, body, { headers: more });
  return response.json().catch(() => null);
}

/** As `call`, for who reads the answer's body. */
export async function reach(method, address, body, { headers: more = {}, signal } = {}) {
  const token = document.querySelector('meta[name="csrf-token"]').content;
  const headers = { Accept: "application/json", "X-CSRF-Token": token, ...more };
  const isFile = body instanceof Blob;
  if (body !== undefined) headers["Content-Type"] = isFile ? body.type : "application/json";
  let response;
  try {
    response = await fetch(address, { method, headers, signal, body: isFile ? body : JSON.stringify(body) });
  } catch (cause) {
    throw new Error(t("The server can't be reached. Please try again."), { cause });
  }
  if (response.ok) return response;
  throw failure(await response.json().catch(() => null), response.status);
}

/** What the server says is wrong (RFC 9457), as an Error; null: it said nothing that can be read. */
export function failure(problem, status = problem?.status) {
  const error = new Error(problem?.title ? told(problem.title, problem.template, problem.values) : t("The server can't be reached. Please try again."));
  error.findings = problem?.findings ?? [];
  error.status = status;
  return error;
}

function closeMenus(event) {
  for (const menu of document.querySelectorAll("details[data-menu][open]")) {
    if (event.key === "Escape" || !menu.contains(event.target)) menu.open = false;
  }
}

keep("zone", Intl.DateTimeFormat().resolvedOptions().timeZone);
showTheme();
systemDark.addEventListener("change", showTheme);
for (const button of document.querySelectorAll("[data-theme-toggle]")) {
  button.addEventListener("click", toggleTheme);
}
document.addEventListener("click", closeMenus);
document.addEventListener("keydown", (event) => event.key === "Escape" && closeMenus(event));
