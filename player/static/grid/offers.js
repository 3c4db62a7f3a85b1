// What can be planned: recordings, files, the day's lectures, the slate.
import { $, clock, el } from "../dom.js";
import { uuid7 } from "../uuid7.js";
import { wall } from "./blocks.js";
import { SECOND } from "./day.js";

const kindOf = ({ source }) => Object.keys(source)[0];

/** Shows those of the chosen kind; `add` gets a programme that has no time yet. */
export class Offers {
  #offers = [];

  constructor({ zone, languages }, add) {
    const { lang } = document.documentElement;
    this.zone = zone;
    this.language = languages.includes(lang) ? lang : (languages[0] ?? lang);
    this.add = add;
    for (const id of ["add-kind", "add-search"]) $(id).addEventListener("input", () => this.#show());
  }

  take(offers) {
    this.#offers = offers;
    this.#show();
  }

  #show() {
    const words = $("add-search").value.trim().toLocaleLowerCase();
    const fit = this.#offers.filter((one) => kindOf(one) === $("add-kind").value && one.title.toLocaleLowerCase().includes(words));
    $("add-list").replaceChildren(...fit.map((offer) => el("li", {}, this.#button(offer))));
    $("add-none").hidden = fit.length > 0;
  }

  #button(offer) {
    const length = clock(offer.seconds);
    const about = offer.starts_at ? `${wall(Date.parse(offer.starts_at), this.zone)} · ${length}` : length;
    const attributes = { type: "button", class: "quiet", "data-testid": "offer", onclick: () => this.add(draftOf(offer, this.language)) };
    return el("button", attributes, el("span", {}, offer.title), el("small", {}, about));
  }
}

/** A programme of the offer, with its title in one language; the others are filled in by hand. */
function draftOf({ source, title, seconds, media_seconds, starts_at }, language) {
  const wished = starts_at ? Date.parse(starts_at) : null;
  const said = { title: { [language]: title.slice(0, 300) }, description: {}, floating: false };
  return { key: uuid7(), source, ...said, rights_from: null, rights_until: null, media_seconds, state: "new", wished, takes: Math.max(SECOND, Math.floor(seconds * SECOND)) };
}
