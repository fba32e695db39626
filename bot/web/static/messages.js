/** Messages as elements. What was said becomes text nodes, never markup. */

import { icon } from "./icons.js";
import { element, plain, render } from "./markup.js";

/** An element with classes, attributes and children; `on…` keys are listeners. */
export function build(tag, { class: classes = "", ...attributes } = {}, ...children) {
  const made = element(tag, ...children);
  if (classes) made.className = classes;
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== undefined) made.setAttribute(name, value);
  }
  return made;
}

export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** `wiring` is the words, and what the buttons do: {texts, dates, openSource, choose, rate, retry}. */
export class Messages {
  constructor(wiring) {
    Object.assign(this, wiring);
  }

  /** Before anything was said: the greeting, and questions to tap. */
  welcome({ greeting, openers }) {
    const opener = (text) => {
      const attributes = { type: "button", class: "opener", onclick: () => this.choose(text) };
      return build("button", attributes, build("span", {}, plain(text)), icon("next", 16));
    };
    const words = build("p", { class: "greeting" }, plain(greeting) || this.texts.greeting);
    return [words, build("div", { class: "openers" }, ...openers.map(opener))];
  }

  // ── what was said ──

  /** A committed message. */
  said({ seq, author, at, body }) {
    const article = this.#article(author, this.#nameOf(author, body), body.text, author !== "customer");
    const date = new Date(at);
    article.dataset.seq = seq;
    if (!Number.isNaN(date.getTime())) article.querySelector(".bubble").after(this.#time(date));
    if (author === "customer") return article;
    if (body.options?.length) article.append(this.#options(body.options));
    const citations = body.citations ?? [];
    const isRateable = author === "bot" && (citations.length || body.answers);
    if (citations.length || isRateable) article.append(this.#under(body.text, citations, isRateable && seq));
    return article;
  }

  /** The checked sentences so far; the reply replaces it. */
  draft({ answers }) {
    const article = this.#article("bot", this.texts.bot, "", true);
    article.classList.add("is-draft");
    article.dataset.answers = answers;
    return article;
  }

  /** Adds the new sentences softly and leaves alone what is being read. */
  grow(article, { text, citations = [] }) {
    const bubble = article.querySelector(".bubble");
    const shown = article.dataset.text ?? "";
    const rest = plain(text).slice(shown.length);
    article.dataset.text = plain(text);
    if (plain(text).startsWith(shown) && !/[\n*|[]/.test(text)) {
      if (!shown) bubble.replaceChildren(build("p"));
      bubble.firstChild.append(build("span", { class: "fresh" }, ...render(rest).querySelector("p")?.childNodes ?? []));
    } else {
      bubble.replaceChildren(render(text));
    }
    article.querySelector(".under")?.remove();
    if (citations.length) article.append(build("div", { class: "under" }, this.#chips(text, citations)));
  }

  /** Written here, not yet confirmed. */
  pending({ cid, fields }) {
    const article = this.#article("customer", this.texts.you, fields.text, false);
    article.dataset.cid = cid;
    article.append(build("div", { class: "state" }));
    return article;
  }

  showState(article, { cid, failed }, isSent) {
    article.classList.toggle("is-sending", !failed && !isSent);
    article.classList.toggle("is-failed", Boolean(failed));
    const state = article.querySelector(".state");
    if (!state) return;
    const words = { too_fast: this.texts.tooFast }[failed] ?? this.texts.notSent;
    const attributes = { type: "button", class: "link", onclick: () => this.retry(cid) };
    const again = build("button", attributes, this.texts.tryAgain);
    if (failed) state.replaceChildren(build("span", { role: "alert" }, words), " ", again);
    else state.replaceChildren(build("span", { class: "unseen" }, isSent ? "" : this.texts.sending));
  }

  #nameOf(author, body) {
    return { customer: this.texts.you, bot: this.texts.bot }[author] ?? plain(body.agent || this.agentName());
  }

  #article(author, name, text, hasMarkup) {
    const bubble = build("div", { class: "bubble", dir: "auto" });
    bubble.append(hasMarkup ? render(text) : plain(text));
    const who = build("div", { class: author === "agent" ? "who" : "who unseen", dir: "auto" }, name);
    const said = build("div", { class: "said" }, bubble);
    const article = build("article", { class: `message ${author}`, tabindex: "-1" }, who, said);
    article.dataset.who = `${author} ${name}`;
    return article;
  }

  #time(date) {
    return build("time", { datetime: date.toISOString() }, this.dates.time(date));
  }

  // ── what stands under a reply ──

  /** `seq` is what the thumbs rate; an agent's message has none. */
  #under(text, citations, seq) {
    const under = build("div", { class: "under" });
    if (citations.length) under.append(this.#chips(text, citations));
    if (seq) under.append(this.#thumbs(seq));
    return under;
  }

  #chips(reply, citations) {
    const chips = citations.map((citation, index) => {
      const number = index + 1;
      const title = plain(citation.title);
      const open = () => this.openSource({ citation, reply, number });
      const label = this.texts.source(number, title);
      const parts = [build("span", { class: "number" }, String(number)), build("span", { class: "title" }, title)];
      const attributes = { type: "button", class: "chip", "aria-label": label, onclick: open };
      return build("li", {}, build("button", attributes, ...parts));
    });
    return build("ol", { class: "chips", "aria-label": this.texts.sources }, ...chips);
  }

  #thumbs(seq) {
    const thumb = (name, score, label) => {
      const onclick = () => this.rate(seq, score);
      const attributes = { type: "button", class: "thumb", "aria-label": label, title: label, "aria-pressed": "false" };
      const button = build("button", { ...attributes, onclick }, icon(name, 16));
      button.dataset.score = score;
      return button;
    };
    const { helpful, unhelpful } = this.texts;
    return build("div", { class: "thumbs" }, thumb("up", 5, helpful), thumb("down", 1, unhelpful));
  }

  showScore(article, score) {
    for (const button of article.querySelectorAll(".thumb")) {
      button.setAttribute("aria-pressed", String(Number(button.dataset.score) === score));
    }
    article.classList.toggle("is-rated", Boolean(score));
  }

  #options(options) {
    const button = (text) => {
      const attributes = { type: "button", class: "option", onclick: () => this.choose(text) };
      return build("button", attributes, plain(text));
    };
    return build("div", { class: "options" }, ...options.map(button));
  }

  // ── what happened ──

  system(text, at) {
    const line = build("p", { class: "system", dir: "auto" }, plain(text));
    const date = new Date(at);
    if (at && !Number.isNaN(date.getTime())) line.title = this.dates.time(date);
    return line;
  }

  day(date) {
    return build("p", { class: "day" }, build("time", { datetime: date.toISOString() }, this.dates.day(date)));
  }

  working(text) {
    const dots = build("span", { class: "dots", "aria-hidden": "true" }, build("i"), build("i"), build("i"));
    return build("div", { class: "working" }, dots, build("span", { class: "unseen" }, text));
  }

  /** One question, five answers; `give(score)`. */
  rating(give) {
    const button = (label, index) => {
      const attributes = { type: "button", class: "score", "aria-label": `${index + 1}: ${label}`, title: label };
      return build("button", { ...attributes, onclick: () => give(index + 1) }, String(index + 1));
    };
    const scale = this.texts.score;
    const ends = build("div", { class: "ends", "aria-hidden": "true" });
    ends.append(build("span", {}, scale[0]), build("span", {}, scale.at(-1)));
    const scores = build("div", { class: "scores" }, ...scale.map(button));
    return build("div", { class: "rating", role: "group", "aria-label": this.texts.howWasIt },
      build("p", {}, this.texts.howWasIt), scores, ends); // prettier-ignore
  }
}
