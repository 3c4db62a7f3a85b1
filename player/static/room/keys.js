// Keys drive the room, but not while somebody writes.
import { $ } from "../dom.js";

/** `keys` says what each key does, by its code; they work while `isIn()` says so. */
export function wireKeys(keys, isIn) {
  document.addEventListener("keydown", (event) => isIn() && press(event, keys));
}

function press(event, keys) {
  const elsewhere = event.target.closest("input, textarea, select, dialog[open]");
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === "Escape") {
    if (event.target.closest(".panel")) $("chat-toggle").focus();
    return;
  }
  if (elsewhere) return;
  if (event.key === "?") $("keys-dialog").showModal();
  else if (keys[event.code]) {
    event.preventDefault();
    keys[event.code]();
  }
}
