// The sizes in which a lecture can be watched, as its multivariant playlist lists them, and which to take.

/** {heights: [{height, bps}], the largest first, sound: bits a second of the voice alone or null}. */
export function rungsOf(playlist) {
  const variants = [...playlist.matchAll(/^#EXT-X-STREAM-INF:(.*)$/gm)].map(([, attributes]) => ({
    height: Number(/RESOLUTION=\d+x(\d+)/.exec(attributes)?.[1] ?? 0),
    bps: Number(/AVERAGE-BANDWIDTH=(\d+)/.exec(attributes)?.[1] ?? 0),
  }));
  const heights = new Map();
  for (const { height, bps } of variants) if (height && !heights.has(height)) heights.set(height, bps);
  return {
    heights: [...heights].map(([height, bps]) => ({ height, bps })).sort((a, b) => b.height - a.height),
    sound: variants.find(({ height }) => !height)?.bps ?? null,
  };
}

/**
 * What a choice means where there are these heights: {isSound, height, cap}. `choice` is auto, sound or a
 * height; `spares` lets "auto" go no higher than the smallest picture, or, where there is but one, to the sound.
 */
export function meaning({ choice, spares }, heights) {
  const means = { isSound: false, height: null, cap: null };
  const smallest = Math.min(...heights);
  if (choice === "sound") return { ...means, isSound: true };
  if (choice !== "auto" && heights.length) {
    const fitting = heights.filter((height) => height <= choice);
    return { ...means, height: fitting.length ? Math.max(...fitting) : smallest };
  }
  if (!spares) return means;
  return heights.length > 1 ? { ...means, cap: smallest } : { ...means, isSound: heights.length === 1 };
}

/** The place of a height among hls.js' levels, with that sound if there are several; -1 if there is none. */
export function levelOf(levels, height, audioCodec) {
  const same = levels.findIndex((level) => level.height === height && level.audioCodec === audioCodec);
  return same < 0 ? levels.findIndex((level) => level.height === height) : same;
}

/** Let hls.js play this `height`, or at most `cap`; null: as the line allows. True if that height is to come. */
export function limit(hls, { height, cap }) {
  const { audioCodec } = hls.levels[Math.max(hls.loadLevel, 0)];
  const level = height ? levelOf(hls.levels, height, audioCodec) : -1;
  hls.autoLevelCapping = cap ? levelOf(hls.levels, cap, audioCodec) : -1;
  if (level === hls.manualLevel) return false;
  if (hls.currentLevel < 0) hls.loadLevel = level;
  else hls.nextLevel = level; // from the next piece on, without a stop
  return level >= 0 && level !== hls.currentLevel;
}
