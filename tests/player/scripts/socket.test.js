import assert from "node:assert/strict";
import { test } from "node:test";
import { opening, pause } from "../../../player/static/room/socket.js";

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
