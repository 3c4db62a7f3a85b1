// The room as this tab knows it: state and message to the next state.
import assert from "node:assert/strict";
import { test } from "node:test";
import { EMPTY, listed, reduce, say, sayAgain, toReceive, unsaid } from "../../../player/static/room/state.js";

const person = (id, more = {}) => ({ id, name: id, role: "student", can_host: false, has_floor: false, presence: "present", ...more });
const line = (id, at, more = {}) => ({ id, at, person: "aliya", name: "Aliya", text: id, ...more });
const welcome = (more = {}) => ({
  type: "welcome",
  seat: "seat",
  me: { person: "aliya", name: "Aliya", can_publish: false, can_host: false, can_moderate: false },
  lecture: { id: "l", title: "Algebra", state: "open" },
  people: [person("aliya"), person("host", { can_host: true })],
  tracks: [],
  chat: [],
  hands: [],
  now: "2026-09-07T04:00:00Z",
  ...more,
});
const inRoom = (more) => reduce(EMPTY, welcome(more), Date.parse("2026-09-07T04:00:00Z"));

test("a welcome is the whole state", () => {
  const room = inRoom({ hands: [{ person: "host", at: "2026-09-07T04:00:00Z" }] });
  assert.deepEqual([...room.people.keys()], ["aliya", "host"]);
  assert.ok(room.hands.has("host"));
  assert.equal(room.lecture.state, "open");
});

test("one's own line is pending until the server shows it", () => {
  const said = say(inRoom(), { id: "1", text: "Сәлем" });
  assert.equal(unsaid(said).length, 1);
  const kept = reduce(said, { type: "chat", ...line("1", "2026-09-07T04:00:01Z") });
  assert.equal(unsaid(kept).length, 0);
  assert.equal(kept.chat.length, 1);
});

test("a line of somebody else goes before one's own pending line", () => {
  const said = say(inRoom(), { id: "mine", text: "…" });
  const heard = reduce(said, { type: "chat", ...line("theirs", "2026-09-07T04:00:01Z") });
  assert.deepEqual(heard.chat.map((one) => one.id), ["theirs", "mine"]);
});

test("what was pending at a drop is still to be said after the new welcome", () => {
  const said = say(say(inRoom(), { id: "1", text: "a" }), { id: "2", text: "b" });
  const back = reduce(said, welcome({ chat: [line("1", "2026-09-07T04:00:01Z")] }));
  assert.deepEqual(unsaid(back).map((one) => one.id), ["2"]);
  assert.deepEqual(back.chat.map((one) => one.id), ["1", "2"]);
});

test("lines older than the welcome's history stay", () => {
  const room = inRoom({ chat: [line("old", "2026-09-07T03:00:00Z")] });
  const back = reduce(room, welcome({ chat: [line("new", "2026-09-07T04:00:00Z")] }));
  assert.deepEqual(back.chat.map((one) => one.id), ["old", "new"]);
});

test("a refused line has failed and can be tried again", () => {
  const failed = reduce(say(inRoom(), { id: "1", text: "a" }), { type: "refused", about: "1", code: "too-many" });
  assert.equal(failed.chat[0].status, "failed");
  assert.equal(unsaid(sayAgain(failed, "1")).length, 1);
});

test("the floor lets one publish, and its end does not", () => {
  const given = reduce(inRoom(), { type: "floor", person: "aliya", given: true });
  assert.ok(given.me.can_publish && given.people.get("aliya").has_floor);
  const taken = reduce(given, { type: "floor", person: "aliya", given: false });
  assert.ok(!taken.me.can_publish);
});

test("who leaves takes their hand along", () => {
  const raised = reduce(inRoom(), { type: "hand", person: "host", raised: true, at: "2026-09-07T04:00:00Z" });
  const left = reduce(raised, { type: "person_left", person: "host" });
  assert.equal(left.hands.size + left.people.size, 1);
});

test("the list begins with raised hands in their order, then the hosts", () => {
  let room = inRoom({ people: ["d", "c", "b", "a"].map((id) => person(id, { can_host: id === "d" })) });
  room = reduce(room, { type: "hand", person: "c", raised: true, at: "2026-09-07T04:00:02Z" });
  room = reduce(room, { type: "hand", person: "b", raised: true, at: "2026-09-07T04:00:03Z" });
  assert.deepEqual(listed(room, "en").map((one) => one.id), ["c", "b", "d", "a"]);
});

test("nobody receives their own voice, nor the picture that this tab sends", () => {
  const tracks = [
    { id: "1", person: "aliya", source: "microphone", kind: "audio" },
    { id: "2", person: "aliya", source: "camera", kind: "video" },
    { id: "3", person: "host", source: "camera", kind: "video" },
  ];
  const ids = (sending) => toReceive(inRoom({ tracks }), new Set(sending)).map((one) => one.id);
  assert.deepEqual(ids(["camera"]), ["3"]);
  assert.deepEqual(ids([]), ["2", "3"]);
});

test("who waits knows the lecture and nobody in it, until a welcome", () => {
  const lecture = { id: "l", title: "Algebra", state: "open" };
  const waiting = reduce(EMPTY, { type: "waiting", lecture, since: "2026-09-07T04:00:00Z" });
  assert.deepEqual([waiting.lecture, waiting.me, waiting.people.size], [lecture, null, 0]);
  assert.equal(reduce(waiting, { type: "state", state: "live" }).lecture.state, "live");
  assert.equal(reduce(waiting, welcome()).me.name, "Aliya");
});

test("of the lists of who waits the newest counts", () => {
  const host = inRoom({ waiting: { is_on: true, count: 1, people: [person("dana")], turned_away: [] } });
  assert.equal(host.waiting.count, 1);
  const none = { type: "waiting_people", is_on: true, count: 0, people: [], turned_away: [] };
  assert.deepEqual(reduce(host, none).waiting, none);
  assert.equal(inRoom().waiting, null);
});

test("a message that is not known changes nothing", () => {
  const room = inRoom();
  assert.equal(reduce(room, { type: "slides" }), room);
});
