// For who may edit the lecture: put captions there, and take them away.
import { $, el } from "../dom.js";
import { call, toast } from "../site.js";
import { t, told } from "../translate.js";
import { languageName } from "./captions.js";

const editorOf = (language) => `${location.pathname}/captions/${language}/edit`;

/** `changed` is called after captions came or went. */
export function openCaptionDesk(address, changed) {
  const form = $("caption-form");
  const note = $("caption-note");
  const faults = $("caption-faults");

  async function draw() {
    const { captions } = await call("GET", address);
    $("caption-list").replaceChildren(...captions.map((one) => row(one.language)));
  }

  function row(language) {
    const name = languageName(language);
    const remove = () => tryTo(() => call("DELETE", `${address}/${language}`));
    const button = el("button", { type: "button", class: "button plain small", "data-testid": "caption-delete", "aria-label": t("Delete the captions in {language}", { language: name }), onclick: remove }, t("Delete"));
    const edit = el("a", { class: "button plain small", href: editorOf(language), "data-testid": "caption-edit", "aria-label": t("Edit the captions in {language}", { language: name }) }, t("Edit"));
    return el("li", { class: "row", "data-testid": "caption-row" }, el("span", {}, name), el("span", { class: "row" }, edit, button));
  }

  async function tryTo(act) {
    note.textContent = "";
    faults.replaceChildren();
    try {
      await act();
      await Promise.all([draw(), changed()]);
    } catch (error) {
      note.textContent = error.message;
      faults.replaceChildren(...(error.findings ?? []).map((one) => el("li", {}, sentence(one))));
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const { language, file } = form.elements;
    const [chosen] = file.files;
    if (!chosen) return;
    tryTo(async () => {
      await call("PUT", `${address}/${encodeURIComponent(language.value)}`, new Blob([chosen], { type: "text/vtt" }));
      file.value = "";
      toast(t("The captions are there."));
    });
  });
  $("caption-write").addEventListener("click", () => location.assign(editorOf(form.elements.language.value)));
  draw().catch((error) => (note.textContent = error.message));
}

function sentence({ line, problem }) {
  return t("Line {line}: {problem}", { line, problem: told(problem) });
}
