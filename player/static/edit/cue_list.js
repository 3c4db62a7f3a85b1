// Captions as values: lists of {begin_ms, end_ms, text} in order of time, each change a new list.

const SHORTEST_MS = 500; // of a cue that is made
const USUAL_MS = 3000;
export const LONGEST_TEXT = 1000; // characters

const byTime = (a, b) => a.begin_ms - b.begin_ms || a.end_ms - b.end_ms;

/** The number of the cue that is said at `ms`, or was said last; -1 before the first. */
export function indexAt(cues, ms) {
  return cues.findLastIndex((cue) => cue.begin_ms <= ms);
}

export function changed(cues, index, change) {
  return cues.map((cue, at) => (at === index ? { ...cue, ...change } : cue));
}

/** In order again; and where the cue at `index` is now. */
export function ordered(cues, index) {
  const sorted = [...cues].sort(byTime);
  return { cues: sorted, index: sorted.indexOf(cues[index]) };
}

export function removed(cues, index) {
  return cues.filter((_, at) => at !== index);
}

/** A new empty cue at `ms`, as long as there is room before the next one; and its number. */
export function added(cues, ms, length_ms) {
  const next = cues.find((cue) => cue.begin_ms > ms);
  const end_ms = Math.max(ms + SHORTEST_MS, Math.min(ms + USUAL_MS, next?.begin_ms ?? Infinity, length_ms));
  const fresh = { begin_ms: ms, end_ms, text: "" };
  const sorted = [...cues, fresh].sort(byTime);
  return { cues: sorted, index: sorted.indexOf(fresh) };
}

/** Two of one, at the character `caret`; at `ms` if it is said then, else in proportion to the text. */
export function split(cues, index, caret, ms) {
  const { begin_ms, end_ms, text } = cues[index];
  const share = text.length ? Math.min(0.9, Math.max(0.1, caret / text.length)) : 0.5;
  const isWithin = ms > begin_ms && ms < end_ms;
  const middle = Math.round(isWithin ? ms : begin_ms + share * (end_ms - begin_ms));
  const halves = [
    { begin_ms, end_ms: middle, text: text.slice(0, caret).trim() },
    { begin_ms: middle, end_ms, text: text.slice(caret).trim() },
  ];
  return cues.toSpliced(index, 1, ...halves);
}

/** One of two: a cue and the next one. */
export function joined(cues, index) {
  const [one, other] = [cues[index], cues[index + 1]];
  if (!other) return cues;
  const text = [one.text, other.text].filter(Boolean).join("\n");
  return cues.toSpliced(index, 2, { begin_ms: one.begin_ms, end_ms: Math.max(one.end_ms, other.end_ms), text });
}

/** All of them later by `ms`, or earlier, but none before the beginning. */
export function shifted(cues, ms) {
  return cues.map((cue) => {
    const begin_ms = Math.max(0, cue.begin_ms + ms);
    return { ...cue, begin_ms, end_ms: Math.max(begin_ms + 1, cue.end_ms + ms) };
  });
}

/** What is wrong with the cue, as the name of a sentence; null: nothing. `overlaps` is a hint only. */
export function fault(cues, index, length_ms) {
  const cue = cues[index];
  if (Number.isNaN(cue.begin_ms) || Number.isNaN(cue.end_ms)) return "time";
  if (cue.end_ms <= cue.begin_ms) return "order";
  if (cue.begin_ms >= length_ms) return "late";
  if (!cue.text.trim()) return "empty";
  if (cue.text.length > LONGEST_TEXT) return "long";
  return cue.end_ms > (cues[index + 1]?.begin_ms ?? Infinity) ? "overlaps" : null;
}

/** 1:02:03.400; hours where there are some. */
export function timeText(ms) {
  if (Number.isNaN(ms)) return "";
  const pad = (number, width = 2) => String(number).padStart(width, "0");
  const [h, m, s] = [Math.floor(ms / 3_600_000), Math.floor(ms / 60_000) % 60, Math.floor(ms / 1000) % 60];
  return `${h ? `${h}:${pad(m)}` : m}:${pad(s)}.${pad(ms % 1000, 3)}`;
}

/** Milliseconds of 1:02:03.4, 2:03,4, 123.4; NaN if it is no time. */
export function timeOf(text) {
  const found = /^(?:(?:(\d{1,3}):)?(\d{1,2}):)?(\d{1,5})(?:[.,](\d{1,3}))?$/.exec(text.trim());
  if (!found) return NaN;
  const [h, m, s] = found.slice(1, 4).map((part) => Number(part ?? 0));
  return ((h * 60 + m) * 60 + s) * 1000 + Number((found[4] ?? "").padEnd(3, "0"));
}
