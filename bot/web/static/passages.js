/** Passages as cards: what they say, how well they fit, and one click to put them into the reply. */

import { icon } from "./icons.js";
import { plain, render } from "./markup.js";
import { build } from "./messages.js";

const LONG = 280; // characters from which a passage is folded

/** `use(passage)` puts it into the reply; without it there is no button. What orders passages is no probability: only the
 * decision is held to the thresholds. */
export function passageCard(texts, passage, { use = null } = {}) {
  const title = build("h4", { dir: "auto" }, plain(passage.title));
  const head = build("header", {}, title);
  const card = build("article", { class: "passage-card" }, head);
  if (passage.live === false) head.append(build("span", { class: "badge trouble" }, texts.notLive));
  if (typeof passage.score === "number") card.append(scoreBar(texts, passage.score));
  card.append(...textOf(texts, passage), foot(texts, passage, use));
  card.classList.toggle("is-dead", passage.live === false);
  return card;
}

function textOf(texts, { text }) {
  const body = build("div", { class: "passage-text", dir: "auto" }, render(text));
  if (plain(text).length <= LONG) return [body];
  body.classList.add("is-folded");
  const unfold = (event) => {
    body.classList.remove("is-folded");
    event.currentTarget.remove();
  };
  return [body, build("button", { type: "button", class: "link", onclick: unfold }, texts.whole)];
}

function foot(texts, passage, use) {
  if (!use) return "";
  const attributes = { type: "button", class: "small", onclick: () => use(passage) };
  return build("footer", {}, build("button", attributes, icon("insert", 16), texts.usePassage));
}

/** How sure: a bar from 0 to 1, the thresholds as lines on it. */
export function scoreBar(texts, score, thresholds) {
  const bar = build("span", { class: "bar", "aria-hidden": "true" });
  const fill = build("span", { class: "fill" });
  fill.style.setProperty("width", percent(score));
  bar.append(fill);
  const wanted = thresholds?.answer;
  if (wanted !== undefined && score >= wanted) bar.classList.add("is-enough");
  for (const [name, value] of Object.entries(thresholds ?? {})) {
    const line = build("span", { class: `threshold ${name}`, title: texts.threshold(name, decimal(value)) });
    line.style.setProperty("left", percent(value));
    bar.append(line);
  }
  const label = build("span", { class: "unseen" }, `${texts.score} `);
  return build("p", { class: "score" }, bar, label, decimal(score));
}

function percent(share) {
  return `${Math.round(100 * Math.min(1, Math.max(0, Number(share) || 0)))}%`;
}

export function decimal(value) {
  return (Number(value) || 0).toFixed(2);
}
