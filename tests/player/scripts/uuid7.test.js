import assert from "node:assert/strict";
import { test } from "node:test";
import { uuid7 } from "../../../player/static/uuid7.js";

test("the example of RFC 9562, A.6, comes out", () => {
  const random = Uint8Array.from("000000000000 7cc3 98c4 dc0c0c07398f".replaceAll(" ", "").match(/../g), (hex) => parseInt(hex, 16));
  assert.equal(uuid7(0x017f22e279b0, () => random), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
});

test("later ids sort behind earlier ones", () => {
  assert.ok(uuid7(1_800_000_000_000) < uuid7(1_800_000_000_001));
});

test("the version and the variant are right", () => {
  assert.match(uuid7(), /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});
