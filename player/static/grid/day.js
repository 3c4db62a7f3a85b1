// A channel's day as the grid edits it: programmes with their times in milliseconds. No page is touched here.

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
const FROZEN = 11 * SECOND; // what begins sooner than in ten seconds is not changed any more
const LONGEST = 24 * HOUR;

/** A programme out of the API's answer; it keeps what was told, so that what is not changed is sent as it came. */
export function fromAnswer(told) {
  return { ...told, starts: Date.parse(told.starts_at), ends: Date.parse(told.ends_at), kept: told };
}

/** The programme as a push has it. */
export function forPush(programme) {
  const { key, source, title, description, floating, rights_from, rights_until, kept } = programme;
  const moment = (name, at) => (kept && Date.parse(kept[name]) === at ? kept[name] : new Date(at).toISOString());
  const body = { key, source, title: filled(title), description: filled(description), floating };
  body.starts_at = moment("starts_at", programme.starts);
  body.ends_at = moment("ends_at", programme.ends);
  if (rights_from) body.rights_from = rights_from;
  if (rights_until) body.rights_until = rights_until;
  return body;
}

const filled = (texts) => Object.fromEntries(Object.entries(texts).filter(([, text]) => text.trim()));

/** Whether the programme can't be changed any more: it has begun, or belongs to the day before. */
export function isFixed({ kept }, { since, now }) {
  return Boolean(kept) && (Date.parse(kept.starts_at) < now + FROZEN || Date.parse(kept.starts_at) < since);
}

/** What is sent for the day: all that begins in it. */
export function pushOf(draft, { since, until }) {
  return { programmes: draft.filter(({ starts, kept }) => isIn(starts, since, until) || (kept && isIn(Date.parse(kept.starts_at), since, until))).map(forPush) };
}

const isIn = (at, since, until) => since <= at && at < until;

/** How long the programme may take: as long as its media, where its length is known. */
export function longest({ media_seconds }) {
  return media_seconds ? Math.min(LONGEST, media_seconds * SECOND) : LONGEST;
}

const clamp = (value, least, most) => Math.max(least, Math.min(most, value));
const earliest = ({ since, now }) => Math.max(since, Math.ceil((now + FROZEN) / SECOND) * SECOND);

/** The programme at another start; it keeps its length and stays in its day. */
export function movedTo(programme, starts, day) {
  const at = clamp(starts, earliest(day), day.until - SECOND);
  return { ...programme, starts: at, ends: at + programme.ends - programme.starts };
}

/** The programme with its `start` or `end` at another moment, as far as its media goes. */
export function trimmedTo(programme, edge, at, day) {
  const { starts, ends } = programme;
  if (edge === "end") return { ...programme, ends: clamp(at, starts + SECOND, starts + longest(programme)) };
  return { ...programme, starts: clamp(at, Math.max(earliest(day), ends - longest(programme)), ends - SECOND) };
}

/** The next full second after `at`, or the one before it. */
export function secondBeside(at, direction) {
  return direction > 0 ? (Math.floor(at / SECOND) + 1) * SECOND : (Math.ceil(at / SECOND) - 1) * SECOND;
}

/** `at` on the edge of a neighbour that is near enough, else on the full minute. */
export function snapped(at, edges, tolerance) {
  const nearest = edges.reduce((best, edge) => (Math.abs(edge - at) < Math.abs(best - at) ? edge : best), Infinity);
  return Math.abs(nearest - at) <= tolerance ? nearest : Math.round(at / MINUTE) * MINUTE;
}

/** Starts and ends of all others. */
export function edgesBeside(draft, key) {
  return draft.filter((one) => one.key !== key).flatMap(({ starts, ends }) => [starts, ends]);
}

/** The first moment from `from` on where `length` fits between what is planned; behind all of it when nowhere. */
export function firstGap(draft, from, length, day) {
  let at = Math.max(from, earliest(day));
  for (const { starts, ends } of inOrder(draft)) {
    if (starts - at >= length) break;
    at = Math.max(at, ends);
  }
  return at < day.until ? at : Math.max(earliest(day), day.until - length);
}

export const inOrder = (draft) => [...draft].sort((a, b) => a.starts - b.starts || a.ends - b.ends);

/** How many programmes differ between two drafts. */
export function difference(before, after) {
  const said = (draft) => new Map(draft.map((one) => [one.key, JSON.stringify(forPush(one))]));
  const [was, is] = [said(before), said(after)];
  const keys = new Set([...was.keys(), ...is.keys()]);
  return [...keys].filter((key) => was.get(key) !== is.get(key)).length;
}

/** In which lane each stands, so that what overlaps can be seen: by key, from 0. */
export function lanes(draft) {
  const busy = []; // until when each lane is
  return new Map(
    inOrder(draft).map(({ key, starts, ends }) => {
      const free = busy.findIndex((until) => until <= starts);
      const lane = free < 0 ? busy.length : free;
      busy[lane] = ends;
      return [key, lane];
    }),
  );
}

/** What was, to go back to and forth again. `current` is what is shown. */
export class History {
  #before = [];
  #after = [];

  constructor(current) {
    this.current = current;
  }

  do(next) {
    this.#before.push(this.current);
    this.#after = [];
    this.current = next;
  }

  undo() {
    if (!this.#before.length) return;
    this.#after.push(this.current);
    this.current = this.#before.pop();
  }

  redo() {
    if (!this.#after.length) return;
    this.#before.push(this.current);
    this.current = this.#after.pop();
  }

  get canUndo() {
    return this.#before.length > 0;
  }

  get canRedo() {
    return this.#after.length > 0;
  }
}
