// Captions of a running lecture: over the stage and as a list for all, and the desk at which moderators write them.
import { $, el } from "../dom.js";
import { call } from "../site.js";
import { locale, t } from "../translate.js";
import { uuid7 } from "../uuid7.js";
import { languageName } from "../watch/captions.js";
import { chosen, inSight } from "./caption_lines.js";

const KEY = "daris.live-captions"; // "off": not over the stage
const LOOK_MS = 250;
const MOST_LISTED = 500;

export class LiveCaptions {
  #address;
  #lines = []; // {id, language, text, until}
  #box = $("stage-caption");
  #list = $("caption-lines");
  #choice = $("caption-choice");
  #form = $("caption-form");
  #pending = null; // what the server has not taken yet

  /** `api` is the address of the lecture. */
  constructor(api) {
    this.#address = `${api}/captions/live`;
    $("caption-over").checked = localStorage.getItem(KEY) !== "off";
    $("caption-over").addEventListener("change", ({ target }) => {
      localStorage.setItem(KEY, target.checked ? "on" : "off");
      this.#draw();
    });
    this.#choice.addEventListener("change", () => this.#redraw());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#write();
    });
    $("caption-text").addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
  }

  hear({ id, language, text, lasts_ms }) {
    if (this.#lines.some((line) => line.id === id)) return;
    this.#lines.push({ id, language, text, until: Date.now() + lasts_ms });
    this.#lines.splice(0, this.#lines.length - MOST_LISTED);
    this.#offer(language);
    this.#redraw();
    setTimeout(() => this.#draw(), lasts_ms + LOOK_MS);
  }

  show({ me, lecture }) {
    this.#form.hidden = !me.can_moderate || lecture.state !== "live";
    $("tab-captions").hidden = this.#form.hidden && !this.#lines.length;
  }

  /** A language that somebody writes in; what the reader speaks comes first. */
  #offer(language) {
    const known = [...this.#choice.options].map((option) => option.value);
    if (known.includes(language)) return;
    const before = this.#choice.value;
    this.#choice.append(new Option(languageName(language), language));
    this.#choice.value = chosen([...known, language], before, locale);
    $("caption-choice-box").hidden = known.length === 0;
  }

  #redraw() {
    const isAtEnd = this.#list.scrollHeight - this.#list.scrollTop - this.#list.clientHeight < 40;
    const lines = this.#lines.filter((line) => line.language === this.#choice.value);
    this.#list.lang = this.#choice.value;
    this.#list.replaceChildren(...lines.map((line) => el("p", { "data-testid": "caption-line" }, line.text)));
    if (isAtEnd) this.#list.scrollTop = this.#list.scrollHeight;
    this.#draw();
  }

  #draw() {
    const shown = $("caption-over").checked ? inSight(this.#lines, this.#choice.value, Date.now()) : [];
    this.#box.hidden = !shown.length;
    this.#box.lang = this.#choice.value;
    this.#box.replaceChildren(...shown.map((line) => el("span", {}, line.text)));
  }

  async #write() {
    const text = $("caption-text").value.trim();
    const language = $("caption-language").value;
    if (!text) return;
    const isAgain = this.#pending?.text === text && this.#pending.language === language;
    if (!isAgain) this.#pending = { id: uuid7(), language, text };
    const sent = this.#pending;
    try {
      await call("POST", this.#address, sent);
      if ($("caption-text").value.trim() === text) $("caption-text").value = "";
      if (this.#pending === sent) this.#pending = null;
      $("caption-note").textContent = "";
    } catch (error) {
      $("caption-note").textContent = error.message || t("The server can't be reached. Please try again.");
    }
  }
}
