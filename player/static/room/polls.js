// Polls in the room: the card over the stage, the panel, and the button with its mark.
import { $ } from "../dom.js";
import { t } from "../translate.js";
import { uuid7 } from "../uuid7.js";
import { PollCard } from "./poll_card.js";
import { PollDesk } from "./poll_desk.js";
import { PollList } from "./poll_list.js";
import { newest } from "./poll_state.js";

export class Polls {
  #card;
  #desk;
  #list;
  #room = null;

  /** `send(message)` goes to the room; `answer(answering)` notes it, too. */
  constructor({ api, send, answer }) {
    const ask = (question, prepared = null) => send({ type: "open_poll", id: uuid7(), question, prepared });
    this.#card = new PollCard((poll, choices) => answer({ poll, key: uuid7(), choices }));
    this.#desk = new PollDesk(api, ask);
    this.#list = new PollList({ send: (type, poll, more = {}) => send({ type, poll, ...more }), again: ask });
  }

  show(room) {
    this.#room = room;
    const isAsking = newest(room)?.is_open ?? false;
    const isWaiting = this.#card.isWaiting(room);
    const isThere = room.me.can_moderate || room.polls.size > 0;
    $("tab-polls").hidden = $("polls-toggle").hidden = !isThere;
    $("polls-waiting").hidden = !isWaiting;
    $("polls-toggle").setAttribute("aria-label", isWaiting ? t("Polls, one waits for your answer") : t("Polls"));
    this.#desk.show({ isShown: room.me.can_moderate, isAsking });
    this.#card.show(room);
    this.#list.show(room);
  }

  /** The question, if there is one to answer; false: there is none. */
  focus() {
    if (!this.#room || this.#room.me.can_moderate || !newest(this.#room)?.is_open) return false;
    this.#card.focus(this.#room);
    return true;
  }
}
