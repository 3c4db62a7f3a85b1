// Ranges of media time that were really played, in seconds.

/** The union of ranges `[from, to]`, in order; those closer than `gap` become one. */
export function union(ranges, gap = 0.05) {
  const merged = [];
  for (const [from, to] of ranges.filter(([a, b]) => b > a).sort((a, b) => a[0] - b[0])) {
    const last = merged.at(-1);
    if (last && from <= last[1] + gap) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

/** How many seconds the ranges cover. */
export function covered(ranges) {
  return union(ranges).reduce((sum, [from, to]) => sum + to - from, 0);
}

/**
 * Collects what is played. Time that passes faster than it can be played (a seek, a stall that
 * was jumped) is not counted: `most` is the longest step between two looks, in media seconds.
 */
export class Played {
  constructor(most = 2.5) {
    this.most = most;
    this.ranges = [];
    this.last = null;
  }

  /** The media is at `position` and playing. */
  play(position) {
    if (this.last !== null) {
      const step = position - this.last;
      if (step > 0 && step <= this.most) this.ranges = union([...this.ranges, [this.last, position]]);
    }
    this.last = position;
  }

  /** It paused, waits, or jumped. */
  stop() {
    this.last = null;
  }

  /** What was played since the last call. */
  take() {
    const taken = this.ranges;
    this.ranges = [];
    return taken;
  }
}
