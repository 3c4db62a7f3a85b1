// A curve as an area of a square of 100 by 100 (SVG path data).

/** Heights of 0 to 100, from left to right, joined smoothly; no heights, no path. */
export function heatPath(heights) {
  if (!heights.length) return "";
  const step = 100 / heights.length;
  const points = heights.map((height, index) => [(index + 0.5) * step, 100 - height]);
  const [first, ...rest] = points;
  let [x, y] = first;
  let path = `M0 100L0 ${num(y)}L${num(x)} ${num(y)}`;
  for (const [nextX, nextY] of rest) {
    const middle = (x + nextX) / 2;
    path += `C${num(middle)} ${num(y)} ${num(middle)} ${num(nextY)} ${num(nextX)} ${num(nextY)}`;
    [x, y] = [nextX, nextY];
  }
  return `${path}L100 ${num(y)}L100 100Z`;
}

const num = (value) => Number(value.toFixed(2));
