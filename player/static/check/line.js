// The quality of a line, out of two looks at the statistics of a connection. Pure.

/** Counters of one moment, out of an RTCStatsReport. */
export function look(stats) {
  const seen = { sentBytes: 0, receivedBytes: 0, received: 0, lost: 0, jitterMs: 0, lossUp: 0, roundTripMs: null, frames: 0 };
  for (const one of stats.values()) {
    if (one.type === "outbound-rtp") seen.sentBytes += one.bytesSent;
    if (one.type === "remote-inbound-rtp") seen.lossUp = Math.max(seen.lossUp, 100 * (one.fractionLost ?? 0));
    if (one.type === "inbound-rtp") addInbound(seen, one);
    if (one.type === "candidate-pair" && one.nominated && one.currentRoundTripTime !== undefined) {
      seen.roundTripMs = 1000 * one.currentRoundTripTime;
    }
  }
  return seen;
}

function addInbound(seen, one) {
  seen.receivedBytes += one.bytesReceived;
  seen.received += one.packetsReceived;
  seen.lost += Math.max(0, one.packetsLost);
  seen.frames += one.framesDecoded ?? 0;
  if (one.kind === "audio") seen.jitterMs = 1000 * one.jitter;
}

/** What lay between two looks that many seconds apart. Losses are in per cent. */
export function between(before, after, seconds) {
  const [lost, received] = [after.lost - before.lost, after.received - before.received];
  return {
    upBps: (8 * (after.sentBytes - before.sentBytes)) / seconds,
    downBps: (8 * (after.receivedBytes - before.receivedBytes)) / seconds,
    lossDown: lost + received > 0 ? (100 * Math.max(0, lost)) / (lost + received) : 0,
    lossUp: after.lossUp,
    jitterMs: after.jitterMs,
    roundTripMs: after.roundTripMs,
    frames: after.frames - before.frames,
  };
}
