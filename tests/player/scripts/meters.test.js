import assert from "node:assert/strict";
import { test } from "node:test";
import { levelBetween, loudness } from "../../../player/static/room/meters.js";

test("silence is nothing and a full tone is everything", () => {
  assert.equal(loudness(new Float32Array(512)), 0);
  assert.equal(loudness(Float32Array.from({ length: 512 }, (_, at) => Math.sin(at / 3))), 1);
});

test("a level counts from the last look", () => {
  const before = { energy: 5, duration: 10 };
  assert.equal(levelBetween(before, { energy: 5.04, duration: 11 }).toFixed(2), "0.20");
  assert.equal(levelBetween(before, { energy: 5, duration: 11 }), 0);
});

test("a counter that began anew is not loud", () => {
  assert.equal(levelBetween({ energy: 5, duration: 10 }, { energy: 0, duration: 0.1 }), 0);
});
