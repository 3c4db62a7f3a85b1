// The result of a poll as bars. Drawn once, and moved as answers come.
import { el, icon } from "../dom.js";
import { t, tn } from "../translate.js";
import { shares } from "./poll_state.js";

/** The element; `draw(poll, mine)` brings it up to date. */
export class PollResult {
  element = el("ol", { class: "poll-bars" });
  #rows = [];

  draw(poll, mine = []) {
    if (!this.#rows.length) this.#build(poll.question);
    const percent = shares(poll);
    for (const [place, row] of this.#rows.entries()) {
      const isRight = poll.question.right.includes(place);
      row.item.classList.toggle("right", isRight);
      row.item.classList.toggle("mine", mine.includes(place));
      row.item.style.setProperty("--share", percent[place] / 100);
      row.share.textContent = `${percent[place]} %`;
      row.count.textContent = poll.counts[place];
      row.right.hidden = !isRight;
      row.mine.hidden = !mine.includes(place);
    }
  }

  #build({ choices }) {
    this.#rows = choices.map((text) => {
      const share = el("b", { class: "share" });
      const count = el("span", { class: "count" });
      const right = el("span", { class: "mark right-mark", title: t("Right answer") }, icon("check"), hidden(t("Right answer")));
      const mine = el("span", { class: "mark" }, t("Your answer"));
      const item = el("li", {}, el("span", { class: "what" }, text, " ", right, mine), share, count, el("i", { "aria-hidden": true }));
      return { item, share, count, right, mine };
    });
    this.element.append(...this.#rows.map((row) => row.item));
  }
}

export const answers = (count) => tn("{count} answer", "{count} answers", count);

export const hidden = (text) => el("span", { class: "visually-hidden" }, text);
