// The chat panel: what was said, one's own lines before they are kept, and the way back to the end.
import { $, el } from "../dom.js";
import { locale, t, tn } from "../translate.js";

const LINK = /https?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}]/g;
const TOGETHER_MS = 4 * 60_000; // lines of one person this close share their heading

export class Chat {
  #list = $("chat");
  #form = $("chat-form");
  #input = $("chat-input");
  #newer = $("chat-newer");
  #drawn = new Map(); // id -> element
  #hours = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  #unread = 0;
  #mode = $("chat-mode");
  #note = $("chat-note");

  /** `say(text)` sends a new line, `again(id)` a failed one; `unread(count)` is told; `setMode(mode)` asks for a mode. */
  constructor({ say, again, unread, isShown, setMode }) {
    this.again = again;
    this.onUnread = unread;
    this.isShown = isShown;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(say);
    });
    this.#input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    });
    this.#mode.addEventListener("change", () => setMode(this.#mode.value));
    this.#newer.addEventListener("click", () => this.#toEnd());
    this.#list.addEventListener("scroll", () => this.#isAtEnd() && (this.#newer.hidden = true));
  }

  focus() {
    this.#input.focus();
  }

  /** The panel was opened. */
  read() {
    this.#unread = 0;
    this.onUnread(0);
    this.#toEnd();
  }

  show(room) {
    this.#showMode(room);
    const wasAtEnd = this.#isAtEnd();
    const fresh = this.#draw(room);
    if (!fresh.length) return;
    const others = fresh.filter((line) => line.person !== room.me.person);
    if (wasAtEnd || fresh.at(-1).person === room.me.person) this.#toEnd();
    else this.#newer.hidden = false;
    if (others.length && !this.isShown() && this.#drawn.size > fresh.length) {
      this.#unread += others.length;
      this.onUnread(this.#unread);
    }
  }

  /** Who writes to whom now: the host's choice, everybody's sentence, and a box that is shut. */
  #showMode({ lecture, me }) {
    const mode = lecture?.chat_mode ?? "open";
    const isHost = Boolean(me?.can_host);
    const told = {
      open: "",
      questions: isHost ? t("Only hosts see what learners write.") : t("Only the hosts see what you write."),
      closed: isHost ? t("Only hosts write in the chat.") : t("The chat is closed: only hosts write."),
    };
    $("chat-mode-box").hidden = !isHost;
    if (document.activeElement !== this.#mode || this.#mode.dataset.mode !== mode) this.#mode.value = mode;
    this.#mode.dataset.mode = mode;
    if (this.#note.textContent !== told[mode]) this.#note.textContent = told[mode];
    this.#note.hidden = !told[mode];
    const isShut = mode === "closed" && !isHost;
    this.#input.disabled = isShut;
    this.#form.querySelector(".chat-send").disabled = isShut;
    const isQuestion = mode === "questions" && !isHost;
    const asks = isQuestion ? t("Question to the hosts") : t("Message to everybody");
    if (this.#input.placeholder !== asks) this.#input.placeholder = $("chat-label").textContent = asks;
  }

  /** Bring the list in line with the room; the lines that are new. */
  #draw(room) {
    const fresh = [];
    let before = null;
    room.chat.forEach((line, at) => {
      const starts = !before || !sameSpeaker(before, line);
      const known = this.#drawn.get(line.id);
      const look = `${line.status} ${starts} ${line.at}`;
      let element = known;
      if (known?.dataset.look !== look) {
        element = this.#line(line, room, starts);
        element.dataset.look = look;
        known?.replaceWith(element);
        this.#drawn.set(line.id, element);
        if (!known) fresh.push(line);
      }
      if (this.#list.children[at] !== element) {
        this.#list.insertBefore(element, this.#list.children[at] ?? null);
      }
      before = line;
    });
    return fresh;
  }

  #line(line, room, starts) {
    const isHost = room.people.get(line.person)?.can_host;
    const name = line.person === room.me.person ? t("You") : line.name;
    const heading = starts
      ? el(
          "p",
          { class: "who" },
          el("strong", { class: isHost ? "host" : null }, name),
          el("time", { datetime: line.at }, this.#hours.format(new Date(line.at))),
        )
      : null;
    const text = el("p", { class: "text" }, ...linked(line.text));
    const toHosts = line.to_hosts ? el("p", { class: "small-text soft" }, t("To the hosts only")) : null;
    const failed = line.status === "failed" ? this.#failure(line) : null;
    return el(
      "div",
      { class: `line ${line.status}`, "data-testid": "chat-line", "data-id": line.id, "data-status": line.status },
      heading,
      text,
      toHosts,
      failed,
    );
  }

  #failure(line) {
    const again = el("button", { type: "button", class: "retry", onclick: () => this.again(line.id) }, t("Send again"));
    return el("p", { class: "small-text" }, t("Not sent."), again);
  }

  #submit(say) {
    const text = this.#input.value.trim();
    if (!text) return;
    say(text);
    this.#input.value = "";
    this.#toEnd();
  }

  #isAtEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    return scrollHeight - scrollTop - clientHeight < 48;
  }

  #toEnd() {
    this.#list.scrollTop = this.#list.scrollHeight;
    this.#newer.hidden = true;
  }
}

/** The label of a button that has unread lines. */
export function unreadLabel(count) {
  return count ? tn("Chat, {count} new message", "Chat, {count} new messages", count) : t("Chat");
}

function sameSpeaker(a, b) {
  return a.person === b.person && Date.parse(b.at) - Date.parse(a.at) < TOGETHER_MS;
}

/** The text with its addresses as links. */
export function linked(text) {
  const parts = [];
  let at = 0;
  for (const match of text.matchAll(LINK)) {
    parts.push(text.slice(at, match.index));
    parts.push(el("a", { href: match[0], target: "_blank", rel: "noopener noreferrer nofollow" }, match[0]));
    at = match.index + match[0].length;
  }
  return [...parts, text.slice(at)].filter((part) => part !== "");
}
