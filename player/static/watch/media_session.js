// What the lock screen, the keyboard's media keys and headphones may do (W3C Media Session).
const STEP_SECONDS = 10;

export function holdMediaSession({ player, title, artist, poster }) {
  const session = navigator.mediaSession;
  if (!session) return;
  const artwork = poster ? [{ src: poster, type: "image/jpeg" }] : [];
  session.metadata = new MediaMetadata({ title, artist, artwork });
  const acts = {
    play: () => player.play(),
    pause: () => player.video.pause(),
    seekbackward: ({ seekOffset }) => player.seekBy(-(seekOffset || STEP_SECONDS)),
    seekforward: ({ seekOffset }) => player.seekBy(seekOffset || STEP_SECONDS),
    seekto: ({ seekTime }) => player.seek(seekTime),
  };
  for (const [name, act] of Object.entries(acts)) {
    try {
      session.setActionHandler(name, act);
    } catch {
      // this browser does not know it
    }
  }
  for (const name of ["durationchange", "ratechange", "seeked", "play"]) {
    player.video.addEventListener(name, () => tellPosition(session, player.video));
  }
}

function tellPosition(session, { duration, currentTime, playbackRate }) {
  if (!Number.isFinite(duration) || currentTime > duration) return;
  session.setPositionState?.({ duration, position: currentTime, playbackRate });
}
