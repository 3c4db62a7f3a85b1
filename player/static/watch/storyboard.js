// The small pictures of a recording: WebVTT whose cues name parts of one sheet (Media Fragments, 4.2.2).

const TIME = /(\d+):(\d\d):(\d\d)\.(\d{3})/;
const PART = /^(.+)#xywh=(\d+),(\d+),(\d+),(\d+)$/;

/** Pictures as {from (seconds), sheet, x, y, width, height}, in order. */
export function readStoryboard(text) {
  const pictures = [];
  let from = null;
  for (const line of text.split("\n")) {
    const [time, part] = [TIME.exec(line), PART.exec(line.trim())];
    if (line.includes("-->") && time) from = seconds(time);
    else if (part && from !== null) pictures.push(picture(from, part));
  }
  return pictures;
}

/** The picture of that moment; undefined where there is none. */
export function pictureAt(pictures, position) {
  return pictures.findLast((one) => one.from <= position) ?? pictures[0];
}

function seconds([, h, m, s, rest]) {
  return Number(h) * 3600 + Number(m) * 60 + Number(s) + Number(rest) / 1000;
}

function picture(from, [, sheet, ...numbers]) {
  const [x, y, width, height] = numbers.map(Number);
  return { from, sheet, x, y, width, height };
}
