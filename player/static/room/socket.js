// The room socket: hello first, alive every second, back again after a drop with the same seat.

const ALIVE_MS = 1000;
const QUIET_MS = 5000; // after so long without a word we ask whether the server is there
const ANSWER_MS = 2000; // browsers don't notice a dead connection: without an answer it is one
const FIRST_OPENING_MS = 10_000; // nobody is in a hurry before they were in
const OPENING_MS = 2000; // an attempt into a network that is away would hang for a minute
const SHORTEST_WAIT_MS = 300;
const LONGEST_WAIT_MS = 5000;
const EAGER_TRIES = 6; // only then does patience grow

/** What the page does about each reason of a bye; what is not here is final. */
const COMES_BACK = new Set(["slow", "restart"]);

/** How long the try number `tries` may take to open: an open network answers much sooner. */
export function opening(tries) {
  return Math.min(OPENING_MS * 1.5 ** Math.max(0, tries - EAGER_TRIES), FIRST_OPENING_MS);
}

/** The pause before the try number `tries`. */
export function pause(tries) {
  const soon = Math.min(SHORTEST_WAIT_MS * 2 ** (tries - 1), 4 * SHORTEST_WAIT_MS);
  return tries <= 2 * EAGER_TRIES ? soon : LONGEST_WAIT_MS;
}

/**
 * Fires `message` (detail: the message), `open`, `drop` (detail: tries so far), and `bye`
 * (detail: {reason, message}) when it does not come back by itself.
 */
export class RoomSocket extends EventTarget {
  #address;
  #store;
  #socket = null;
  #tries = 0;
  #wasIn = false;
  #isSeated = false;
  #timer = null; // of the next try, or of the end of this one
  #beat = null;
  #answer = null; // while an echo is awaited
  #echo = 0;
  #heardAt = 0;
  #ended = false;

  /** `store` remembers `device` and `resume` for this tab. */
  constructor(address, store) {
    super();
    this.#address = new URL(address, location.href);
    this.#address.protocol = this.#address.protocol === "https:" ? "wss:" : "ws:";
    this.#store = store;
    addEventListener("online", () => this.#hurry());
    navigator.connection?.addEventListener("change", () => this.check());
    document.addEventListener("visibilitychange", () => {
      this.#tellVisibility();
      if (!document.hidden) this.#hurry();
    });
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Milliseconds since the server was heard. */
  get quietMs() {
    return this.isOpen ? performance.now() - this.#heardAt : Infinity;
  }

  connect() {
    clearTimeout(this.#timer);
    this.#ended = false;
    const socket = new WebSocket(this.#address);
    this.#socket = socket;
    const mine = (handle) => (event) => socket === this.#socket && handle(event);
    socket.addEventListener("open", mine(() => this.#hello()));
    socket.addEventListener("message", mine((event) => this.#hear(JSON.parse(event.data))));
    socket.addEventListener("close", mine(() => this.#lost()));
    this.#timer = setTimeout(() => this.#lost(), this.#wasIn ? opening(this.#tries) : FIRST_OPENING_MS);
  }

  /** Send now; false when there is no connection. */
  send(message) {
    if (!this.isOpen) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Something looks wrong: is the server still there? Without an answer another socket is opened. */
  check() {
    if (!this.isOpen || this.#answer) return;
    this.#echo += 1;
    this.send({ type: "alive", echo: this.#echo });
    this.#answer = setTimeout(() => this.#lost(), ANSWER_MS);
  }

  /** Leave for good. */
  leave() {
    this.send({ type: "leave" });
    this.#store.resume = null;
    this.#end();
  }

  #hello() {
    clearTimeout(this.#timer);
    this.#heardAt = performance.now();
    const hello = { type: "hello", device: this.#store.device, clock: Date.now() };
    if (this.#store.resume) hello.resume = this.#store.resume;
    this.send(hello);
    clearInterval(this.#beat);
    this.#beat = setInterval(() => this.#live(), ALIVE_MS);
  }

  #tellVisibility() {
    if (this.#isSeated) this.send({ type: "visibility", visible: !document.hidden });
  }

  #live() {
    if (this.#wasIn && this.quietMs > QUIET_MS) this.check();
    else this.send({ type: "alive" });
  }

  #hear(message) {
    this.#heardAt = performance.now();
    clearTimeout(this.#answer);
    this.#answer = null;
    if (message.type === "alive") return;
    if (message.type === "welcome" || message.type === "waiting") {
      this.#tries = 0;
      this.#wasIn = true;
      this.#store.resume = message.resume ?? null;
      this.#isSeated = message.type === "welcome";
      this.#tellVisibility();
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

  /** The socket ended, never opened or does not answer. */
  #lost() {
    const hadOpened = this.isOpen;
    this.#abandon();
    if (this.#ended) return;
    this.#tries += 1;
    this.dispatchEvent(new CustomEvent("drop", { detail: this.#tries }));
    if (hadOpened) this.connect();
    else this.#timer = setTimeout(() => this.connect(), pause(this.#tries) * (0.75 + Math.random() / 2));
  }

  /** Hear no more of the present socket, which may be long in closing. */
  #abandon() {
    clearInterval(this.#beat);
    clearTimeout(this.#timer);
    clearTimeout(this.#answer);
    this.#answer = null;
    this.#isSeated = false;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** The network is back, or the page: do not wait out a pause. */
  #hurry() {
    if (this.#ended || !this.#wasIn) return;
    if (this.isOpen) this.check();
    else {
      this.#abandon();
      this.connect();
    }
  }

  #end() {
    this.#ended = true;
    this.#abandon();
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
