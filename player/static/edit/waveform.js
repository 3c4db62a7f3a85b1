// The voice under the picture: where somebody speaks one need not listen to find a place to cut.
const PER_SECOND = 4; // peaks in the file
const STRIPE = 3; // pixels of one stripe and the gap after it
const FLOOR = 0.04; // of the height, so that silence is a line

/** The loudest of the peaks in each of so many stripes, 0 to 1; a voice that is quiet is drawn larger. */
export function stripes(peaks, seconds, count) {
  const loudest = Math.max(32, peaks.reduce((most, one) => Math.max(most, one), 0));
  return Array.from({ length: count }, (_, at) => {
    const from = Math.floor((at * seconds * PER_SECOND) / count);
    const to = Math.max(from + 1, Math.floor(((at + 1) * seconds * PER_SECOND) / count));
    let peak = 0;
    for (let place = from; place < to; place++) peak = Math.max(peak, peaks[place] ?? 0);
    return peak / loudest;
  });
}

/** The peaks of the recording; none while they are not made. */
export async function loadPeaks(address) {
  const response = await fetch(address);
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : new Uint8Array();
}

/** Draw them as wide as the canvas is now, and again when it is not. */
export function drawWaveform(canvas, peaks, seconds) {
  const draw = () => {
    const { width, height } = canvas.getBoundingClientRect();
    const scale = devicePixelRatio;
    [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    const pen = canvas.getContext("2d");
    pen.scale(scale, scale);
    pen.fillStyle = getComputedStyle(canvas).color;
    for (const [at, share] of stripes(peaks, seconds, Math.floor(width / STRIPE)).entries()) {
      const tall = Math.max(FLOOR, Math.sqrt(share)) * height;
      pen.beginPath();
      pen.roundRect(at * STRIPE, (height - tall) / 2, STRIPE - 1, tall, 1);
      pen.fill();
    }
  };
  new ResizeObserver(draw).observe(canvas);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-theme"] });
}
