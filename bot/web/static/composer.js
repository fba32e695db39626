/** The input: grows to five lines, keeps what is typed over a reload, never sends half a word of an input method. */

import { icon } from "./icons.js";
import { build, setText } from "./messages.js";

const KEY = "answerdesk.typed";
const LINES = 5;
const NEARLY = 0.9; // of the limit: from here on the room that is left is shown

export class Composer {
  #limit = 4_000;

  constructor({ texts, storage, say, typed }) {
    Object.assign(this, { texts, storage, say, typed });
    this.input = build("textarea", { rows: "1", enterkeyhint: "send", autocomplete: "off" });
    this.placeholder = texts.placeholder;
    this.count = build("p", { class: "count", role: "status", hidden: true });
    this.button = build("button", { type: "submit", class: "send", "aria-label": texts.send, title: texts.send });
    this.button.append(icon("send"));
    this.form = build("form", { class: "composer", novalidate: true }, this.count, this.input, this.button);
    this.#listen();
    this.input.value = storage.getItem(KEY) ?? "";
    this.#changed();
  }

  set limit(limit) {
    this.#limit = limit;
    this.#changed();
  }

  set placeholder(text) {
    this.input.placeholder = text;
    this.input.setAttribute("aria-label", text);
  }

  /** Not on a touch screen: the keyboard would cover what the customer wants to read. */
  focus() {
    if (!matchMedia("(hover: none)").matches) this.input.focus({ preventScroll: true });
  }

  #listen() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    this.input.addEventListener("keydown", (event) => {
      // 229: what Safari reports for the Enter that only ends a composition
      const isComposing = event.isComposing || event.keyCode === 229;
      if (event.key !== "Enter" || event.shiftKey || isComposing) return;
      event.preventDefault();
      this.#submit();
    });
    this.input.addEventListener("input", () => {
      this.#changed();
      this.#keep();
      if (this.input.value.trim()) this.typed();
    });
  }

  /** Too long stays in the box: nothing that was typed is cut off or thrown away. */
  #submit() {
    const text = this.input.value.trim();
    if (!text || this.#over > 0) return;
    this.say(text);
    this.input.value = "";
    this.#keep();
    this.#changed();
    this.input.focus({ preventScroll: true });
  }

  #keep() {
    try {
      if (this.input.value) this.storage.setItem(KEY, this.input.value);
      else this.storage.removeItem(KEY);
    } catch {
      // storage is full: the text is still in the box
    }
  }

  get #over() {
    return [...this.input.value.trim()].length - this.#limit; // code points, as the server counts
  }

  #changed() {
    const { input, count, texts } = this;
    const over = this.#over;
    count.hidden = over < -this.#limit * (1 - NEARLY);
    setText(count, count.hidden ? "" : over > 0 ? texts.tooLong(over) : texts.charactersLeft(-over));
    count.classList.toggle("is-over", over > 0);
    this.button.disabled = !input.value.trim() || over > 0;
    this.#grow();
  }

  #grow() {
    const { input } = this;
    if (!input.isConnected) return;
    input.style.setProperty("height", "auto");
    const style = getComputedStyle(input);
    const most = parseFloat(style.lineHeight) * LINES + parseFloat(style.paddingTop) + parseFloat(style.paddingBottom);
    input.style.setProperty("height", `${Math.min(input.scrollHeight, most)}px`);
  }
}
