// The lecture without a network: its package, and what was watched of one.
import { $ } from "../dom.js";
import { call } from "../site.js";
import { t, tn } from "../translate.js";
import { offerDownload } from "./download.js";

export function openOffline({ packageAt, recordsAt }) {
  const link = $("package");
  if (link) {
    offerDownload(link, $("package-note"));
    $("package-chat").addEventListener("change", (event) => {
      link.href = event.target.checked ? `${packageAt}?chat=1` : packageAt;
    });
  }
  $("watch-form").addEventListener("submit", (event) => handIn(event, recordsAt));
}

async function handIn(event, address) {
  event.preventDefault();
  const note = $("watch-note");
  const { file } = event.target.elements;
  try {
    const { taken } = await call("POST", address, new Blob([file.files[0]], { type: "application/json" }));
    note.textContent = taken ? tn("{count} sitting was taken.", "{count} sittings were taken.", taken) : t("This was handed in before.");
    file.value = "";
  } catch (error) {
    note.textContent = error.message;
  }
}
