import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, newest, phase, shares } from "../../../player/static/room/poll_state.js";
import { EMPTY, reduce } from "../../../player/static/room/state.js";

const POLL = { id: "p", question: { text: "Clear?", choices: ["Yes", "No"], right: [] }, is_open: true, is_shown: false, answered: null, counts: null };

test("an answer is on its way until it is kept, and stays so when another is", () => {
  const asked = reduce(EMPTY, { type: "poll", poll: POLL });
  const chosen = choose(asked, { poll: "p", key: "k", choices: [0] });
  const other = reduce(chosen, { type: "poll_answered", poll: "p", key: "from a phone", choices: [1] });
  assert.equal(other.answering.key, "k");
  const kept = reduce(other, { type: "poll_answered", poll: "p", key: "k", choices: [0] });
  assert.deepEqual([kept.answers, kept.answering], [{ p: [0] }, null]);
});

test("a refused answer is no longer on its way", () => {
  const chosen = choose(EMPTY, { poll: "p", key: "k", choices: [0] });
  assert.equal(reduce(chosen, { type: "refused", about: "else" }).answering.key, "k");
  assert.equal(reduce(chosen, { type: "refused", about: "k" }).answering, null);
});

test("the newest state of a poll stands in its place", () => {
  const first = reduce(EMPTY, { type: "poll", poll: POLL });
  const second = reduce(first, { type: "poll", poll: { ...POLL, id: "q" } });
  const shown = reduce(second, { type: "poll", poll: { ...POLL, is_open: false, is_shown: true, answered: 3, counts: [1, 2] } });
  assert.equal(newest(shown).id, "q");
  assert.deepEqual([phase(shown.polls.get("p")), phase(newest(shown))], ["shown", "open"]);
  assert.deepEqual(shares(shown.polls.get("p")), [33, 67]);
  assert.deepEqual(shares({ answered: 0, counts: [0, 0] }), [0, 0]);
});

test("new votes stand beside those that are known", () => {
  const votes = (name, choices) => ({ type: "poll_votes", poll: "p", votes: [{ person: name, name, choices }] });
  const both = [votes("a", [0]), votes("b", [1]), votes("a", [1])].reduce(reduce1, EMPTY);
  assert.deepEqual([...both.votes.get("p").values()].map((vote) => vote.choices), [[1], [1]]);
});

const reduce1 = (state, message) => reduce(state, message);
