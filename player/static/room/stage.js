// The stage: one tile per picture, the screen or the lecturer large, the others beside.
import { el, icon, initials } from "../dom.js";
import { t } from "../translate.js";

const IN_SIGHT = 5; // tiles that are surely seen beside the large one, and the large one

export class Stage {
  #spoke = new Map(); // person -> when they began to speak out of sight
  #tiles = new Map(); // key -> {element, video, person, source}
  #sounds = new Map(); // track id -> <audio>
  #pictures = new Map(); // track id -> {info, track}
  #local = new Map(); // source -> MediaStreamTrack or null
  #room = null;
  #box;
  #soundBox;
  #blocked;
  #isSilenced = false;

  /** `blocked` is called when the browser does not let sound begin by itself. */
  constructor({ box, soundBox, blocked }) {
    this.#box = box;
    this.#soundBox = soundBox;
    this.#blocked = blocked;
  }

  get isEmpty() {
    return this.#tiles.size === 0;
  }

  /** A track from the server is there. */
  add(info, track) {
    if (info.kind === "audio") this.#hear(info, track);
    else this.#pictures.set(info.id, { info, track });
    this.#draw();
  }

  remove(id) {
    this.#pictures.delete(id);
    const sound = this.#sounds.get(id);
    if (sound) {
      sound.srcObject = null;
      sound.remove();
      this.#sounds.delete(id);
    }
    this.#draw();
  }

  /** What this tab sends: `track` is null while the camera is off, undefined when off the stage. */
  setLocal(source, track) {
    if (track === undefined) this.#local.delete(source);
    else this.#local.set(source, track);
    this.#draw();
  }

