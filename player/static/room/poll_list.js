// The polls of a lecture in the panel: results, and for who moderates the buttons that run them.
import { $, el } from "../dom.js";
import { t } from "../translate.js";
import { PollResult, answers } from "./poll_result.js";

export class PollList {
  #box = $("poll-list");
  #drawn = new Map(); // poll id -> {element, draw}

  /** `send(type, poll, more)` runs a poll; `again(question)` asks once more. */
  constructor({ send, again }) {
    this.send = send;
    this.again = again;
  }

  show(room) {
    const polls = [...room.polls.values()].filter((poll) => poll.counts).reverse();
    $("poll-none").hidden = polls.length > 0;
    for (const poll of polls) {
      if (!this.#drawn.has(poll.id)) this.#drawn.set(poll.id, this.#card(poll, room.me.can_moderate));
      this.#drawn.get(poll.id)(poll, room);
    }
    const elements = polls.map((poll) => this.#drawn.get(poll.id).element);
    for (const [at, element] of elements.entries()) {
      if (this.#box.children[at] !== element) this.#box.insertBefore(element, this.#box.children[at] ?? null);
    }
    while (this.#box.children.length > elements.length) this.#box.lastChild.remove();
  }

  #card(poll, canModerate) {
    const state = el("span", { class: "badge", "data-testid": "poll-state" });
    const total = el("span", { class: "soft small-text", "data-testid": "poll-total" });
    const result = new PollResult();
    const names = poll.question.is_named && canModerate ? el("details", { class: "poll-names" }) : null;
    const acts = canModerate ? this.#acts(poll) : null;
    const element = el(
      "article",
      { class: "poll-item", "data-testid": "poll", "aria-label": poll.question.text },
      el("p", { class: "poll-line" }, state, total),
      el("h2", {}, poll.question.text),
      result.element,
      names,
      acts?.element,
    );
    const draw = (now, room) => {
      element.dataset.open = now.is_open;
      state.textContent = now.is_open ? t("Open") : now.is_shown && canModerate ? t("Shown to all") : t("Closed");
      state.classList.toggle("live", now.is_open);
      total.textContent = now.is_open ? t("{count} of {all} answered", { count: now.answered, all: learners(room, now) }) : answers(now.answered);
      result.draw(now, room.answers[now.id]);
      if (names) drawNames(names, now, room.votes.get(now.id));
      acts?.draw(now);
    };
    return Object.assign(draw, { element });
  }

  #acts(poll) {
    const close = this.#button("poll-close", t("Close the poll"), () => this.send("close_poll", poll.id));
    const show = this.#button("poll-show", "", () => this.send("show_poll", poll.id, { shown: show.value === "show" }));
    const again = this.#button("poll-again", t("Ask again"), () => this.again(poll.question));
    close.classList.remove("plain");
    const draw = ({ is_open, is_shown }) => {
      close.hidden = !is_open;
      again.hidden = is_open;
      show.value = is_shown ? "hide" : "show";
      show.textContent = is_shown ? t("Hide the result") : t("Show the result");
    };
    return { element: el("div", { class: "poll-acts" }, close, show, again), draw };
  }

  #button(testid, text, onclick) {
    return el("button", { type: "button", class: "button plain small", "data-testid": testid, onclick }, text);
  }
}

/** Whoever may answer: at least as many as have. */
function learners(room, poll) {
  const others = [...room.people.values()].filter((person) => !person.can_host && person.id !== room.me.person);
  return Math.max(others.length, poll.answered);
}

function drawNames(box, poll, votes = new Map()) {
  if (!box.firstChild) box.append(el("summary", {}, t("Who answered what")), el("dl"));
  box.hidden = !votes.size;
  const chosen = (place) => [...votes.values()].filter((vote) => vote.choices.includes(place)).map((vote) => vote.name);
  box.lastChild.replaceChildren(
    ...poll.question.choices.map((text, place) =>
      el("div", {}, el("dt", {}, text), el("dd", { "data-testid": "poll-names" }, chosen(place).sort().join(", ") || "–")),
    ),
  );
}
