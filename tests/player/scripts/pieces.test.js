// Which moment is where.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isSentAt, momentAt, pieceAt, positionAt } from "../../../player/static/watch/pieces.js";

const NINE = Date.UTC(2026, 8, 7, 4);
const piece = (start, duration, seconds) => ({ start, duration, programDateTime: NINE + seconds * 1000 });
// Sent for 4 s, away for 10 s, sent for 2 s.
const camera = [piece(0, 2, 0), piece(2, 2, 2), piece(4, 2, 14)];

test("a position has its piece and its moment", () => {
  assert.equal(pieceAt(camera, 3.5), camera[1]);
  assert.equal(pieceAt(camera, -1), undefined);
  assert.equal(momentAt(camera, 5), NINE + 15_000);
  assert.equal(momentAt([], 5), null);
});

test("a moment has its position on the other side of a gap", () => {
  assert.equal(positionAt(camera, NINE + 15_500), 5.5);
  assert.equal(positionAt(camera, NINE - 1), null);
});

test("in a gap the track stays where it stopped, and is not sent", () => {
  assert.equal(positionAt(camera, NINE + 9000), 4);
  assert.deepEqual([3, 9, 14, 17].map((second) => isSentAt(camera, NINE + second * 1000)), [true, false, true, false]);
});
