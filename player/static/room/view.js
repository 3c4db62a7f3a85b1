// What the page shows, and how large: the server then sends each picture in a layer that fits,
// and nothing of what cannot be seen.

const SETTLE_MS = 150; // changes come in flocks: a window being dragged, a panel sliding open
const NOTICED = 0.1; // a difference of size that is worth a message

/** Fires `view` (detail: the message to send) when what is shown changed. */
export class View extends EventTarget {
  #pictures = new Map(); // track id -> <video>
  #inSight = new Set(); // <video> elements
  #told = null;
  #isNew = false; // a picture of which the server was told nothing yet: it would be sent
  #timer = null;
  #isOff = false;
  #sizes = new ResizeObserver(() => this.#soon());
  #sight = new IntersectionObserver((entries) => this.#look(entries));

  constructor() {
    super();
    document.addEventListener("visibilitychange", () => this.#soon());
  }

  /** The pictures that are on the stage: track id -> <video>. */
  show(pictures) {
    for (const [id, video] of this.#pictures) if (pictures.get(id) !== video) this.#forget(id, video);
    for (const [id, video] of pictures) if (!this.#pictures.has(id)) this.#watch(id, video);
  }

  /** Whether the pictures come another way, so that none of these is wanted. */
  set isOff(value) {
    if (value === this.#isOff) return;
    this.#isOff = value;
    this.#soon();
  }

  /** The ids of the tracks that the server was asked to send. */
  get shown() {
    return new Set(Object.keys(this.#told ?? {}));
  }

  /** Say it again, the seat is a new one; until there is something to say it is sent everything. */
  repeat() {
    this.#told = null;
    if (this.#pictures.size) this.#tell();
  }

  #watch(id, video) {
    this.#pictures.set(id, video);
    this.#isNew = true;
    this.#inSight.add(video); // until it is known better
    this.#sizes.observe(video);
    this.#sight.observe(video);
    video.addEventListener("resize", this.#soon);
    for (const name of ["enterpictureinpicture", "leavepictureinpicture"]) video.addEventListener(name, this.#soon);
  }

  #forget(id, video) {
    this.#pictures.delete(id);
    this.#inSight.delete(video);
    this.#sizes.unobserve(video);
    this.#sight.unobserve(video);
    video.removeEventListener("resize", this.#soon);
    for (const name of ["enterpictureinpicture", "leavepictureinpicture"]) video.removeEventListener(name, this.#soon);
    this.#soon();
  }

  #look(entries) {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) this.#inSight.add(target);
      else this.#inSight.delete(target);
    }
    this.#soon();
  }

  #soon = () => {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#tell(), SETTLE_MS);
  };

  #tell() {
    const heights = {};
    for (const [id, video] of this.#pictures) {
      const height = this.#height(video);
      if (height) heights[id] = height;
    }
    if (this.#told && !this.#isNew && !differ(this.#told, heights)) return;
    this.#told = heights;
    this.#isNew = false;
    this.dispatchEvent(new CustomEvent("view", { detail: { type: "view", heights } }));
  }

  #height(video) {
    if (this.#isOff) return 0;
    if (document.pictureInPictureElement === video) return Math.max(180, pictureHeight(video));
    return document.hidden || !this.#inSight.has(video) ? 0 : pictureHeight(video);
  }
}

/** Device pixels from the top to the bottom of the whole picture, also where a part is cut off. */
function pictureHeight(video) {
  const { width, height } = video.getBoundingClientRect();
  const aspect = video.videoWidth && video.videoHeight ? video.videoWidth / video.videoHeight : 16 / 9;
  const fit = getComputedStyle(video).objectFit === "cover" ? Math.max : Math.min;
  return Math.min(16_384, Math.round(fit(height, width / aspect) * devicePixelRatio));
}

/** Whether two views are unlike enough to be told. */
export function differ(before, after) {
  const ids = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...ids].some((id) => {
    const [one, other] = [before[id] ?? 0, after[id] ?? 0];
    return Math.abs(one - other) > NOTICED * Math.min(one, other);
  });
}
