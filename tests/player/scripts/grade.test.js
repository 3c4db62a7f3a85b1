import assert from "node:assert/strict";
import { test } from "node:test";
import { barsOf, lossBetween } from "../../../player/static/room/grade.js";

test("loss is counted between two looks, not since the beginning", () => {
  const before = { a: { lost: 50, packets: 100 } };
  assert.equal(lossBetween(before, { a: { lost: 50, packets: 200 } }), 0);
  assert.equal(lossBetween(before, { a: { lost: 60, packets: 190 } }), 10);
});

test("nothing received is nothing lost", () => {
  assert.equal(lossBetween({}, {}), 0);
});

test("a long way or many holes cost bars", () => {
  assert.deepEqual([barsOf(30, 0), barsOf(300, 0), barsOf(30, 5), barsOf(30, 20), barsOf(900, 0)], [3, 2, 2, 1, 1]);
});
