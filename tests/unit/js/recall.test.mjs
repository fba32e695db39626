import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { recallTextsFor } from "../../../bot/web/static/recall-texts.js";
import { wordDiff } from "../../../bot/web/static/word-diff.js";

const marked = (before, after) =>
  wordDiff(before, after)
    .map(({ kind, text }) => ({ same: text, gone: `[-${text}-]`, new: `{+${text}+}` })[kind])
    .join("");
const of = (parts, ...kinds) => parts.filter(({ kind }) => kinds.includes(kind)).map(({ text }) => text).join(""); // prettier-ignore

describe("what changed between two texts", () => {
  test("is said by words", () => {
    assert.equal(marked("Within 30 days.", "Within 14 days."), "Within [-30-]{+14+} days.");
    assert.equal(marked("It costs €5.95 now.", "It costs €12 now."), "It costs €[-5.95-]{+12+} now.");
    assert.equal(marked("Yes.", "Yes, always."), "Yes{+, always+}.");
  });

  test("in Chinese is said by characters", () => {
    assert.equal(marked("收货后30天内退回。", "收货后14天内寄回。"), "收货后[-30-]{+14+}天内[-退-]{+寄+}回。");
  });

  test("reads as one phrase where words beside each other changed", () => {
    assert.equal(marked("We send it by post today.", "We send it with a courier today."),
      "We send it [-by post-]{+with a courier+} today."); // prettier-ignore
  });

  test("is nothing for the same text, and all of it for another", () => {
    assert.deepEqual(wordDiff("Same.", "Same."), [{ kind: "same", text: "Same." }]);
    assert.deepEqual(wordDiff("", ""), []);
    assert.equal(marked("Gone", ""), "[-Gone-]");
    assert.equal(marked("", "New"), "{+New+}");
    assert.equal(marked("Gone", undefined), "[-Gone-]");
  });

  test("puts both texts together again, whatever they are", () => {
    const words = ["a", "b", "退", "货", " ", "\n", "30", ".", "👩‍👩‍👧", "\u202e"];
    let seed = 7;
    const next = (most) => (seed = (seed * 16_807) % 2_147_483_647) % most;
    for (let round = 0; round < 500; round += 1) {
      const [before, after] = [0, 0].map(() => Array.from({ length: next(12) }, () => words[next(words.length)]).join(""));
      const parts = wordDiff(before, after);
      assert.equal(of(parts, "same", "gone"), before);
      assert.equal(of(parts, "same", "new"), after);
      parts.slice(1).forEach(({ kind }, at) => assert.notEqual(kind, parts[at].kind));
    }
  });

  test("of two long texts without a word in common does not stop the page", () => {
    const [before, after] = ["a ", "b "].map((word) => word.repeat(20_000));
    assert.equal(of(wordDiff(before, after), "same", "new"), after);
  });
});

test("the words of the page are there in both languages, the same ones", () => {
  const paths = (texts) =>
    Object.entries(texts).flatMap(([key, value]) =>
      value && value.constructor === Object ? paths(value).map((path) => `${key}.${path}`) : [key],
    );
  assert.deepEqual(paths(recallTextsFor("zh-Hans-CN")).sort(), paths(recallTextsFor("en")).sort());
  assert.notEqual(recallTextsFor("zh"), recallTextsFor("en"));
});
