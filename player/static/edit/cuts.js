// Cuts as values: lists of {starts_ms, ends_ms}, in order, none touching another.

/** The cuts with one more; those that it touches become one with it. */
export function withCut(cuts, cut) {
  let { starts_ms: starts, ends_ms: ends } = cut;
  if (ends <= starts) return cuts;
  const apart = [];
  for (const other of cuts) {
    if (other.ends_ms < starts || other.starts_ms > ends) apart.push(other);
    else [starts, ends] = [Math.min(starts, other.starts_ms), Math.max(ends, other.ends_ms)];
  }
  return [...apart, { starts_ms: starts, ends_ms: ends }].sort((a, b) => a.starts_ms - b.starts_ms);
}

/** The end of the cut that `at` lies in; null outside of all. */
export function endOfCut(cuts, at) {
  return cuts.find((cut) => cut.starts_ms <= at && at < cut.ends_ms)?.ends_ms ?? null;
}

/** How much is left, in milliseconds; what is cut of a pause was not there anyway. */
export function left(taken, cuts, pauses) {
  const gone = pauses.reduce(withCut, cuts);
  return gone.reduce((rest, cut) => rest - (cut.ends_ms - cut.starts_ms), taken);
}
