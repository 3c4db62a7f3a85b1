// The keys of the player; each is by place on the keyboard, so that every alphabet has them.

const isTyping = (target) => target.closest?.("input:not([type=range]), textarea, select, dialog");

/** Let `player` be driven by the keys that reach `element`, until the signal. */
export function shortcuts(player, element, signal) {
  element.addEventListener("keydown", (event) => handle(player, event), { signal });
}

function handle(player, event) {
  if (event.ctrlKey || event.altKey || event.metaKey || isTyping(event.target)) return;
  const onControl = event.target.closest("button, a, summary, input");
  const act = KEYS[event.code];
  if (!act || (onControl && OF_CONTROLS.has(event.code))) return;
  event.preventDefault();
  act(player, event);
}

const OF_CONTROLS = new Set(["Space", "Enter", "ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End"]);

const KEYS = {
  Space: (player) => player.toggle(),
  KeyK: (player) => player.toggle(),
  ArrowLeft: (player) => player.seekBy(-5),
  ArrowRight: (player) => player.seekBy(5),
  KeyJ: (player) => player.seekBy(-10),
  KeyL: (player) => player.seekBy(10),
  ArrowUp: (player) => player.setVolume(player.video.volume + 0.1),
  ArrowDown: (player) => player.setVolume(player.video.volume - 0.1),
  Home: (player) => player.seekTo(0),
  End: (player) => (player.isLive ? player.toLive() : player.seekTo(1)),
  KeyM: (player) => player.toggleMute(),
  KeyC: (player) => player.toggleCaptions(),
  KeyF: (player) => player.toggleFullscreen(),
  KeyV: (player) => player.dispatchEvent(new Event("view")),
  KeyI: (player) => player.togglePictureInPicture(),
  Slash: (player, event) => player.dispatchEvent(new Event(event.shiftKey ? "help" : "search")),
  Comma: (player, event) => (event.shiftKey ? player.changeSpeed(-1) : player.stepBy(-1)),
  Period: (player, event) => (event.shiftKey ? player.changeSpeed(1) : player.stepBy(1)),
};
for (let digit = 0; digit <= 9; digit += 1) KEYS[`Digit${digit}`] = (player) => player.seekTo(digit / 10);
