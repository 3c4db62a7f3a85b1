// A form in a dialog: what it says goes to the API, what is wrong stays in it.
import { call } from "./site.js";

/** Opens by `opener`; `body` makes what is sent to `address`; the page is read anew, or `then` runs. */
export function formDialog({ opener, dialog, address, body, then = () => location.reload() }) {
  const form = dialog.querySelector("form");
  const error = form.querySelector("[data-error]");
  opener.addEventListener("click", () => {
    error.hidden = true; // what was wrong before, if anything was
    dialog.showModal();
  });
  form.querySelector("[data-close]").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("[type=submit]");
    button.disabled = true;
    error.hidden = true;
    try {
      then(await call("POST", address, body(filled(form))));
    } catch (problem) {
      error.hidden = false;
      error.textContent = problem.message;
      button.disabled = false;
    }
  });
}

/** The fields that are not empty, as text. */
function filled(form) {
  const said = [...new FormData(form)].map(([name, value]) => [name, value.trim()]);
  return Object.fromEntries(said.filter(([, value]) => value));
}

/** The field as a number, if it is there. */
export const withNumber = (said, name) => (said[name] ? { ...said, [name]: Number(said[name]) } : said);
