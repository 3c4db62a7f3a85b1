// The poll over the stage, for who answers: the question while it is open, then its result.
import { $, el, icon } from "../dom.js";
import { t } from "../translate.js";
import { PollResult, answers } from "./poll_result.js";
import { newest, phase } from "./poll_state.js";

export class PollCard {
  #box = $("poll-card");
  #status = $("poll-status");
  #drawn = null; // what the box shows: poll and phase
  #dismissed = new Set();
  #inputs = [];
  #button = null;
  #note = null;
  #result = null;

  /** `answer(poll, choices)` sends. */
  constructor(answer) {
    this.answer = answer;
  }

  get isOpen() {
    return !this.#box.hidden;
  }

  /** The open poll waits for an answer of this person. */
  isWaiting(room) {
    const poll = newest(room);
    return Boolean(poll?.is_open && !room.me.can_moderate && !room.answers[poll.id] && !room.answering);
  }

  /** Bring it back, and the focus into it. */
  focus(room) {
    this.#dismissed.clear();
    this.show(room);
    this.#box.querySelector("input:checked, input, button")?.focus();
  }

  show(room) {
    const poll = newest(room);
    const name = poll && `${poll.id} ${phase(poll)}`;
    if (!poll || room.me.can_moderate || this.#dismissed.has(name)) {
      this.#box.hidden = true;
      return;
    }
    if (this.#drawn !== name) this.#draw(poll, name, room);
    this.#box.hidden = false;
    if (poll.is_open) this.#showAnswer(poll, room);
    this.#result?.draw(poll, room.answers[poll.id]);
  }

  #draw(poll, name, room) {
    const chosen = this.#inputs.filter((input) => input.checked).map((input) => Number(input.value));
    const isSame = this.#drawn?.startsWith(poll.id);
    this.#drawn = name;
    this.#inputs = [];
    this.#result = poll.counts ? new PollResult() : null;
    this.#result?.draw(poll, room.answers[poll.id]);
    const body = poll.is_open ? this.#form(poll, isSame ? chosen : room.answers[poll.id]) : this.#over(poll);
    const close = el(
      "button",
      { type: "button", class: "quiet square poll-close", "aria-label": t("Close"), onclick: () => this.#dismiss() },
      icon("close"),
    );
    this.#box.replaceChildren(body, close);
    this.#say(poll);
  }

  #form(poll, chosen = []) {
    const type = poll.question.is_multiple ? "checkbox" : "radio";
    this.#inputs = poll.question.choices.map((_, place) =>
      el("input", { type, name: "poll", value: place, checked: chosen.includes(place) }),
    );
    this.#button = el("button", { class: "button", type: "submit", "data-testid": "poll-answer" });
    this.#note = el("p", { class: "poll-note", role: "status", "data-testid": "poll-note" });
    const choices = poll.question.choices.map((text, place) =>
      el("label", { class: "poll-choice", "data-testid": "poll-choice" }, this.#inputs[place], el("span", {}, text)),
    );
    const form = el(
      "form",
      { class: "poll-form" },
      el("fieldset", {}, el("legend", {}, poll.question.text), hint(poll.question), ...choices),
      this.#result?.element,
      el("div", { class: "poll-send" }, this.#button, this.#note),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const places = this.#inputs.filter((input) => input.checked).map((input) => Number(input.value));
      if (places.length) this.answer(poll.id, places);
      else this.#note.textContent = t("Choose something.");
    });
    return form;
  }

  #over(poll) {
    const text = poll.counts ? answers(poll.answered) : t("The poll is closed. Thank you.");
    return el(
      "div",
      { class: "poll-over" },
      el("h2", {}, poll.question.text),
      el("p", { class: "poll-note", "data-testid": "poll-over" }, text),
      this.#result?.element,
    );
  }

  #showAnswer(poll, room) {
    const isSending = room.answering?.poll === poll.id;
    const mine = room.answers[poll.id];
    this.#button.disabled = isSending;
    this.#button.textContent = mine ? t("Change the answer") : t("Answer");
    const note = isSending ? t("Sending…") : mine ? t("Your answer is kept. You can change it while the poll is open.") : "";
    if (this.#box.dataset.note !== note) this.#note.textContent = note;
    this.#box.dataset.note = note;
  }

  #dismiss() {
    this.#dismissed.add(this.#drawn);
    this.#box.hidden = true;
  }

  /** For who does not see the card come. */
  #say(poll) {
    const { text } = poll.question;
    const said = {
      open: t("A poll: {text}. Press Q to answer.", { text }),
      "open-shown": t("The result of the poll is shown: {text}", { text }),
      shown: t("The result of the poll is shown: {text}", { text }),
      closed: t("The poll is closed: {text}", { text }),
    };
    this.#status.textContent = said[phase(poll)];
  }
}

function hint({ is_multiple, is_named }) {
  const many = is_multiple ? t("Several may be chosen.") : "";
  const names = is_named ? t("The lecturer sees your name with your answer.") : t("The lecturer does not see who answered what.");
  return el("p", { class: "poll-hint", "data-testid": "poll-hint" }, [many, names].filter(Boolean).join(" "));
}
