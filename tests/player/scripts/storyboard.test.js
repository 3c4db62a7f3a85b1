// The small pictures over the seek bar.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pictureAt, readStoryboard } from "../../../player/static/watch/storyboard.js";

const VTT = `WEBVTT

00:00:00.000 --> 00:00:05.000
storyboard.jpg#xywh=0,0,160,90

00:00:05.000 --> 01:00:00.500
storyboard.jpg#xywh=160,0,160,90
`;

test("each moment has its part of the sheet", () => {
  const pictures = readStoryboard(VTT);
  assert.equal(pictures.length, 2);
  assert.deepEqual(pictureAt(pictures, 4.9), { from: 0, sheet: "storyboard.jpg", x: 0, y: 0, width: 160, height: 90 });
  assert.equal(pictureAt(pictures, 3000).x, 160);
});

test("what is no storyboard has no pictures", () => {
  assert.deepEqual(readStoryboard("<html>storyboard.jpg</html>"), []);
  assert.equal(pictureAt([], 1), undefined);
});
