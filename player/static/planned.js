// A lecture that is still to come: counts down, and turns into the room when the doors open.
import { PollDesk } from "./room/poll_desk.js";
import { call, toast } from "./site.js";

const page = document.getElementById("planned");
const address = `/api/v1/lectures/${page.dataset.lecture}`;
const skew = Date.parse(page.dataset.now) - Date.now(); // the server's clock decides
const startsAt = Date.parse(page.dataset.starts);
const opensAt = Date.parse(page.dataset.opens);
const parts = Object.fromEntries(
  [...document.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]),
);

function show() {
  const left = Math.max(0, Math.floor((startsAt - Date.now() - skew) / 1000));
  parts.days.textContent = Math.floor(left / 86400);
  parts.hours.textContent = String(Math.floor(left / 3600) % 24).padStart(2, "0");
  parts.minutes.textContent = String(Math.floor(left / 60) % 60).padStart(2, "0");
  parts.seconds.textContent = String(left % 60).padStart(2, "0");
}

/** Ask now and then; every few seconds once the doors should be open. */
async function watch() {
  try {
    const lecture = await call("GET", address);
    if (lecture.state !== page.dataset.state) return location.reload();
  } catch {
    // the next question may be answered
  }
  const until = opensAt - Date.now() - skew;
  const spread = Math.random() * 2000; // so that a course does not ask in one moment
  setTimeout(watch, Math.min(Math.max(until, 3000), 60_000) + spread);
}

async function attempt(action) {
  try {
    await action();
    location.reload();
  } catch (error) {
    toast(error.message);
  }
}

if (document.getElementById("poll-desk")) new PollDesk(address).show({ isShown: true, isAsking: false });
if (page.dataset.state !== "cancelled") {
  show();
  setInterval(show, 1000);
  setTimeout(watch, 3000);
}
document
  .querySelector("[data-open-room]")
  ?.addEventListener("click", () => attempt(() => call("POST", `${address}/start`)));
const dialog = document.getElementById("cancel-dialog");
document.querySelector("[data-cancel]")?.addEventListener("click", () => dialog.showModal());
dialog?.addEventListener("close", () => {
  if (dialog.returnValue === "cancel") attempt(() => call("DELETE", address));
});
