import assert from "node:assert/strict";
import { test } from "node:test";
import { dateFormat } from "../../../player/static/dates.js";

const late = new Date("2026-11-27T20:30:00Z"); // the next morning in Almaty
const TIME = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: "Asia/Almaty" };

test("Kazakh has its words and its order, whatever the browser knows", () => {
  const short = dateFormat("kk", { weekday: "short", day: "numeric", month: "short", ...TIME });
  assert.equal(short(late), "28 қар., сб, 01:30");
  const whole = dateFormat("kk", { day: "numeric", month: "long", year: "numeric", ...TIME });
  assert.equal(whole(late), "2026 ж. 28 қараша, 01:30");
  const day = dateFormat("kk", { day: "numeric", month: "short", timeZone: "UTC" });
  assert.equal(day(late), "27 қар.");
  const sunday = dateFormat("kk", { weekday: "long", day: "numeric", month: "long", timeZone: "UTC" });
  assert.equal(sunday(new Date("2026-03-01T00:00Z")), "1 наурыз, жексенбі");
});

test("English puts the day before the month, as the pages do", () => {
  const short = dateFormat("en", { day: "numeric", month: "short", timeZone: "UTC" });
  assert.equal(short(late), "27 Nov");
});
