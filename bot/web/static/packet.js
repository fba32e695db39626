/** The hand-off packet, in the order an agent needs it: why, what was asked, what was tried, the draft, who, before. */

import { icon } from "./icons.js";
import { link, plain, render, safeUrl } from "./markup.js";
import { build } from "./messages.js";
import { decimal, passageCard, scoreBar } from "./passages.js";
import { thresholdWords } from "./turn.js";

const BY_SCORE = new Set(["no_answer", "asked_again"]); // where a score led to the hand-off
const SHOWN = 4; // passages, earlier conversations: the rest at a click
const SEARCH_AFTER = 250; // ms without a key

export class PacketPanel {
  #id = "";
  #timer;

  /** `load(id)` resolves to the Packet, `find(q, language)` to passages; `use(text, passage)` puts one into the
   * reply. */
  constructor({ texts, load, find, use, open, close }) {
    Object.assign(this, { texts, load, find, use, open });
    const attributes = { type: "button", class: "icon close-packet", "aria-label": texts.closePacket, onclick: close };
    const head = build("header", { class: "packet-head" }, build("h2", {}, texts.packet));
    head.append(build("button", attributes, icon("close")));
    this.body = build("div", { class: "packet-body" });
    this.search = this.#searchBox();
    this.found = build("div", { class: "cards found", role: "status" });
    this.scroller = build("div", { class: "packet-scroll", tabindex: "-1" }, this.found, this.body);
    this.element = build("aside", { class: "packet", "aria-label": texts.packet }, head, this.search, this.scroller);
  }

  /** Another conversation, or news of the same one. */
  async show(id, language = "en") {
    const isOther = id !== this.#id;
    Object.assign(this, { language });
    this.#id = id;
    if (isOther) this.#forget();
    if (!id) return;
    try {
      const packet = await this.load(id);
      if (this.#id === id) this.#draw(packet);
    } catch {
      // The conversation is gone, or there is no connection: the thread says so.
    }
  }

  #forget() {
    this.body.replaceChildren();
    this.found.replaceChildren();
    this.search.querySelector("input").value = "";
    this.scroller.scrollTop = 0;
  }

  #draw(packet) {
    const { texts } = this;
    const parts = [this.#why(packet), this.#asked(packet), this.#tried(packet), this.#draft(packet)];
    parts.push(this.#customer(packet.customer), this.#earlier(packet.earlier ?? []));
    const top = this.scroller.scrollTop;
    this.body.replaceChildren(...parts.filter(Boolean));
    this.scroller.scrollTop = top;
    this.scroller.setAttribute("aria-label", texts.packet);
  }

  #section(title, ...children) {
    return build("section", {}, build("h3", {}, title), ...children);
  }

  // ── why it is here ──

