// Beside the recording: the transcript and the chat, as two tabs; a search looks through both.
import { $, el } from "../dom.js";
import { t, tn } from "../translate.js";
import { linked } from "../room/chat.js";
import { TimedList } from "./timed_list.js";

const REPLAY_KEY = "daris.chat-replay";

export class WordsPanel {
  #panel = $("words");
  #transcript;
  #chat;
  #tabs = { transcript: $("tab-transcript"), chat: $("tab-chat") };

  constructor(player) {
    this.#transcript = new TimedList($("transcript"), player);
    this.#chat = new TimedList($("chat-log"), player);
    for (const [name, tab] of Object.entries(this.#tabs)) {
      tab.addEventListener("click", () => this.open(name));
      tab.addEventListener("keydown", (event) => this.#arrow(event, name));
    }
    $("words-search").addEventListener("input", (event) => this.#search(event.target.value));
    const replay = $("chat-replay");
    replay.checked = localStorage.getItem(REPLAY_KEY) === "1";
    replay.addEventListener("change", () => this.#replay(replay.checked));
    player.addEventListener("position", (event) => this.#follow(event.detail));
    this.#replay(replay.checked);
  }

  open(name) {
    this.#panel.dataset.open = name;
    for (const [each, tab] of Object.entries(this.#tabs)) {
      tab.setAttribute("aria-selected", String(each === name));
      tab.tabIndex = each === name ? 0 : -1;
    }
  }

  /** The captions of one language. */
  showCues(cues, language) {
    const lines = cues.map((cue) => ({
      position: cue.begin_ms / 1000,
      text: cue.text,
      body: [cue.text.replaceAll("\n", " ")],
      testid: "transcript-line",
    }));
    $("transcript").lang = language ?? "";
    this.#transcript.draw(lines);
    this.#tabs.transcript.hidden = !lines.length;
    this.open(lines.length ? "transcript" : "chat");
    if ("noChat" in this.#panel.dataset) this.#panel.hidden = !lines.length;
    this.#search($("words-search").value);
  }

  /** The chat; `positionOf` says where in the recording a moment lies, if it does. */
  showChat(lines, positionOf) {
    drawChat(this.#chat, lines, positionOf);
    $("chat-replay-box").hidden = !lines.length;
    this.#search($("words-search").value);
  }

  #follow(position) {
    this.#transcript.follow(position);
    this.#chat.follow(position);
  }

  #replay(on) {
    localStorage.setItem(REPLAY_KEY, on ? "1" : "0");
    this.#chat.replay(on);
  }

  #search(query) {
    const found = this.#transcript.search(query) + this.#chat.search(query);
    const isSearching = query.trim() !== "";
    this.#panel.toggleAttribute("data-searching", isSearching);
    $("words-found").textContent = isSearching ? tn("{count} line found", "{count} lines found", found) : "";
    $("words-search-box").hidden = !(this.#transcript.length || this.#chat.length);
  }

  #arrow(event, name) {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    event.stopPropagation(); // they move through the recording elsewhere
    const other = name === "chat" ? "transcript" : "chat";
    if (this.#tabs[other].hidden) return;
    this.open(other);
    this.#tabs[other].focus();
  }
}

/** Draw the lines of a chat into a list; also where there is no recording. */
export function drawChat(list, lines, positionOf) {
  list.draw(
    lines.map((line) => ({
      position: positionOf(new Date(line.at)),
      text: `${line.name} ${line.text}`,
      body: [el("strong", {}, line.name), " ", el("span", { class: "chat-text" }, ...linked(line.text))],
      id: line.id,
      testid: "chat-line",
    })),
  );
  $("chat-log").hidden = !lines.length;
  const note = $("chat-log-note");
  if (!lines.length && !note.textContent) note.textContent = t("Nothing was said in the chat.");
}
