// What a person will get in the room, out of what the hops found. Pure: the words are elsewhere.

/** The ladder of the room, from the best way to the worst. */
export const LADDER = ["direct", "tcp", "relay", "stream", "stills", "none"];

/** In the order in which they are tried; each has a state ok | warning | failing | skipped. */
export const HOPS = ["server", "socket", "browser", "udp", "tcp", "relay", "quality", "stream"];

const WAYS = [
  ["udp", "direct"],
  ["tcp", "tcp"],
  ["relay", "relay"],
];
const STREAM_BPS = 700_000; // the smallest picture of the stream, with the sound and a reserve
const PICTURE_BPS = 250_000; // below it a direct line carries the voice alone
const WORST_LOSS_PERCENT = 25;

/**
 * `found` maps hops to {state, ...figures}. The answer: the rung of the ladder, the hop that
 * is to blame for its not being the first, or null, and how serious that is.
 */
export function verdictOf(found) {
  const rung = rungOf(found);
  const failing = HOPS.find((hop) => isToBlame(hop, found, rung)) ?? null;
  return { rung, failing, state: stateOf(rung, failing) };
}

/** The way of media that works, or null. */
export function wayOf(found) {
  const works = WAYS.find(([hop]) => found[hop]?.state === "ok");
  return works ? works[1] : null;
}

/** The state of a line with these figures. */
export function gradeOf(line) {
  const loss = Math.max(line.lossUp, line.lossDown);
  if (loss > WORST_LOSS_PERCENT || line.downBps < PICTURE_BPS) return "failing";
  if (loss > 3 || line.downBps < 900_000 || line.roundTripMs > 300 || line.jitterMs > 50) return "warning";
  return "ok";
}

function rungOf(found) {
  if (found.server?.state === "failing") return "none";
  const way = wayOf(found);
  const isOpen = found.socket?.state !== "failing"; // the room itself; the stream needs no socket
  if (way && isOpen) return found.quality?.state === "failing" ? "stills" : way;
  if (found.stream?.state === "failing") return "none";
  return (found.stream?.bps ?? Infinity) >= STREAM_BPS ? "stream" : "stills";
}

function isToBlame(hop, found, rung) {
  const state = found[hop]?.state;
  if (state !== "failing") return state === "warning" && (hop === "quality" || hop === "server");
  if (hop === "tcp" || hop === "relay") return LADDER.indexOf(rung) > LADDER.indexOf(hop);
  return true;
}

/** Whatever lets one follow the lecture is not a failure. */
function stateOf(rung, failing) {
  if (rung === "none") return "failing";
  return rung === "direct" && !failing ? "ok" : "warning";
}
