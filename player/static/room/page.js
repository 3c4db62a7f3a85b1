// The room, assembled: socket, connection, stage, panels, and the controls between them.
import { $, clock } from "../dom.js";
import { toast } from "../site.js";
import { t, told } from "../translate.js";
import { uuid7 } from "../uuid7.js";
import { LiveCaptions } from "./captions.js";
import { Chat, unreadLabel } from "./chat.js";
import { Connection, warmUp } from "./connection.js";
import { Devices } from "./devices.js";
import { becomeRecording, goodbye, lecturerButtons, showLeft } from "./ending.js";
import { GreenRoom } from "./green.js";
import { wireKeys } from "./keys.js";
import { OwnMedia } from "./own.js";
import { Panels } from "./panels.js";
import { People } from "./people.js";
import { choose } from "./poll_state.js";
import { Polls } from "./polls.js";
import { Quality, news } from "./quality.js";
import { Recording } from "./recording.js";
import { RoomSocket, TabStore } from "./socket.js";
import { Stage } from "./stage.js";
import { EMPTY, reduce, say, sayAgain, toReceive, unsaid } from "./state.js";
import { View } from "./view.js";
import { WaitingRoom } from "./waiting.js";
import { WaitingList } from "./waiting_list.js";
import { Way } from "./way.js";

const config = JSON.parse($("room-config").textContent);
const page = $("main");
const store = new TabStore(config.lecture);
const socket = new RoomSocket(config.socket, store);
const connection = new Connection();
const devices = new Devices();
const view = new View();
const blocked = () => ($("sound-on").hidden = false);
const stage = new Stage({ box: $("tiles"), soundBox: $("sounds"), blocked });
const way = new Way({ config, connection, socket, view, stage, blocked });
const quality = new Quality(way);
const own = new OwnMedia({ devices, connection, stage, send: (message) => socket.send(message) });
const people = new People((type, person, more = {}) => socket.send({ type, person, ...more }));
const chat = new Chat({
  say: (text) => speak({ id: uuid7(), text }),
  again: (id) => speakAgain(id),
  unread: showUnread,
  isShown: () => panels.shown === "chat" && !document.hidden,
  setMode: (mode) => socket.send({ type: "set_chat_mode", mode }),
});
const recording = new Recording(config, (message) => socket.send(message));
const polls = new Polls({ api: config.api, send: (message) => socket.send(message), answer });
const waiting = new WaitingRoom(leave);
const waitingList = new WaitingList((message) => socket.send(message));
const captions = new LiveCaptions(config.api);
const panels = new Panels((name) => name === "chat" && chat.read());

let room = EMPTY;
let startedAt = config.started_at ? Date.parse(config.started_at) : null;
let isOver = false;

// ---------------------------------------------------------------- the room changes

function hear(message) {
  const before = room;
  room = reduce(room, message);
  REACTIONS[message.type]?.(message, before);
  show();
}

const REACTIONS = {
  async welcome(message, before) {
    if (waiting.end()) way.begin();
    connection.iceServers = message.ice_servers ?? [];
    way.back({ isNew: before.seat !== message.seat });
    if (before.seat && before.seat !== message.seat) {
      await connection.restart();
      own.repeatMutes();
    } else if (before.seat) {
      await connection.resume();
    }
    if (!before.seat && room.me.can_publish) await own.takeOver();
    if (room.lecture.state === "ended") end();
    if (!room.me.can_publish && connection.sources.size) await own.withdraw();
    view.repeat();
    for (const { id, text } of unsaid(room)) socket.send({ type: "say", id, text });
    if (room.answering) socket.send({ type: "answer_poll", ...room.answering });
    banner(null);
  },
  waiting(message) {
    waiting.begin(message);
    way.close();
    banner(null);
  },
  waiting_people: (message, before) => waitingList.tell(before.waiting, message),
  answer: ({ sdp }) => connection.answer(sdp),
  caption(message) {
    way.far.offerCaptions();
    setTimeout(() => captions.hear(message), 1000 * (way.far.latency ?? 0)); // with its picture
  },
  layers: ({ source, rids }) => connection.watched(source, rids),
  refused({ about, message }) {
    if (about === "offer") connection.refused();
    else toast(told(message));
  },
  floor({ person, given }) {
    if (person !== room.me.person || room.me.can_host) return;
    if (given) toast(t("You have the floor. Switch on your microphone when you are ready."), { seconds: 8 });
    else own.withdraw().then(() => toast(t("You no longer have the floor.")));
  },
  mute_asked({ source }) {
    if (source === "microphone" && own.isMicrophoneOn) own.setMicrophone(false);
    if (source === "camera" && own.isCameraOn) own.setCamera(false);
    if (source === "screen") own.endScreen();
    toast(t("The host has muted you."));
  },
  hand({ person, raised }) {
    if (raised && room.me.can_host && person !== room.me.person) {
      const name = room.people.get(person)?.name ?? "";
      toast(t("{name} asks for the floor", { name }));
    }
  },
  state({ state }) {
    if (state === "live" && !startedAt) startedAt = Date.now() + room.skew;
    if (state === "ended" || state === "published") end();
    if (state === "cancelled") location.reload();
  },
};

