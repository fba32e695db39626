/** What an answer stands next to: nearest entries, entries that say something else, and what is wrong with it. */

import { icon } from "./icons.js";
import { plain, render } from "./markup.js";
import { build } from "./messages.js";
import { loading, scoreBar, trouble } from "./page-parts.js";

export class Check {
  #run = 0;

  constructor({ texts, ask }) {
    Object.assign(this, { texts, ask, found: null, isFresh: false });
    this.element = build(
      "div",
      { class: "check-body", "aria-live": "polite" },
      build("p", { class: "quiet" }, texts.checkWhat),
    );
  }

  /** How many things speak against publishing. */
  get warnings() {
    return (this.found?.problems?.length ?? 0) + (this.found?.conflicts?.length ?? 0);
  }

  /** The text changed since. */
  age() {
    this.isFresh = false;
    this.element.classList.toggle("is-old", Boolean(this.found));
  }

  stop() {
    this.#run++;
  }

  async run() {
    const run = ++this.#run;
    this.element.setAttribute("aria-busy", "true");
    const slow = setTimeout(
      () => run === this.#run && this.found === null && this.element.replaceChildren(loading(this.texts)),
      250,
    );
    try {
      const found = await this.ask();
      if (run === this.#run) this.#show(found);
    } catch (error) {
      if (run === this.#run) this.element.replaceChildren(trouble(this.texts, error, () => this.run()));
    }
    clearTimeout(slow);
    if (run === this.#run) this.element.removeAttribute("aria-busy");
  }

  #show(found) {
    this.found = found;
    this.isFresh = true;
    this.element.classList.remove("is-old");
    this.element.replaceChildren(...this.#parts(found));
  }

  #parts({ nearest = [], conflicts = [], problems = [] }) {
    const { texts } = this;
    const old = build("p", { class: "old" }, texts.checkOld);
    const clear = build("p", { class: "clear" }, icon("check", 18), texts.allClear);
    const wrong = problems.map((problem) => build("li", {}, plain(problem)));
    return [
      old,
      wrong.length || conflicts.length ? "" : clear,
      wrong.length ? group("problems", texts.problems, build("ul", {}, ...wrong)) : "",
      conflicts.length ? group("conflicts", texts.conflicts, ...conflicts.map((one) => this.#conflict(one))) : "",
      group(
        "nearest",
        texts.nearest,
        ...(nearest.length ? nearest.map((one) => this.#near(one)) : [build("p", { class: "quiet" }, texts.noNearest)]),
      ),
    ].filter(Boolean);
  }

  #conflict({ title, text, why }) {
    return card(plain(title), build("p", { class: "why" }, plain(why)), text);
  }

  #near({ title, text, document, score }) {
    const percent = `${Math.round(Math.min(1, Math.max(0, Number(score) || 0)) * 100)} %`;
    const about = build(
      "p",
      { class: "about" },
      scoreBar(score, this.texts.near(percent)),
      build("code", {}, plain(document)),
    );
    return card(plain(title), about, text);
  }
}

function group(kind, title, ...children) {
  return build("section", { class: `group ${kind}` }, build("h3", {}, title), ...children);
}

/** An entry, folded to its title and the line below it. */
function card(title, about, text) {
  const words = build("summary", {}, icon("next", 16), build("span", { dir: "auto" }, title));
  const body = build("div", { class: "passage", dir: "auto" });
  body.append(render(text));
  return build("div", { class: "near" }, build("details", { class: "fold" }, words, body), about);
}
