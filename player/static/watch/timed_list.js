// A list whose lines belong to moments: it follows the picture, leads to the moment, and is searched.
import { clock, el } from "../dom.js";
import { t } from "../translate.js";

const EARLY_SECONDS = 0.2; // a line is said a moment before it is heard

export class TimedList {
  #list;
  #player;
  #lines = []; // {position, element, text}
  #current = null;
  #query = "";
  #replays = false;
  #position = 0;

  constructor(list, player) {
    this.#list = list;
    this.#player = player;
  }

  get length() {
    return this.#lines.length;
  }

  /** Lines are {position (seconds or null), text, body (nodes), id, testid}. */
  draw(lines) {
    this.#current = null;
    this.#lines = lines.map((line) => {
      const time = line.position === null ? el("span") : this.#time(line.position);
      const element = el("li", { "data-testid": line.testid, "data-id": line.id }, time, el("p", {}, ...line.body));
      return { position: line.position, text: line.text.toLocaleLowerCase(), element };
    });
    this.#list.replaceChildren(...this.#lines.map((line) => line.element));
    this.#show();
  }

  /** Show those that hold the words; how many those are. */
  search(query) {
    this.#query = query.trim().toLocaleLowerCase();
    return this.#show();
  }

  /** Show only what had been said by now. */
  replay(on) {
    this.#replays = on;
    this.#show();
  }

  /** Mark the line of this position, and bring it into sight unless somebody reads elsewhere. */
  follow(position) {
    this.#position = position;
    if (this.#replays) this.#show();
    const current = this.#lines.filter((line) => this.#isSaid(line)).at(-1) ?? null;
    if (current === this.#current) return;
    this.#current?.element.classList.remove("current");
    this.#current = current;
    current?.element.classList.add("current");
    if (current && !this.#query && !this.#list.matches(":hover, :focus-within")) this.#bringIntoSight(current.element);
  }

  #isSaid(line) {
    return line.position !== null && line.position <= this.#position + EARLY_SECONDS;
  }

  #show() {
    let shown = 0;
    for (const line of this.#lines) {
      const isHidden = !line.text.includes(this.#query) || (this.#replays && !this.#isSaid(line));
      if (line.element.hidden !== isHidden) line.element.hidden = isHidden;
      shown += isHidden ? 0 : 1;
    }
    return shown;
  }

  #bringIntoSight(element) {
    const { scrollTop, clientHeight } = this.#list;
    const isAbove = element.offsetTop < scrollTop;
    const isBelow = element.offsetTop + element.offsetHeight > scrollTop + clientHeight;
    if (isAbove || isBelow) this.#list.scrollTop = element.offsetTop - clientHeight / 2;
  }

  #time(position) {
    const time = clock(position);
    const play = () => {
      this.#player.seek(position);
      this.#player.play();
    };
    const name = t("Play from {time}", { time });
    return el("button", { type: "button", class: "chat-time", "aria-label": name, onclick: play }, time);
  }
}