function show() {
  if (room.lecture) showLecture();
  if (!room.me) return;
  stage.show(room);
  view.show(stage.pictures);
  people.show(room);
  waitingList.show(room);
  chat.show(room);
  const receiving = way.isDirect ? toReceive(room, connection.sources) : [];
  way.show(receiving);
  connection.want(receiving);
  recording.show(room);
  captions.show(room);
  polls.show(room);
  showControls();
  showEmptiness();
}

function showLecture() {
  const { state } = room.lecture;
  page.dataset.state = state;
  const badge = $("state-badge");
  badge.textContent = { open: t("Not started"), live: t("Live"), ended: t("Over") }[state] ?? "";
  badge.className = `badge ${state === "live" ? "live" : "open"}`;
  if ($("start")) {
    $("start").hidden = state === "live" || isOver;
    $("stop").hidden = state !== "live" || isOver;
  }
}

function showControls() {
  const { me } = room;
  $("own-tools").hidden = !me.can_publish || config.watch_only;
  $("screen-toggle").hidden = !me.can_host;
  $("mic-toggle").setAttribute("aria-pressed", String(own.isMicrophoneOn));
  $("camera-toggle").setAttribute("aria-pressed", String(own.isCameraOn));
  $("screen-toggle").setAttribute("aria-pressed", String(own.isScreenOn));
  const raised = room.hands.has(me.person);
  const hasFloor = room.people.get(me.person)?.has_floor ?? false;
  $("hand").hidden = me.can_host || hasFloor || config.watch_only;
  $("hand").setAttribute("aria-pressed", String(raised));
  $("hand-name").textContent = raised ? t("Lower hand") : t("Raise hand");
  $("floor-leave").hidden = !hasFloor || me.can_host;
  const asking = room.hands.size + (room.waiting?.count ?? 0);
  $("hands-waiting").hidden = !asking || !me.can_moderate;
  $("hands-waiting").textContent = asking;
}

function showEmptiness() {
  const empty = stage.isEmpty && way.rung === "webrtc";
  $("stage-empty").hidden = !empty;
  if (!empty) return;
  const note = room.me.can_host
    ? t("Nobody is on the stage. Switch on your camera or microphone, or share your screen.")
    : t("The lecturer is not on the stage yet. It begins here by itself.");
  $("stage-note").textContent = note;
}

function showUnread(count) {
  $("chat-unread").hidden = !count;
  $("chat-unread").textContent = count > 99 ? "99+" : count;
  $("chat-toggle").setAttribute("aria-label", unreadLabel(count));
}

function banner(text, tone = "") {
  const element = $("banner");
  element.hidden = !text;
  element.dataset.tone = tone;
  element.textContent = text ?? "";
}

// ---------------------------------------------------------------- what people do

function speak({ id, text }) {
  room = say(room, { id, text });
  socket.send({ type: "say", id, text });
  show();
}

function speakAgain(id) {
  room = sayAgain(room, id);
  const line = room.chat.find((one) => one.id === id);
  socket.send({ type: "say", id, text: line.text });
  show();
}

function answer(answering) {
  room = choose(room, answering);
  socket.send({ type: "answer_poll", ...answering });
  show();
}

function toggleHand() {
  if (!room.me || $("hand").hidden) return;
  socket.send({ type: room.hands.has(room.me.person) ? "lower_hand" : "raise_hand" });
}

function leave() {
  store.presence = null;
  close();
  showLeft(goodbye({ reason: "left" }));
}

async function end() {
  if (isOver) return;
  isOver = true;
  store.presence = null;
  close();
  await becomeRecording(config);
}

function close() {
  socket.leave();
  connection.close();
  stage.clear();
  way.close();
  devices.closeAll();
}

const KEYS = {
  KeyM: () => !$("own-tools").hidden && own.toggleMicrophone(),
  KeyV: () => !$("own-tools").hidden && own.toggleCamera(),
  KeyH: toggleHand,
  KeyC() {
    panels.open("chat");
    chat.focus();
  },
  KeyQ: () => polls.focus() || $("tab-polls").hidden || panels.toggle("polls"),
  KeyP: () => panels.toggle("people"),
};

// ---------------------------------------------------------------- wiring

