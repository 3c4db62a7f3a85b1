// The people panel: who is here, whose hand is up, and what a host may do about it.
import { $, el, icon, initials } from "../dom.js";
import { locale, t, tn } from "../translate.js";
import { describe, lineMark } from "./line.js";
import { listed } from "./state.js";

export class People {
  #list = $("people");
  #count = $("people-count");
  #looks = new Map(); // person id -> {look, element, line}

  /** `act(type, person, more)` sends a message about a person. */
  constructor(act) {
    this.act = act;
  }

  show(room) {
    const people = listed(room, locale);
    this.#count.textContent = people.length;
    this.#count.setAttribute("aria-label", tn("{count} person", "{count} people", people.length));
    people.forEach((person, at) => this.#place(person, at, room));
    for (const [id, { element }] of this.#looks) {
      if (!room.people.has(id)) {
        element.remove();
        this.#looks.delete(id);
      }
    }
  }

  #place(person, at, room) {
    const hand = room.hands.has(person.id);
    const voice = room.tracks.find((track) => track.person === person.id && track.kind === "audio");
    const look = JSON.stringify([person, hand, voice?.muted, Boolean(voice), room.me]);
    let known = this.#looks.get(person.id);
    if (known?.look !== look) {
      const line = lineMark();
      const element = this.#draw(person, hand, voice, room, line);
      known?.element.replaceWith(element);
      known = { look, element, line };
      this.#looks.set(person.id, known);
    }
    describe(known.line, room.me.can_moderate ? room.quality.get(person.id) : null);
    if (this.#list.children[at] !== known.element) {
      this.#list.insertBefore(known.element, this.#list.children[at] ?? null);
    }
  }

  #draw(person, hand, voice, room, line) {
    const isMe = person.id === room.me.person;
    const name = isMe ? t("{name} (you)", { name: person.name }) : person.name;
    return el(
      "li",
      {
        "data-testid": "person",
        "data-person": person.id,
        "data-hand": String(hand),
        "data-presence": person.presence,
        "data-floor": String(person.has_floor),
      },
      el("span", { class: "avatar", "aria-hidden": "true", "data-host": String(person.can_host) }, initials(person.name)),
      el("span", { class: "who" }, el("strong", { title: person.name }, name), el("small", {}, this.#note(person, hand))),
      line,
      el("span", { class: "acts" }, ...this.#acts(person, hand, voice, room)),
    );
  }

  #note(person, hand) {
    if (person.presence === "reconnecting") return t("Reconnecting…");
    if (hand) return t("Asks for the floor");
    if (person.has_floor) return t("Has the floor");
    return ROLES[person.role]?.() ?? person.role;
  }

  #acts(person, hand, voice, room) {
    const acts = [];
    const { me } = room;
    const isOther = person.id !== me.person;
    if (voice && !voice.muted && isOther && me.can_moderate) {
      acts.push(this.#square("mic", t("Mute {name}", person), () => this.act("set_muted", person.id, { source: "microphone", muted: true }), "person-mute"));
    }
    if (isOther && me.can_host && !person.can_host && !person.has_floor) {
      acts.push(this.#button(t("Give the floor"), () => this.act("give_floor", person.id), "floor-give", hand));
    }
    if (isOther && me.can_moderate && person.has_floor) {
      acts.push(this.#button(t("Take the floor"), () => this.act("take_floor", person.id), "floor-take"));
    }
    if (hand && isOther && me.can_moderate) {
      acts.push(this.#square("close", t("Lower the hand of {name}", person), () => this.act("lower_hand_of", person.id), "hand-lower"));
    }
    if (hand && !me.can_moderate) acts.push(el("span", { class: "hand-mark" }, icon("hand")));
    return acts;
  }

  #button(text, onclick, testid, strong = false) {
    return el("button", { type: "button", class: strong ? "button" : "button plain", "data-testid": testid, onclick }, text);
  }

  #square(name, label, onclick, testid) {
    return el("button", { type: "button", class: "quiet square", "aria-label": label, title: label, "data-testid": testid, onclick }, icon(name));
  }
}

const ROLES = {
  student: () => t("Student"),
  lecturer: () => t("Lecturer"),
  tutor: () => t("Tutor"),
  volunteer: () => t("Digital volunteer"),
  coordinator: () => t("Coordinator"),
  operator: () => t("Operator"),
  admin: () => t("Administrator"),
  guest: () => t("Guest"),
};
