// The data saver of a recording: the sound alone, which is a small part of what the picture takes.
import { t } from "../translate.js";

const KEY = "daris.saver";

/** Whether to begin with the sound alone: as chosen last, else as the device asks for it. */
export function beginsSparing() {
  const kept = localStorage.getItem(KEY);
  return kept === null ? Boolean(navigator.connection?.saveData) : kept === "1";
}

/** The button changes over where it stands; `urls` are {picture, sound}. */
export function openSaver(root, player, urls) {
  const button = root.querySelector("[data-saver]");
  let on = beginsSparing();

  function show() {
    button.setAttribute("aria-pressed", String(on));
    button.title = on ? t("The sound alone, to spare data. Press for the picture.") : t("Spare data: the sound alone");
    root.toggleAttribute("data-sound-only", on);
  }

  button.hidden = false;
  button.addEventListener("click", () => {
    on = !on;
    localStorage.setItem(KEY, on ? "1" : "0");
    show();
    player.changeTo(on ? urls.sound : urls.picture);
  });
  show();
}
