// The level of one's own microphone.

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
