// What this tab shows and says: camera, microphone, screen, and whether they are muted.
import { $ } from "../dom.js";
import { t } from "../translate.js";
import { openScreen } from "./devices.js";
import { meter } from "./meters.js";

/** Fires `change` when something was switched on or off. */
export class OwnMedia extends EventTarget {
  #devices;
  #connection;
  #stage;
  #send;
  #screen = null;
  #stopMeter = () => {};
  #busy = new Set(); // a second click while a device opens does nothing

  constructor({ devices, connection, stage, send }) {
    super();
    this.#devices = devices;
    this.#connection = connection;
    this.#stage = stage;
    this.#send = send;
  }

  get isMicrophoneOn() {
    return Boolean(this.#devices.microphone?.enabled) && this.#connection.sources.has("microphone");
  }

  get isCameraOn() {
    return Boolean(this.#devices.camera) && this.#connection.sources.has("camera");
  }

  get isScreenOn() {
    return Boolean(this.#screen);
  }

  /** What is on, to switch on again after a reload. */
  get presence() {
    return { camera: this.isCameraOn, microphone: this.isMicrophoneOn };
  }

  /** Put devices that are open already on the stage. */
  async takeOver() {
    if (this.#devices.microphone) await this.#publishMicrophone();
    if (this.#devices.camera) await this.#publishCamera();
    this.#changed();
  }

  toggleMicrophone = () => this.#once("microphone", () => this.setMicrophone(!this.isMicrophoneOn));
  toggleCamera = () => this.#once("camera", () => this.setCamera(!this.isCameraOn));
  toggleScreen = () => this.#once("screen", () => (this.#screen ? this.endScreen() : this.#beginScreen()));

  async setMicrophone(on) {
    if (on && !this.#devices.microphone) await this.#devices.open("microphone");
    if (this.#devices.microphone) this.#devices.microphone.enabled = on;
    if (on) await this.#publishMicrophone();
    this.#mute("microphone", !on);
    this.#changed();
  }

  async setCamera(on) {
    if (on) {
      await this.#devices.open("camera");
      await this.#publishCamera();
    } else {
      this.#devices.close("camera");
      await this.#connection.publish("camera", null);
      this.#stage.setLocal("camera", null);
    }
    this.#mute("camera", !on);
    this.#changed();
  }

  async endScreen() {
    this.#screen?.stop();
    this.#screen = null;
    await this.#connection.unpublish("screen");
    this.#stage.setLocal("screen", undefined);
    this.#changed();
  }

  /** Another device was chosen while its kind is on. */
  async change(kind) {
    const on = kind === "camera" ? this.isCameraOn : Boolean(this.#devices.microphone);
    if (!on) return;
    const enabled = this.#devices[kind].enabled;
    await this.#devices.open(kind);
    this.#devices[kind].enabled = enabled;
    if (kind === "camera") await this.#publishCamera();
    else await this.#publishMicrophone();
    this.#changed();
  }

  /** Off the stage with everything. */
  async withdraw() {
    this.#stopMeter();
    this.#devices.closeAll();
    if (this.#screen) await this.endScreen();
    for (const source of ["camera", "microphone"]) {
      await this.#connection.unpublish(source);
      this.#stage.setLocal(source, undefined);
    }
    this.#changed();
  }

  /** A new seat knows nothing of what is muted. */
  repeatMutes() {
    for (const source of this.#connection.sources) {
      const on = { camera: this.isCameraOn, microphone: this.isMicrophoneOn, screen: true }[source];
      if (!on) this.#mute(source, true);
    }
  }

  async #publishMicrophone() {
    const track = this.#devices.microphone;
    await this.#connection.publish("microphone", track);
    this.#stage.setLocal("microphone", track);
    this.#stopMeter();
    const level = $("mic-toggle");
    this.#stopMeter = meter(track, (value) => level.style.setProperty("--level", track.enabled ? value : 0));
  }

  async #publishCamera() {
    const track = this.#devices.camera;
    track.contentHint = "motion";
    await this.#connection.publish("camera", track);
    this.#stage.setLocal("camera", track);
  }

  async #beginScreen() {
    const track = await openScreen();
    if (!track) return;
    this.#screen = track;
    track.addEventListener("ended", () => this.endScreen());
    await this.#connection.publish("screen", track);
    this.#stage.setLocal("screen", track);
    this.#changed();
  }

  #mute(source, muted) {
    this.#send({ type: "set_muted", source, muted });
  }

  async #once(kind, act) {
    if (this.#busy.has(kind)) return;
    this.#busy.add(kind);
    try {
      await act();
    } catch (error) {
      this.dispatchEvent(new CustomEvent("trouble", { detail: error.message || t("The device can't be used.") }));
    } finally {
      this.#busy.delete(kind);
    }
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
