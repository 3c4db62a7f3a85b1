import assert from "node:assert/strict";
import { test } from "node:test";
import { between, look } from "../../../player/static/check/line.js";
import { lineOf, reportOf } from "../../../player/static/check/report.js";
import { gradeOf, verdictOf } from "../../../player/static/check/verdict.js";

const GOOD = Object.fromEntries(
  ["server", "socket", "browser", "udp", "tcp", "relay", "quality", "stream"].map((hop) => [hop, { state: "ok" }]),
);
const LINE = { upBps: 2e6, downBps: 2e6, lossUp: 0, lossDown: 0, jitterMs: 3, roundTripMs: 20 };

function verdict(states) {
  const found = { ...GOOD };
  for (const [hop, state] of Object.entries(states)) found[hop] = typeof state === "string" ? { state } : state;
  const { rung, failing, state } = verdictOf(found);
  return [rung, failing, state];
}

test("when all is well nobody is to blame", () => {
  assert.deepEqual(verdict({}), ["direct", null, "ok"]);
});

test("without UDP the next way that works is taken, and UDP is named", () => {
  assert.deepEqual(verdict({ udp: "failing" }), ["tcp", "udp", "warning"]);
  assert.deepEqual(verdict({ udp: "failing", tcp: "failing" }), ["relay", "udp", "warning"]);
  assert.deepEqual(verdict({ udp: "failing", tcp: "skipped", relay: "skipped", quality: "skipped" }), ["stream", "udp", "warning"]);
});

test("a detour that is not needed is not to blame", () => {
  assert.deepEqual(verdict({ tcp: "failing", relay: "failing" }), ["direct", null, "ok"]);
});

test("a poor line carries the voice, and a fair one is told", () => {
  assert.deepEqual(verdict({ quality: "failing" }), ["stills", "quality", "warning"]);
  assert.deepEqual(verdict({ quality: "warning" }), ["direct", "quality", "warning"]);
});

test("without a WebSocket there is the stream, and without a stream nothing", () => {
  assert.deepEqual(verdict({ socket: "failing" }), ["stream", "socket", "warning"]);
  assert.deepEqual(verdict({ socket: "failing", stream: "failing" }), ["none", "socket", "failing"]);
  assert.deepEqual(verdict({ server: "failing" }), ["none", "server", "failing"]);
});

test("a slow stream is sound and stills", () => {
  assert.equal(verdict({ socket: "failing", stream: { state: "ok", bps: 100_000 } })[0], "stills");
});

test("a clock that is off is told, though the lecture works", () => {
  assert.deepEqual(verdict({ server: "warning" }), ["direct", "server", "warning"]);
});

test("a line is graded by its worst figure", () => {
  assert.equal(gradeOf(LINE), "ok");
  assert.equal(gradeOf({ ...LINE, lossUp: 5 }), "warning");
  assert.equal(gradeOf({ ...LINE, roundTripMs: 700 }), "warning");
  assert.equal(gradeOf({ ...LINE, downBps: 500_000 }), "warning");
  assert.equal(gradeOf({ ...LINE, downBps: 90_000 }), "failing");
  assert.equal(gradeOf({ ...LINE, lossDown: 40 }), "failing");
});

test("what lay between two looks is counted", () => {
  const at = (packetsReceived, packetsLost, bytes) =>
    look(
      new Map([
        ["i", { type: "inbound-rtp", kind: "audio", packetsReceived, packetsLost, bytesReceived: bytes, jitter: 0.004 }],
        ["o", { type: "outbound-rtp", bytesSent: bytes }],
        ["p", { type: "candidate-pair", nominated: true, currentRoundTripTime: 0.02 }],
      ]),
    );
  const line = between(at(100, 50, 0), at(190, 60, 1_000_000), 4);
  assert.deepEqual(
    [line.lossDown, line.downBps, line.upBps, line.jitterMs, line.roundTripMs],
    [10, 2_000_000, 2_000_000, 4, 20],
  );
});

test("the report is one line a hop and names nobody", () => {
  const found = { ...GOOD, udp: { state: "failing", connectMs: null, targets: ["198.51.100.7:8081"], reason: "no way" } };
  assert.equal(lineOf("udp", found.udp), 'udp failing targets=198.51.100.7:8081 reason="no way"');
  const lines = reportOf(found, verdictOf(found), { at: "now", address: "https://x", agent: "A" }).split("\n");
  assert.deepEqual([lines.length, lines[1]], [11, "way: tcp, because of udp"]);
});
