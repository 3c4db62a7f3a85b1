// The green room: what one looks and sounds like, before anybody else does.
import { $ } from "../dom.js";
import { t } from "../translate.js";
import { meter } from "./meters.js";

export class GreenRoom {
  #devices;
  #stopMeter = () => {};
  #asking = Promise.resolve(); // until camera and microphone have answered

  constructor(devices) {
    this.#devices = devices;
    for (const kind of ["camera", "microphone"]) {
      $(`${kind}-choice`).addEventListener("change", (event) => {
        devices.choose(kind, event.target.value);
        this.#open(kind);
      });
    }
    $("check-devices")?.addEventListener("click", () => this.check());
  }

  /** Ask for camera and microphone, and show what they give. */
  check() {
    this.#asking = this.#check();
    return this.#asking;
  }

  async #check() {
    $("devices").hidden = false;
    $("green").classList.remove("simple");
    $("check-devices")?.setAttribute("aria-expanded", "true");
    $("device-error").hidden = true;
    await this.#open("camera");
    await this.#open("microphone");
  }

  /** Until somebody chooses to enter: whether with the devices, which then are open. */
  async choice() {
    const withDevices = await new Promise((resolve) => {
      $("join").addEventListener("click", () => resolve(true), { once: true });
      $("join-bare")?.addEventListener("click", () => resolve(false), { once: true });
    });
    if (withDevices) {
      $("join").setAttribute("aria-busy", "true");
      await this.#asking;
    }
    return withDevices;
  }

  close() {
    this.#stopMeter();
    $("preview").srcObject = null;
    $("green").hidden = true;
  }

  async #open(kind) {
    try {
      await this.#devices.open(kind);
    } catch (error) {
      this.#complain(error.message);
    }
    await this.#devices.fill($(`${kind}-choice`), kind);
    if (kind === "camera") this.#showPicture();
    else this.#showLevel();
  }

  #showPicture() {
    const track = this.#devices.camera;
    $("preview").srcObject = track ? new MediaStream([track]) : null;
    $("preview-box").dataset.on = String(Boolean(track));
    $("preview-note").textContent = t("The camera is off");
  }

  #showLevel() {
    this.#stopMeter();
    if (!this.#devices.microphone) return;
    const level = $("level");
    this.#stopMeter = meter(this.#devices.microphone, (value) => {
      level.style.setProperty("--level", value.toFixed(3));
      level.setAttribute("aria-valuenow", Math.round(value * 100));
    });
  }

  #complain(text) {
    const box = $("device-error");
    box.hidden = false;
    box.querySelector("span").textContent = text;
  }
}
