// The curve over the seek bar.
import assert from "node:assert/strict";
import { test } from "node:test";
import { heatPath } from "../../../player/static/watch/heat_path.js";

test("the curve begins at the left, ends at the right and closes at the foot", () => {
  assert.equal(heatPath([0, 100]), "M0 100L0 100L25 100C50 100 50 0 75 0L100 0L100 100Z");
  assert.equal(heatPath([50]), "M0 100L0 50L50 50L100 50L100 100Z");
});

test("nothing watched is nothing drawn", () => {
  assert.equal(heatPath([]), "");
});
