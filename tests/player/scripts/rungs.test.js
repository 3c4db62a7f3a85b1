// Which sizes there are, and which one a choice means.
import assert from "node:assert/strict";
import { test } from "node:test";
import { levelOf, meaning, rungsOf } from "../../../player/static/watch/rungs.js";

const PLAYLIST = `#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=1700000,AVERAGE-BANDWIDTH=1400000,CODECS="avc1.42c01f,opus",RESOLUTION=1280x720,AUDIO="voice"
programme.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=200000,AVERAGE-BANDWIDTH=150000,CODECS="avc1.42c00c,opus",RESOLUTION=320x180,AUDIO="voice"
programme-low.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=1800000,AVERAGE-BANDWIDTH=1500000,CODECS="avc1.42c01f,mp4a.40.2",RESOLUTION=1280x720,AUDIO="aac"
programme.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=40000,AVERAGE-BANDWIDTH=32000,CODECS="opus",AUDIO="voice"
voice.m3u8
`;
const HEIGHTS = [720, 360, 180];

test("each height is listed once, the largest first, and what the sound takes", () => {
  assert.deepEqual(rungsOf(PLAYLIST), {
    heights: [{ height: 720, bps: 1_400_000 }, { height: 180, bps: 150_000 }],
    sound: 32_000,
  });
  assert.deepEqual(rungsOf("#EXTM3U\n"), { heights: [], sound: null });
});

test("a height that is not there means the next smaller one", () => {
  const of = (choice, heights) => meaning({ choice, spares: false }, heights).height;
  assert.equal(of(360, HEIGHTS), 360);
  assert.equal(of(500, HEIGHTS), 360);
  assert.equal(of(144, HEIGHTS), 180);
  assert.equal(of(360, []), null);
});

test("the data saver takes the smallest picture, and where there is but one the sound", () => {
  const spares = { choice: "auto", spares: true };
  assert.deepEqual(meaning(spares, HEIGHTS), { isSound: false, height: null, cap: 180 });
  assert.deepEqual(meaning(spares, [720]), { isSound: true, height: null, cap: null });
  assert.deepEqual(meaning({ choice: "auto", spares: false }, HEIGHTS), { isSound: false, height: null, cap: null });
  assert.equal(meaning({ choice: "sound", spares: false }, HEIGHTS).isSound, true);
});

test("of two levels of one height that with the sound that plays is taken", () => {
  const levels = [
    { height: 180, audioCodec: "opus" },
    { height: 180, audioCodec: "mp4a.40.2" },
    { height: 720, audioCodec: "opus" },
  ];
  assert.equal(levelOf(levels, 180, "mp4a.40.2"), 1);
  assert.equal(levelOf(levels, 720, "mp4a.40.2"), 2);
  assert.equal(levelOf(levels, 360, "opus"), -1);
});
