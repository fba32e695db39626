/** Questions that found no answer, grouped by what they mean; each can become an answer. */

import { api } from "./console-shell.js";
import { plain } from "./markup.js";
import { build, setText } from "./messages.js";
import { conversationLink, foldable, nothing } from "./page-parts.js";
import { whyFailed } from "./page-texts.js";

const SHOWN = 10;
const EXAMPLES = 20; // of one group; the server may know more

export class Unanswered {
  constructor(wiring) {
    Object.assign(this, wiring);
  }

  get nodes() {
    const { texts, groups } = this;
    const title = build("h2", {}, texts.unansweredTitle);
    if (!groups.length) return [title, nothing("check", ...texts.noUnanswered)];
    this.list = build("ol", { class: "groups" }, ...groups.slice(0, SHOWN).map((group) => this.#group(group)));
    const what = build("p", { class: "quiet" }, texts.unansweredWhat);
    return [title, what, this.list, groups.length > SHOWN ? this.#rest() : ""];
  }

  #rest() {
    const button = build("button", { type: "button" }, this.texts.showAll(this.groups.length));
    button.addEventListener("click", () => {
      const rest = this.groups.slice(SHOWN).map((group) => this.#group(group));
      this.list.append(...rest);
      button.remove();
      rest[0].querySelector("summary, button, a")?.focus();
    });
    return button;
  }

  #group(group) {
    const { texts, dates } = this;
    const about = [texts.times(group.count), texts.lastAt(dates(group.last_at))].filter(Boolean).join(" · ");
    const words = build("div", { class: "group-words" }, build("h3", { dir: "auto" }, plain(group.question)));
    const line = build(
      "p",
      { class: "about" },
      build("span", { class: "chip-plain" }, texts.languages[group.language] ?? group.language),
    );
    line.append(build("span", {}, about));
    words.append(line, this.#near(group.best));
    if (group.examples?.length) words.append(this.#examples(group.examples));
    const count = build("span", { class: "count", "aria-hidden": "true" }, this.formats.value("count", group.count));
    return build("li", { class: "group" }, count, words, this.me.actions.includes("suggest") ? this.#add(group) : "");
  }

  #near(best) {
    const words = best ? this.texts.nearestIs(plain(best.title), Number(best.score).toFixed(2)) : this.texts.noNearest;
    return build("p", { class: "quiet" }, words);
  }

  #examples(examples) {
    const line = ({ text, conversation, seq, at }) => {
      const link = conversationLink(conversation, plain(text), seq);
      return build("li", { dir: "auto" }, link, build("span", { class: "quiet" }, ` ${this.dates(at)}`));
    };
    return foldable(
      this.texts.examples(examples.length),
      build("ul", { class: "examples" }, ...examples.slice(0, EXAMPLES).map(line)),
    );
  }

  #add(group) {
    const { texts } = this;
    const says = build("p", { class: "says", role: "alert" });
    const label = `${texts.addAnswer}: ${plain(group.question)}`;
    const button = build("button", { type: "button", "aria-label": label }, texts.addAnswer);
    button.addEventListener("click", async () => {
      button.disabled = true;
      setText(button, texts.adding);
      try {
        location.href = `/console/answers?id=${encodeURIComponent(await draftOf(group))}`;
      } catch (error) {
        setText(says, plain(whyFailed(texts, error)));
        button.disabled = false;
        setText(button, texts.addAnswer);
      }
    });
    return build("div", { class: "group-action" }, button, says);
  }
}

/** A draft whose other phrasings are what customers really wrote. */
async function draftOf({ question, language, examples = [] }) {
  const others = [...new Set(examples.map(({ text }) => text).filter((text) => text && text !== question))];
  const known = ["en", "zh"].includes(language) ? language : ""; // the server finds it out
  const { id } = await api("POST", "answers", { question, language: known, examples: others.slice(0, EXAMPLES) });
  return id;
}
