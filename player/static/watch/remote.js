// Another screen, by AirPlay or Cast, where the browser offers one for what is playing
// (W3C Remote Playback; Safari has its own, older way).

export function offerRemote(root, video) {
  const button = root.querySelector("[data-remote]");
  const show = (isThere) => (button.hidden = !isThere);
  if (video.webkitShowPlaybackTargetPicker) {
    video.addEventListener("webkitplaybacktargetavailabilitychanged", (event) => show(event.availability === "available"));
    button.addEventListener("click", () => video.webkitShowPlaybackTargetPicker());
    return;
  }
  video.remote?.watchAvailability(show).catch(() => {}); // not for this kind of source
  button.addEventListener("click", () => video.remote.prompt().catch(() => {})); // they chose none
}
