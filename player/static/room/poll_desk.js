// The desk of who asks: questions at once, a form, and what was prepared for this lecture.
import { $, el, icon } from "../dom.js";
import { call, toast } from "../site.js";
import { t } from "../translate.js";

const FEWEST = 2;
const MOST = 8;

export class PollDesk {
  #address;
  #form = $("poll-edit");
  #rows = $("poll-choices");
  #prepared = [];
  #editing = null; // the id of the prepared question in the form

  /** `api` is the lecture's address; `ask(question, prepared)` opens a poll, where there is a room. */
  constructor(api, ask = null) {
    this.#address = `${api}/prepared-polls`;
    this.ask = ask;
    $("poll-new").addEventListener("click", () => this.#edit());
    $("poll-cancel").addEventListener("click", () => this.#close());
    $("poll-add").addEventListener("click", () => this.#addRow().querySelector("[type=text]").focus());
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit(event.submitter?.value);
    });
    $("poll-yes-no")?.addEventListener("click", () => ask(plain(t("Yes or no?"), [t("Yes"), t("No")])));
    for (const button of document.querySelectorAll("[data-letters]")) {
      button.addEventListener("click", () => ask(plain(t("Which is right?"), [..."ABCDE"].slice(0, Number(button.dataset.letters)))));
    }
  }

  /** Who moderates sees the desk; `isAsking`: a poll is open, so that nothing else can be asked. */
  show({ isShown, isAsking }) {
    if ($("poll-desk").hidden && isShown) this.#load();
    $("poll-desk").hidden = !isShown;
    for (const button of $("poll-desk").querySelectorAll("[data-asks]")) button.disabled = isAsking;
  }

  async #load() {
    try {
      this.#prepared = (await call("GET", this.#address)).polls;
      this.#draw();
    } catch (error) {
      toast(error.message);
    }
  }

  #draw() {
    $("poll-prepared").replaceChildren(...this.#prepared.map((one) => this.#item(one)));
    $("poll-prepared-box").hidden = !this.#prepared.length;
  }

  #item({ id, question }) {
    const asks = this.ask
      ? el("button", { type: "button", class: "button small", "data-asks": true, "data-testid": "poll-ask-prepared", onclick: () => this.ask(question, id) }, t("Ask"))
      : null;
    const act = (name, label, onclick) =>
      el("button", { type: "button", class: "quiet square", "aria-label": `${label}: ${question.text}`, title: label, onclick }, icon(name));
    return el(
      "li",
      { "data-testid": "poll-prepared" },
      el("span", { class: "what" }, question.text, el("small", {}, question.choices.join(" · "))),
      act("edit", t("Change"), () => this.#edit(id, question)),
      act("close", t("Delete"), () => this.#remove(id)),
      asks,
    );
  }

  #edit(id = null, question = null) {
    this.#editing = id;
    this.#rows.replaceChildren();
    const choices = question?.choices ?? ["", ""];
    choices.forEach((text, place) => this.#addRow(text, question?.right.includes(place)));
    $("poll-text").value = question?.text ?? "";
    $("poll-multiple").checked = question?.is_multiple ?? false;
    $("poll-named").checked = question?.is_named ?? false;
    $("poll-error").textContent = "";
    this.#form.hidden = false;
    $("poll-text").focus();
  }

  #close() {
    this.#form.hidden = true;
    $("poll-new").focus();
  }

  #addRow(text = "", isRight = false) {
    const right = el("input", { type: "checkbox", checked: isRight, "aria-label": t("Right answer"), title: t("Right answer") });
    const field = el("input", { type: "text", value: text, maxlength: 200, required: true, autocomplete: "off", "data-testid": "poll-choice-text" });
    const remove = el("button", { type: "button", class: "quiet square", "aria-label": t("Delete this choice"), title: t("Delete this choice") }, icon("close"));
    const row = el("li", {}, right, field, remove);
    remove.addEventListener("click", () => {
      row.remove();
      this.#number();
      $("poll-add").focus();
    });
    this.#rows.append(row);
    this.#number();
    return row;
  }

  #number() {
    const rows = [...this.#rows.children];
    rows.forEach((row, at) => row.querySelector("[type=text]").setAttribute("aria-label", t("Choice {number}", { number: at + 1 })));
    for (const row of rows) row.querySelector("button").disabled = rows.length <= FEWEST;
    $("poll-add").disabled = rows.length >= MOST;
  }

  #question() {
    const rows = [...this.#rows.children];
    const right = rows.flatMap((row, place) => (row.querySelector("[type=checkbox]").checked ? [place] : []));
    return {
      text: $("poll-text").value,
      choices: rows.map((row) => row.querySelector("[type=text]").value),
      is_multiple: $("poll-multiple").checked || right.length > 1,
      is_named: $("poll-named").checked,
      right,
    };
  }

  async #submit(what) {
    const question = this.#question();
    if (what === "ask") {
      this.ask(question, this.#editing);
      this.#form.hidden = true;
      return;
    }
    try {
      const [method, address] = this.#editing ? ["PUT", `/api/v1/prepared-polls/${this.#editing}`] : ["POST", this.#address];
      const kept = await call(method, address, question);
      const others = this.#prepared.filter((one) => one.id !== kept.id);
      this.#prepared = this.#editing ? this.#prepared.map((one) => (one.id === kept.id ? kept : one)) : [...others, kept];
      this.#draw();
      this.#close();
    } catch (error) {
      $("poll-error").textContent = error.message;
    }
  }

  async #remove(id) {
    try {
      await call("DELETE", `/api/v1/prepared-polls/${id}`);
      this.#prepared = this.#prepared.filter((one) => one.id !== id);
      this.#draw();
      $("poll-new").focus();
    } catch (error) {
      toast(error.message);
    }
  }
}

const plain = (text, choices) => ({ text, choices });
