// Which way media comes: what was seen, second by second, and the rung that follows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { START, step } from "../../../player/static/room/ladder.js";

const WELL = { choice: "auto", way: "connected", expects: true, silentMs: 0, frozenMs: 0, loss: 0, stream: "off", speed: 0, quietMs: 100, backMs: 1e6 };

/** A person at their page: `live(seconds, seen)` lets time pass; what it returns is where they are then. */
function page() {
  let state = START;
  let now = 1000;
  let last = {};
  const moves = [];
  return {
    moves,
    get state() {
      return state;
    },
    live(seconds, seen = {}) {
      for (let second = 0; second < seconds; second += 1) {
        now += 1000;
        last = { ...WELL, ...seen };
        if (seen.silent) last.silentMs = (second + 1) * 1000;
        const before = state.rung;
        state = step(state, last, now);
        if (state.rung !== before) moves.push([second + 1, state.rung, state.reason]);
      }
      return state.rung;
    },
  };
}

const playing = { stream: "playing" };

test("a connection that works is used", () => {
  assert.equal(page().live(60), "webrtc");
});

test("without a connection the stream comes within five seconds, and says why", () => {
  const one = page();
  assert.equal(one.live(5, { way: "connecting" }), "stream");
  assert.equal(one.state.reason, "blocked");
});

test("a connection that was there and goes is lost, not blocked", () => {
  const one = page();
  one.live(10);
  one.live(5, { way: "connecting" });
  assert.equal(one.state.reason, "lost");
});

test("media that stops leads to the stream within five seconds", () => {
  const one = page();
  one.live(10);
  assert.equal(one.live(5, { silent: true }), "stream");
  assert.deepEqual(one.moves, [[3, "stream", "silent"]]);
});

test("nothing is wrong where nothing is expected", () => {
  assert.equal(page().live(60, { expects: false, silent: true }), "webrtc");
});

test("pictures that cannot be decoded and heavy loss lead to the stream, too", () => {
  assert.equal(page().live(6, { frozenMs: 4500 }), "stream");
  const lossy = page();
  lossy.live(3, { loss: 40 });
  assert.equal(lossy.live(1), "webrtc", "a moment of it does not");
  assert.equal(lossy.live(6, { loss: 40 }), "stream");
  assert.equal(lossy.state.reason, "loss");
});

test("without any network nothing is changed, and its return gets time", () => {
  const one = page();
  one.live(10);
  assert.equal(one.live(10, { silent: true, quietMs: Infinity }), "webrtc");
  assert.equal(one.live(2, { silentMs: 11_000, backMs: 1500 }), "webrtc");
  assert.equal(one.live(4, { silentMs: 14_000, backMs: 4000 }), "stream");
});

test("the direct way is taken again when media has flowed for three seconds", () => {
  const one = page();
  one.live(5, { way: "connecting" });
  one.live(30, { way: "blocked", ...playing });
  one.live(1, playing);
  assert.ok(one.state.isTrying);
  assert.equal(one.live(2, playing), "stream");
  assert.equal(one.live(3, playing), "webrtc");
  assert.equal(one.state.reason, null);
});

test("a connection over which nothing comes is not taken", () => {
  const one = page();
  one.live(10);
  one.live(5, { silent: true });
  assert.equal(one.live(120, { silent: true, ...playing }), "stream");
});

test("a connection that comes and goes is trusted less and less", () => {
  const one = page();
  for (let turn = 0; turn < 40; turn += 1) {
    one.live(8, playing);
    one.live(5, { way: "connecting", ...playing });
  }
  const ups = one.moves.filter(([, rung]) => rung === "webrtc").length;
  assert.ok(ups > 0 && ups < 12, `${ups} climbs in ${40 * 13} seconds`);
});

test("trust comes back with time", () => {
  const one = page();
  for (let turn = 0; turn < 5; turn += 1) {
    one.live(8, playing);
    one.live(5, { way: "connecting", ...playing });
  }
  one.live(400, playing);
  assert.equal(one.live(60), "webrtc");
  one.live(5, { way: "connecting" });
  assert.equal(one.live(5, playing), "webrtc");
});

test("a stream that keeps stopping gives way to voice and stills", () => {
  const once = page();
  once.live(5, { way: "blocked" });
  assert.equal(once.live(5, { way: "blocked", stream: "stalled" }), "stream");
  assert.equal(once.live(4, { way: "blocked", stream: "stalled" }), "stills");
  assert.equal(once.state.reason, "stalls");
  const often = page();
  often.live(5, { way: "blocked" });
  for (let turn = 0; turn < 3; turn += 1) {
    often.live(4, { way: "blocked", ...playing });
    often.live(2, { way: "blocked", stream: "stalled" });
  }
  assert.equal(often.state.rung, "stills");
});

test("who asks for another size because the stream keeps stopping gets it, not stills", () => {
  const one = page();
  one.live(5, { way: "blocked", ...playing });
  for (let stops = 0; stops < 2; stops += 1) {
    one.live(1, { way: "blocked", stream: "stalled" });
    one.live(2, { way: "blocked", ...playing });
  }
  one.live(4, { way: "blocked", stream: "loading" });
  one.live(2, { way: "blocked", ...playing });
  assert.equal(one.live(1, { way: "blocked", stream: "stalled" }), "stream");
});

test("from voice and stills up when parts come faster than they play, and later after a failure", () => {
  const one = page();
  const narrow = { way: "blocked", stream: "stalled" };
  const wide = { way: "blocked", speed: 3 };
  one.live(5, { way: "blocked" });
  one.live(9, narrow);
  assert.equal(one.live(60, { way: "blocked", speed: 1 }), "stills");
  assert.equal(one.live(1, wide), "stream");
  one.live(9, narrow);
  assert.equal(one.live(20, wide), "stills", "it waits longer now");
  assert.equal(one.live(15, wide), "stream");
});

test("from voice and stills straight to the direct way when it works", () => {
  const one = page();
  one.live(5, { way: "blocked" });
  one.live(9, { way: "blocked", stream: "stalled" });
  assert.equal(one.live(5), "webrtc");
});

test("what a person chose holds", () => {
  assert.equal(page().live(60, { choice: "direct", way: "blocked" }), "webrtc");
  const saver = page();
  assert.equal(saver.live(60, { choice: "stills", speed: 9 }), "stills");
  assert.equal(saver.state.reason, "chosen");
  assert.equal(page().live(60, { choice: "stream", ...playing }), "stream");
});

test("a chosen stream still gives way to voice and stills, and comes back", () => {
  const one = page();
  one.live(2, { choice: "stream", ...playing });
  assert.equal(one.live(9, { choice: "stream", stream: "stalled" }), "stills");
  assert.equal(one.live(40, { choice: "stream", speed: 3 }), "stream");
  assert.equal(one.state.reason, "chosen");
});

test("whoever chooses automatic again begins at the top", () => {
  const one = page();
  one.live(5, { choice: "stills" });
  assert.equal(one.live(1), "webrtc");
});
