import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import { Beacon } from "../../../player/static/watch/beacon.js";

const FULL = 4; // HTMLMediaElement.readyState: there is enough
const STALLED = 2; // nothing behind the current picture

let told = [];

beforeEach(() => {
  told = [];
  mock.timers.enable({ apis: ["setInterval"] });
  globalThis.window = new EventTarget();
  globalThis.document = Object.assign(new EventTarget(), { hidden: false, querySelector: () => ({ content: "" }) });
  mock.method(globalThis, "fetch", async (_, { body }) => {
    told.push(JSON.parse(body));
    return { status: 204 };
  });
});

afterEach(() => {
  mock.timers.reset();
  mock.restoreAll();
  delete globalThis.window;
  delete globalThis.document;
});

class Video extends EventTarget {
  paused = false;
  seeking = false;
  readyState = FULL;
  currentTime = 0;

  /** Five seconds, of which `seconds` are played, and a beacon at their end in this state. */
  go(seconds, readyState = FULL) {
    this.readyState = FULL;
    for (let second = 0; second < seconds; second += 1) {
      this.dispatchEvent(new Event("timeupdate"));
      this.currentTime += 1;
    }
    this.dispatchEvent(new Event("timeupdate"));
    this.readyState = readyState;
    if (readyState === STALLED) this.dispatchEvent(new Event("waiting"));
    mock.timers.tick(5000);
  }
}

function opened() {
  const video = new Video();
  const beacon = new Beacon({ video, address: "/beacon", mode: "live" });
  return { video, beacon };
}

test("a player that lacks data just when it tells has played nevertheless", () => {
  const { video } = opened();
  video.go(5);
  video.go(4, STALLED);
  video.go(5);
  assert.deepEqual(told.map((one) => one.playing), [true, true, true, true]);
});

test("a player that waits from one beacon to the next plays no longer", () => {
  const { video } = opened();
  video.go(3, STALLED);
  mock.timers.tick(5000);
  assert.deepEqual(told.map((one) => one.playing), [true, true, false]);
});

test("each beacon tells whether the page is in sight, and a change is told at once", () => {
  const { video, beacon } = opened();
  video.go(5);
  document.hidden = true;
  document.dispatchEvent(new Event("visibilitychange"));
  beacon.close();
  assert.deepEqual(told.map((one) => one.visible), [true, true, false, false]);
  assert.equal(told.at(-1).playing, false);
});
