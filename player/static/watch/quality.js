// The quality menu: by itself, one size, or the sound alone; and the data saver. What is chosen is remembered.
import Hls from "hls.js";
import { el } from "../dom.js";
import { numbers, t } from "../translate.js";
import { meaning, rungsOf } from "./rungs.js";

const KEY = "daris.quality";
const LOOK_MS = 10_000; // live, smaller sizes may come when somebody is there

/** What was chosen last, else what the device asks for. */
export function keptQuality() {
  const usual = { choice: "auto", spares: Boolean(navigator.connection?.saveData) };
  try {
    return { ...usual, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
  } catch {
    return usual;
  }
}

/** The menu of one player. `urls` are {picture, sound}. */
export class Quality {
  #root;
  #player;
  #urls;
  #kept = keptQuality();
  #rungs = { heights: [], sound: null };
  #isSound;
  #look = null;
  #tried = null; // the height for which the list of sizes was loaded again
  #stop = new AbortController();

  /** The player plays the one that `keptQuality` begins with. */
  constructor({ root, player, urls }) {
    this.#root = root;
    this.#player = player;
    this.#urls = urls;
    this.#isSound = this.#kept.choice === "sound";
    const { signal } = this.#stop;
    const menu = this.#part("[data-quality-menu]");
    this.#part("[data-saver]").addEventListener("change", (event) => this.#spare(event.target.checked), { signal });
    this.#part("[data-qualities]").addEventListener("change", (event) => this.#choose(event.target.value), { signal });
    menu.addEventListener("toggle", () => menu.open && this.look(), { signal });
    menu.addEventListener("keydown", (event) => event.key === "Escape" && this.#close(event), { signal });
    menu.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !menu.contains(relatedTarget)) menu.open = false;
    }, { signal });
    player.addEventListener("level", () => this.#show(), { signal });
    player.addEventListener("ready", () => this.look(), { signal });
    player.video.addEventListener("waiting", () => this.#stopped(), { signal });
    if (player.isLive) this.#look = setInterval(() => this.look(), LOOK_MS);
    this.#show();
  }

  close() {
    clearInterval(this.#look);
    this.#stop.abort();
    this.#part("[data-quality-menu]").hidden = true;
  }

  /** See what sizes there are now. */
  async look() {
    try {
      const answer = await fetch(this.#urls.picture, { signal: this.#stop.signal });
      if (!answer.ok) return;
      this.#rungs = rungsOf(await answer.text());
    } catch {
      return; // the next look may tell
    }
    if (this.#rungs.heights.length > 1) clearInterval(this.#look);
    this.#draw();
    this.#apply();
  }

  get #heights() {
    return this.#sizes.map(({ height }) => height);
  }

  /** Where the browser plays HLS itself, it alone chooses among them. */
  get #sizes() {
    return Hls.isSupported() ? this.#rungs.heights : this.#rungs.heights.slice(0, 1);
  }

  #spare(spares) {
    this.#keep({ spares, choice: "auto" });
  }

  #choose(value) {
    const choice = Number(value) || value;
    this.#keep({ choice, spares: this.#kept.spares && choice === "sound" });
  }

  #keep(kept) {
    this.#kept = kept;
    localStorage.setItem(KEY, JSON.stringify(kept));
    this.#apply();
  }

  #apply() {
    const { isSound, height, cap } = meaning(this.#kept, this.#heights);
    const wanted = height ?? cap;
    this.#player.limit({ height, cap });
    const isMissing = !isSound && wanted && wanted !== this.#tried && !this.#player.hasHeight(wanted);
    if (isMissing) this.#tried = wanted;
    if (isSound !== this.#isSound || isMissing) this.#change(isSound);
    this.#show();
  }

  #change(isSound) {
    this.#isSound = isSound;
    this.#player.changeTo(isSound ? this.#urls.sound : this.#urls.picture);
  }

  /** It plays by a list from before there were smaller sizes, and stops: now they are needed. */
  #stopped() {
    const smallest = Math.min(...this.#heights);
    const isNews = this.#heights.length > 1 && this.#tried !== smallest && !this.#player.hasHeight(smallest);
    if (!isNews || this.#isSound || this.#kept.choice !== "auto") return;
    this.#tried = smallest;
    this.#change(false);
  }

  #draw() {
    const choices = [
      ["auto", t("Automatic"), null],
      ...this.#sizes.map(({ height, bps }) => [String(height), `${height}p`, bps]),
      ["sound", t("The sound alone"), this.#rungs.sound],
    ];
    const box = this.#part("[data-qualities]");
    const shown = [...box.querySelectorAll("input")].map(({ value }) => value);
    if (shown.join() !== choices.map(([value]) => value).join()) {
      box.replaceChildren(...choices.map(([value, name]) => this.#option(value, name)));
    } // else whoever is at one of them stays there
    for (const [value, , bps] of choices) if (bps) box.querySelector(`[data-rate="${value}"]`).textContent = rate(bps);
    this.#part("[data-quality-menu]").hidden = !this.#rungs.heights.length;
  }

  #option(value, name) {
    const input = el("input", { type: "radio", name: "quality", value, "data-testid": `size-${value}` });
    return el("label", { class: "player-quality" }, input, el("span", {}, name), el("span", { "data-rate": value }));
  }

  #show() {
    const { choice, spares } = this.#kept;
    const playing = this.#isSound ? null : this.#player.height;
    const saver = this.#part("[data-saver]");
    saver.checked = spares;
    this.#part("[data-saver-note]").textContent = this.#heights.length > 1
      ? t("at most {height}p", { height: Math.min(...this.#heights) })
      : t("the sound alone");
    for (const input of this.#part("[data-qualities]").querySelectorAll("input")) input.checked = input.value === String(choice);
    const now = this.#part('[data-rate="auto"]');
    if (now) now.textContent = choice === "auto" && playing ? t("now {height}p", { height: playing }) : "";
    this.#part("[data-quality-menu] summary").dataset.badge = playing ? `${playing}p` : ""; // seen, not read
    this.#root.toggleAttribute("data-sound-only", this.#isSound);
  }

  #close(event) {
    const menu = this.#part("[data-quality-menu]");
    if (!menu.open) return;
    event.stopPropagation();
    menu.open = false;
    menu.querySelector("summary").focus();
  }

  #part(selector) {
    return this.#root.querySelector(selector);
  }
}

/** Bits a second for people. */
function rate(bps) {
  const isLarge = bps >= 950_000;
  const number = isLarge ? bps / 1_000_000 : Math.round(bps / 10_000) * 10;
  const text = number.toLocaleString(numbers, { maximumFractionDigits: 1 });
  return isLarge ? t("{rate} Mbit/s", { rate: text }) : t("{rate} kbit/s", { rate: text });
}
