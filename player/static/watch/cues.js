// Captions as data: cues in milliseconds, in order of their beginnings.

/** The cues that are shown at `ms`. */
export function cuesAt(cues, ms) {
  return cues.slice(0, firstAfter(cues, ms)).filter((cue) => ms < cue.end_ms);
}

/** The language to begin with: the one chosen before, the reader's, or the first there is. */
export function chooseLanguage(languages, chosen, locale) {
  const wanted = [chosen, locale].filter(Boolean);
  const found = wanted.map((tag) => languages.find((one) => one === tag || one.startsWith(`${tag}-`)));
  return found.find(Boolean) ?? languages[0] ?? null;
}

function firstAfter(cues, ms) {
  let [from, to] = [0, cues.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (cues[middle].begin_ms <= ms) from = middle + 1;
    else to = middle;
  }
  return from;
}
