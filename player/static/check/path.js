// One media connection to the server's echo, by one kind of path only.
import { call } from "../site.js";

const BUSY_TRIES = 4;
const BUSY_MS = 3000;

/** The server has no candidate of the kind, so there is nothing to try. */
export class NotOffered extends Error {}

export class Path {
  #echo = null;
  #connected;

  /** `kind` is udp, tcp or relay; `tracks` are what is sent, and what comes back is of their kinds. */
  constructor(kind, { iceServers = [], tracks }) {
    this.kind = kind;
    this.targets = []; // what was tried, as host:port
    this.received = new MediaStream();
    this.peer = new RTCPeerConnection({
      iceServers: kind === "relay" ? iceServers : [],
      iceTransportPolicy: kind === "relay" ? "relay" : "all",
      bundlePolicy: "max-bundle",
    });
    this.#connected = new Promise((resolve) => {
      this.peer.addEventListener("connectionstatechange", () => {
        if (this.peer.connectionState === "connected") resolve(true);
        if (this.peer.connectionState === "failed") resolve(false);
      });
    });
    this.peer.addEventListener("track", ({ track }) => this.received.addTrack(track));
    for (const track of tracks) this.#exchange(track);
  }

  /** The milliseconds until media could flow, or null when it never could. */
  async connect(patienceMs) {
    await this.peer.setLocalDescription();
    if (this.kind === "relay") await gathered(this.peer, patienceMs);
    const answer = await this.#ask(this.peer.localDescription.sdp);
    this.#echo = answer.id;
    const { sdp, targets } = only(this.kind === "tcp" ? "tcp" : "udp", answer.sdp);
    this.targets = targets;
    if (!targets.length) throw new NotOffered();
    const begin = performance.now();
    await this.peer.setRemoteDescription({ type: "answer", sdp });
    const inTime = await Promise.race([this.#connected, after(patienceMs)]);
    return inTime ? performance.now() - begin : null;
  }

  async close() {
    this.peer.close();
    const echo = this.#echo;
    this.#echo = null;
    if (echo) await call("DELETE", `/check/echoes/${echo}`).catch(() => {});
  }

  #exchange(track) {
    const encoding = track.kind === "video" ? { maxBitrate: 2_000_000 } : {};
    this.peer.addTransceiver(track, { direction: "sendonly", sendEncodings: [encoding] });
    this.peer.addTransceiver(track.kind, { direction: "recvonly" });
  }

  /** The answer; while others test, the server asks us to wait a little. */
  async #ask(sdp) {
    for (let tries = 1; ; tries++) {
      try {
        return await call("POST", "/check/echoes", { sdp });
      } catch (error) {
        if (![429, 503].includes(error.status) || tries === BUSY_TRIES) throw error;
        await after(BUSY_MS);
      }
    }
  }
}

/** The answer with the candidates of one protocol, and where those lead. */
export function only(protocol, sdp) {
  const targets = new Set();
  const lines = sdp.split("\r\n").filter((line) => {
    if (!line.startsWith("a=candidate:")) return true;
    const [, , transport, , host, port] = line.split(" ");
    if (transport.toLowerCase() !== protocol) return false;
    targets.add(host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`);
    return true;
  });
  return { sdp: lines.join("\r\n"), targets: [...targets] };
}

/** Until the relay gave us an address: without one there is nothing to send from. */
function gathered(peer, patienceMs) {
  const complete = new Promise((resolve) => {
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState === "complete") resolve();
    });
  });
  return Promise.race([complete, after(patienceMs)]);
}

export function after(ms) {
  return new Promise((resolve) => setTimeout(() => resolve(false), ms));
}
