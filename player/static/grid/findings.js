// What the server says about a day that is not saved yet, in the reader's words.
import { t } from "../translate.js";

/** A sentence for the code of a finding (docs/television.md); the server's own where there is none here. */
export function sentence({ code, message }) {
  const known = {
    overlap: t("It overlaps with another programme."),
    gap: t("Nothing is planned before it."),
    unconditioned: t("Its media has still to be conditioned."),
    failed_before: t("Its media could not be conditioned; it is tried again."),
    absent_recording: t("The recording is not there yet."),
    absent_file: t("The file is not there yet."),
    unknown_recording: t("There is no such recording."),
    unknown_file: t("There is no such file."),
    unknown_lecture: t("There is no such lecture."),
    past: t("It begins in the past or within ten seconds."),
    frozen: t("It has begun and can't be changed any more."),
    rights: t("It lies outside of the time in which it may be shown."),
    no_title: t("It has no title."),
    bad_duration: t("It takes less than a second or more than a day."),
    outside_window: t("It begins outside of this day."),
  };
  return known[code] ?? message;
}

/** Findings by the key of their programme; those about the day as a whole under null. */
export function byKey(findings, keys) {
  const found = new Map();
  for (const finding of findings) {
    const key = finding.key ?? keys[finding.index] ?? null;
    found.set(key, [...(found.get(key) ?? []), finding]);
  }
  return found;
}
