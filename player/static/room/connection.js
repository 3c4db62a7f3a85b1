// One RTCPeerConnection of a seat. The browser always offers, the server always answers.
import { report } from "./stats.js";

const CONNECT_MS = 5000; // for a new connection
const RESTART_MS = 3000; // for another path on the same connection
const FORGOTTEN_MS = 25_000; // the server ends what was silent for 30 seconds
const AT_REST_MS = 2000; // a connection that was heard so lately has not noticed anything
const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 60_000;

/** The layers of a picture, the smallest first: each seat gets the one that fits. */
const ENCODINGS = {
  camera: [
    { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000, maxFramerate: 15 },
    { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 450_000, maxFramerate: 30 },
    { rid: "f", scaleResolutionDownBy: 1, maxBitrate: 1_500_000, maxFramerate: 30 },
  ],
  screen: [
    { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 400_000, maxFramerate: 5 },
    { rid: "f", scaleResolutionDownBy: 1, maxBitrate: 2_500_000, maxFramerate: 15 },
  ],
  microphone: [{ maxBitrate: 40_000 }],
};
const KINDS = { camera: "video", screen: "video", microphone: "audio" };

/**
 * Fires `offer` (detail: the message to send), `track` (detail: {info, track}), `gone` (detail:
 * the id of a track) and `way` (detail: none | connecting | connected | blocked).
 */
export class Connection extends EventTarget {
  #peer = null;
  #iceServers = [];
  #wanted = new Map(); // track id -> info
  #receiving = new Map(); // track id -> transceiver
  #sources = new Map(); // source -> the MediaStreamTrack to send, or null while it is off
  #sending = new Map(); // source -> transceiver
  #pending = null; // the offer that waits for its answer
  #again = false;
  #agreed = ""; // what the last answered offer was about
  #restarts = 0; // of ICE: each is worth an offer
  #timer = null; // of the connection that is tried, or of the pause before the next
  #pause = FIRST_PAUSE_MS;
  #heard = 0; // octets and answers, in all
  #heardAt = -Infinity;
  #isReachable = true;
  way = "none";

  set iceServers(servers) {
    this.#iceServers = servers;
  }

