// Wall clocks of time zones, without a library.

/** The moment when the wall clock of `zone` shows `day` (2026-11-24) and `time` (10:00). */
export function moment(day, time, zone) {
  const asIfUtc = Date.parse(`${day}T${time}Z`);
  if (Number.isNaN(asIfUtc)) return null;
  const guess = asIfUtc - offset(asIfUtc, zone);
  return new Date(asIfUtc - offset(guess, zone)); // once more: the guess may lie across a change
}

/** How far the wall clock of `zone` is ahead of UTC at that moment, in milliseconds. */
export function offset(at, zone) {
  const format = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
  });
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
  const { year, month, day, hour, minute, second } = parts;
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(at / 1000) * 1000;
}

/** The day of the moment on the wall calendar of `zone`, as an input has it: 2026-11-24. */
export const dayOf = (at, zone) => new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeZone: zone }).format(at);

/** And the time: 10:00. */
export const timeOf = (at, zone) => new Intl.DateTimeFormat("sv-SE", { timeStyle: "short", timeZone: zone }).format(at);
