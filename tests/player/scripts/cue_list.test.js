// Captions while they are edited.
import assert from "node:assert/strict";
import { test } from "node:test";
import { added, fault, indexAt, joined, ordered, shifted, split, timeOf, timeText } from "../../../player/static/edit/cue_list.js";

const cue = (begin_ms, end_ms, text = "words") => ({ begin_ms, end_ms, text });
const CUES = [cue(1000, 3000, "light and waves"), cue(3000, 5000, "of water"), cue(9000, 9900)];

test("a cue is split at the caret, where it is said if it is said now", () => {
  assert.deepEqual(split(CUES, 0, 6, 0).slice(0, 2), [cue(1000, 1800, "light"), cue(1800, 3000, "and waves")]);
  assert.deepEqual(split(CUES, 0, 6, 2500)[0], cue(1000, 2500, "light"));
});

test("a cue and the next one become one, the last stays alone", () => {
  assert.deepEqual(joined(CUES, 0)[0], cue(1000, 5000, "light and waves\nof water"));
  assert.equal(joined(CUES, 2), CUES);
});

test("what is added ends before the next one begins, and lies in order", () => {
  const { cues, index } = added(CUES, 7000, 60_000);
  assert.equal(index, 2);
  assert.deepEqual(cues[2], cue(7000, 9000, ""));
  assert.equal(added(CUES, 59_000, 60_000).cues[3].end_ms, 60_000);
});

test("a shift moves all and none before the beginning", () => {
  assert.deepEqual(shifted(CUES, -1500)[0], cue(0, 1500, "light and waves"));
  assert.deepEqual(shifted(CUES, 250)[2], cue(9250, 10_150));
});

test("a cue that was moved is found again", () => {
  const { cues, index } = ordered([cue(8000, 8500), ...CUES], 0);
  assert.deepEqual([index, cues[2].begin_ms], [2, 8000]);
  assert.equal(indexAt(CUES, 4000), 1);
  assert.equal(indexAt(CUES, 10), -1);
});

test("faults are named at their cue", () => {
  const of = (...cues) => fault(cues, 0, 10_000);
  assert.equal(of(cue(2000, 2000)), "order");
  assert.equal(of(cue(10_000, 11_000)), "late");
  assert.equal(of(cue(0, 1000, " \n")), "empty");
  assert.equal(of(cue(0, 1000, "x".repeat(1001))), "long");
  assert.equal(of(cue(NaN, 1000)), "time");
  assert.equal(of(cue(0, 1000), cue(900, 2000)), "overlaps");
  assert.equal(of(cue(0, 1000), cue(1000, 2000)), null);
});

test("times are read as people write them", () => {
  assert.deepEqual(["1:02:03.4", "2:03,45", "123.4", "7"].map(timeOf), [3_723_400, 123_450, 123_400, 7000]);
  assert.ok(["", "a", "1:2:3:4", "-1"].every((text) => Number.isNaN(timeOf(text))));
  assert.deepEqual([0, 61_005, 3_723_400].map(timeText), ["0:00.000", "1:01.005", "1:02:03.400"]);
  assert.equal(timeOf(timeText(3_723_400)), 3_723_400);
});