  #why({ reason, handed_off_at: at, score, thresholds, passages = [] }) {
    const { texts } = this;
    if (!reason && !at) return this.#section(texts.why, build("p", { class: "quiet" }, texts.notHandedOff));
    const badge = build("p", { class: "reason" }, texts.reason[reason] ?? plain(reason));
    const when = at ? [build("p", { class: "quiet small-text" }, texts.handedOffAt(texts.date(new Date(at))))] : [];
    const needed = thresholds?.answer;
    if (BY_SCORE.has(reason) && passages.length && needed !== undefined) {
      const words = score < needed ? texts.missed : texts.reached;
      when.push(build("p", { class: "small-text" }, words(decimal(score), decimal(needed))));
    }
    return this.#section(texts.why, badge, ...when);
  }

  #asked({ question }) {
    if (!question?.text) return null;
    return this.#section(this.texts.asked, build("blockquote", { dir: "auto" }, plain(question.text)));
  }

  // ── what the bot tried ──

  #tried(packet) {
    const { texts } = this;
    const { passages = [], thresholds, score, error, decision } = packet;
    const failed = error ? [build("p", { class: "badge trouble" }, texts.errorWas)] : [];
    if (!passages.length) {
      const words = decision ? texts.noPassages : texts.nothingTried;
      return this.#section(texts.tried, ...failed, build("p", { class: "quiet" }, words));
    }
    const cards = this.#few(passages, (passage) => this.#card(passage));
    const bar = typeof score === "number" ? [scoreBar(texts, score, thresholds)] : [];
    const top = [...failed, ...this.#searched(packet), ...bar, thresholdWords(texts, thresholds ?? {})];
    return this.#section(texts.tried, ...top, cards);
  }

  /** It may be another question than the last: who asks for a person asks the bot nothing. */
  #searched({ query, question }) {
    if (!query || query.trim() === question?.text.trim()) return [];
    const line = build("p", { class: "quiet small-text" }, `${this.texts.searched}: `);
    line.append(build("span", { dir: "auto" }, plain(query)));
    return [line];
  }

  #card(passage) {
    const use = ({ text, passage: id, title }) => this.use(text, { id, title });
    return passageCard(this.texts, passage, { use: passage.live === false ? null : use });
  }

  #few(all, make) {
    const list = build("div", { class: "cards" }, ...all.slice(0, SHOWN).map(make));
    if (all.length <= SHOWN) return list;
    const more = (event) => {
      event.currentTarget.remove();
      list.append(...all.slice(SHOWN).map(make));
    };
    list.append(build("button", { type: "button", class: "link", onclick: more }, this.texts.showAll(all.length)));
    return list;
  }

  #draft({ draft, passages = [] }) {
    const { texts } = this;
    if (!draft?.trim()) return null;
    const best = passages.find(({ live }) => live !== false);
    const use = () => this.use(draft, best ? { id: best.passage, title: best.title } : null);
    const attributes = { type: "button", class: "small", onclick: use };
    const button = build("button", attributes, icon("insert", 16), texts.useDraft);
    const words = build("div", { class: "draft-text", dir: "auto" }, render(draft));
    return this.#section(texts.draft, words, button);
  }

  // ── who ──

  #customer({ name, id, verified, page, email, first_seen: seen, conversations }) {
    const { texts } = this;
    const mark = icon(verified ? "verified" : "person", 16);
    const words = verified ? texts.verified : texts.notVerified;
    const trust = build("p", { class: verified ? "trust is-verified" : "trust" }, mark, words);
    const facts = [];
    const fact = (label, value) => facts.push(build("dt", {}, label), build("dd", { dir: "auto" }, value));
    if (page) fact(texts.pageOf, pageLink(page));
    if (email) fact(texts.email, link(plain(email), `mailto:${email}`) ?? plain(email));
    if (seen) fact(texts.firstSeen, texts.date(new Date(seen)));
    const who = build("p", { class: "customer-name", dir: "auto" }, plain(name) || plain(id));
    const count = conversations > 1 ? build("p", { class: "quiet small-text" }, texts.number(conversations)) : "";
    return this.#section(texts.customer, who, trust, count, build("dl", {}, ...facts));
  }

  #earlier(earlier) {
    const { texts } = this;
    if (!earlier.length) return this.#section(texts.earlier, build("p", { class: "quiet" }, texts.noEarlier));
    const line = ({ conversation, status, reason, updated_at: at, last, score }) => {
      const meta = [texts.date(new Date(at)), texts.reason[reason], status === "closed" ? "" : texts.status[status]];
      if (score) meta.push(texts.rated(score));
      const said = build("span", { class: "clip", dir: "auto" }, plain(last?.text) || "–");
      const detail = build("span", { class: "detail" }, meta.filter(Boolean).join(" · "));
      const words = build("span", { class: "words" }, said, detail);
      return build("button", { type: "button", class: "item", onclick: () => this.open(conversation) }, words);
    };
    return this.#section(texts.earlier, this.#few(earlier, line));
  }

  // ── the knowledge base ──

  #searchBox() {
    const { texts } = this;
    const input = build("input", { type: "search", placeholder: texts.searchPages, "aria-label": texts.searchPages });
    input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#look(input.value.trim()), SEARCH_AFTER);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !input.value) return;
      event.stopPropagation();
      input.value = "";
      this.found.replaceChildren();
    });
    return build("div", { class: "search" }, icon("search", 16), input);
  }

  async #look(q) {
    if (!q) return this.found.replaceChildren();
    try {
      const { passages } = await this.find(q, this.language);
      if (this.search.querySelector("input").value.trim() !== q) return undefined;
      const cards = this.#few(passages, (hit) => this.#card(hit, null));
      const none = build("p", { class: "quiet" }, this.texts.noPages);
      return this.found.replaceChildren(passages.length ? cards : none);
    } catch {
      return this.found.replaceChildren(build("p", { class: "says" }, this.texts.trouble.unavailable));
    }
  }
}

/** The page's path is what tells pages of one shop apart. */
function pageLink(page) {
  const url = safeUrl(page);
  if (!url) return plain(page);
  const anchor = link(page, page);
  anchor.replaceChildren(`${url.host}${url.pathname === "/" ? "" : plain(decode(url.pathname))}`);
  anchor.title = plain(page);
  return anchor;
}

function decode(path) {
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}
