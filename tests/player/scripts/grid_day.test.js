// The grid's programmes: moved, trimmed, snapped, sent, taken back.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as day from "../../../player/static/grid/day.js";

const NINE = Date.parse("2026-09-07T09:00:00Z");
const DAY = { since: NINE - 9 * day.HOUR, until: NINE + 15 * day.HOUR, now: NINE - 8 * day.HOUR };

function programme(key, starts, minutes, more = {}) {
  const times = { starts_at: new Date(starts).toISOString(), ends_at: new Date(starts + minutes * day.MINUTE).toISOString() };
  const said = { key, title: { en: key }, description: {}, floating: false, source: { slate: true }, rights_from: null, rights_until: null };
  return day.fromAnswer({ ...said, ...times, state: "ready", media_seconds: null, ...more });
}

test("a programme that moves keeps its length and stays in its day", () => {
  const one = programme("a", NINE, 45);
  const moved = day.movedTo(one, NINE + day.HOUR, DAY);
  assert.deepEqual([moved.starts, moved.ends - moved.starts], [NINE + day.HOUR, 45 * day.MINUTE]);
  assert.equal(day.movedTo(one, DAY.until + day.HOUR, DAY).starts, DAY.until - day.SECOND);
  assert.ok(day.movedTo(one, DAY.since, DAY).starts > DAY.now + 10 * day.SECOND);
});

test("an edge goes no further than the media", () => {
  const one = programme("a", NINE, 10, { media_seconds: 900 });
  assert.equal(day.trimmedTo(one, "end", NINE + day.HOUR, DAY).ends, NINE + 15 * day.MINUTE);
  assert.equal(day.trimmedTo(one, "start", NINE - day.HOUR, DAY).starts, NINE - 5 * day.MINUTE);
  assert.equal(day.trimmedTo(one, "end", NINE - day.HOUR, DAY).ends, NINE + day.SECOND);
});

test("what has begun, or began the day before, is fixed; what is new is not", () => {
  assert.ok(day.isFixed(programme("a", DAY.now + 5 * day.SECOND, 45), DAY));
  assert.ok(day.isFixed(programme("a", DAY.since - day.MINUTE, 45), { ...DAY, now: DAY.since - day.HOUR }));
  assert.ok(!day.isFixed(programme("a", NINE, 45), DAY));
  assert.ok(!day.isFixed({ ...programme("a", DAY.now, 45), kept: undefined }, DAY));
});

test("what is not changed is sent as it came, to the microsecond", () => {
  const one = programme("a", NINE, 45, { starts_at: "2026-09-07T09:00:00.000123Z" });
  assert.equal(day.forPush(one).starts_at, "2026-09-07T09:00:00.000123Z");
  assert.equal(day.forPush(day.movedTo(one, NINE + day.MINUTE, DAY)).starts_at, "2026-09-07T09:01:00.000Z");
});

test("what began the day before is not sent, what moved within the day is", () => {
  const early = programme("early", DAY.since - day.MINUTE, 45);
  const late = day.movedTo(programme("late", NINE, 45), NINE + day.HOUR, DAY);
  assert.deepEqual(day.pushOf([early, late], DAY).programmes.map(({ key }) => key), ["late"]);
});

test("empty texts are not sent", () => {
  const one = { ...programme("a", NINE, 45), title: { en: "A", kk: " " }, rights_until: "2026-09-08T00:00:00Z" };
  assert.deepEqual(day.forPush(one).title, { en: "A" });
  assert.equal(day.forPush(one).rights_until, "2026-09-08T00:00:00Z");
});

test("a dragged edge snaps to its neighbours, else to the minute", () => {
  const edges = [NINE + 1234];
  assert.equal(day.snapped(NINE + 2 * day.SECOND, edges, 5 * day.SECOND), NINE + 1234);
  assert.equal(day.snapped(NINE + 20 * day.SECOND, edges, 5 * day.SECOND), NINE);
});

test("seconds beside a moment are before and after it", () => {
  assert.deepEqual([1, -1].map((way) => day.secondBeside(NINE, way) - NINE), [day.SECOND, -day.SECOND]);
  assert.deepEqual([1, -1].map((way) => day.secondBeside(NINE + 1, way) - NINE), [day.SECOND, 0]);
});

test("something new goes into the first gap that holds it", () => {
  const run = [programme("a", NINE, 60), programme("b", NINE + 2 * day.HOUR, 60)];
  assert.equal(day.firstGap(run, NINE, day.HOUR, DAY), NINE + day.HOUR);
  assert.equal(day.firstGap(run, NINE, 2 * day.HOUR, DAY), NINE + 3 * day.HOUR);
});

test("what overlaps stands in a lane of its own", () => {
  const run = [programme("a", NINE, 60), programme("b", NINE + 30 * day.MINUTE, 60), programme("c", NINE + day.HOUR, 60)];
  assert.deepEqual([...day.lanes(run)], [["a", 0], ["b", 1], ["c", 0]]);
});

test("steps are taken back and forth, and a new one forgets those ahead", () => {
  const past = new day.History(0);
  past.do(1);
  past.do(2);
  past.undo();
  assert.equal(past.current, 1);
  past.redo();
  assert.equal(past.current, 2);
  past.undo();
  past.do(3);
  past.redo();
  assert.deepEqual([past.current, past.canUndo, past.canRedo], [3, true, false]);
});

test("changes are counted by programme", () => {
  const run = [programme("a", NINE, 60), programme("b", NINE + 2 * day.HOUR, 60)];
  const changed = [day.movedTo(run[0], NINE + day.MINUTE, DAY), programme("c", NINE, 1)];
  assert.equal(day.difference(run, run), 0);
  assert.equal(day.difference(run, changed), 3);
});
