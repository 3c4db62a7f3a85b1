// Which captions are to be seen. Pure.

const MOST = 2; // lines over the stage

/** The language to show: what was chosen stays, unless somebody writes in the reader's own. */
export function chosen(languages, before, locale) {
  const own = languages.find((language) => language.split("-")[0] === locale);
  if (own && languages.at(-1) === own) return own;
  return before || languages[0];
}

/** The lines of a language that are over the stage at `now`, the newest last. */
export function inSight(lines, language, now) {
  return lines.filter((line) => line.language === language && line.until > now).slice(-MOST);
}
