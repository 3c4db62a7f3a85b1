// What lies on the seek bar of a recording besides the time: chapters, and a small picture of where one points.
import { $, clock, el } from "../dom.js";
import { call } from "../site.js";
import { pictureAt, readStoryboard } from "./storyboard.js";

/** `player` is ready. Both are conveniences: without them the bar is as it was. */
export function openSeekBar({ root, player, editionAt, storyboardAt }) {
  let chapters = []; // {position (seconds), title}
  let pictures = [];
  drawChapters(root, player, editionAt).then((found) => (chapters = found), () => {});
  readPictures(storyboardAt).then((found) => (pictures = found), () => {});
  player.addEventListener("tip", ({ detail: { position, tip } }) => {
    const chapter = chapters.findLast((one) => one.position <= position);
    const words = [chapter && el("strong", {}, chapter.title), el("span", {}, clock(position))];
    tip.replaceChildren(...[picture(pictureAt(pictures, position), storyboardAt), ...words].filter(Boolean));
    keepInside(tip, root);
  });
}

async function drawChapters(root, player, address) {
  const { chapters, starts_at } = await call("GET", address);
  const begins = Date.parse(starts_at);
  const found = chapters.map(({ at_ms, title }) => ({ title, position: player.positionOf(new Date(begins + at_ms)) }));
  const marks = found.filter(({ position }) => position > 0 && position < player.duration).map(({ position }) => mark(position / player.duration));
  root.querySelector("[data-chapters]").replaceChildren(...marks);
  $("chapters").hidden = !found.length;
  $("chapters").replaceChildren(...found.map((chapter) => line(chapter, player)));
  return found;
}

/** The page's policy allows styles by script only, not in attributes. */
function mark(share) {
  const element = el("i");
  element.style.left = `${100 * share}%`;
  return element;
}

function line({ position, title }, player) {
  const play = () => {
    player.seek(position);
    player.play();
  };
  return el("li", {}, el("button", { type: "button", class: "button plain small", "data-testid": "chapter", onclick: play }, el("span", { class: "soft" }, clock(position)), ` ${title}`));
}

async function readPictures(address) {
  const response = await fetch(address);
  return response.ok ? readStoryboard(await response.text()) : [];
}

function picture(found, address) {
  if (!found) return null;
  const element = el("i", { class: "player-still" });
  const { x, y, width, height, sheet } = found;
  element.style.width = `${width}px`;
  element.style.height = `${height}px`;
  element.style.background = `url("${new URL(sheet, new URL(address, location.href)).href}") -${x}px -${y}px`;
  return element;
}

/** Near an end of the bar the tip does not stick out. */
function keepInside(tip, root) {
  const [box, around] = [tip.getBoundingClientRect(), root.getBoundingClientRect()];
  const over = Math.max(0, box.right - around.right + 8) || Math.min(0, box.left - around.left - 8);
  if (over) tip.style.left = `${tip.offsetLeft - over}px`;
}
