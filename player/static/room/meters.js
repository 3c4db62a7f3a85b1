// Levels: of one's own microphone, and of who speaks.

/** The level of a local track, 0 to 1, told at every picture; returns a function that stops it. */
export function meter(track, tell) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 1024;
  const source = context.createMediaStreamSource(new MediaStream([track]));
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let running = true;
  const look = () => {
    if (!running) return;
    analyser.getFloatTimeDomainData(samples);
    tell(loudness(samples));
    requestAnimationFrame(look);
  };
  look();
  return () => {
    running = false;
    source.disconnect();
    context.close();
  };
}

/** The loudness of samples on a scale that looks even: -60 dBFS is 0, -6 dBFS is 1. */
export function loudness(samples) {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibel = 10 * Math.log10(sum / samples.length + 1e-12);
  return Math.min(1, Math.max(0, (decibel + 60) / 54));
}

const SPEAKS_FROM = 0.01; // root mean square; -40 dBFS
const SPEAKS_ON_MS = 600; // the ring stays between words

/** Who speaks, from what was heard since the last look. */
export class Speakers {
  #heard = new Map(); // person -> when they were heard last
  #energy = new Map(); // person -> {energy, duration} so far

  /** `people` maps person ids to RTCRtpReceivers. */
  async look(people, now = performance.now()) {
    await Promise.all([...people].map(([person, receiver]) => this.#listen(person, receiver, now)));
    return new Set([...this.#heard].filter(([, at]) => now - at < SPEAKS_ON_MS).map(([p]) => p));
  }

  async #listen(person, receiver, now) {
    for (const one of (await receiver.getStats()).values()) {
      if (one.type !== "inbound-rtp") continue;
      const after = { energy: one.totalAudioEnergy, duration: one.totalSamplesDuration };
      if (levelBetween(this.#energy.get(person), after) > SPEAKS_FROM) this.#heard.set(person, now);
      this.#energy.set(person, after);
    }
  }
}

/** The root mean square of what sounded between two looks (W3C webrtc-stats, totalAudioEnergy). */
export function levelBetween(before, after) {
  const duration = after.duration - (before?.duration ?? 0);
  const energy = after.energy - (before?.energy ?? 0);
  return duration > 0 && energy > 0 ? Math.sqrt(energy / duration) : 0;
}
