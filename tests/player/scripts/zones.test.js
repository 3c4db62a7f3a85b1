import assert from "node:assert/strict";
import { test } from "node:test";
import { moment } from "../../../player/static/zones.js";

const iso = (...when) => moment(...when).toISOString();

test("ten o'clock in Almaty is five in UTC", () => {
  assert.equal(iso("2026-11-24", "10:00", "Asia/Almaty"), "2026-11-24T05:00:00.000Z");
});

test("summer and winter differ where clocks change", () => {
  assert.equal(iso("2026-07-01", "10:00", "Europe/Berlin"), "2026-07-01T08:00:00.000Z");
  assert.equal(iso("2026-12-01", "10:00", "Europe/Berlin"), "2026-12-01T09:00:00.000Z");
});

test("the hours around a change are right on both sides", () => {
  assert.equal(iso("2026-10-25", "01:30", "Europe/Berlin"), "2026-10-24T23:30:00.000Z");
  assert.equal(iso("2026-10-25", "03:30", "Europe/Berlin"), "2026-10-25T02:30:00.000Z");
});

test("midnight is the beginning of its day", () => {
  assert.equal(iso("2026-11-24", "00:00", "Asia/Almaty"), "2026-11-23T19:00:00.000Z");
});

test("no time is no moment", () => {
  assert.equal(moment("2026-11-24", "", "Asia/Almaty"), null);
});
