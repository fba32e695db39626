/** The thread as it is seen: what was said in order, below it what is on its way, and where it is scrolled to. */

import { icon } from "./icons.js";
import { build } from "./messages.js";

const NEAR_END = 96; // px: who is this close to the end follows what is new
const QUIET = 500; // ms after loading until a screen reader is told what is new: the past is not news

export class Log {
  #drafts = new Map(); // question seq → element
  #pending = new Map(); // cid → {element, isSent}
  #working = null;
  #lastDay = "";
  #wasNearEnd = true; // before the last change of size: a keyboard that opens must not hide the newest message

  constructor({ texts, messages }) {
    Object.assign(this, { texts, messages, isCaughtUp: false });
    this.start = build("section", { class: "empty" }); // shown while there is nothing else
    this.said = build("div", { class: "log", role: "log", "aria-live": "off", "aria-label": texts.thread });
    this.tail = build("div", { class: "tail" });
    const attributes = { class: "scroller", tabindex: "0", "aria-label": texts.thread };
    this.scroller = build("main", attributes, this.start, this.said, this.tail);
    this.latest = build("button", { type: "button", class: "latest", hidden: true, onclick: () => this.toEnd() });
    this.latest.append(icon("latest", 16), texts.newMessages);
    this.element = build("div", { class: "middle" }, this.scroller, this.latest);
    this.scroller.addEventListener("scroll", () => {
      if (this.#isNearEnd()) this.latest.hidden = true;
    });
    new ResizeObserver(() => this.#wasNearEnd && this.toEnd()).observe(this.scroller);
  }

  // ── what was said ──

  add(node, at) {
    this.#follow(() => {
      this.#addDay(new Date(at));
      const { who } = node.dataset;
      node.classList.toggle("is-next", Boolean(who) && who === this.said.lastElementChild?.dataset.who);
      this.said.append(node);
    }, node);
    return node;
  }

  #addDay(date) {
    if (Number.isNaN(date.getTime()) || date.toDateString() === this.#lastDay) return;
    this.#lastDay = date.toDateString();
    this.said.append(this.messages.day(date));
  }

  find(seq) {
    return this.said.querySelector(`[data-seq="${Number(seq)}"]`);
  }

  /** Everything goes but what was written here and is not sent yet. */
  forget() {
    this.#drafts.clear();
    for (const [cid, { isSent }] of this.#pending) if (isSent) this.#pending.delete(cid);
    this.#lastDay = "";
    this.#working = null;
    this.isCaughtUp = false;
    this.said.setAttribute("aria-live", "off");
    this.said.replaceChildren();
    this.tail.replaceChildren(...[...this.#pending.values()].map(({ element }) => element));
  }

  /** The past is here; from now on what comes is new. */
  settle() {
    if (this.isCaughtUp) return;
    this.isCaughtUp = true;
    this.toEnd();
    setTimeout(() => this.said.setAttribute("aria-live", this.isCaughtUp ? "polite" : "off"), QUIET);
  }

  // ── what is on its way ──

  hasDraft(answers) {
    return this.#drafts.has(answers);
  }

  draw(frame) {
    this.#follow(() => {
      if (!this.#drafts.has(frame.answers)) {
        this.#drafts.set(frame.answers, this.messages.draft(frame));
        this.tail.prepend(this.#drafts.get(frame.answers));
      }
      this.messages.grow(this.#drafts.get(frame.answers), frame);
    });
  }

  dropDraft(answers) {
    this.#drafts.get(answers)?.remove();
    this.#drafts.delete(answers);
  }

  dropDrafts() {
    for (const answers of [...this.#drafts.keys()]) this.dropDraft(answers);
  }

  get hasPending() {
    return this.#pending.size > 0;
  }

  /** Shows what is in the outbox; what left it was sent. */
  showQueue(entries) {
    for (const entry of entries) {
      if (!this.#pending.has(entry.cid)) this.#addPending(entry);
      this.messages.showState(this.#pending.get(entry.cid).element, entry, false);
    }
    const waiting = new Set(entries.map(({ cid }) => cid));
    for (const cid of this.#pending.keys()) if (!waiting.has(cid)) this.showSent(cid);
  }

  #addPending(entry) {
    const element = this.messages.pending(entry);
    this.#pending.set(entry.cid, { element, isSent: false });
    this.tail.append(element);
    if (this.#working) this.tail.append(this.#working);
    this.toEnd();
  }

  /** The server has it; it stands here plainly until its event brings its place. */
  showSent(cid) {
    const pending = this.#pending.get(cid);
    if (!pending || pending.isSent) return;
    pending.isSent = true;
    this.messages.showState(pending.element, { cid }, true);
  }

  dropPending(cid) {
    this.#pending.get(cid)?.element.remove();
    this.#pending.delete(cid);
  }

  get isWorking() {
    return this.#working !== null;
  }

  showWorking(words) {
    this.#follow(() => {
      this.#working?.remove();
      this.#working = this.messages.working(words);
      this.tail.append(this.#working);
    });
  }

  hideWorking() {
    this.#working?.remove();
    this.#working = null;
  }

  // ── scrolling ──

  #isNearEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.#wasNearEnd = scrollHeight - scrollTop - clientHeight < NEAR_END;
    return this.#wasNearEnd;
  }

  /** Whoever reads the end stays at the end; whoever reads further up is told, and not moved. */
  #follow(act, node = null) {
    if (!this.isCaughtUp) return void act(); // loading: no need to measure each message
    const wasNear = this.#isNearEnd();
    act();
    if (!wasNear) this.latest.hidden = false;
    else this.toEnd(node);
  }

  /** A reply taller than the window is shown from its beginning. */
  toEnd(node = null) {
    const { scroller } = this;
    scroller.scrollTop = scroller.scrollHeight;
    this.#wasNearEnd = true;
    this.latest.hidden = true;
    if (!node || node.offsetHeight < scroller.clientHeight) return;
    scroller.scrollTop += node.getBoundingClientRect().top - scroller.getBoundingClientRect().top - 8;
    this.#isNearEnd();
  }
}
