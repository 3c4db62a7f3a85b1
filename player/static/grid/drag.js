// Dragging a block, or one of its edges, along the time axis. Escape lets it be as it was.
import { HOUR } from "./day.js";

const SLACK = 4; // pixels: less is a click
const EDGE = 48; // pixels from the rim of the scrolled part, where it scrolls on
const STEP = 14;

/** `grid` has pick(key), drag(key, edge, byMilliseconds), drop(), cancel() and pixelsPerHour(). */
export function draggable(list, scroller, grid) {
  let hold = null;

  const travelled = () => hold.y - hold.from + scroller.scrollTop - hold.scrolled;

  function move() {
    const way = travelled();
    if (!hold.isMoving && Math.abs(way) < SLACK) return;
    if (!hold.isMoving) list.setPointerCapture(hold.pointer); // not sooner: a click is the block's
    hold.isMoving = true;
    grid.drag(hold.key, hold.edge, (way / grid.pixelsPerHour()) * HOUR);
  }

  function end(isKept) {
    if (!hold) return;
    const { isMoving, block } = hold;
    block.classList.remove("is-dragged");
    hold = null;
    if (isMoving) isKept ? grid.drop() : grid.cancel();
  }

  list.addEventListener("pointerdown", (event) => {
    const block = event.target.closest(".block");
    if (!block || event.button !== 0 || !grid.pixelsPerHour()) return;
    if (event.pointerType !== "mouse" && !block.hasAttribute("aria-current")) return; // a finger scrolls
    if (!grid.pick(block.dataset.key)) return;
    const { key } = block.dataset;
    hold = { key, block, edge: event.target.dataset.edge ?? null, from: event.clientY, y: event.clientY, scrolled: scroller.scrollTop, isMoving: false, pointer: event.pointerId };
  });
  list.addEventListener("pointermove", (event) => {
    if (!hold) return;
    hold.y = event.clientY;
    const box = scroller.getBoundingClientRect();
    if (hold.isMoving && event.clientY > box.bottom - EDGE) scroller.scrollBy(0, STEP);
    if (hold.isMoving && event.clientY < box.top + EDGE) scroller.scrollBy(0, -STEP);
    move();
    hold.block.classList.toggle("is-dragged", hold.isMoving);
  });
  scroller.addEventListener("scroll", () => hold?.isMoving && move());
  list.addEventListener("pointerup", () => end(true));
  list.addEventListener("pointercancel", () => end(false));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !hold) return;
    event.stopPropagation();
    end(false);
  });
}
