// Which way media comes to this page, looked after each second: WebRTC, the stream, or voice and stills.
import { $ } from "../dom.js";
import { Edge } from "./edge.js";
import { FarTier } from "./far.js";
import { Flow } from "./flow.js";
import { CHOICES, START, step } from "./ladder.js";
import { Stills } from "./stills.js";
import { Freezes, Telling, largest } from "./telling.js";

const LOOK_MS = 1000;
const SUSPECT_MS = 1500; // of silence: then we ask before the ladder decides
const LINE_MS = 3000; // a connection is checked more often than this
const IDLE_LINE_MS = 8000; // the same, where there is nothing to receive
const DOUBT_MS = 1500; // as long as it takes to see whether the stream moves
const KEY = "daris.way";

/** Fires `change` when the rung or the reason changed, and `look` (detail: {stats, flow}) each second. */
export class Way extends EventTarget {
  #config;
  #connection;
  #socket;
  #view;
  #stage;
  #edge;
  #flow = new Flow();
  #freezes = new Freezes();
  #telling = new Telling();
  #state = START;
  #room = null;
  #backAt = -Infinity;
  #isLooking = false;
  #timer = null;
  far;
  stills;

  /** `blocked` is called when the browser does not let sound begin by itself. */
  constructor({ config, connection, socket, view, stage, blocked }) {
    super();
    const base = config.hls.slice(0, config.hls.lastIndexOf("/") + 1);
    this.#config = config;
    this.#connection = connection;
    this.#socket = socket;
    this.#view = view;
    this.#stage = stage;
    this.#edge = new Edge(base);
    this.far = new FarTier(config);
    this.stills = new Stills(base, blocked);
  }

  get rung() {
    return this.#state.rung;
  }

  get reason() {
    return this.#state.reason;
  }

  /** What this person wants; the page that only watches never goes the direct way. */
  get choice() {
    const kept = CHOICES.find((one) => one === localStorage.getItem(KEY)) ?? "auto";
    return this.#config.watch_only && kept !== "stills" ? "stream" : kept;
  }

  choose(choice) {
    localStorage.setItem(KEY, choice);
    this.look();
  }

  /** Whether tracks are received directly at all. */
  get isDirect() {
    return this.choice !== "stream" && !this.#config.watch_only;
  }

  begin() {
    this.#backAt = performance.now();
    this.#apply(START);
    this.look();
    this.#timer = setInterval(() => this.look(), LOOK_MS);
  }

  /** The tracks that this page wants to receive. */
  show(wanted) {
    this.#room = wanted;
  }

  /** The socket is there again, with the same seat or a new one. */
  back({ isNew }) {
    this.#backAt = performance.now();
    if (isNew) this.#telling.repeat();
  }

  close() {
    clearInterval(this.#timer);
    this.far.close();
    this.stills.close();
  }

  startSound() {
    return this.stills.startSound();
  }

  async look() {
    if (this.#isLooking) return; // statistics are slow now
    this.#isLooking = true;
    try {
      await this.#look();
    } finally {
      this.#isLooking = false;
    }
  }

  async #look() {
    const stats = await this.#connection.stats();
    const now = performance.now();
    const flow = this.#flow.look(stats, this.#expected(), now);
    const stream = this.far.look();
    this.#suspect(flow, stream);
    const before = this.#state;
    this.#state = step(before, this.#seen(flow, stream, now), now);
    this.#apply(before);
    this.stills.setVoice(this.rung === "stills" && !this.#hasDirectSound(flow));
    this.#tell(stats, stream, now);
    this.dispatchEvent(new CustomEvent("look", { detail: { stats, flow } }));
  }

  /** The ids of the tracks that should come now: what is muted, hidden or not shown does not. */
  #expected() {
    const shown = this.#view.shown;
    return (this.#room ?? [])
      .filter(({ id, kind, muted }) => !muted && (kind === "audio" || shown.has(id)))
      .map(({ id }) => id);
  }

  /** Before anybody is blamed: is the server there, is the path, does the lecturer send? */
  #suspect(flow, stream) {
    const isSilent = this.#connection.way === "connected" && flow.silentMs > SUSPECT_MS;
    const isLost = this.#connection.way === "connected" && flow.lineMs > (flow.expects ? LINE_MS : IDLE_LINE_MS);
    const downMs = performance.now() - (this.#state.connectingSince ?? Infinity);
    if (isSilent || isLost || downMs > SUSPECT_MS) this.#socket.check();
    if (isSilent || stream === "stalled" || flow.frozenMs > SUSPECT_MS) this.#edge.look(this.#mainName());
    const mayRepair = this.#socket.quietMs < flow.lineMs && !this.#connection.isRepairing;
    if (mayRepair && (isLost || (isSilent && flow.lineMs > SUSPECT_MS))) this.#connection.repair();
  }

  #mainName() {
    return (this.#room ?? []).some(({ kind, muted }) => kind === "video" && !muted) ? "programme" : "voice";
  }

  #seen(flow, stream, now) {
    const isIdle = this.#edge.state === "still"; // nobody gets anything: not our fault
    const doubt = this.#edge.state === "unknown" && flow.lineMs < LINE_MS ? DOUBT_MS : 0;
    const silentMs = isIdle && flow.lineMs < LINE_MS ? 0 : Math.max(0, flow.silentMs - doubt);
    return {
      ...flow,
      silentMs,
      choice: this.choice,
      way: this.#connection.way,
      stream: stream === "stalled" && isIdle ? "loading" : stream,
      speed: this.stills.speed,
      quietMs: this.#socket.quietMs,
      backMs: now - this.#backAt,
    };
  }

  #hasDirectSound(flow) {
    return this.isDirect && this.#connection.way === "connected" && flow.silentMs < LINE_MS;
  }

  #apply(before) {
    const { rung, reason, isTrying } = this.#state;
    const isShown = rung === "webrtc" || isTrying; // what is tried lies under the stream, unseen
    $("tiles").hidden = !isShown;
    $("tiles").inert = rung !== "webrtc";
    $("main").dataset.rung = rung;
    this.#view.isOff = !isShown;
    this.#stage.silence(rung === "stream" || (rung === "stills" && this.stills.hasVoice));
    if (rung === before.rung && reason === before.reason && (this.far.isOn || this.stills.isOn || rung === "webrtc")) return;
    if (rung === "stream") this.far.open();
    else this.far.close();
    if (rung === "stills") this.stills.open();
    else this.stills.close();
    if (reason === "silent" || reason === "frozen") this.#connection.restart();
    this.dispatchEvent(new Event("change"));
  }

  #tell(stats, stream, now) {
    const tracks = stats?.tracks ?? {};
    this.#freezes.look(this.rung === "webrtc" ? tracks : {}, stream === "stalled", LOOK_MS);
    const direct = this.#connection.way === "connected" ? (stats?.path?.way ?? null) : null;
    const { videoWidth = 0, videoHeight = 0 } = this.far.player?.video ?? {};
    const size = this.rung === "webrtc" ? largest(tracks) : { width: videoWidth, height: videoHeight };
    const way = this.rung === "webrtc" ? direct : this.rung;
    const message = this.#telling.next({ way, ...size, freezes: this.#freezes.count, frozenMs: this.#freezes.ms }, now);
    if (message && this.#socket.isOpen) this.#socket.send(message);
  }
}
