// Which changes of slides are proposed as chapters.

const NEAR_MS = 2000; // a chapter as near as this is that slide's

/** Those that are no chapter yet, were not refused, and are not cut out. */
export function proposed(slides, { chapters, cuts, dismissed_ms: dismissed }, taken) {
  return slides.filter(
    (at) =>
      at < taken &&
      !dismissed.includes(at) &&
      !chapters.some((chapter) => Math.abs(chapter.at_ms - at) < NEAR_MS) &&
      !cuts.some((cut) => cut.starts_ms <= at && at < cut.ends_ms),
  );
}
