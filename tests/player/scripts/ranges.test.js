// What was really played.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Played, covered, union } from "../../../player/static/ranges.js";

test("ranges that overlap or touch become one", () => {
  assert.deepEqual(union([[5, 6], [0, 2], [1, 3], [3.01, 4]]), [[0, 4], [5, 6]]);
});

test("empty and turned ranges are none", () => {
  assert.deepEqual(union([[2, 2], [4, 3]]), []);
});

test("what is seen twice is covered once", () => {
  assert.equal(covered([[0, 10], [5, 12]]), 12);
});

test("a seek is not played", () => {
  const played = new Played();
  for (const position of [0, 0.25, 0.5, 60, 60.25]) played.play(position);
  assert.deepEqual(played.take(), [[0, 0.5], [60, 60.25]]);
});

test("after a stop the next look begins anew", () => {
  const played = new Played();
  played.play(1);
  played.stop();
  played.play(2);
  assert.deepEqual(played.take(), []);
});

test("what was taken is not told again", () => {
  const played = new Played();
  played.play(0);
  played.play(1);
  played.take();
  played.play(2);
  assert.deepEqual(played.take(), [[1, 2]]);
});