  show(room) {
    this.#room = room;
    for (const person of room.speaking) if (!this.#isEarly(person)) this.#spoke.set(person, Date.now());
    this.#draw();
  }

  /** What can be seen of others: track id -> <video>. */
  get pictures() {
    return new Map([...this.#tiles].filter(([id]) => this.#pictures.has(id)).map(([id, { video }]) => [id, video]));
  }

  /** Whether the sound comes another way. */
  silence(isSilenced) {
    this.#isSilenced = isSilenced;
    for (const sound of this.#sounds.values()) sound.muted = isSilenced;
  }

  /** After a click: sound may begin. */
  async startSound() {
    await Promise.all([...this.#sounds.values()].map((sound) => sound.play().catch(() => {})));
  }

  clear() {
    for (const id of [...this.#sounds.keys(), ...this.#pictures.keys()]) this.remove(id);
    this.#local.clear();
    this.#draw();
  }

  // ---------------------------------------------------------------- drawing

  #hear(info, track) {
    let sound = this.#sounds.get(info.id);
    if (!sound) {
      sound = el("audio", { autoplay: true, "data-person": info.person });
      sound.muted = this.#isSilenced;
      this.#sounds.set(info.id, sound);
      this.#soundBox.append(sound);
    }
    if (sound.srcObject?.getTracks()[0] === track) return;
    sound.srcObject = new MediaStream([track]);
    sound.play().catch((error) => error.name === "NotAllowedError" && this.#blocked());
  }

  #draw() {
    if (!this.#room?.me) return;
    const wanted = this.#wanted();
    for (const [key, tile] of this.#tiles) {
      if (!wanted.has(key)) {
        tile.element.remove();
        this.#tiles.delete(key);
      }
    }
    for (const [key, one] of wanted) this.#update(this.#tiles.get(key) ?? this.#make(key, one), one);
    this.#arrange(wanted);
    this.#light();
  }

  /** The tiles that should be there: key -> {person, source, track, muted, isLocal}. */
  #wanted() {
    const wanted = new Map();
    const me = this.#room.me.person;
    for (const [source, track] of this.#local) {
      if (source === "microphone") continue;
      wanted.set(`${me} ${source} here`, { person: me, source, track, off: !track, isLocal: true });
    }
    for (const info of this.#room.tracks) {
      if (info.kind !== "video" || (info.person === me && this.#local.has(info.source))) continue;
      const track = this.#pictures.get(info.id)?.track ?? null;
      wanted.set(info.id, { person: info.person, source: info.source, track, off: info.muted });
    }
    this.#addFaceless(wanted);
    return wanted;
  }

  /** Who speaks without a camera has a tile, too. */
  #addFaceless(wanted) {
    const faces = new Set([...wanted.values()].filter((w) => w.source === "camera").map((w) => w.person));
    const voices = this.#room.tracks.filter((info) => info.kind === "audio").map((info) => info.person);
    if (this.#local.has("microphone")) voices.push(this.#room.me.person);
    for (const person of new Set(voices)) {
      if (faces.has(person)) continue;
      wanted.set(`${person} voice`, { person, source: "camera", track: null, off: true });
    }
  }

  #make(key, { person, source }) {
    const video = el("video", { autoplay: true, playsinline: true });
    video.muted = true; // sound has its own elements
    const face = el("span", { class: "initials", "aria-hidden": "true" });
    const name = el("span", { "data-testid": "tile-name" });
    const mark = el("span", { class: "tile-mark", hidden: true, title: t("Microphone off") }, icon("mic-off"));
    const caption = el("figcaption", {}, name, mark);
    const element = el(
      "figure",
      { class: "tile", "data-testid": "tile", "data-person": person, "data-source": source },
      video,
      face,
      caption,
    );
    const tile = { element, video, face, name, mark, person, source };
    this.#tiles.set(key, tile);
    return tile;
  }

  #update(tile, { person, source, track, off, isLocal }) {
    const known = this.#room.people.get(person);
    const isMe = person === this.#room.me.person;
    const name = known?.name ?? (isMe ? this.#room.me.name : "");
    const shown = isMe ? t("{name} (you)", { name }) : name;
    const text = source === "screen" ? t("Screen: {name}", { name: shown }) : shown;
    if (tile.name.textContent !== text) tile.name.textContent = text;
    tile.face.textContent = initials(name);
    tile.mark.hidden = source === "screen" || !this.#isSilent(person);
    tile.element.dataset.video = off || !track ? "off" : "on";
    tile.element.classList.toggle("mirrored", Boolean(isLocal) && source === "camera");
    if (track && tile.video.srcObject?.getTracks()[0] !== track) {
      tile.video.srcObject = new MediaStream([track]);
      tile.video.play().catch(() => {});
    }
    if (!track) tile.video.srcObject = null;
  }

  /** A ring around who speaks. */
  #light() {
    const speaking = new Set(this.#room.speaking);
    for (const { element, person, source } of this.#tiles.values()) {
      element.classList.toggle("speaking", source !== "screen" && speaking.has(person));
    }
  }

  #isSilent(person) {
    const isMe = person === this.#room.me.person;
    if (isMe && this.#local.has("microphone")) return !this.#local.get("microphone")?.enabled;
    const voice = this.#room.tracks.find((info) => info.kind === "audio" && info.person === person);
    return !voice || voice.muted;
  }

  /** One large and the others beside it; without a screen or a host, all alike. */
  #arrange(wanted) {
    const keys = [...wanted.keys()];
    const large = this.#largest(wanted);
    for (const key of keys) {
      const tile = this.#tiles.get(key);
      tile.element.classList.toggle("large", key === large);
    }
    const others = this.#ranked(keys.filter((key) => key !== large));
    const order = large ? [large, ...others] : others;
    order.forEach((key, at) => {
      const { element } = this.#tiles.get(key);
      if (this.#box.children[at] !== element) this.#box.insertBefore(element, this.#box.children[at] ?? null);
    });
    this.#box.tabIndex = keys.length > IN_SIGHT ? 0 : -1; // it scrolls: by keyboard, too
    const alone = keys.length === 1;
    this.#box.dataset.layout = alone ? "one" : large ? "beside" : "grid";
    this.#box.style.setProperty("--others", Math.max(1, keys.length - 1));
    this.#box.style.setProperty("--columns", Math.ceil(Math.sqrt(keys.length || 1)));
  }

  /** Whoever is among the first already stays where they are. */
  #isEarly(person) {
    return [...this.#box.children].slice(0, IN_SIGHT).some((tile) => tile.dataset.person === person);
  }

  /** Of many, those come first who spoke last: beside a large picture only some are in sight. */
  #ranked(keys) {
    if (keys.length <= IN_SIGHT) return keys;
    const spoke = (key) => this.#spoke.get(this.#tiles.get(key).person) ?? 0;
    return [...keys].sort((a, b) => spoke(b) - spoke(a));
  }

  #largest(wanted) {
    const all = [...wanted];
    const isHost = (person) => this.#room.people.get(person)?.can_host;
    const screens = all.filter(([, one]) => one.source === "screen");
    const screen = screens.find(([, one]) => !one.isLocal) ?? screens[0];
    const host = all.find(([, one]) => isHost(one.person) && !one.off) ?? all.find(([, one]) => isHost(one.person));
    return (screen ?? host ?? all[0])?.[0] ?? null;
  }
}
