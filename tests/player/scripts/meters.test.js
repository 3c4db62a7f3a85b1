import assert from "node:assert/strict";
import { test } from "node:test";
import { loudness } from "../../../player/static/room/meters.js";

test("silence is nothing and a full tone is everything", () => {
  assert.equal(loudness(new Float32Array(512)), 0);
  assert.equal(loudness(Float32Array.from({ length: 512 }, (_, at) => Math.sin(at / 3))), 1);
});
