// The panel at the side (a sheet on phones): chat, people, polls or captions.
import { $ } from "../dom.js";

const NARROW = matchMedia("(max-width: 60rem)");
const TABS = ["chat", "people", "polls", "captions"];

export class Panels {
  #root = $("main");

  /** `opened(name)` is called when a panel comes to the front. */
  constructor(opened) {
    this.opened = opened;
    for (const name of TABS) {
      $(`tab-${name}`).addEventListener("click", () => this.open(name));
      $(`${name}-toggle`)?.addEventListener("click", () => this.toggle(name));
    }
    document.querySelector(".tabs").addEventListener("keydown", (event) => this.#arrows(event));
    $("panel-close").addEventListener("click", () => this.close());
    this.#show(NARROW.matches ? "none" : "chat");
  }

  get shown() {
    return this.#root.dataset.panel;
  }

  open(name) {
    this.#show(name);
    this.opened(name);
  }

  close() {
    this.#show("none");
  }

  toggle(name) {
    if (this.shown === name) this.close();
    else this.open(name);
  }

  #show(name) {
    this.#root.dataset.panel = name;
    for (const tab of TABS) {
      const selected = tab === name;
      $(`tab-${tab}`).setAttribute("aria-selected", String(selected));
      $(`tab-${tab}`).tabIndex = selected ? 0 : -1;
      $(`panel-${tab}`).hidden = !selected;
      $(`${tab}-toggle`)?.setAttribute("aria-pressed", String(selected));
    }
  }

  #arrows(event) {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    const tabs = TABS.filter((tab) => !$(`tab-${tab}`).hidden);
    const step = event.key === "ArrowRight" ? 1 : -1;
    const other = tabs.at((tabs.indexOf(this.shown) + step) % tabs.length);
    this.open(other);
    $(`tab-${other}`).focus();
  }
}
