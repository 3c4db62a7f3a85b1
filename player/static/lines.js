// Answers in lines of JSON: how far the server is, and at the end what came of it.
import { failure, reach } from "./site.js";
import { t } from "./translate.js";

/** As `call`; `told` hears of the progress, `{step, done, of}`, while it runs. Throws also when the end never came. */
export async function callInLines(method, address, body, { told, signal }) {
  const response = await reach(method, address, body, { headers: { Accept: "application/x-ndjson" }, signal });
  if (!response.headers.get("Content-Type")?.startsWith("application/x-ndjson")) return response.json();
  for await (const line of linesOf(response.body)) {
    if (line.outcome) return line.outcome;
    if (line.problem) throw failure(line.problem);
    told(line.progress);
  }
  throw new Error(t("The connection broke before the end. Choose the file again to see what is saved."));
}

async function* linesOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const lines = (rest + part.value).split("\n");
      rest = lines.pop();
      yield* lines.map((line) => JSON.parse(line));
    }
  } catch (cause) {
    if (cause.name !== "AbortError" && !(cause instanceof TypeError)) throw cause; // cut off: whoever reads knows that no end came
  }
}
