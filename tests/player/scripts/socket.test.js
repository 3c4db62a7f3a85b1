import assert from "node:assert/strict";
import { test } from "node:test";
import { opening, pause, RoomSocket } from "../../../player/static/room/socket.js";

/** The moments at which tries begin while every one of them hangs. */
function tries(seconds) {
  const begun = [0];
  for (let at = 0, n = 1; at < seconds * 1000; n += 1) {
    at += opening(n - 1) + pause(n);
    begun.push(at);
  }
  return begun;
}

test("in the first seconds of an outage a try is never long ago", () => {
  const begun = tries(15);
  const gaps = begun.slice(1).map((at, n) => at - begun[n]);
  assert.ok(Math.max(...gaps.slice(0, 4)) <= 3200, `${gaps}`);
});

test("a long outage makes patient", () => {
  assert.ok(tries(600).length < 60);
  assert.equal(opening(100), 10_000);
  assert.equal(pause(100), 5000);
});

/** What a browser has; `sockets` are those that the page opened. */
class Browser {
  sockets = [];
  #before = {};

  constructor() {
    const { sockets } = this;
    class Socket extends EventTarget {
      static OPEN = 1;
      readyState = 1;
      sent = [];
      constructor() {
        super();
        sockets.push(this);
      }
      send(text) {
        this.sent.push(JSON.parse(text));
      }
      hear(message) {
        this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(message) }));
      }
      close() {}
    }
    const page = Object.assign(new EventTarget(), { hidden: false });
    const ours = { WebSocket: Socket, document: page, location: { href: "http://a.test/" }, navigator: {}, addEventListener() {} };
    for (const [name, value] of Object.entries(ours)) {
      this.#before[name] = Object.getOwnPropertyDescriptor(globalThis, name);
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
  }

  show(isShown) {
    document.hidden = !isShown;
    document.dispatchEvent(new Event("visibilitychange"));
  }

  close() {
    for (const [name, was] of Object.entries(this.#before)) {
      if (was) Object.defineProperty(globalThis, name, was);
      else delete globalThis[name];
    }
  }
}

test("a page tells its clock, and after each welcome and at each change whether it is in sight", () => {
  const browser = new Browser();
  const room = new RoomSocket("/socket", { device: "tab", resume: null });
  room.connect();
  const [socket] = browser.sockets;
  socket.dispatchEvent(new Event("open"));
  const [hello] = socket.sent.splice(0);
  assert.ok(Math.abs(hello.clock - Date.now()) < 60_000);
  socket.hear({ type: "waiting" });
  browser.show(false); // nobody asks who has no seat yet
  browser.show(true);
  socket.hear({ type: "welcome", resume: "token" });
  browser.show(false);
  browser.show(true);
  const told = socket.sent.filter((message) => message.type === "visibility");
  room.leave();
  browser.close();
  assert.deepEqual(told.map((message) => message.visible), [true, false, true]);
});
