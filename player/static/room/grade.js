// How good a connection is, out of what was counted.

/** Packets lost, in per cent, between two looks at the statistics. */
export function lossBetween(before, after) {
  let lost = 0;
  let all = 0;
  for (const [id, now] of Object.entries(after)) {
    const then = before[id] ?? { lost: 0, packets: 0 };
    const missed = Math.max(0, now.lost - then.lost);
    lost += missed;
    all += missed + Math.max(0, now.packets - then.packets);
  }
  return all ? (100 * lost) / all : 0;
}

/** Three bars are good, two are fair, one is poor. */
export function barsOf(roundTripMs, lossPercent) {
  if (roundTripMs > 500 || lossPercent > 8) return 1;
  if (roundTripMs > 200 || lossPercent > 2) return 2;
  return 3;
}
