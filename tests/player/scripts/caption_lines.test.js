import assert from "node:assert/strict";
import { test } from "node:test";

import { chosen, inSight } from "../../../player/static/room/caption_lines.js";

const line = (text, until, language = "kk") => ({ text, until, language });

test("the first language is shown until somebody writes in the reader's own", () => {
  assert.equal(chosen(["ru"], "", "kk"), "ru");
  assert.equal(chosen(["ru", "en"], "ru", "kk"), "ru");
  assert.equal(chosen(["ru", "en", "kk"], "ru", "kk"), "kk");
  assert.equal(chosen(["kk", "ru"], "kk", "kk"), "kk");
  assert.equal(chosen(["ru", "en-gb"], "ru", "en"), "en-gb");
});

test("two lines are seen at most, of one language, for as long as they last", () => {
  const lines = [line("a", 9), line("b", 20), line("c", 20), line("d", 20), line("e", 20, "ru")];
  assert.deepEqual(inSight(lines, "kk", 10).map((one) => one.text), ["c", "d"]);
  assert.deepEqual(inSight(lines, "kk", 20), []);
  assert.deepEqual(inSight(lines, "ru", 10).map((one) => one.text), ["e"]);
});
