/** A bot reply's evidence, folded under it and fetched when somebody unfolds it. */

import { icon } from "./icons.js";
import { plain, render } from "./markup.js";
import { build } from "./messages.js";
import { decimal, passageCard, scoreBar } from "./passages.js";

/** [button, place]: `load()` resolves to the Turn. */
export function fold(texts, load) {
  const place = build("div", { class: "evidence", hidden: true });
  const attributes = { type: "button", class: "fold", "aria-expanded": "false", onclick: () => toggle() };
  const button = build("button", attributes, texts.evidence, icon("open", 14));
  async function toggle() {
    place.hidden = !place.hidden;
    button.setAttribute("aria-expanded", String(!place.hidden));
    if (place.hidden || place.childElementCount) return;
    place.replaceChildren(build("p", { class: "quiet" }, texts.loading));
    try {
      place.replaceChildren(...evidence(texts, await load()));
    } catch {
      place.replaceChildren();
      place.hidden = true;
      button.setAttribute("aria-expanded", "false");
    }
  }
  return [button, place];
}

function evidence(texts, turn) {
  const { evidence: found, conversation, question_seq: seq } = turn;
  const thresholds = found.thresholds ?? {};
  const decision = build("p", {}, build("strong", {}, decisionWords(texts, found)));
  const parts = [decision, scoreBar(texts, found.score, thresholds), thresholdWords(texts, thresholds)];
  if (found.query && found.query !== turn.question) parts.push(pair(texts.searched, plain(found.query)));
  const lost = (found.verdicts ?? []).filter((verdict) => !verdict.is_carried).length;
  if (lost) parts.push(build("p", { class: "badge waiting" }, texts.notCarried(lost)));
  const cards = (found.hits ?? []).slice(0, 5).map((hit) => passageCard(texts, hit));
  parts.push(...(cards.length ? cards : [build("p", { class: "quiet" }, texts.noPassages)]));
  if (found.draft && found.draft.trim() !== (turn.reply?.text ?? "").trim()) parts.push(draftOf(texts, found.draft));
  const query = new URLSearchParams({ conversation, seq });
  parts.push(build("a", { href: `/console/evidence?${query}` }, texts.allEvidence));
  return parts;
}

/** "answer | clarify": one word for each part of the question. */
export function decisionWords(texts, { decision = "", source = "" }) {
  const words = String(decision).split(" | ").filter(Boolean).map((one) => texts.decisions[one] ?? one);
  return [words.join(" + "), texts.source_of[source]].filter(Boolean).join(" · ");
}

export function thresholdWords(texts, thresholds) {
  const words = Object.entries(thresholds).map(([name, value]) => texts.threshold(name, decimal(value)));
  return build("p", { class: "quiet small-text" }, words.join(" · "));
}

function pair(label, value) {
  return build("p", {}, build("span", { class: "quiet" }, `${label}: `), build("span", { dir: "auto" }, value));
}

function draftOf(texts, draft) {
  const words = build("div", { class: "draft-text", dir: "auto" }, render(draft));
  return build("div", {}, build("p", { class: "quiet small-text" }, texts.draft), words);
}
