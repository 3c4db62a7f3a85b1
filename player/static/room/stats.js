// The statistics of a connection, as the rest of the page wants them.

/** Out of an RTCStatsReport; `mids` tells what each media section carries. */
export function report(stats, mids) {
  const tracks = {};
  const sent = {};
  let heard = 0;
  for (const one of stats.values()) {
    const known = mids.get(one.mid);
    if (one.type === "inbound-rtp" && known?.id) tracks[known.id] = inbound(one, known.info);
    if (one.type === "outbound-rtp" && known?.source) sent[known.source] = outbound(one, sent[known.source]);
    if (one.type === "candidate-pair") heard += (one.bytesReceived ?? 0) + (one.responsesReceived ?? 0);
  }
  const pair = selected(stats);
  const roundTripMs = pair?.currentRoundTripTime === undefined ? null : pair.currentRoundTripTime * 1000;
  return { tracks, sent, roundTripMs, heard, path: pathOf(pair, stats) };
}

/** The candidate pair in use: Chromium and Safari name it, Firefox marks it. */
function selected(stats) {
  const all = [...stats.values()];
  const named = all.find((one) => one.type === "transport" && one.selectedCandidatePairId);
  if (named) return stats.get(named.selectedCandidatePairId) ?? null;
  return all.find((one) => one.type === "candidate-pair" && one.nominated && one.state === "succeeded") ?? null;
}

/** By what packets go: {way: udp | tcp | relay, protocol: udp | tcp | tls}, or null. */
export function pathOf(pair, stats) {
  const local = pair && stats.get(pair.localCandidateId);
  if (!local) return null;
  const isRelayed = local.candidateType === "relay";
  const protocol = (isRelayed && local.relayProtocol) || local.protocol;
  return { way: isRelayed ? "relay" : protocol, protocol };
}

function inbound(one, info) {
  return {
    source: info?.source,
    person: info?.person,
    kind: one.kind,
    bytes: one.bytesReceived,
    packets: one.packetsReceived,
    lost: one.packetsLost,
    framesDecoded: one.framesDecoded,
    width: one.frameWidth,
    height: one.frameHeight,
    audioEnergy: one.totalAudioEnergy,
    freezes: one.freezeCount,
    frozenMs: (one.totalFreezesDuration ?? 0) * 1000,
  };
}

/** The layers of a source together. */
function outbound(one, others = { bytes: 0, packets: 0, frames: 0, width: 0, layers: [] }) {
  return {
    bytes: others.bytes + one.bytesSent,
    packets: others.packets + one.packetsSent,
    frames: Math.max(others.frames, one.framesSent ?? 0),
    width: Math.max(others.width, one.frameWidth ?? 0),
    layers: [...others.layers, ...(one.rid && one.active ? [one.rid] : [])],
  };
}
