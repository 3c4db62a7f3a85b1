// Slides that are proposed as chapters.
import assert from "node:assert/strict";
import { test } from "node:test";
import { proposed } from "../../../player/static/edit/proposals.js";

const usual = { chapters: [], cuts: [], dismissed_ms: [] };

test("a slide that is a chapter, was refused or is cut is not proposed", () => {
  const slides = [0, 10_000, 20_000, 30_000, 99_000];
  assert.deepEqual(proposed(slides, usual, 60_000), [0, 10_000, 20_000, 30_000]);
  assert.deepEqual(proposed(slides, { ...usual, chapters: [{ at_ms: 10_900, title: "x" }] }, 60_000), [0, 20_000, 30_000]);
  assert.deepEqual(proposed(slides, { ...usual, dismissed_ms: [0] }, 60_000), [10_000, 20_000, 30_000]);
  assert.deepEqual(proposed(slides, { ...usual, cuts: [{ starts_ms: 20_000, ends_ms: 31_000 }] }, 60_000), [0, 10_000]);
});
