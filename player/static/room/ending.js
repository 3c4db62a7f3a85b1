// The end of a room: the lecturer ends it, or one leaves; then the same page is the recording.
import { $ } from "../dom.js";
import { call, toast } from "../site.js";
import { t, told } from "../translate.js";

const FINISHING_MS = 700;

/** The buttons with which a lecturer begins and ends the lecture. */
export function lecturerButtons(api) {
  const attempt = async (button, step) => {
    button.disabled = true;
    try {
      await call("POST", `${api}/${step}`);
    } catch (error) {
      toast(error.message);
    } finally {
      button.disabled = false;
    }
  };
  $("start")?.addEventListener("click", (event) => attempt(event.currentTarget, "start"));
  const dialog = $("stop-dialog");
  $("stop")?.addEventListener("click", () => dialog.showModal());
  dialog?.addEventListener("close", () => dialog.returnValue === "stop" && attempt($("stop"), "stop"));
}

/** Show the last page of this visit. */
export function showLeft({ title, note, canReturn }) {
  $("main").dataset.phase = "left";
  for (const id of ["green", "waiting", "room-body", "toolbar", "banner", "quality", "room-clock"]) $(id).hidden = true;
  for (const id of ["start", "stop"]) if ($(id)) $(id).hidden = true;
  $("left").hidden = false;
  $("left-title").textContent = title;
  $("left-note").textContent = note;
  $("return").hidden = !canReturn;
  $("return").addEventListener("click", () => location.reload(), { once: true });
}

/** Wait until the recording is there, and become its page. */
export async function becomeRecording(config) {
  showLeft({
    title: t("The lecture is over"),
    note: config.is_recorded ? t("The recording is being finished…") : t("This lecture was not recorded."),
    canReturn: false,
  });
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, FINISHING_MS));
    try {
      const { state } = await call("GET", config.api);
      if (state === "published" || state === "cancelled") break;
    } catch (error) {
      if (error.status === 404) break;
    }
  }
  location.replace(`/lectures/${config.lecture}`);
}

/** What a person reads when the server ends the connection for good. */
export function goodbye({ reason, message }) {
  const texts = {
    replaced: [t("The lecture goes on in another tab"), t("This tab was left because you entered in another one.")],
    full: [t("The room is full"), t("You can still watch the lecture as a stream, a few seconds later.")],
    turned_away: [t("You were not let in"), told(message ?? "")],
    cancelled: [t("This lecture was cancelled"), ""],
    left: [t("You have left the lecture"), ""],
  };
  const [title, note] = texts[reason] ?? [t("The connection was ended"), told(message ?? "")];
  return { title, note, canReturn: reason !== "cancelled" };
}
