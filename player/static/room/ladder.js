// Which way media should come: a pure function from what was seen to the rung. Times in milliseconds.
//
// webrtc is the direct way, by UDP, TCP or a relay, as the browser finds; stream is LL-HLS; stills is
// the voice alone with a picture now and then. Down when a rung fails, up when the next one has
// shown for a while that it works; after each climb that did not last, patience doubles.

export const RUNGS = ["webrtc", "stream", "stills"];
export const CHOICES = ["auto", "direct", "stream", "stills"];

const CONNECT_MS = 3500; // without a connection
const SILENT_MS = 3000; // without a packet of what should come
const FROZEN_MS = 4000; // with packets of pictures and none that can be decoded
const LOSSY_MS = 4000;
const MUCH_LOST = 25; // per cent
const LITTLE_LOST = 5;
const WELL_MS = 3000; // media has to flow before the direct way is taken again
const TRY_MS = 8000; // for media to begin to flow well
const STALL_MS = 8000; // of the stream in one piece
const STALLS = 3; // of the stream within
const STALLS_MS = 40_000;
const AMPLE = 1.5; // the heaviest part of the stream came so much faster than it plays
const FIRST_PATIENCE_MS = { webrtc: 3000, stream: 15_000 };
const LONGEST_PATIENCE_MS = 180_000;
const HELD_MS = 45_000; // a rung that held for so long was no mistake

export const START = Object.freeze({
  choice: "auto",
  rung: "webrtc",
  reason: null, // blocked | lost | silent | frozen | loss | stalls | chosen
  isTrying: false, // the direct way is being tried, unseen
  since: 0, // when the rung was taken
  climbedAt: null, // when it was taken from below
  patience: FIRST_PATIENCE_MS, // by the rung to climb to
  tryAt: 0,
  triedSince: null,
  connectingSince: null,
  wellSince: null,
  lossySince: null,
  stalledSince: null,
  stalls: Object.freeze([]), // when the stream stopped
  wasConnected: false,
});

const TOP = { auto: 0, direct: 0, stream: 1, stills: 2 };
const BOTTOM = { auto: 2, direct: 0, stream: 2, stills: 2 };

/**
 * The state after a look. `seen` is {choice, way, expects, silentMs, frozenMs, loss} of the direct way,
 * {stream: off | loading | playing | stalled, speed} of the stream, which loads also while another size
 * comes that somebody asked for, and {quietMs, backMs}: since when the server was not heard over the socket,
 * and since when the socket is there again.
 */
export function step(state, seen, now) {
  const chosen = seen.choice === state.choice ? state : choose(state, seen.choice, now);
  const watched = watch(chosen, seen, now);
  const at = RUNGS.indexOf(watched.rung);
  const fault = at < BOTTOM[watched.choice] ? faultOf(watched, seen, now) : null;
  if (fault) return fall(watched, fault, now);
  return at > TOP[watched.choice] ? climb(watched, seen, now) : { ...watched, isTrying: false };
}

/** Somebody chose: begin at the best rung that this leaves. */
function choose(state, choice, now) {
  const rung = RUNGS[TOP[choice]];
  return { ...START, wasConnected: state.wasConnected, choice, rung, reason: choice === "auto" ? null : "chosen" };
}

/** Since when what holds now has held. */
function watch(state, seen, now) {
  const since = (before, holds) => (holds ? (before ?? now) : null);
  const isConnected = seen.way === "connected";
  const isStalled = seen.stream === "stalled";
  const stalls = seen.stream === "loading" ? [] : state.stalls.filter((at) => now - at < STALLS_MS);
  const held = now - state.since > HELD_MS;
  return {
    ...state,
    connectingSince: since(state.connectingSince, seen.way === "connecting" || seen.way === "blocked"),
    wellSince: since(state.wellSince, isConnected && isWell(seen)),
    lossySince: since(state.lossySince, isConnected && seen.loss > MUCH_LOST),
    stalledSince: since(state.stalledSince, isStalled),
    stalls: isStalled && state.stalledSince === null ? [...stalls, now] : stalls,
    wasConnected: state.wasConnected || isConnected,
    patience: held && state.rung === "webrtc" ? FIRST_PATIENCE_MS : state.patience,
  };
}

