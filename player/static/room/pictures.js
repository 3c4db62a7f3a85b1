// One picture out of a live playlist (RFC 8216bis): what to fetch for it. Pure.

/** The newest part that can be shown by itself: {init, part, seconds}, addresses as they stand; or null. */
export function newestPicture(playlist) {
  let init = null;
  let found = null;
  let isFirst = true; // a segment begins with a keyframe
  for (const line of playlist.split("\n")) {
    if (line.startsWith("#EXT-X-MAP:")) init = attribute(line, "URI");
    if (line.startsWith("#EXT-X-PART:")) {
      if (isFirst || line.includes("INDEPENDENT=YES")) {
        found = { init, part: attribute(line, "URI"), seconds: Number(/DURATION=([\d.]+)/.exec(line)?.[1] ?? 0) };
      }
      isFirst = false;
    }
    if (line.startsWith("#EXTINF:")) isFirst = true;
  }
  return found?.init && found.part ? found : null;
}

/** The codec of an initialization segment with H.264, as RFC 6381 writes it; null for another. */
export function codecOf(init) {
  const bytes = new Uint8Array(init);
  const at = bytes.findIndex((_, i) => bytes[i] === 0x61 && bytes[i + 1] === 0x76 && bytes[i + 2] === 0x63 && bytes[i + 3] === 0x43);
  if (at < 0) return null;
  return `avc1.${[...bytes.subarray(at + 5, at + 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function attribute(line, name) {
  return new RegExp(`${name}="([^"]*)"`).exec(line)?.[1] ?? null;
}
