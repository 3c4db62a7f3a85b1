// The first page of an offline package of many lectures: it lists them, and says how much of each was watched.
// A classic script: pages from a stick load no modules.
"use strict";
(() => {
  const data = window.DARIS_COURSE;
  const $ = (id) => document.getElementById(id);
  const LANGUAGES = { kk: "Қазақша", ru: "Русский", en: "English" };
  let locale = stored("daris.locale") ?? data.locale;

  const t = (text, values = {}) =>
    (data.words[locale]?.[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

  function stored(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // some browsers give pages from files no memory
    }
  }

  /** The share of the lecture that its page has noted as played. */
  function watched({ package: id, length_ms }) {
    const seconds = new Set();
    for (const { segments } of JSON.parse(stored(`daris.case.${id}`) ?? "{}").views ?? []) {
      for (const [from, to] of segments) for (let s = Math.floor(from / 1000); s < to / 1000; s += 1) seconds.add(s);
    }
    return Math.min(1, seconds.size / Math.max(1, length_ms / 1000));
  }

  function element(name, text = "", attributes = {}) {
    return Object.assign(document.createElement(name), { textContent: text }, attributes);
  }

  function card(lecture) {
    const minutes = t("{minutes} min", { minutes: Math.ceil(lecture.length_ms / 60_000) });
    const share = watched(lecture);
    const percent = t("Watched so far: {percent} %", { percent: Math.floor(share * 100) });
    const words = element("span", "", { className: "words" });
    words.append(element("strong", lecture.title), element("span", `${lecture.lecturer} · ${lecture.days[locale]} · ${minutes}`, { className: "soft" }));
    if (share) words.append(element("progress", "", { max: 1, value: share, ariaLabel: percent, title: percent }));
    const picture = lecture.poster ? element("img", "", { src: lecture.poster, alt: "" }) : element("span", "", { className: "blank" });
    const link = element("a", "", { href: lecture.address });
    link.append(picture, words);
    const item = element("li");
    item.append(link);
    return item;
  }

  function say() {
    document.documentElement.lang = locale;
    document.title = $("title").textContent = data.title;
    $("explained").textContent = t("These pages work without a network. Save what you watched on the page of each lecture, and hand it in when you are online.");
    $("lectures").replaceChildren(...data.lectures.map(card));
    for (const button of $("languages").children) button.ariaPressed = String(button.lang === locale);
  }

  for (const [tag, name] of Object.entries(LANGUAGES)) {
    const button = element("button", name, { type: "button", lang: tag });
    button.addEventListener("click", () => {
      locale = tag;
      try {
        localStorage.setItem("daris.locale", tag);
      } catch {
        // then it lasts as long as the page
      }
      say();
    });
    $("languages").append(button);
  }
  addEventListener("pageshow", say);
  say();
})();
