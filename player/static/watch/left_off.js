// Where one left off in a recording, on this device.

const SKIPPED_AT_ENDS_SECONDS = 15; // positions this near to an end are not worth resuming

/** The seconds at which to go on: here or on another device (`elsewhere` is {seconds, at}), whichever was later. */
export function keptPosition(key, elsewhere) {
  const latest = [keptHere(key), elsewhere].filter(Boolean).sort((a, b) => b.at - a.at)[0];
  return latest?.seconds > SKIPPED_AT_ENDS_SECONDS ? latest.seconds : 0;
}

/** Without a `key` nothing is kept. */
export function keepPosition(key, seconds, duration) {
  if (!key || !seconds) return;
  const isNearEnd = duration - seconds < SKIPPED_AT_ENDS_SECONDS;
  localStorage.setItem(key, `${isNearEnd ? 0 : seconds.toFixed(1)}@${Date.now()}`);
}

function keptHere(key) {
  const [seconds, at] = (key && localStorage.getItem(key)?.split("@")) || [];
  return seconds === undefined ? null : { seconds: Number(seconds), at: Number(at) || 0 };
}
