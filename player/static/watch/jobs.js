// What is being made of the recording, for its host: how far it is, what failed, whether the voice is well to hear.
import { $, el } from "../dom.js";
import { call, toast } from "../site.js";
import { t } from "../translate.js";

const NAMES = {
  poster: () => t("Picture for the shelf"),
  storyboard: () => t("Small pictures for the seek bar"),
  file: () => t("The lecture as one file"),
  camera: () => t("The camera as a second file"),
  waveform: () => t("Waveform"),
  slides: () => t("Changes of slides"),
  loudness: () => t("Loudness of the voice"),
};
const SETTLED = ["made", "failed"];

/** Calls `changed` with the jobs now, and whenever they went on, until all have ended. */
export function followJobs(address, changed) {
  const source = new EventSource(`${address}/events`);
  source.addEventListener("message", ({ data }) => {
    const told = JSON.parse(data);
    if (told.jobs.every((job) => SETTLED.includes(job.state))) source.close();
    changed(told);
  });
  return source;
}

/** Begin to follow; goes on by itself after a try again. */
export function openJobs(address) {
  followJobs(address, show);

  function show(told) {
    $("jobs-list").replaceChildren(...told.jobs.map(row));
    $("jobs-voice").textContent = told.loudness ? verdict(told.loudness) : "";
    const failed = told.jobs.some((job) => job.state === "failed");
    const settled = told.jobs.every((job) => SETTLED.includes(job.state));
    $("jobs").dataset.state = failed ? "failed" : settled ? "made" : "running";
    $("jobs-state").textContent = failed ? t("Something failed") : settled ? t("All is there") : t("Being made…");
  }

  function row({ job, state, percent, reason }) {
    const name = NAMES[job]?.() ?? job;
    const again = async () => {
      try {
        show(await call("POST", `${address}/${job}/retry`));
        followJobs(address, show);
      } catch (error) {
        toast(error.message);
      }
    };
    const right = {
      waiting: () => el("span", { class: "soft" }, t("waits")),
      running: () => el("progress", { max: 100, value: percent ?? 0, "aria-label": name }),
      made: () => el("span", { class: "jobs-made" }, "✓ ", t("there")),
      failed: () => el("button", { type: "button", class: "button plain small", "data-testid": "job-retry", "aria-label": t("Try again: {name}", { name }), onclick: again }, t("Try again")),
    }[state]();
    const why = reason ? el("small", { class: "jobs-reason" }, reason) : null;
    return el("li", { "data-testid": `job-${job}`, "data-state": state }, el("span", {}, name, why), right);
  }
}

/** A sentence for whoever spoke. */
export function verdict({ verdict: said, integrated_lufs, peak_db }) {
  const values = { lufs: integrated_lufs.toFixed(0), peak: peak_db.toFixed(1) };
  const sentences = {
    silent: () => t("Nobody is heard in this recording. Was the microphone off?"),
    quiet: () => t("The voice is very quiet ({lufs} LUFS): listeners will have to turn it up. Next time move closer to the microphone, or raise its level.", values),
    clipped: () => t("The voice is too loud for its microphone and crackles at its loudest ({peak} dBTP). Next time lower its level.", values),
    good: () => t("The voice is easy to hear ({lufs} LUFS).", values),
  };
  return sentences[said]();
}
