/** What the knowledge page is put together from: texts compared, scores, and chips that say what an entry is. */

import { openDialog } from "./console-shell.js";
import { plain } from "./markup.js";
import { build } from "./messages.js";
import { scoreBar } from "./page-parts.js";
import { wordDiff } from "./word-diff.js";

/** Two texts, word by word. */
export function compared(texts, before, after) {
  const text = build("div", { class: "diff", dir: "auto" });
  for (const { kind, text: words } of wordDiff(plain(before), plain(after))) {
    if (kind === "same") text.append(words);
    else {
      const spoken = build("span", { class: "unseen" }, ` [${texts[kind]}] `);
      text.append(build(kind === "gone" ? "del" : "ins", {}, spoken, words));
    }
  }
  return text;
}

/** What an entry says, as one text that can be compared. */
export function wordsOf({ title, text, phrasings = [] }) {
  return [title, ...phrasings.map((one) => `> ${one}`), "", text].join("\n");
}

export function chips(texts, one) {
  const badge = (words, kind) => build("span", { class: kind ? `badge ${kind}` : "chip-plain" }, words);
  return [
    badge(texts.languages?.[one.language] ?? one.language),
    one.state === "edited" ? badge(texts.states.edited, "done") : "",
    one.state === "disabled" ? badge(texts.states.disabled, "trouble") : "",
    one.is_newer ? badge(texts.newer, "waiting") : "",
    one.audience ? badge(texts.agentsOnly, "waiting") : "",
    one.needs_person ? badge(texts.person) : "",
    one.valid_from ? badge(texts.from(one.valid_from)) : "",
    one.valid_to ? badge(texts.until(one.valid_to), "waiting") : "",
  ].filter(Boolean);
}

export function percent(score) {
  return `${Math.round(Math.min(1, Math.max(0, Number(score) || 0)) * 100)} %`;
}

export function scoreTable(texts, scores) {
  const rows = Object.entries(texts.scores).map(([name, words]) =>
    [build("dt", {}, words), build("dd", {}, scoreBar(scores[name], (Number(scores[name]) || 0).toFixed(2)))]); // prettier-ignore
  return build("dl", { class: "facts scores" }, ...rows.flat());
}

/** Whether what was written may go. */
export function mayGo(texts) {
  return new Promise((resolve) => {
    const fill = (dialog) => {
      const button = (words, value, kind) => build("button", { type: "button", class: kind, onclick: () => dialog.close(value) }, words); // prettier-ignore
      return [build("div", { class: "actions" }, button(texts.stay, "", "primary"), button(texts.leaveIt, "leave", ""))];
    };
    const dialog = openDialog(texts.unsaved, fill, { close: texts.stay });
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "leave"));
  });
}
