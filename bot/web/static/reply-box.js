/** Where an agent writes: a reply or an internal note; canned replies by "/"; the passages a reply rests on. */

import { asked, filled, fitting, put } from "./canned.js";
import { icon } from "./icons.js";
import { plain } from "./markup.js";
import { build, setText } from "./messages.js";

const LINES = 9;
const LIMIT = 4_000; // code points of one message
const NEARLY = 0.9;
const MOST_PASSAGES = 5;

export class ReplyBox {
  #canned = []; // what the open list shows
  #chosen = 0;
  #limit = LIMIT;

  /** `canned()` are the canned replies, `about()` says {language, names}; `send()`, `typed()` and `changed(typed)` are
   * told what happens. */
  constructor({ texts, canned, about, send, typed, changed }) {
    Object.assign(this, { texts, canned, about, send, typed, changed, mode: "reply" });
    this.kept = { reply: "", note: "", passages: [] };
    this.input = build("textarea", { rows: "1", enterkeyhint: "send", autocomplete: "off", dir: "auto" });
    this.count = build("p", { class: "count", role: "status", hidden: true });
    this.cites = build("ul", { class: "cites", hidden: true });
    const list = { class: "canned", role: "listbox", id: "canned", "aria-label": texts.canned, hidden: true };
    this.list = build("ul", list);
    this.element = build("div", { class: "writing" }, this.list, this.cites, this.input, this.count);
    this.#listen();
  }

  get text() {
    return this.input.value.trim();
  }

  get isTooLong() {
    return this.#over > 0;
  }

  set limit(limit) {
    this.#limit = limit;
  }

  /** Another conversation: what was typed there. */
  load(typed, mode) {
    this.kept = { ...typed };
    this.setMode(mode);
  }

  setMode(mode) {
    this.mode = mode;
    this.input.value = this.kept[mode];
    this.#closeList();
    this.#draw();
  }

  set hint(words) {
    this.input.placeholder = words;
    this.input.setAttribute("aria-label", words);
  }

  focus() {
    this.input.focus({ preventScroll: true });
    this.input.setSelectionRange(this.input.value.length, this.input.value.length);
  }

  /** A passage or a draft, to be edited before it is sent. */
  insert(text, passage = null, mode = "reply") {
    if (this.mode !== mode) this.setMode(mode);
    const before = this.input.value.trimEnd();
    this.input.value = before ? `${before}\n\n${plain(text).trim()}` : plain(text).trim();
    if (passage && !this.kept.passages.some(({ id }) => id === passage.id)) {
      this.kept.passages = [...this.kept.passages, passage].slice(-MOST_PASSAGES);
    }
    this.#edited();
    this.focus();
    this.input.scrollTop = this.input.scrollHeight;
  }

  /** It was sent. */
  clear() {
    this.kept[this.mode] = "";
    if (this.mode === "reply") this.kept.passages = [];
    this.input.value = "";
    this.#edited();
  }

  // ── typing ──

  #listen() {
    const { input } = this;
    input.addEventListener("keydown", (event) => this.#pressed(event));
    input.addEventListener("input", () => {
      this.#edited();
      this.#offer();
      if (this.text && this.mode === "reply") this.typed();
    });
    input.addEventListener("blur", () => setTimeout(() => this.#closeList(), 150)); // a tap on the list comes first
  }

  #pressed(event) {
    const isComposing = event.isComposing || event.keyCode === 229; // 229: the Enter that only ends a composition
    if (isComposing) return;
    const inList = !this.list.hidden && this.#listKey(event.key);
    const isSend = event.key === "Enter" && !event.shiftKey;
    if (!inList && !isSend) return;
    event.preventDefault();
    event.stopPropagation();
    if (!inList) this.send();
  }

  #edited() {
    this.kept[this.mode] = this.input.value;
    if (!this.kept.reply.trim()) this.kept.passages = [];
    this.changed(this.kept);
    this.#draw();
  }

  get #over() {
    return [...this.text].length - this.#limit; // code points, as the server counts
  }

  #draw() {
    const { texts, count } = this;
    const over = this.#over;
    count.hidden = over < -this.#limit * (1 - NEARLY);
    setText(count, count.hidden ? "" : over > 0 ? texts.tooLong(over) : texts.charactersLeft(-over));
    count.classList.toggle("is-over", over > 0);
    this.#drawCites();
    this.grow();
  }

  grow() {
    const { input } = this;
    if (!input.isConnected) return;
    input.style.setProperty("height", "auto");
    const style = getComputedStyle(input);
    const most = parseFloat(style.lineHeight) * LINES + parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
    input.style.setProperty("height", `${Math.min(input.scrollHeight, most)}px`);
  }

  #drawCites() {
    const { texts, kept, mode } = this;
    this.cites.hidden = mode !== "reply" || !kept.passages.length;
    const cite = ({ id, title }) => {
      const drop = () => {
        this.kept.passages = this.kept.passages.filter((other) => other.id !== id);
        this.#edited();
      };
      const attributes = { type: "button", "aria-label": texts.removeCitation(plain(title)), onclick: drop };
      const words = build("span", { title: plain(title) }, texts.citing(plain(title)));
      return build("li", { class: "tag" }, icon("book", 14), words, build("button", attributes, icon("close", 14)));
    };
    this.cites.replaceChildren(...kept.passages.map(cite));
  }

  // ── canned replies ──

  #offer() {
    const word = this.mode === "reply" ? asked(this.input.value, this.input.selectionStart) : null;
    this.#canned = word === null ? [] : fitting(this.canned(), word, this.about().language);
    this.#chosen = 0;
    this.#drawList();
  }

  #drawList() {
    const { list, input } = this;
    list.hidden = !this.#canned.length;
    input.setAttribute("aria-controls", "canned");
    input.setAttribute("aria-activedescendant", list.hidden ? "" : `canned-${this.#chosen}`);
    const option = ({ shortcut, title, text }, index) => {
      const isChosen = index === this.#chosen;
      const state = { role: "option", "aria-selected": String(isChosen) };
      const attributes = { id: `canned-${index}`, ...state, onpointerdown: choose };
      const head = build("p", {}, build("strong", {}, plain(title)), " ", build("code", {}, `/${plain(shortcut)}`));
      const made = build("li", attributes, head, build("p", { class: "quiet", dir: "auto" }, plain(text)));
      made.dataset.index = index;
      return made;
    };
    const choose = (event) => {
      event.preventDefault(); // the focus stays in the box
      this.#choose(Number(event.currentTarget.dataset.index));
    };
    list.replaceChildren(...this.#canned.map(option));
    list.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }

  #listKey(key) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (step) {
      this.#chosen = (this.#chosen + step + this.#canned.length) % this.#canned.length;
      this.#drawList();
    } else if (key === "Enter" || key === "Tab") {
      this.#choose(this.#chosen);
    } else if (key === "Escape") {
      this.#closeList();
    } else {
      return false;
    }
    return true;
  }

  #choose(index) {
    const { input } = this;
    const reply = filled(this.#canned[index].text, this.about().names);
    const { text, caret } = put(input.value, input.selectionStart, reply);
    input.value = text;
    input.setSelectionRange(caret, caret);
    this.#closeList();
    this.#edited();
    this.typed();
  }

  #closeList() {
    this.#canned = [];
    this.#drawList();
  }
}
