// Where a moment lies in a recording: hls.js's fragments, each with its place in media time and its
// time of day. A track that was not sent for a while goes on in media time where it stopped, so two
// tracks are brought together by the time of day.

const ROUNDING_SECONDS = 0.05;

/** The fragment that plays at `position`; undefined before the first. */
export function pieceAt(fragments, position) {
  let [from, to] = [0, fragments.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (fragments[middle].start <= position) from = middle + 1;
    else to = middle;
  }
  return fragments[from - 1];
}

/** The time of day (in ms) that is seen at `position`; null when that is unknown. */
export function momentAt(fragments, position) {
  const piece = pieceAt(fragments, position) ?? fragments[0];
  return piece ? piece.programDateTime + (position - piece.start) * 1000 : null;
}

/** The position at which the time of day `moment` (in ms) is seen, or was seen last; null before. */
export function positionAt(fragments, moment) {
  const piece = sentBefore(fragments, moment);
  return piece ? piece.start + Math.min((moment - piece.programDateTime) / 1000, piece.duration) : null;
}

/** True if the track was sent at `moment`. */
export function isSentAt(fragments, moment) {
  const piece = sentBefore(fragments, moment);
  return Boolean(piece) && moment < piece.programDateTime + (piece.duration + ROUNDING_SECONDS) * 1000;
}

function sentBefore(fragments, moment) {
  let [from, to] = [0, fragments.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (fragments[middle].programDateTime <= moment) from = middle + 1;
    else to = middle;
  }
  return fragments[from - 1];
}
