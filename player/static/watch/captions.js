// Captions over the picture: which language, how large, on what ground; remembered for the next lecture.
import { call } from "../site.js";
import { locale } from "../translate.js";
import { chooseLanguage, cuesAt } from "./cues.js";

const KEY = "daris.captions";
const LOOK_MS = 100;
const USUAL = { on: false, language: null, size: "medium", background: "dark" };

/** What a language is called in the reader's own; in itself where the browser does not know that. */
export function languageName(tag) {
  try {
    const known = new Intl.DisplayNames([locale], { type: "language", fallback: "none" }).of(tag);
    return known ?? new Intl.DisplayNames([tag], { type: "language" }).of(tag);
  } catch {
    return tag;
  }
}

/** Fires `cues` when those of another language are there; they are in `cues`. */
export class Captions extends EventTarget {
  #root;
  #video;
  #address;
  #languages = [];
  #style = kept();
  #language = null;
  #shown = "";
  cues = [];

  /** `address` lists the captions of the lecture. */
  constructor({ root, video, address }) {
    super();
    this.#root = root;
    this.#video = video;
    this.#address = address;
    this.#part("[data-caption-language]").addEventListener("change", (event) => this.choose(event.target.value));
    for (const what of ["size", "background"]) {
      const select = this.#part(`[data-caption-${what}]`);
      select.value = this.#style[what];
      select.addEventListener("change", () => this.#keep({ [what]: select.value }));
    }
    for (const name of ["seeked", "timeupdate"]) video.addEventListener(name, () => this.#draw());
    setInterval(() => !video.paused && this.#draw(), LOOK_MS);
  }

  get language() {
    return this.#language;
  }

  /** Look at what there is (again). */
  async load() {
    const { captions } = await call("GET", this.#address);
    this.#languages = captions.map((one) => one.language);
    const options = this.#languages.map((tag) => new Option(languageName(tag), tag));
    this.#part("[data-caption-language]").replaceChildren(...options);
    for (const part of ["[data-captions]", "[data-caption-menu]"]) this.#part(part).hidden = !options.length;
    await this.#read(chooseLanguage(this.#languages, this.#style.language, locale));
  }

  async choose(language) {
    this.#keep({ language, on: true });
    await this.#read(language);
  }

  toggle() {
    if (this.#languages.length) this.#keep({ on: !this.#style.on });
  }

  async #read(language) {
    this.cues = language ? (await call("GET", `${this.#address}/${language}`)).cues : [];
    this.#language = language;
    this.#part("[data-caption-language]").value = language ?? "";
    this.#part("[data-caption]").lang = language ?? "";
    this.#shown = "";
    this.#show();
    this.dispatchEvent(new Event("cues"));
  }

  #keep(change) {
    this.#style = { ...this.#style, ...change };
    localStorage.setItem(KEY, JSON.stringify(this.#style));
    this.#show();
  }

  #show() {
    const caption = this.#part("[data-caption]");
    caption.dataset.size = this.#style.size;
    caption.dataset.background = this.#style.background;
    this.#part("[data-captions]").setAttribute("aria-pressed", String(this.#style.on));
    this.#draw();
  }

  #draw() {
    const cues = this.#style.on ? cuesAt(this.cues, this.#video.currentTime * 1000) : [];
    const text = cues.map((cue) => cue.text).join("\n");
    const caption = this.#part("[data-caption]");
    caption.hidden = !text;
    if (text === this.#shown) return;
    this.#shown = text;
    const line = document.createElement("span");
    line.textContent = text;
    caption.replaceChildren(line);
  }

  #part(selector) {
    return this.#root.querySelector(selector);
  }
}

function kept() {
  try {
    return { ...USUAL, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
  } catch {
    return { ...USUAL };
  }
}
