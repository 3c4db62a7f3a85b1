// Cameras and microphones: opened, remembered, and explained when they fail.
import { t } from "../translate.js";

const CHOICES = "daris.devices";

const CONSTRAINTS = {
  camera: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } },
  microphone: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
};

export class Devices {
  camera = null; // MediaStreamTrack, or null while off
  microphone = null;

  get choices() {
    try {
      return JSON.parse(localStorage.getItem(CHOICES)) ?? {};
    } catch {
      return {};
    }
  }

  /** The device of this kind to use from now on. */
  choose(kind, id) {
    localStorage.setItem(CHOICES, JSON.stringify({ ...this.choices, [kind]: id }));
  }

  /** Open the remembered device, or any; an Error says why not. */
  async open(kind) {
    const id = this.choices[kind];
    const wish = id ? { ...CONSTRAINTS[kind], deviceId: { ideal: id } } : CONSTRAINTS[kind];
    const media = kind === "camera" ? { video: wish } : { audio: wish };
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia(media);
    } catch (error) {
      throw new Error(explain(error, kind), { cause: error });
    }
    this.close(kind);
    [this[kind]] = stream.getTracks();
    return this[kind];
  }

  /** Switch the device off, its light too. */
  close(kind) {
    this[kind]?.stop();
    this[kind] = null;
  }

  closeAll() {
    this.close("camera");
    this.close("microphone");
  }

  async list(kind) {
    const wanted = kind === "camera" ? "videoinput" : "audioinput";
    const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    return devices.filter((device) => device.kind === wanted && device.deviceId);
  }

  /** Fill a `select` with the devices of a kind. */
  async fill(select, kind) {
    const devices = await this.list(kind);
    const options = devices.map((device, at) => {
      const name = device.label || t("Device {number}", { number: at + 1 });
      return new Option(name, device.deviceId);
    });
    if (!options.length) options.push(new Option(t("No device was found"), ""));
    select.replaceChildren(...options);
    const current = this[kind]?.getSettings().deviceId ?? this.choices[kind];
    if (devices.some((device) => device.deviceId === current)) select.value = current;
    select.disabled = !devices.length;
  }
}

/** The screen, a window or a tab; null when the person changed their mind. */
export async function openScreen() {
  if (!navigator.mediaDevices?.getDisplayMedia) {
    throw new Error(t("This browser can't share the screen."));
  }
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({
      video: { frameRate: { ideal: 15, max: 30 } },
    });
    const [track] = stream.getVideoTracks();
    track.contentHint = "text"; // letters stay sharp; pictures per second give way
    return track;
  } catch (error) {
    if (error.name === "NotAllowedError" || error.name === "AbortError") return null;
    throw new Error(t("The screen can't be shared: {reason}", { reason: error.message }), { cause: error });
  }
}

function explain(error, kind) {
  const isCamera = kind === "camera";
  switch (error.name) {
    case "NotAllowedError":
      return isCamera
        ? t("The browser may not use the camera. Allow it beside the address of this page.")
        : t("The browser may not use the microphone. Allow it beside the address of this page.");
    case "NotFoundError":
    case "OverconstrainedError":
      return isCamera ? t("No camera was found.") : t("No microphone was found.");
    case "NotReadableError":
      return isCamera
        ? t("Another program is using the camera.")
        : t("Another program is using the microphone.");
    default:
      return t("The device can't be used: {reason}", { reason: error.message ?? error.name });
  }
}
