import assert from "node:assert/strict";
import { test } from "node:test";
import { Flow } from "../../../player/static/room/flow.js";

const stats = (heard, tracks) => ({ heard, tracks });
const video = (packets, framesDecoded, lost = 0) => ({ kind: "video", packets, framesDecoded, lost });
const audio = (packets, lost = 0) => ({ kind: "audio", packets, lost });

test("what comes is not silent, and silence is counted from the last packet", () => {
  const flow = new Flow();
  flow.look(stats(10, { v: video(10, 1) }), ["v"], 1000);
  assert.equal(flow.look(stats(20, { v: video(20, 2) }), ["v"], 2000).silentMs, 0);
  assert.equal(flow.look(stats(20, { v: video(20, 2) }), ["v"], 4000).silentMs, 2000);
  assert.equal(flow.look(stats(20, { v: video(20, 2) }), ["v"], 4000).lineMs, 2000);
});

test("a line that answers is alive although no media comes", () => {
  const flow = new Flow();
  flow.look(stats(10, { v: video(10, 1) }), ["v"], 1000);
  const seen = flow.look(stats(11, { v: video(10, 1) }), ["v"], 4000);
  assert.deepEqual([seen.silentMs, seen.lineMs], [3000, 0]);
});

test("one of several tracks is enough, others may be held back", () => {
  const flow = new Flow();
  flow.look(stats(1, { a: audio(1), v: video(1, 1) }), ["a", "v"], 1000);
  assert.equal(flow.look(stats(2, { a: audio(2), v: video(1, 1) }), ["a", "v"], 5000).silentMs, 0);
});

test("packets without frames are a frozen picture; no packets are not", () => {
  const flow = new Flow();
  flow.look(stats(1, { v: video(1, 1) }), ["v"], 1000);
  assert.equal(flow.look(stats(2, { v: video(50, 1) }), ["v"], 4000).frozenMs, 3000);
  assert.equal(flow.look(stats(3, { v: video(50, 1) }), ["v"], 5000).frozenMs, 0);
});

test("a track that is expected anew gets its time", () => {
  const flow = new Flow();
  flow.look(stats(1, {}), [], 1000);
  assert.equal(flow.look(stats(2, {}), ["v"], 9000).silentMs, 0);
  assert.equal(flow.look(stats(3, {}), ["v"], 10_000).silentMs, 1000);
});

test("loss is that since the last look", () => {
  const flow = new Flow();
  flow.look(stats(1, { a: audio(100, 50) }), ["a"], 1000);
  assert.equal(flow.look(stats(2, { a: audio(160, 90) }), ["a"], 2000).loss, 40);
});
