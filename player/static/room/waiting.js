// The waiting room for who waits: what stands in the page's place until a host lets them in.
import { $ } from "../dom.js";
import { toast } from "../site.js";
import { locale, t } from "../translate.js";

const INSIDE = ["room-body", "toolbar"];

export class WaitingRoom {
  #page = $("main");

  constructor(leave) {
    $("waiting-leave").addEventListener("click", leave);
  }

  get isOn() {
    return this.#page.dataset.phase === "waiting";
  }

  /** The server says: wait. */
  begin({ since }) {
    const time = new Intl.DateTimeFormat(locale, { timeStyle: "short" }).format(new Date(since));
    $("waiting-since").textContent = t("You have been waiting since {time}.", { time });
    if (this.isOn) return;
    this.#show("waiting");
    $("waiting-title").focus();
  }

  /** One is let in; whether one had waited. */
  end() {
    if (!this.isOn) return false;
    this.#show("in");
    toast(t("You have been let in."));
    if (document.hidden) this.#call();
    return true;
  }

  /** Who waits in another tab reads it there. */
  #call() {
    const title = document.title;
    document.title = t("You have been let in.");
    document.addEventListener("visibilitychange", () => (document.title = title), { once: true });
  }

  #show(phase) {
    this.#page.dataset.phase = phase;
    $("waiting").hidden = !this.isOn;
    for (const id of INSIDE) $(id).hidden = this.isOn;
    $("quality").hidden = true; // until there is something to tell
  }
}
