// The recording as one file: made when somebody asks for it first, so the link may have to wait.
import { t } from "../translate.js";

const USUAL_WAIT_SECONDS = 2;

/** Let `link` wait until its file is there; `note` says what is going on. */
export function offerDownload(link, note) {
  link.hidden = false;
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    if (link.ariaBusy === "true") return;
    link.ariaBusy = "true";
    try {
      note.textContent = (await untilMade(link.href, note)) ? "" : t("No file could be made of this recording.");
    } catch {
      note.textContent = t("There is no connection. Try again.");
    }
    link.ariaBusy = "false";
  });
}

/** Ask until it is there, and fetch it then; false if it cannot be made. */
async function untilMade(address, note) {
  for (;;) {
    const response = await fetch(address, { method: "HEAD" });
    if (response.status === 200) break;
    if (response.status !== 202) return false;
    note.textContent = t("The file is being made…");
    const seconds = Number(response.headers.get("Retry-After")) || USUAL_WAIT_SECONDS;
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  }
  location.assign(address);
  return true;
}
