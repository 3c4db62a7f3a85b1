// When a live player has to begin again: what it plays is not in the playlist any more, or never was.

/**
 * Whether the playlist (`details` of hls.js) went past the position. A tab that slept falls behind; a
 * server that began anew counts from far ahead. hls.js stays where it is in both cases.
 */
export function isLost({ live, fragmentStart }, { paused, currentTime }) {
  return live && !paused && currentTime > 0 && currentTime < fragmentStart;
}
