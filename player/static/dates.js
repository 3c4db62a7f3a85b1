// Moments in words, in the reader's language. Browsers may lack Kazakh, the words and the order alike: Chromium
// writes “M11 27, Fri”. These are the words of CLDR, as the server says them.
const MONTHS = {
  long: ["қаңтар", "ақпан", "наурыз", "сәуір", "мамыр", "маусым", "шілде", "тамыз", "қыркүйек", "қазан", "қараша", "желтоқсан"],
  short: ["қаң.", "ақп.", "нау.", "сәу.", "мам.", "мау.", "шіл.", "там.", "қыр.", "қаз.", "қар.", "жел."],
};
const DAYS = {
  long: ["жексенбі", "дүйсенбі", "сейсенбі", "сәрсенбі", "бейсенбі", "жұма", "сенбі"],
  short: ["жс", "дс", "сс", "ср", "бс", "жм", "сб"],
};

/** A function of moments. Options are those of Intl.DateTimeFormat: day and month, and weekday, year, hour if they are wanted. */
export function dateFormat(locale, options) {
  if (locale === "kk") return (at) => inKazakh(at, options);
  const format = new Intl.DateTimeFormat(locale === "en" ? "en-GB" : locale, options);
  return (at) => format.format(at);
}

function inKazakh(at, { weekday, year, month, hour, timeZone }) {
  const numbers = new Intl.DateTimeFormat("en-GB", { year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone });
  const of = Object.fromEntries(numbers.formatToParts(at).map(({ type, value }) => [type, value]));
  const day = new Date(Date.UTC(of.year, of.month - 1, of.day)).getUTCDay();
  const date = `${Number(of.day)} ${MONTHS[month][of.month - 1]}`;
  return [
    year ? `${of.year} ж. ${date}` : date,
    weekday && DAYS[weekday][day],
    hour && `${of.hour}:${of.minute}`,
  ].filter(Boolean).join(", ");
}
