// When a stream stands still, and when that is a fault.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Progress } from "../../../player/static/room/progress.js";

const SECOND = 1000;
const at = (currentTime, more = {}) => ({ currentTime, paused: false, readyState: 4, ...more });

/** What each look says: one a second from `from` on, at these positions. */
function looks(progress, positions, { from = 0, isChanging = false } = {}) {
  return positions.map((position, n) => progress.look(at(position), { isChanging, now: from + n * SECOND }));
}

test("what has played and stands still has stalled", () => {
  assert.deepEqual(looks(new Progress(0), [0, 1, 2, 2, 3]), ["loading", "playing", "playing", "stalled", "playing"]);
});

test("what never begins has stalled after a while", () => {
  const said = looks(new Progress(0), Array(14).fill(0));
  assert.deepEqual(said.indexOf("stalled"), 13);
});

test("who holds it has not stalled", () => {
  const progress = new Progress(0);
  looks(progress, [0, 1]);
  assert.equal(progress.look(at(1, { paused: true }), { isChanging: false, now: 3 * SECOND }), "playing");
});

test("a stop while another size comes is no fault, until it takes too long", () => {
  const progress = new Progress(0);
  looks(progress, [0, 1, 2]);
  progress.beginAgain(3 * SECOND);
  const said = looks(progress, [3, 3, 4, ...Array(10).fill(4)], { from: 3 * SECOND, isChanging: true });
  assert.ok(!said.includes("stalled"));
  assert.deepEqual(looks(progress, [4], { from: 16 * SECOND, isChanging: true }), ["stalled"]);
});

test("once the other size plays, a stop is a fault again", () => {
  const progress = new Progress(0);
  looks(progress, [0, 1]);
  progress.beginAgain(2 * SECOND);
  looks(progress, [1, 1], { from: 2 * SECOND, isChanging: true });
  assert.deepEqual(looks(progress, [2, 2], { from: 4 * SECOND }), ["playing", "stalled"]);
});
