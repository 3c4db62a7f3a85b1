// The words of the reader's language. `t` and `tn` mark what is to be translated.
import words, { locale } from "daris/words";

const INDEX = { ru: ["one", "few", "many"] }; // gettext's order of the plural forms
const rules = new Intl.PluralRules(locale);

/** The text in the reader's language, with `{name}` filled in from `values`. */
export function t(text, values = {}) {
  return fill(words[text] ?? text, values);
}

/** The form of the text that fits the number `count`; `{count}` is filled in. */
export function tn(one, many, count, values = {}) {
  const forms = words[one] ?? [one, many];
  return fill(forms[formOf(count, forms.length)], { count, ...values });
}

/** What the server said, in the reader's language where it is known; `template` and `values` are what
 * it was made of, if something was filled in. */
export function told(sentence, template = sentence, values = {}) {
  return template in words ? fill(words[template], values) : sentence;
}

function formOf(count, forms) {
  const order = INDEX[locale] ?? ["one", "other"];
  const at = order.indexOf(rules.select(count));
  return at < 0 ? forms - 1 : Math.min(at, forms - 1);
}

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The locale of numbers: browsers may lack Kazakh, which writes them as Russian does. */
export const numbers = locale === "kk" ? "ru" : locale;

export { locale };
