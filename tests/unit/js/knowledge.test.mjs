import assert from "node:assert/strict";
import { test } from "node:test";

import { knowledgeTextsFor } from "../../../bot/web/static/knowledge-texts.js";

const paths = (texts) =>
  Object.entries(texts).flatMap(([key, value]) =>
    value && value.constructor === Object ? paths(value).map((path) => `${key}.${path}`) : [key],
  );
const shape = (texts) => paths(texts).map((path) => [path, typeof path.split(".").reduce((one, key) => one[key], texts)]);

test("the words of the knowledge page are there in both languages, the same ones", () => {
  assert.deepEqual(shape(knowledgeTextsFor("zh-CN")), shape(knowledgeTextsFor("en")));
});

test("every state, decision and outcome that the server names has its words", () => {
  for (const locale of ["en", "zh"]) {
    const texts = knowledgeTextsFor(locale);
    assert.deepEqual(Object.keys(texts.states), Object.keys(texts.empty));
    assert.deepEqual(Object.keys(texts.decision), ["answer", "clarify", "handoff"]);
    assert.deepEqual(Object.keys(texts.came).sort(), ["offered", "passed_on", "right", "wrong"]);
    assert.deepEqual(Object.keys(texts.done).sort(), ["disable", "edit", "enable", "revert"]);
    assert.deepEqual(Object.keys(texts.actions).sort(), ["added", "retired", "revived"]);
    for (const stage of ["reading", "embed", "publish", "judge"]) assert.ok(texts.stages[stage]);
  }
});
