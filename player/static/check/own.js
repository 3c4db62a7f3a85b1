// Camera, microphone and loudspeaker of this device, each only when the person asks for it.
import { $ } from "../dom.js";
import { t } from "../translate.js";
import { Devices } from "../room/devices.js";
import { meter } from "../room/meters.js";

const TONE_SECONDS = 1.2;

export class OwnDevices {
  #devices = new Devices();
  #stopMeter = null;

  constructor() {
    $("try-camera").addEventListener("click", () => this.#toggle("camera"));
    $("try-microphone").addEventListener("click", () => this.#toggle("microphone"));
    $("try-speaker").addEventListener("click", () => this.#sound());
  }

  async #toggle(kind) {
    const isOn = Boolean(this.#devices[kind]);
    this.#say("");
    if (isOn) this.#devices.close(kind);
    else await this.#devices.open(kind).catch((error) => this.#say(error.message));
    $(`try-${kind}`).setAttribute("aria-pressed", String(Boolean(this.#devices[kind])));
    if (kind === "camera") this.#showPicture();
    else this.#showLevel();
  }

  #showPicture() {
    const { camera } = this.#devices;
    $("own-picture").hidden = !camera;
    $("own-picture").srcObject = camera ? new MediaStream([camera]) : null;
  }

  #showLevel() {
    this.#stopMeter?.();
    this.#stopMeter = null;
    const [{ microphone }, level] = [this.#devices, $("own-level")];
    level.hidden = !microphone;
    if (!microphone) return;
    this.#say(t("Speak: the bar should move."));
    this.#stopMeter = meter(microphone, (value) => {
      level.value = value;
    });
  }

  /** Two notes; whoever hears them has a working loudspeaker. */
  #sound() {
    const context = new AudioContext();
    const [oscillator, gain] = [context.createOscillator(), context.createGain()];
    oscillator.frequency.setValueAtTime(440, context.currentTime);
    oscillator.frequency.setValueAtTime(660, context.currentTime + TONE_SECONDS / 2);
    gain.gain.setValueAtTime(0.2, context.currentTime);
    gain.gain.linearRampToValueAtTime(0, context.currentTime + TONE_SECONDS);
    oscillator.connect(gain).connect(context.destination);
    oscillator.addEventListener("ended", () => context.close());
    oscillator.start();
    oscillator.stop(context.currentTime + TONE_SECONDS);
    this.#say(t("Two notes are playing. If you hear nothing, turn the volume up or choose another loudspeaker."));
  }

  #say(text) {
    $("own-note").textContent = text;
  }
}