function wire() {
  socket.addEventListener("message", (event) => hear(event.detail));
  socket.addEventListener("drop", (event) => {
    banner(t("The connection was lost. Reconnecting, attempt {count}…", { count: event.detail }));
    page.dataset.socket = "reconnecting";
    connection.hold();
  });
  socket.addEventListener("open", () => (page.dataset.socket = "open"));
  socket.addEventListener("bye", (event) => part(event.detail));
  connection.addEventListener("offer", (event) => socket.send(event.detail));
  view.addEventListener("view", (event) => socket.send(event.detail));
  connection.addEventListener("track", (event) => {
    stage.add(event.detail.info, event.detail.track);
    view.show(stage.pictures);
    showEmptiness();
  });
  connection.addEventListener("gone", (event) => {
    stage.remove(event.detail);
    view.show(stage.pictures);
  });
  connection.addEventListener("way", (event) => {
    page.dataset.way = event.detail;
    way.look();
  });
  way.addEventListener("change", takeWay);
  way.addEventListener("look", (event) => quality.show(connection.way, event.detail.stats));
  own.addEventListener("change", () => {
    store.presence = page.dataset.phase === "in" ? own.presence : null;
    show();
  });
  own.addEventListener("trouble", (event) => toast(event.detail));
  $("mic-toggle").addEventListener("click", own.toggleMicrophone);
  $("camera-toggle").addEventListener("click", own.toggleCamera);
  $("screen-toggle").addEventListener("click", own.toggleScreen);
  $("hand").addEventListener("click", toggleHand);
  $("floor-leave").addEventListener("click", () => socket.send({ type: "take_floor", person: room.me.person }));
  $("leave").addEventListener("click", leave);
  $("help").addEventListener("click", () => $("keys-dialog").showModal());
  $("quality").addEventListener("click", () => {
    $("quality-dialog").showModal();
    way.look();
  });
  $("sound-on").addEventListener("click", () => {
    $("sound-on").hidden = true;
    stage.startSound();
    way.startSound();
  });
  wireKeys(KEYS, () => page.dataset.phase === "in");
  wireDevices();
  lecturerButtons(config.api);
}

function wireDevices() {
  for (const kind of ["camera", "microphone"]) {
    $(`${kind}-choice-2`).addEventListener("change", (event) => {
      devices.choose(kind, event.target.value);
      own.change(kind).catch((error) => toast(error.message));
    });
  }
  $("device-button").addEventListener("click", async () => {
    for (const kind of ["camera", "microphone"]) await devices.fill($(`${kind}-choice-2`), kind);
    $("device-dialog").showModal();
  });
}

/** Another rung of the ladder, or another reason to be on it. */
function takeWay() {
  if (room.me && way.reason !== "chosen") toast(news(way.rung, way.reason));
  show();
}

/** The server said good-bye for good. */
function part(bye) {
  if (bye.reason === "ended") return end();
  if (bye.reason === "not_open") return location.reload();
  if (isOver) return;
  store.presence = null;
  close();
  showLeft(goodbye(bye));
}

function tick() {
  if (startedAt && room.lecture?.state === "live") {
    $("room-clock").hidden = false;
    $("room-clock").textContent = clock((Date.now() + room.skew - startedAt) / 1000);
  }
}

function enter() {
  page.dataset.phase = "in";
  for (const id of ["room-body", "toolbar"]) $(id).hidden = false;
  banner(t("Connecting…"), "calm");
  socket.connect();
  way.begin();
  setInterval(tick, 1000);
  navigator.wakeLock?.request("screen").catch(() => {});
}

/** After a reload one is back where one was; otherwise the green room comes first. */
async function begin() {
  wire();
  const [navigation] = performance.getEntriesByType("navigation");
  const wasHere = navigation?.type === "reload" ? store.presence : null;
  const green = new GreenRoom(devices);
  if (wasHere) {
    for (const kind of ["camera", "microphone"]) {
      if (wasHere[kind]) await devices.open(kind).catch((error) => toast(error.message));
    }
  } else if (config.watch_only) {
    store.resume = null;
  } else {
    warmUp();
    if (config.can_host) green.check();
    const withDevices = await green.choice();
    if (!withDevices || !config.can_host) devices.closeAll();
  }
  green.close();
  store.presence = own.presence;
  enter();
}

/** For end-to-end tests and for curious people: what this tab knows, to read only. */
globalThis.daris = Object.freeze({
  get room() {
    return { ...room, people: [...room.people.values()], hands: [...room.hands.keys()] };
  },
  get way() {
    return way.rung === "webrtc" ? connection.way : way.rung;
  },
  get reason() {
    return way.reason;
  },
  get player() {
    return way.far.player;
  },
  stats: () => connection.stats(),
});

begin();
