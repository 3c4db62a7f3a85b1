// The voice as stripes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { stripes } from "../../../player/static/edit/waveform.js";

test("each stripe is the loudest of its peaks, by the loudest of all", () => {
  assert.deepEqual(stripes(new Uint8Array([50, 100, 0, 0, 200, 0, 0, 0]), 2, 4), [0.5, 0, 1, 0]);
});

test("a wide canvas shows a peak more than once, and silence past the end", () => {
  assert.deepEqual(stripes(new Uint8Array([100, 50]), 1, 4), [1, 0.5, 0, 0]);
});

test("what is nearly silent is not drawn as loud", () => {
  assert.deepEqual(stripes(new Uint8Array([3]), 0.25, 1), [3 / 32]);
});
