// What this tab knows of the room: a pure function from state and message to the next state.

import { NO_POLLS, POLL_REDUCERS, unanswered, welcomed } from "./poll_state.js";

export const EMPTY = Object.freeze({
  ...NO_POLLS,
  seat: null,
  me: null,
  lecture: null,
  people: new Map(), // person id -> person
  tracks: [],
  chat: [], // {id, at, person, name, text, status: kept | pending | failed}
  hands: new Map(), // person id -> since
  speaking: [], // person ids, the loudest first
  quality: new Map(), // person id -> how their connection is, for who moderates
  recording: { is_on: false, faults: [], state: "off" },
  waiting: null, // the newest waiting_people, for who moderates
  skew: 0, // the server's clock minus ours, in milliseconds
});

/** The state after the server's message. */
export function reduce(state, message, now = Date.now()) {
  return REDUCERS[message.type]?.(state, message, now) ?? state;
}

/** The state after this person wrote a line. */
export function say(state, { id, text }, now = Date.now()) {
  const line = { id, at: new Date(now + state.skew).toISOString(), text, status: "pending" };
  return { ...state, chat: [...state.chat, { ...line, person: state.me.person, name: state.me.name }] };
}

/** The state after a failed line is tried again. */
export function sayAgain(state, id) {
  return { ...state, chat: state.chat.map((l) => (l.id === id ? { ...l, status: "pending" } : l)) };
}

/** What has to be sent again after a reconnection. */
export function unsaid(state) {
  return state.chat.filter((line) => line.status === "pending");
}

const REDUCERS = {
  ...POLL_REDUCERS,

  welcome(state, message, now) {
    const kept = message.chat.map((line) => ({ ...line, status: "kept" }));
    const known = new Set(kept.map((line) => line.id));
    const older = state.chat.filter((line) => line.status === "kept" && !known.has(line.id));
    const mine = state.chat.filter((line) => line.status !== "kept" && !known.has(line.id));
    return {
      ...state,
      ...welcomed(message),
      seat: message.seat,
      me: message.me,
      lecture: message.lecture,
      people: new Map(message.people.map((person) => [person.id, person])),
      tracks: message.tracks,
      chat: [...inOrder([...older, ...kept]), ...mine],
      hands: new Map(message.hands.map((hand) => [hand.person, hand.at])),
      recording: message.recording,
      speaking: [],
      waiting: message.waiting ?? null,
      skew: Date.parse(message.now) - now,
    };
  },

  people_joined: (state, { people }) => withPeople(state, people),
  person_changed: (state, { person }) => withPeople(state, [person]),

  person_left(state, { person }) {
    const people = new Map(state.people);
    people.delete(person);
    const hands = new Map(state.hands);
    hands.delete(person);
    const quality = new Map(state.quality);
    quality.delete(person);
    return { ...state, people, hands, quality };
  },

  chat(state, { type, ...line }) {
    const others = state.chat.filter((other) => other.id !== line.id);
    const kept = others.filter((other) => other.status === "kept");
    const mine = others.filter((other) => other.status !== "kept");
    return { ...state, chat: [...kept, { ...line, status: "kept" }, ...mine] };
  },

  waiting: (state, { lecture }) => ({ ...state, lecture }),
  waiting_people: (state, message) => ({ ...state, waiting: message }),

  chat_mode: (state, { mode }) => ({ ...state, lecture: { ...state.lecture, chat_mode: mode } }),

  hand(state, { person, raised, at }) {
    const hands = new Map(state.hands);
    if (raised) hands.set(person, at);
    else hands.delete(person);
    return { ...state, hands };
  },

  floor(state, { person, given }) {
    const people = new Map(state.people);
    const known = people.get(person);
    if (known) people.set(person, { ...known, has_floor: given });
    const mine = state.me?.person === person;
    const me = mine ? { ...state.me, can_publish: given || state.me.can_host } : state.me;
    return { ...state, people, me };
  },

  tracks: (state, { tracks }) => ({ ...state, tracks }),

  speaking: (state, { people }) => ({ ...state, speaking: people }),

  quality: (state, { people }) => ({
    ...state,
    quality: new Map([...state.quality, ...people.map((one) => [one.person, one])]),
  }),

  recording: (state, { recording }) => ({ ...state, recording }),

  state: (state, message) => ({ ...state, lecture: { ...state.lecture, state: message.state } }),

  refused(state, { about }) {
    const isMine = (line) => line.id === about && line.status === "pending";
    if (!state.chat.some(isMine)) return unanswered(state, about);
    const chat = state.chat.map((line) => (isMine(line) ? { ...line, status: "failed" } : line));
    return { ...state, chat };
  },
};

function withPeople(state, people) {
  return { ...state, people: new Map([...state.people, ...people.map((person) => [person.id, person])]) };
}

function inOrder(lines) {
  return [...lines].sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
}

/** The people as the list shows them: raised hands by time, hosts, who has the floor, names. */
export function listed(state, locale) {
  const compare = new Intl.Collator(locale).compare;
  const rank = (p) => (state.hands.has(p.id) ? 0 : p.can_host ? 1 : p.has_floor ? 2 : 3);
  return [...state.people.values()].sort(
    (a, b) =>
      rank(a) - rank(b) ||
      (rank(a) === 0 && (state.hands.get(a.id) < state.hands.get(b.id) ? -1 : 1)) ||
      compare(a.name, b.name),
  );
}

/** The tracks to receive: everything but one's own voice and what this tab sends itself. */
export function toReceive(state, sending) {
  const isOwn = (track) =>
    track.person === state.me?.person && (track.kind === "audio" || sending.has(track.source));
  return state.tracks.filter((track) => !isOwn(track));
}
