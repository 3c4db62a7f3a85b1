// Secret addresses of the feeds of a course or a channel; each is shown once.
import { call, toast } from "./site.js";

async function make(box, what) {
  const { of, id } = box.dataset;
  const { url } = await call("POST", "/api/v1/me/feeds", { what, [of]: id });
  const shown = box.querySelector("[data-shown]");
  shown.hidden = false;
  shown.querySelector("input").value = url;
  shown.querySelector("input").select();
}

for (const box of document.querySelectorAll("[data-subscribe]")) {
  box.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-what]");
    if (!button) return;
    button.disabled = true;
    try {
      await make(box, button.dataset.what);
    } catch (error) {
      toast(error.message);
    }
    button.disabled = false;
  });
}