  /** The sources that are on the stage from this tab, or about to be. */
  get sources() {
    return new Set(this.#sources.keys());
  }

  /** Receive these tracks, and no others. */
  want(tracks) {
    this.#wanted = new Map(tracks.map((track) => [track.id, track]));
    return this.#negotiate();
  }

  /** Send a source; again with another track to change it, with null to send nothing for now. */
  async publish(source, track) {
    const known = this.#sources.has(source);
    this.#sources.set(source, track);
    const transceiver = this.#sending.get(source);
    if (transceiver) await transceiver.sender.replaceTrack(track);
    if (!known) await this.#negotiate();
  }

  /** Take a source off the stage. */
  async unpublish(source) {
    if (!this.#sources.delete(source)) return;
    await this.#sending.get(source)?.sender.replaceTrack(null);
    await this.#negotiate();
  }

  /** Of a source of ours only these layers are watched: encode no others. */
  async watched(source, rids) {
    const sender = this.#sending.get(source)?.sender;
    const parameters = sender?.getParameters();
    if (!parameters?.encodings?.some((one) => one.rid)) return;
    const changed = parameters.encodings.filter((one) => one.active !== rids.includes(one.rid));
    if (!changed.length) return;
    for (const one of changed) one.active = !one.active;
    await sender.setParameters(parameters).catch(() => {}); // the connection is being closed
  }

  /** The server's answer to the newest offer. */
  async answer(sdp) {
    const pending = this.#pending;
    if (!pending || pending.peer !== this.#peer) return;
    await this.#peer.setRemoteDescription({ type: "answer", sdp });
    this.#pending = null;
    this.#agreed = pending.about;
    this.#announce();
    if (this.#again) await this.#negotiate();
  }

  /** The server could not use the offer. */
  async refused() {
    if (!this.#pending) return;
    this.#pending = null;
    await this.#peer?.setLocalDescription({ type: "rollback" }).catch(() => {});
    setTimeout(() => this.#negotiate(), 1000 + Math.random() * 1000);
  }

  /** The socket is gone: offers have to wait. */
  hold() {
    this.#isReachable = false;
    this.#await(0, null);
  }

  /** The socket is back in the same seat: media goes on where it went on, or finds another path. */
  async resume() {
    this.#isReachable = true;
    this.#pause = FIRST_PAUSE_MS;
    const wasAnswered = !this.#pending;
    this.#pending = null; // the offer or its answer was lost
    if (wasAnswered && this.way === "connected" && this.quietMs < AT_REST_MS) return;
    if (this.#peer) await this.repair();
    else await this.#negotiate();
  }

  /** Look for another path: on the same connection first, then by a new one. */
  async repair() {
    if (!this.#isReachable || !this.#peer || this.#pending) return;
    if (this.quietMs > FORGOTTEN_MS) {
      await this.restart();
      return;
    }
    const since = performance.now();
    this.#restarts += 1;
    this.#peer.restartIce();
    this.#await(RESTART_MS, () => (this.#heardAt < since ? this.restart() : this.#connected()));
    await this.#negotiate();
  }

  /** Whether another path is being looked for. */
  get isRepairing() {
    return this.#timer !== null;
  }

  /** Begin anew with a fresh connection and the same wishes. */
  async restart() {
    this.#isReachable = true;
    this.#close();
    if (this.way === "connected") this.#setWay("connecting");
    await this.#negotiate();
  }

  close() {
    this.#sources.clear();
    this.#wanted.clear();
    this.#close();
    this.#setWay("none");
  }

  /** Milliseconds since anything came over the connection, as far as `stats` has seen. */
  get quietMs() {
    return performance.now() - this.#heardAt;
  }

  async stats() {
    const peer = this.#peer;
    if (!peer) return null;
    const now = report(await peer.getStats(), this.#mids());
    if (peer === this.#peer && now.heard > this.#heard) {
      this.#heard = now.heard;
      this.#heardAt = performance.now();
    }
    return now;
  }

  // ---------------------------------------------------------------- negotiation

  async #negotiate() {
    if (this.#pending) {
      this.#again = true;
      return;
    }
    if (!this.#peer && !this.#wanted.size && !this.#sources.size) return;
    const peer = (this.#peer ??= this.#open());
    this.#arrangeSending();
    this.#arrangeReceiving();
    this.#again = false;
    const pending = { peer, about: this.#about() };
    if (pending.about === this.#agreed) return;
    this.#pending = pending; // before anything is awaited: offers are made one by one
    await peer.setLocalDescription();
    pending.about = this.#about();
    pending.message = { type: "offer", sdp: peer.localDescription.sdp, ...this.#maps() };
    if (this.#pending !== pending) return; // closed meanwhile
    this.#emit("offer", pending.message);
    if (this.way !== "connected" && !this.isRepairing) this.#expectConnection();
  }

  #open() {
    const peer = new RTCPeerConnection({ iceServers: this.#iceServers, bundlePolicy: "max-bundle" });
    peer.addEventListener("connectionstatechange", () => peer === this.#peer && this.#watch(peer));
    return peer;
  }

  #close() {
    this.#await(0, null);
    for (const id of this.#receiving.keys()) this.#emit("gone", id);
    this.#receiving.clear();
    this.#sending.clear();
    this.#pending = null;
    this.#again = false;
    this.#agreed = "";
    this.#heard = 0;
    this.#heardAt = -Infinity;
    this.#peer?.close();
    this.#peer = null;
  }

  #arrangeSending() {
    for (const [source, track] of this.#sources) {
      const known = this.#sending.get(source);
      if (known) {
        if (known.direction !== "sendonly") known.direction = "sendonly";
      } else {
        this.#sending.set(source, this.#sendOnly(source, track));
      }
    }
    for (const [source, transceiver] of this.#sending) {
      if (!this.#sources.has(source)) transceiver.direction = "inactive";
    }
  }

  #sendOnly(source, track) {
    const transceiver = this.#peer.addTransceiver(track ?? KINDS[source], {
      direction: "sendonly",
      sendEncodings: ENCODINGS[source],
    });
    if (KINDS[source] === "video") prefer(transceiver, RTCRtpSender.getCapabilities("video"));
    return transceiver;
  }

  #arrangeReceiving() {
    for (const [id, transceiver] of this.#receiving) {
      if (this.#wanted.has(id)) continue;
      transceiver.stop(); // used again, it would decode and show nothing in Chromium
      this.#receiving.delete(id);
      this.#emit("gone", id);
    }
    for (const [id, info] of this.#wanted) {
      if (!this.#receiving.has(id)) this.#receiving.set(id, this.#receiveOnly(info.kind));
    }
  }

  #receiveOnly(kind) {
    const transceiver = this.#peer.addTransceiver(kind, { direction: "recvonly" });
    if (kind === "video") prefer(transceiver, RTCRtpReceiver.getCapabilities("video"));
    return transceiver;
  }

  /** Tell about the tracks that the answer gives us. */
  #announce() {
    for (const [id, transceiver] of this.#receiving) {
      const info = this.#wanted.get(id);
      const given = transceiver.currentDirection === "recvonly";
      if (info && given) this.#emit("track", { info, track: transceiver.receiver.track });
    }
  }

  #maps() {
    const receive = {};
    const send = {};
    for (const [id, { mid }] of this.#receiving) receive[mid] = id;
    for (const source of this.#sources.keys()) send[this.#sending.get(source).mid] = source;
    return { receive, send };
  }

  /** What an offer would be about, to leave out those that change nothing. */
  #about() {
    return JSON.stringify([[...this.#receiving.keys()].sort(), [...this.#sources.keys()].sort(), this.#restarts]);
  }

  #mids() {
    const mids = new Map();
    for (const [id, { mid }] of this.#receiving) mids.set(mid, { id, info: this.#wanted.get(id) });
    for (const [source, { mid }] of this.#sending) mids.set(mid, { source });
    return mids;
  }

  // ---------------------------------------------------------------- the path

  #expectConnection() {
    if (this.way !== "blocked") this.#setWay("connecting");
    this.#await(CONNECT_MS, () => this.#blocked());
  }

  #watch(peer) {
    if (peer.connectionState === "connected") {
      this.#connected();
    } else if (peer.connectionState === "disconnected" || peer.connectionState === "failed") {
      this.#setWay("connecting");
      if (!this.isRepairing) this.repair();
    }
  }

  #connected() {
    this.#await(0, null);
    this.#pause = FIRST_PAUSE_MS;
    this.#heardAt = performance.now();
    this.#setWay("connected");
  }

  /** No way at all now: try again after a while, with growing patience. */
  #blocked() {
    this.#setWay("blocked");
    this.#await(this.#pause, () => this.restart());
    this.#pause = Math.min(this.#pause * 2, LONGEST_PAUSE_MS);
  }

  /** Do `then` after that time, unless something else comes first. */
  #await(ms, then) {
    clearTimeout(this.#timer);
    this.#timer = null;
    if (!then) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      then();
    }, ms);
  }

  #setWay(way) {
    if (way === this.way) return;
    this.way = way;
    this.#emit("way", way);
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** Let the browser load what an offer needs while people still look at the green room. */
export async function warmUp() {
  const peer = new RTCPeerConnection();
  for (const kind of ["audio", "video"]) peer.addTransceiver(kind, { direction: "recvonly" });
  await peer.createOffer().catch(() => {});
  peer.close();
}

/** H.264 first (constrained baseline before others), VP8 next: neither is transcoded for HLS. */
function prefer(transceiver, capabilities) {
  const rank = ({ mimeType, sdpFmtpLine = "" }) => {
    const mime = mimeType.toLowerCase();
    if (mime === "video/h264") return sdpFmtpLine.includes("packetization-mode=1") ? h264(sdpFmtpLine) : 8;
    return { "video/vp8": 4, "video/rtx": 9, "video/red": 9, "video/ulpfec": 9 }[mime] ?? 7;
  };
  const codecs = [...(capabilities?.codecs ?? [])].sort((a, b) => rank(a) - rank(b));
  if (codecs.length) transceiver.setCodecPreferences(codecs);
}

function h264(parameters) {
  return parameters.includes("profile-level-id=42e0") ? 0 : 1;
}
