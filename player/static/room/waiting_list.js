// The waiting room for who moderates: who waits, and whether they come in.
import { $, el, icon, initials } from "../dom.js";
import { toast } from "../site.js";
import { locale, t, tn } from "../translate.js";

export class WaitingList {
  #box = $("waiting-list");
  #list = $("waiting-people");
  #away = $("waiting-away");
  #dialog = $("turn-away-dialog");
  #shown = null;
  #send;

  constructor(send) {
    this.#send = send;
    $("waiting-all").addEventListener("click", () => send({ type: "admit" }));
    $("waiting-off").addEventListener("click", () => $("waiting-off-dialog").showModal());
    $("waiting-off-dialog").addEventListener("close", (event) => {
      if (event.target.returnValue === "off") send({ type: "waiting_room_off" });
    });
    this.#dialog.addEventListener("close", () => this.#turnAway());
  }

  show({ me, waiting }) {
    if (waiting === this.#shown) return;
    this.#shown = waiting;
    this.#box.hidden = !me.can_moderate || !(waiting?.is_on || waiting?.turned_away.length);
    if (this.#box.hidden) return;
    $("waiting-count").textContent = waiting.count;
    $("waiting-none").hidden = waiting.count > 0 || !waiting.is_on;
    $("waiting-all").hidden = waiting.count < 2;
    $("waiting-off").hidden = !(me.can_host && waiting.is_on);
    this.#draw(this.#list, waiting.people, (person) => this.#arrived(person));
    const more = waiting.count - waiting.people.length;
    $("waiting-more").hidden = more < 1;
    $("waiting-more").textContent = tn("and {count} more", "and {count} more", more);
    this.#away.hidden = !waiting.turned_away.length;
    $("waiting-away-name").textContent = t("Not let in: {count}", { count: waiting.turned_away.length });
    this.#draw($("waiting-away-people"), waiting.turned_away, (person) => this.#turned(person));
  }

  /** Tell of who came since the list was `before`. */
  tell(before, { people }) {
    const known = new Set((before?.people ?? []).map(({ id }) => id));
    const fresh = people.filter(({ id }) => !known.has(id));
    if (fresh.length === 1) toast(t("{name} is waiting to come in", fresh[0]));
    else if (fresh.length) toast(tn("{count} person is waiting to come in", "{count} people are waiting to come in", people.length));
  }

  /** In place of what was listed; who had the focus there keeps it in the list. */
  #draw(list, people, draw) {
    const hadFocus = list.contains(document.activeElement);
    list.replaceChildren(...people.map(draw));
    if (hadFocus) (list.querySelector("button") ?? this.#box).focus();
  }

  #arrived(person) {
    const since = new Intl.DateTimeFormat(locale, { timeStyle: "short" }).format(new Date(person.since));
    const note = person.is_here ? t("since {time}", { time: since }) : t("Reconnecting…");
    const label = t("Do not let {name} in", person);
    const away = { type: "button", class: "quiet square", "aria-label": label, title: label, "data-testid": "waiting-refuse" };
    return this.#item(person, note, el("button", { ...away, onclick: () => this.#ask(person) }, icon("close")));
  }

  #turned(person) {
    return this.#item(person, "", null);
  }

  #item(person, note, refuse) {
    const admit = () => this.#send({ type: "admit", person: person.id });
    return el(
      "li",
      { "data-testid": "waiting-person", "data-person": person.id, "data-presence": person.is_here || !note ? "present" : "reconnecting" },
      el("span", { class: "avatar", "aria-hidden": "true" }, initials(person.name)),
      el("span", { class: "who" }, el("strong", { title: person.name }, person.name), el("small", {}, note)),
      el(
        "span",
        { class: "acts" },
        el("button", { type: "button", class: "button", "data-testid": "waiting-admit", onclick: admit }, t("Let in")),
        refuse,
      ),
    );
  }

  #ask(person) {
    this.#dialog.dataset.person = person.id;
    this.#dialog.returnValue = "";
    $("turn-away-title").textContent = t("Not let {name} in?", person);
    $("turn-away-reason").value = "";
    this.#dialog.showModal();
  }

  #turnAway() {
    if (this.#dialog.returnValue !== "refuse") return;
    const reason = $("turn-away-reason").value.trim();
    this.#send({ type: "turn_away", person: this.#dialog.dataset.person, reason });
  }
}