function isWell({ expects, silentMs, frozenMs, loss }) {
  return !expects || (silentMs < SILENT_MS / 2 && frozenMs < FROZEN_MS / 2 && loss < LITTLE_LOST);
}

/** Why the present rung does not do; null while it does, or while there is no network at all. */
function faultOf(state, seen, now) {
  const lasted = (ms) => Math.min(ms, seen.backMs);
  const isUp = (ms) => seen.quietMs < ms; // the server was heard meanwhile: it is not the network
  if (state.rung === "stream") {
    const stalledMs = state.stalledSince === null ? 0 : now - state.stalledSince;
    const stops = stalledMs >= STALL_MS || state.stalls.length >= STALLS;
    return stops && isUp(STALL_MS) ? "stalls" : null;
  }
  const connectingMs = state.connectingSince === null ? 0 : lasted(now - state.connectingSince);
  if (connectingMs >= CONNECT_MS && isUp(connectingMs)) return state.wasConnected ? "lost" : "blocked";
  if (seen.way !== "connected" || !seen.expects) return null;
  if (lasted(seen.silentMs) >= SILENT_MS && isUp(seen.silentMs)) return "silent";
  if (lasted(seen.frozenMs) >= FROZEN_MS) return "frozen";
  return state.lossySince !== null && now - state.lossySince >= LOSSY_MS ? "loss" : null;
}

/** One rung down. A rung that was taken lately and failed is not soon taken again. */
function fall(state, reason, now) {
  const patience = { ...state.patience };
  const wasTooEarly = state.climbedAt !== null && now - state.climbedAt < HELD_MS;
  if (wasTooEarly) patience[state.rung] = Math.min(2 * patience[state.rung], LONGEST_PATIENCE_MS);
  return {
    ...state,
    rung: RUNGS[RUNGS.indexOf(state.rung) + 1],
    reason,
    since: now,
    patience,
    climbedAt: null,
    tryAt: state.rung === "webrtc" ? nextTry(reason, wasTooEarly, now, patience.webrtc) : state.tryAt,
    isTrying: false,
    triedSince: null,
    wellSince: null,
    lossySince: null,
    stalledSince: null,
    stalls: [],
  };
}

/** After a connection broke off, a new one is news enough. */
function nextTry(reason, wasTooEarly, now, patience) {
  const isAbrupt = reason === "lost" || reason === "blocked";
  return isAbrupt && !wasTooEarly ? now : now + patience;
}

function climb(state, seen, now) {
  if (TOP[state.choice] === 0) {
    const tried = attempt(state, seen, now);
    if (tried.isTrying && tried.wellSince !== null && now - tried.wellSince >= WELL_MS) return take(tried, "webrtc", now);
    if (tried.rung === "stills") return toStream(tried, seen, now);
    return tried;
  }
  return state.rung === "stills" ? toStream(state, seen, now) : state;
}

/** Try the direct way, unseen, as soon as there is a connection; give up after a while. */
function attempt(state, seen, now) {
  const isOpen = seen.way === "connected" && now >= state.tryAt;
  if (!isOpen) return { ...state, isTrying: false, triedSince: null, wellSince: null };
  const triedSince = state.triedSince ?? now;
  const begun = state.isTrying ? state.wellSince : null; // what came unseen before proves nothing
  if (now - triedSince < TRY_MS || begun !== null) return { ...state, isTrying: true, triedSince, wellSince: begun };
  const webrtc = Math.min(2 * state.patience.webrtc, LONGEST_PATIENCE_MS);
  return { ...state, isTrying: false, triedSince: null, patience: { ...state.patience, webrtc }, tryAt: now + webrtc };
}

function toStream(state, { speed }, now) {
  const isDue = now - state.since >= state.patience.stream;
  return isDue && speed >= AMPLE ? take(state, "stream", now) : state;
}

function take(state, rung, now) {
  const reason = rung === RUNGS[TOP[state.choice]] ? (state.choice === "auto" ? null : "chosen") : state.reason;
  return { ...state, rung, reason, since: now, climbedAt: now, isTrying: false, triedSince: null, wellSince: null, lossySince: null };
}
