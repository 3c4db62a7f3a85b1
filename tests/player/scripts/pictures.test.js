import assert from "node:assert/strict";
import { test } from "node:test";
import { codecOf, newestPicture } from "../../../player/static/room/pictures.js";

const PLAYLIST = `#EXTM3U
#EXT-X-MAP:URI="programme/init-0.mp4"
#EXTINF:2.0,
programme/6.m4s
#EXT-X-PART:DURATION=0.28,URI="programme/7.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.28,URI="programme/7.1.m4s"
#EXTINF:2.0,
programme/7.m4s
#EXT-X-MAP:URI="programme/init-1.mp4"
#EXT-X-PART:DURATION=0.3,URI="programme/8.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.28,URI="programme/8.1.m4s"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="programme/8.2.m4s"
`;

test("the newest part that begins with a keyframe, and the initialization that it needs", () => {
  assert.deepEqual(newestPicture(PLAYLIST), { init: "programme/init-1.mp4", part: "programme/8.0.m4s", seconds: 0.3 });
});

test("a playlist without parts has no picture", () => {
  assert.equal(newestPicture("#EXTM3U\n"), null);
});

test("the codec is read where H.264 says it", () => {
  const box = [0, 0, 0, 15, ...new TextEncoder().encode("avcC"), 1, 0x42, 0xe0, 0x1f];
  assert.equal(codecOf(Uint8Array.from(box).buffer), "avc1.42e01f");
  assert.equal(codecOf(new ArrayBuffer(8)), null);
});
