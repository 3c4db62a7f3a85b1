import assert from "node:assert/strict";
import test from "node:test";

globalThis.ResizeObserver = globalThis.IntersectionObserver = class {};
const { differ } = await import("../../../player/static/room/view.js");

test("a picture that appears or goes is told", () => {
  assert.ok(differ({}, { a: 100 }));
  assert.ok(differ({ a: 100 }, {}));
});

test("a few pixels are not", () => {
  assert.ok(!differ({ a: 500 }, { a: 540 }));
  assert.ok(differ({ a: 500 }, { a: 560 }));
  assert.ok(differ({ a: 560 }, { a: 500 }));
});

test("nothing remains nothing", () => {
  assert.ok(!differ({}, {}));
});
