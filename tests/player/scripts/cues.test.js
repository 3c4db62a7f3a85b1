import assert from "node:assert/strict";
import test from "node:test";
import { chooseLanguage, cuesAt } from "../../../player/static/watch/cues.js";

const CUES = [
  { begin_ms: 1000, end_ms: 3000, text: "a" },
  { begin_ms: 2000, end_ms: 4000, text: "b" },
  { begin_ms: 5000, end_ms: 6000, text: "c" },
];
const textAt = (ms) => cuesAt(CUES, ms).map((cue) => cue.text).join("");

test("a cue is shown from its beginning up to its end", () => {
  assert.deepEqual([0, 999, 1000, 1999].map(textAt), ["", "", "a", "a"]);
  assert.deepEqual([3999, 4000, 5999, 6000].map(textAt), ["b", "", "c", ""]);
});

test("cues that overlap are shown together", () => {
  assert.equal(textAt(2500), "ab");
});

test("the language chosen before goes first, then the reader's", () => {
  assert.equal(chooseLanguage(["en", "kk"], "kk", "en"), "kk");
  assert.equal(chooseLanguage(["en", "kk"], "de", "kk"), "kk");
  assert.equal(chooseLanguage(["en-gb", "ru"], null, "en"), "en-gb");
  assert.equal(chooseLanguage(["ru"], null, "kk"), "ru");
  assert.equal(chooseLanguage([], "kk", "kk"), null);
});
