// What is cut of a recording.
import assert from "node:assert/strict";
import { test } from "node:test";
import { endOfCut, left, withCut } from "../../../player/static/edit/cuts.js";

const cut = (starts_ms, ends_ms) => ({ starts_ms, ends_ms });

test("cuts that touch become one, others stay in order", () => {
  const cuts = [cut(1, 2), cut(5, 6), cut(9, 12)];
  assert.deepEqual(withCut(cuts, cut(6, 10)), [cut(1, 2), cut(5, 12)]);
  assert.deepEqual(withCut(cuts, cut(3, 4)), [cut(1, 2), cut(3, 4), cut(5, 6), cut(9, 12)]);
  assert.equal(withCut(cuts, cut(8, 8)), cuts);
});

test("a moment within a cut has its end", () => {
  assert.equal(endOfCut([cut(5, 6)], 5), 6);
  assert.equal(endOfCut([cut(5, 6)], 6), null);
});

test("a pause that is cut is not counted twice", () => {
  assert.equal(left(100, [cut(10, 30)], [cut(20, 40)]), 70);
});
