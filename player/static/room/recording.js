// The recording as the room shows it: the badge for all, the button for hosts, the note for whoever speaks.
import { $ } from "../dom.js";
import { t, told } from "../translate.js";

/** What the one button does next, by the state of the recording. */
export const NEXT = { off: "start", on: "pause", paused: "resume" };

export class Recording {
  #config;
  #hasConsented = false;

  constructor(config, send) {
    this.#config = config;
    $("consent-given").addEventListener("click", () => {
      this.#hasConsented = true;
      $("consent").hidden = true;
      send({ type: "consent" });
    });
    const press = (action) => send({ type: "record", action });
    $("record")?.addEventListener("click", (event) => press(NEXT[event.currentTarget.dataset.state]));
    $("record-stop")?.addEventListener("click", () => press("stop"));
  }

  show(room) {
    const { state, faults } = room.recording;
    const badge = $("recording");
    badge.hidden = state === "off";
    badge.dataset.state = state;
    const text = state === "paused" ? t("Recording paused") : t("Being recorded");
    if (badge.textContent !== text) badge.textContent = text;
    badge.title = state === "paused" ? t("Nothing is being recorded at the moment") : t("This lecture is being recorded");
    $("recording-fault").hidden = !faults.length;
    $("recording-fault").textContent = faults.length ? told(faults.at(-1)) : "";
    $("consent").hidden = state === "off" || this.#hasConsented || room.me.can_host || !mayPublish(room);
    this.#showButtons(room, state);
    this.#noteEnding(state);
  }

  #showButtons({ lecture }, state) {
    if (!$("record")) return;
    const names = { off: t("Record"), on: t("Pause recording"), paused: t("Resume recording") };
    $("record").hidden = lecture.state !== "live";
    $("record").dataset.state = state;
    $("record").querySelector("span").textContent = names[state];
    $("record-stop").hidden = lecture.state !== "live" || state === "off";
  }

  /** Whether there will be a recording after the end: also when the button began it. */
  #noteEnding(state) {
    if (state === "off") return;
    this.#config.is_recorded = true;
    for (const note of document.querySelectorAll("#stop-dialog [data-recorded]")) {
      note.hidden = note.dataset.recorded !== "true";
    }
  }
}

function mayPublish({ me, people }) {
  return me.can_publish || (people.get(me.person)?.has_floor ?? false);
}
