// The page of an offline package: it has only the files beside it, and no network. It notes what is
// played, and gives it as a file that can be handed in. A classic script: pages from a stick load no modules.
"use strict";
(() => {
  const data = window.DARIS_CASE;
  const $ = (id) => document.getElementById(id);
  const video = $("video");
  const LANGUAGES = { kk: "Қазақша", ru: "Русский", en: "English" };
  const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 2.5, 3];
  const LONGEST_STEP_SECONDS = 2.5; // what passes faster between two looks was not played
  const KEEP_MS = 5000;
  const MOST_VIEWS = 400;
  let locale = stored("daris.locale") ?? data.locale;

  const t = (text, values = {}) =>
    (data.words[locale]?.[text] ?? text).replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);

  // ---------------------------------------------------------------- what is kept on this computer

  function stored(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // some browsers give pages from files no memory
    }
  }

  function store(key, value) {
    try {
      localStorage.setItem(key, value);
    } catch {
      // then it lasts as long as the page
    }
  }

  const KEY = `daris.case.${data.package}`;
  const state = { position: 0, views: [], ...JSON.parse(stored(KEY) ?? "{}") };
  let view = null; // the sitting that goes on
  let last = null; // position at the last look

  function uuid() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40; // version 4 (RFC 9562, 5.4)
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  }

  function note(from, to) {
    const now = new Date().toISOString();
    if (!view) {
      const began = new Date(Date.now() - (1000 * (to - from)) / video.playbackRate).toISOString();
      view = { view: uuid(), began_at: began, ended_at: now, position_ms: 0, segments: [] };
      state.views = [...state.views, view].slice(-MOST_VIEWS);
    }
    const [begin, end] = [Math.round(from * 1000), Math.min(Math.round(to * 1000), data.length_ms)];
    const previous = view.segments.at(-1);
    if (previous && Math.abs(previous[1] - begin) <= 50) previous[1] = Math.max(previous[1], end);
    else if (end > begin) view.segments.push([begin, end]);
    view.ended_at = now;
    view.position_ms = end;
  }

  function look() {
    const position = video.currentTime;
    const isPlaying = !video.paused && !video.seeking;
    const step = last === null ? 0 : position - last;
    if (step > 0 && step <= LONGEST_STEP_SECONDS) note(last, position);
    last = isPlaying ? position : null;
    follow(position);
  }

  function keep() {
    state.position = video.currentTime;
    store(KEY, JSON.stringify(state));
  }

  function playedShare() {
    const seconds = new Set();
    for (const { segments } of state.views) {
      for (const [from, to] of segments) for (let s = Math.floor(from / 1000); s < to / 1000; s += 1) seconds.add(s);
    }
    return Math.min(1, seconds.size / Math.max(1, data.length_ms / 1000));
  }

  // ---------------------------------------------------------------- the record, to hand in

  async function save() {
    look();
    view = null; // what comes is another sitting: this one has been given away
    const views = state.views.filter((one) => one.segments.length);
    const record = JSON.stringify({ package: data.package, lecture: data.lecture, views });
    const file = JSON.stringify({ format: "daris-watch-1", record, signature: await sign(record) });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([file], { type: "application/json" }));
    link.download = `daris-watch-${data.package.slice(-8)}.json`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    keep();
    tell();
    $("saved").textContent = t("Saved. Hand the file in on the page of the lecture.");
  }

  async function sign(text) {
    const raw = Uint8Array.from(data.key.match(/../g), (byte) => parseInt(byte, 16));
    const key = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
    const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text));
    return [...new Uint8Array(signature)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // ---------------------------------------------------------------- what is shown

  function clock(ms) {
    const pad = (number) => String(number).padStart(2, "0");
    const whole = Math.floor(ms / 1000);
    const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    return h ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
  }

  /** Each with where it stands in the recording; `text` is words, or the nodes that are made of them. */
  function lines(list, items) {
    list.replaceChildren(
      ...items.map(({ ms, text }) => {
        const [line, button, words] = ["li", "button", "div"].map((name) => document.createElement(name));
        button.type = "button";
        button.textContent = clock(ms);
        button.addEventListener("click", () => {
          video.currentTime = ms / 1000;
          video.play();
        });
        words.append(...[text].flat());
        line.append(button, words);
        line.dataset.ms = ms;
        return line;
      }),
    );
  }

  function part(className, ...inner) {
    const div = document.createElement("div");
    div.className = className;
    div.append(...inner);
    return div;
  }

  /** A question, and how many chose what: a bar for each choice. */
  function result({ question, counts, answered }) {
    const bars = question.choices.map((choice, place) => {
      const percent = answered ? Math.round((100 * counts[place]) / answered) : 0;
      const isRight = question.right?.includes(place);
      const bar = part("bar", part("choice", choice, ...(isRight ? [part("right", t("Right answer"))] : [])), `${percent} %`);
      bar.style.setProperty("--share", `${percent}%`);
      return bar;
    });
    return [part("asked", question.text), ...bars];
  }

  function showPolls() {
    lines($("polls"), data.polls.map((poll) => ({ ms: poll.at_ms, text: result(poll) })));
  }

  function follow(position) {
    for (const list of [$("transcript"), $("polls"), $("chat")]) {
      const current = [...list.children].filter((line) => Number(line.dataset.ms) <= position * 1000 + 200).at(-1);
      for (const line of list.querySelectorAll(".current")) if (line !== current) line.classList.remove("current");
      if (!current || current.classList.contains("current")) continue;
      current.classList.add("current");
      if (!list.matches(":hover, :focus-within")) list.scrollTop = current.offsetTop - list.clientHeight / 2;
    }
  }

  function search() {
    const wanted = $("search").value.trim().toLocaleLowerCase();
    for (const line of document.querySelectorAll("aside li")) {
      line.hidden = !line.textContent.toLocaleLowerCase().includes(wanted);
    }
  }

  function showTranscript(language) {
    const cues = data.captions[language] ?? [];
    lines($("transcript"), cues.map((cue) => ({ ms: cue.begin_ms, text: cue.text })));
    $("transcript").lang = language ?? "";
    search();
  }

  function addCaptions() {
    for (const [language, cues] of Object.entries(data.captions)) {
      const track = video.addTextTrack("captions", LANGUAGES[language] ?? language, language);
      for (const cue of cues) track.addCue(new VTTCue(cue.begin_ms / 1000, cue.end_ms / 1000, escaped(cue.text)));
      track.mode = "disabled";
    }
  }

  // ---------------------------------------------------------------- the camera, in step with the lecture

  const MOST_APART_SECONDS = 0.25;

  function showCamera() {
    const camera = $("camera");
    camera.hidden = !$("camera-shown").checked;
    if (camera.hidden) return camera.pause();
    camera.playbackRate = video.playbackRate;
    if (Math.abs(camera.currentTime - video.currentTime) > MOST_APART_SECONDS) camera.currentTime = video.currentTime;
    if (video.paused) camera.pause();
    else camera.play().catch(() => {}); // it plays with the next look
  }

  function openCamera() {
    $("camera-part").hidden = false;
    $("camera").src = data.camera;
    $("camera-shown").addEventListener("change", showCamera);
    for (const name of ["play", "pause", "seeked", "ratechange", "timeupdate"]) video.addEventListener(name, showCamera);
    showCamera();
  }

  const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

  function say() {
    document.documentElement.lang = locale;
    document.title = data.title;
    $("title").textContent = data.title;
    $("about").textContent = `${data.lecturer} · ${data.days[locale]}`;
    $("speed-name").textContent = t("Speed");
    $("save").textContent = t("Save what I watched");
    $("explained").textContent = t("This page works without a network. Save what you watched as a file, and hand it in on the page of the lecture when you are online.");
    $("camera-name").textContent = t("Show the camera");
    $("transcript-name").textContent = t("Transcript");
    $("transcript-language").ariaLabel = t("Language");
    $("transcript").ariaLabel = t("Transcript");
    $("polls-name").textContent = t("Polls");
    $("polls").ariaLabel = t("Polls");
    showPolls();
    $("chat-name").textContent = t("Chat");
    $("chat").ariaLabel = t("Chat");
    $("search").ariaLabel = $("search").placeholder = t("Search in what was said");
    for (const button of $("languages").children) button.ariaPressed = String(button.lang === locale);
    tell();
  }

  function tell() {
    $("watched").textContent = t("Watched so far: {percent} %", { percent: Math.floor(playedShare() * 100) });
  }

  // ---------------------------------------------------------------- the beginning

  for (const [tag, name] of Object.entries(LANGUAGES)) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", lang: tag, textContent: name });
    button.addEventListener("click", () => {
      store("daris.locale", (locale = tag));
      say();
    });
    $("languages").append(button);
  }
  $("speed").append(...SPEEDS.map((speed) => new Option(`${speed}×`, speed, speed === 1, speed === 1)));
  $("speed").addEventListener("change", (event) => (video.playbackRate = Number(event.target.value)));
  $("search").addEventListener("input", search);
  $("save").addEventListener("click", save);
  const languages = Object.keys(data.captions);
  $("transcript-part").hidden = !languages.length;
  $("transcript-language").append(...languages.map((tag) => new Option(LANGUAGES[tag] ?? tag, tag)));
  $("transcript-language").addEventListener("change", (event) => showTranscript(event.target.value));
  if (languages.includes(locale)) $("transcript-language").value = locale;
  showTranscript($("transcript-language").value);
  $("polls-part").hidden = !data.polls.length;
  $("chat-part").hidden = !data.chat?.length;
  lines($("chat"), (data.chat ?? []).map((line) => ({ ms: line.at_ms, text: `${line.name}: ${line.text}` })));
  $("search").hidden = !languages.length && !data.polls.length && !data.chat?.length;
  if (data.poster) video.poster = data.poster;
  video.src = data.media;
  addCaptions();
  if (data.camera) openCamera();
  video.addEventListener("loadedmetadata", () => {
    if (state.position > 15 && state.position < data.length_ms / 1000 - 15) video.currentTime = state.position;
  }, { once: true });
  for (const name of ["timeupdate", "playing"]) video.addEventListener(name, look);
  video.addEventListener("seeking", () => (last = null));
  for (const name of ["pause", "ended"]) video.addEventListener(name, () => [look(), keep(), tell()]);
  addEventListener("pagehide", keep);
  setInterval(() => !video.paused && (keep(), tell()), KEEP_MS);
  say();
})();
