// What the page says of a hop and of the verdict, in the reader's language.
import { locale, t } from "../translate.js";

const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
const FAST_BPS = 100e6; // beyond, the number says nothing more
const tenths = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });

export function stateName(state) {
  return {
    waiting: t("not yet"),
    running: t("being tried"),
    ok: t("good"),
    warning: t("weak"),
    failing: t("does not work"),
    skipped: t("left out"),
  }[state];
}

/** One line of figures about what was found. */
export function factOf(hop, found) {
  if (found.state === "skipped") return skipped(hop, found);
  if (found.reason) return found.reason;
  return { server, socket: roundTrip, browser: codecs, udp: path, tcp: path, relay: path, quality: line, stream }[hop](found);
}

function skipped(hop, found) {
  if (found.notOffered) return t("This server does not offer it.");
  if (hop === "relay") return t("Sign in to try the relay too.");
  return t("Nothing to try: a step before it does not work.");
}

function server(found) {
  if (found.state === "warning") {
    return t("The clock of this device is {number} s off.", { number: whole.format(found.clockMs / 1000) });
  }
  return roundTrip(found);
}

function roundTrip(found) {
  if (found.state === "failing") return t("No answer.");
  return t("Answers within {number} ms.", { number: whole.format(found.roundTripMs) });
}

function codecs(found) {
  if (!found.webrtc) return t("It can't make calls (WebRTC is missing or switched off).");
  return t("It can make calls with {codecs}.", { codecs: found.codecs.join(", ") });
}

function path(found) {
  const targets = (found.targets ?? []).join(", ");
  if (found.state === "failing") return t("No answer from {targets}.", { targets });
  return t("Connected to {targets} within {number} ms.", { targets, number: whole.format(found.connectMs) });
}

function line(found) {
  if (found.upBps === undefined) return t("The connection could not be made a second time.");
  return t("{up} Mbit/s up, {down} Mbit/s down, {loss} % lost, {trip} ms there and back, jitter {jitter} ms.", {
    up: tenths.format(found.upBps / 1e6),
    down: tenths.format(found.downBps / 1e6),
    loss: tenths.format(Math.max(found.lossUp, found.lossDown)),
    trip: whole.format(found.roundTripMs ?? 0),
    jitter: whole.format(found.jitterMs),
  });
}

function stream(found) {
  if (found.codecs.length < 2 || !found.codecs.includes("H.264")) return t("This browser can't play it.");
  if (!found.bps) return t("Nothing could be loaded.");
  return t("Can be played; {number} Mbit/s come through.", { number: tenths.format(Math.min(found.bps, FAST_BPS) / 1e6) });
}

/** What the person can do about a hop that is not good. */
export function adviceOf(hop, found) {
  const targets = (found.targets ?? []).join(", ");
  return {
    server:
      found.state === "warning"
        ? t("Let the clock of this device be set automatically.")
        : t("Are you online? Try another network, such as that of your phone."),
    socket: t("Switch off VPN, proxy and blockers, or try another network."),
    browser: t("Use an up-to-date Chrome, Edge, Firefox or Safari, without add-ons that block WebRTC."),
    udp: t("Switch off a VPN, try another network, or ask who runs this one to let UDP out to {targets}.", { targets }),
    tcp: t("Ask who runs this network to let TCP out to {targets}.", { targets }),
    relay: t("Show the report to the helpdesk: the relay can't be reached from here."),
    quality: t("Go nearer to the router or use a cable, and end downloads and other video."),
    stream: t("Use an up-to-date browser, and end downloads and other video."),
  }[hop];
}

/** The name of the verdict. */
export function headingOf({ rung, failing }) {
  return {
    direct: failing ? t("It will work") : t("Everything works"),
    tcp: t("It will work, by a detour"),
    relay: t("It will work, by a detour"),
    stream: t("You can follow the lecture"),
    stills: t("Sound and stills only"),
    none: t("The lecture can't be followed from here yet"),
  }[rung];
}

/** Who or what is to blame, in one sentence; nothing when nobody is. */
export function blameOf(hop, found) {
  if (!hop) return "";
  const targets = (found.targets ?? []).join(", ");
  return {
    server: found.state === "warning" ? t("The clock of this device is wrong.") : t("The server can't be reached."),
    socket: t("Your network stops WebSockets, so the room itself can't be entered."),
    browser: t("This browser can't make calls."),
    udp: t("UDP to the media port {targets} is blocked on the way.", { targets }),
    tcp: t("TCP to the media port {targets} is blocked on the way.", { targets }),
    relay: t("The relay can't be reached."),
    quality: t("The line is slow or loses packets."),
    stream: t("The stream can't be played here, should the direct line fail."),
  }[hop];
}

/** What the room will do. */
export function prospectOf({ rung }) {
  return {
    direct: t("In the room you will see and hear directly, and can speak."),
    tcp: t("The room will use TCP instead; picture and sound may lag a little."),
    relay: t("The room will go by a relay; picture and sound may lag a little."),
    stream: t("The room will show the stream instead, some seconds behind; the chat works, speaking does not."),
    stills: t("The room will give you the voice, and a still picture now and then."),
    none: t("Do what is said below and try again, or come with another device."),
  }[rung];
}
