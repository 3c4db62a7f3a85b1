import assert from "node:assert/strict";
import { test } from "node:test";
import { Freezes, Telling, largest } from "../../../player/static/room/telling.js";

const report = (more = {}) => ({ way: "udp", width: 1280, height: 720, freezes: 0, frozenMs: 0, ...more });

test("only what is new is told, and not more often than every five seconds", () => {
  const telling = new Telling();
  assert.equal(telling.next(report(), 0).way, "udp");
  assert.equal(telling.next(report(), 9000), null);
  assert.equal(telling.next(report({ freezes: 1 }), 10_000).freezes, 1);
  assert.equal(telling.next(report({ freezes: 2 }), 12_000), null);
  assert.equal(telling.next(report({ freezes: 2 }), 15_000).freezes, 2);
});

test("a new seat is told everything", () => {
  const telling = new Telling();
  telling.next(report(), 0);
  telling.repeat();
  assert.ok(telling.next(report(), 6000));
});

test("freezes add up over connections and stops of the stream", () => {
  const freezes = new Freezes();
  freezes.look({ a: { freezes: 2, frozenMs: 700 } }, false, 1000);
  freezes.look({ a: { freezes: 3, frozenMs: 900 } }, false, 1000);
  freezes.look({ a: { freezes: 0, frozenMs: 0 } }, false, 1000);
  freezes.look({ a: { freezes: 1, frozenMs: 100 } }, true, 1000);
  freezes.look({}, true, 1000);
  assert.deepEqual([freezes.count, freezes.ms], [5, 3000]);
});

test("the largest picture stands for all", () => {
  const picture = (width, height) => ({ kind: "video", width, height });
  assert.equal(largest({ a: picture(320, 180), b: picture(1280, 720), c: { kind: "audio" } }).height, 720);
  assert.deepEqual(largest({}), { width: 0, height: 0 });
});
