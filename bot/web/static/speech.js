/** What is said in a conversation, as the agents see it: who, when, on what grounds, and what no customer reads. */

import { icon } from "./icons.js";
import { plain, render } from "./markup.js";
import { build, Messages } from "./messages.js";
import { fold } from "./turn.js";

// What the customer was told there is worth a line; elsewhere it says the same as ours.
const TOLD = new Set(["conversation.handed_off", "conversation.requeued", "conversation.delayed"]);

/** Besides what Messages takes: `evidenceOf(seq)` loads a turn, `makeAnswer(seq)` drafts an FAQ entry,
 * `takeBack(entry)` gives an unsent text back, `me` is the agent who looks. */
export class Speech extends Messages {
  constructor({ texts, ...wiring }) {
    super({ ...wiring, texts: { ...texts, bot: texts.author.bot } });
  }

  // ── what was said ──

  said(event) {
    const { author, body, seq, at } = event;
    const article = this.#article(author, this.#nameOf(author, body), at, author === "customer" ? body.text : null);
    article.dataset.seq = seq;
    if (author === "customer") return article;
    article.querySelector(".bubble").append(render(body.text));
    if (body.options?.length) article.append(this.#options(body.options));
    article.append(this.#under(event));
    if (author === "agent" && this.me.actions.includes("suggest")) article.firstChild.prepend(this.#answerButton(seq));
    return article;
  }

  note({ seq, at, body }) {
    const name = plain(body.agent) || this.texts.author.agent;
    const article = this.#article("note", this.texts.noteBy(name), at, body.text);
    article.dataset.seq = seq;
    return article;
  }

  pending({ cid, type, fields }) {
    const isNote = type === "note";
    const name = isNote ? this.texts.noteBy(this.me.agent.name) : this.me.agent.name;
    const article = this.#article(isNote ? "note" : "agent", plain(name), null, isNote ? fields.text : null);
    if (!isNote) article.querySelector(".bubble").append(render(fields.text));
    article.dataset.cid = cid;
    article.append(build("div", { class: "state" }));
    return article;
  }

  showState(article, entry, isSent) {
    const { cid, failed } = entry;
    const { texts } = this;
    article.classList.toggle("is-sending", !failed && !isSent);
    article.classList.toggle("is-failed", Boolean(failed));
    const state = article.querySelector(".state");
    if (!failed) return state.replaceChildren(build("span", { class: "unseen" }, isSent ? "" : texts.sending));
    const button = (label, onclick) => build("button", { type: "button", class: "link", onclick }, label);
    const again = button(texts.tryAgain, () => this.retry(cid));
    const back = button(texts.dismiss, () => this.takeBack(entry));
    const why = texts.notSentWhy[failed] ?? texts.notSent;
    return state.replaceChildren(build("span", { role: "alert" }, why), " ", again, " ", back);
  }

  working(text) {
    const dots = build("span", { class: "dots", "aria-hidden": "true" }, build("i"), build("i"), build("i"));
    return build("div", { class: "working" }, dots, build("span", {}, text));
  }

  #nameOf(author, body) {
    if (author === "agent") return plain(body.agent) || this.texts.author.agent;
    return author === "customer" ? this.customerName() : this.texts.author.bot;
  }

  #article(author, name, at, text) {
    const who = build("p", { class: "who" }, build("span", { class: "name", dir: "auto" }, plain(name)));
    const date = new Date(at ?? NaN);
    const isDated = !Number.isNaN(date.getTime());
    if (isDated) who.append(build("time", { datetime: date.toISOString() }, this.dates.time(date)));
    const bubble = build("div", { class: "bubble", dir: "auto" });
    if (text !== null) bubble.append(plain(text));
    if (isDated) bubble.title = this.texts.date(date);
    const article = build("article", { class: `message ${author}`, tabindex: "-1" }, who, bubble);
    article.dataset.who = `${author} ${name}`;
    return article;
  }

  // ── what stands under it ──

  #under({ author, seq, body }) {
    const under = build("div", { class: "under" });
    if (body.citations?.length) under.append(this.#chips(body));
    if (author === "bot" && body.answers) under.append(...fold(this.texts, () => this.evidenceOf(seq)));
    return under;
  }

  #chips({ text, citations }) {
    const chip = (citation, index) => {
      const title = plain(citation.title);
      const onclick = () => this.openSource({ citation, reply: text, number: index + 1 });
      const attributes = { type: "button", class: "chip", "aria-label": this.texts.source(index + 1, title), onclick };
      const parts = [build("span", { class: "number" }, String(index + 1)), build("span", { class: "title" }, title)];
      return build("li", {}, build("button", attributes, ...parts));
    };
    return build("ol", { class: "chips", "aria-label": this.texts.sources }, ...citations.map(chip));
  }

  #options(options) {
    return build("ul", { class: "options" }, ...options.map((text) => build("li", { dir: "auto" }, plain(text))));
  }

  /** Question and reply become a draft in the knowledge base. */
  #answerButton(seq) {
    const place = build("span", { class: "make-answer" });
    const make = async () => {
      place.replaceChildren(build("span", { class: "quiet" }, this.texts.loading));
      place.replaceChildren(...(await this.makeAnswer(seq)));
    };
    const words = this.texts.makeAnswer;
    const attributes = { type: "button", class: "link", "aria-label": words, title: words, onclick: make };
    place.append(build("button", attributes, icon("book", 16), build("span", {}, words)));
    return place;
  }

  showScore(article, score) {
    if (article.classList.contains("note")) return;
    article.querySelector(".thumb")?.remove();
    const isUp = score > 2;
    const label = this.texts.happened.thumb(isUp);
    const mark = build("span", { class: "thumb", role: "img", "aria-label": label, title: label });
    mark.append(icon(isUp ? "up" : "down", 16));
    article.querySelector(".who").append(mark);
  }

  // ── what happened ──

  /** One line, with what the customer was told; null for what needs no line. */
  happened({ kind, at, body = {} }) {
    const words = this.#wordsOf(kind.slice("conversation.".length), body);
    if (!words) return null;
    const date = new Date(at);
    const time = Number.isNaN(date.getTime()) ? "" : this.dates.time(date);
    const line = build("p", { class: "event" }, build("span", { dir: "auto" }, plain(words)), " ");
    line.append(build("time", {}, time));
    const parts = [line];
    const told = body.text ? this.texts.told(plain(body.text)) : "";
    if (told && TOLD.has(kind)) parts.push(build("p", { class: "told", dir: "auto" }, told));
    else if (told) line.title = told;
    if (body.note) parts.push(build("p", { class: "told note-line", dir: "auto" }, plain(body.note)));
    return build("div", { class: "system" }, ...parts);
  }

  #wordsOf(what, body) {
    const { happened, reason, author } = this.texts;
    const agent = plain(body.agent) || author.agent;
    switch (what) {
      case "handed_off":
        return happened.handed_off(reason[body.reason] ?? plain(body.reason));
      case "claimed":
        return happened.claimed(agent);
      case "transferred":
        return happened.transferred(agent, plain(body.from));
      case "requeued":
        return (happened.requeued[body.why] ?? happened.requeued.transfer)(plain(body.agent));
      case "closed":
        return (happened.closed[body.by] ?? happened.closed.agent)(plain(body.agent));
      case "email_left":
        return happened.email_left(plain(body.email));
      case "tagged":
        return happened.tagged(plain(body.agent), (body.tags ?? []).join(", "));
      case "rated":
        return body.about ? "" : happened.rated(body.score, plain(body.comment));
      default:
        return happened[what] ?? ""; // returned, reopened, delayed; what this page does not know draws nothing
    }
  }
}
