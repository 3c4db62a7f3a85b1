// The hops between this device and a lecture: each is tried, and gives {state, ...figures}.
import { call } from "../site.js";
import { between, look } from "./line.js";
import { NotOffered, Path, after } from "./path.js";
import { gradeOf, wayOf } from "./verdict.js";

const PATH_MS = 5000; // as long as the room waits before it takes the next rung
const SOCKET_MS = 5000;
const WARM_UP_MS = 2500; // until the browser has found out what the line carries
const MEASURE_MS = 4000;
const DOWNLOAD_MS = 4000;
const CLOCK_MS = 60_000; // a clock that is further off than that confuses log-ins
const ASKED = 4;

const KINDS = { direct: "udp", tcp: "tcp", relay: "relay" };

/** By hop, in the order in which they are tried. `test` carries what one hop learns for the next. */
export const TRIES = {
  server,
  socket,
  browser,
  udp: (test) => path("udp", test),
  tcp: (test) => path("tcp", test),
  relay,
  quality,
  stream,
};

async function server(test) {
  let best = null;
  try {
    for (let asked = 0; asked < ASKED; asked++) {
      const begin = performance.now();
      const ground = await call("GET", "/check/ground");
      const roundTripMs = performance.now() - begin;
      if (best && roundTripMs >= best.roundTripMs) continue;
      const clockMs = Date.now() - roundTripMs / 2 - Date.parse(ground.now);
      best = { roundTripMs, clockMs };
      test.ground = ground;
    }
  } catch (error) {
    return { state: "failing", reason: error.message };
  }
  return { state: Math.abs(best.clockMs) > CLOCK_MS ? "warning" : "ok", ...best };
}

function socket() {
  return new Promise((resolve) => {
    const begin = performance.now();
    const opened = new WebSocket(new URL("/check/socket", location.href.replace(/^http/, "ws")));
    const finish = (state) => {
      resolve({ state, roundTripMs: performance.now() - begin });
      opened.close();
    };
    opened.addEventListener("open", () => opened.send("here"));
    opened.addEventListener("message", () => finish("ok"));
    opened.addEventListener("close", () => finish("failing"));
    setTimeout(() => finish("failing"), SOCKET_MS);
  });
}

/** Codecs of calls, as far as the room uses them. */
function browser() {
  if (!("RTCPeerConnection" in window)) return { state: "failing", webrtc: false, codecs: [] };
  const has = (kind, type, more = "") =>
    RTCRtpReceiver.getCapabilities(kind).codecs.some(
      ({ mimeType, sdpFmtpLine = "" }) => mimeType.toLowerCase() === type && sdpFmtpLine.includes(more),
    );
  const h264 = has("video", "video/h264", "packetization-mode=1");
  const [vp8, opus] = [has("video", "video/vp8"), has("audio", "audio/opus")];
  const codecs = Object.entries({ "H.264": h264, VP8: vp8, Opus: opus }).filter(([, there]) => there);
  const state = !opus || !(h264 || vp8) ? "failing" : h264 && vp8 ? "ok" : "warning";
  return { state, webrtc: true, codecs: codecs.map(([name]) => name) };
}

async function path(kind, test) {
  if (test.found.browser.state === "failing") return { state: "skipped" };
  const one = new Path(kind, { iceServers: test.ground.ice_servers, tracks: [test.signal.tone] });
  try {
    const connectMs = await one.connect(PATH_MS);
    return { state: connectMs === null ? "failing" : "ok", connectMs, targets: one.targets };
  } catch (error) {
    if (error instanceof NotOffered) return { state: "skipped", notOffered: true };
    return { state: "failing", reason: error.message, targets: one.targets };
  } finally {
    await one.close();
  }
}

function relay(test) {
  const named = test.ground.ice_servers.filter((server) => server.username);
  if (!named.length) return { state: "skipped", notOffered: !test.ground.has_relay };
  return path("relay", test);
}

/** Pictures and a tone, there and back, by the best way that works. */
async function quality(test) {
  const way = wayOf(test.found);
  if (!way) return { state: "skipped" };
  const tracks = [test.signal.tone, test.signal.picture];
  const one = new Path(KINDS[way], { iceServers: test.ground.ice_servers, tracks });
  try {
    if ((await one.connect(PATH_MS)) === null) return { state: "failing" };
    test.show(one.received);
    await after(WARM_UP_MS);
    const [before, begin] = [look(await one.peer.getStats()), performance.now()];
    await after(MEASURE_MS);
    const seconds = (performance.now() - begin) / 1000;
    const line = between(before, look(await one.peer.getStats()), seconds);
    return { state: gradeOf(line), ...line };
  } catch (error) {
    return { state: "failing", reason: error.message };
  } finally {
    await one.close();
  }
}

/** Whether the stream can be played, and how fast its bytes would come. */
async function stream() {
  const source = window.ManagedMediaSource ?? window.MediaSource;
  const plays = (type) => source?.isTypeSupported(type) ?? false;
  const codecs = Object.entries({
    "H.264": plays('video/mp4; codecs="avc1.42E01F"'),
    Opus: plays('audio/mp4; codecs="opus"'),
    AAC: plays('audio/mp4; codecs="mp4a.40.2"'),
  }).filter(([, there]) => there);
  const names = codecs.map(([name]) => name);
  const bps = await download(import.meta.resolve("hls.js")).catch(() => 0);
  const state = !names.includes("H.264") || !bps || names.length < 2 ? "failing" : names.includes("Opus") ? "ok" : "warning";
  return { state, codecs: names, bps };
}

/** Bits a second of a file that is large enough to tell, and is needed for the stream anyway. */
async function download(address) {
  const begin = performance.now();
  const response = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(2 * DOWNLOAD_MS) });
  const reader = response.body.getReader();
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    bytes += value.length;
    if (performance.now() - begin > DOWNLOAD_MS) break;
  }
  await reader.cancel();
  return (8000 * bytes) / Math.max(1, performance.now() - begin);
}
