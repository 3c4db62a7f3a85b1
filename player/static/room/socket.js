// The room socket: hello first, alive every second, back again after a drop with the same seat.

const ALIVE_MS = 1000;
const SHORTEST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 5000;

/** What the page does about each reason of a bye; what is not here is final. */
const COMES_BACK = new Set(["slow", "restart"]);

/**
 * Fires `message` (detail: the message), `open`, `drop` (detail: tries so far), and `bye`
 * (detail: {reason, message}) when it does not come back by itself.
 */
export class RoomSocket extends EventTarget {
  #address;
  #store;
  #socket = null;
  #tries = 0;
  #timer = null;
  #beat = null;
  #ended = false;

  /** `store` remembers `device` and `resume` for this tab. */
  constructor(address, store) {
    super();
    this.#address = new URL(address, location.href);
    this.#address.protocol = this.#address.protocol === "https:" ? "wss:" : "ws:";
    this.#store = store;
    addEventListener("online", () => this.#hurry());
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  connect() {
    clearTimeout(this.#timer);
    this.#ended = false;
    const socket = new WebSocket(this.#address);
    this.#socket = socket;
    socket.addEventListener("open", () => this.#hello(socket));
    socket.addEventListener("message", (event) => this.#hear(JSON.parse(event.data)));
    socket.addEventListener("close", () => socket === this.#socket && this.#lost());
  }

  /** Send now; false when there is no connection. */
  send(message) {
    if (!this.isOpen) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Leave for good. */
  leave() {
    this.send({ type: "leave" });
    this.#store.resume = null;
    this.#end();
  }

  #hello(socket) {
    const hello = { type: "hello", device: this.#store.device };
    if (this.#store.resume) hello.resume = this.#store.resume;
    socket.send(JSON.stringify(hello));
    clearInterval(this.#beat);
    this.#beat = setInterval(() => this.send({ type: "alive" }), ALIVE_MS);
  }

  #hear(message) {
    if (message.type === "welcome") {
      this.#tries = 0;
      this.#store.resume = message.resume;
      this.dispatchEvent(new Event("open"));
    }
    if (message.type === "bye" && !COMES_BACK.has(message.reason)) {
      if (message.reason !== "replaced") this.#store.resume = null;
      this.#end();
      this.dispatchEvent(new CustomEvent("bye", { detail: message }));
      return;
    }
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
  }

  #lost() {
    clearInterval(this.#beat);
    if (this.#ended) return;
    this.#tries += 1;
    this.dispatchEvent(new CustomEvent("drop", { detail: this.#tries }));
    const wait = Math.min(SHORTEST_WAIT_MS * 2 ** (this.#tries - 1), LONGEST_WAIT_MS);
    this.#timer = setTimeout(() => this.connect(), wait * (0.75 + Math.random() / 2));
  }

  /** The network is back: do not wait out the pause. */
  #hurry() {
    if (!this.#ended && this.#socket && !this.isOpen) this.connect();
  }

  #end() {
    this.#ended = true;
    clearInterval(this.#beat);
    clearTimeout(this.#timer);
    this.#socket?.close();
  }
}

/** What this tab remembers of a lecture; it survives a reload, not the tab. */
export class TabStore {
  #key;

  constructor(lecture) {
    this.#key = `daris.room.${lecture}`;
  }

  get #all() {
    try {
      return JSON.parse(sessionStorage.getItem(this.#key)) ?? {};
    } catch {
      return {};
    }
  }

  #set(changes) {
    sessionStorage.setItem(this.#key, JSON.stringify({ ...this.#all, ...changes }));
  }

  get device() {
    if (!this.#all.device) this.#set({ device: crypto.randomUUID() });
    return this.#all.device;
  }

  get resume() {
    return this.#all.resume ?? null;
  }

  set resume(token) {
    this.#set({ resume: token });
  }

  /** Whether this tab is in the room, and with which devices on. */
  get presence() {
    return this.#all.presence ?? null;
  }

  set presence(value) {
    this.#set({ presence: value });
  }
}
