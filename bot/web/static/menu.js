/** The small menu in the header: ending the chat, which is asked once more before it happens. */

import { build } from "./messages.js";

export class Menu {
  constructor({ texts, end }) {
    Object.assign(this, { texts, end });
    const dots = build("span", { class: "more", "aria-hidden": "true" }, build("i"), build("i"), build("i"));
    const attributes = { type: "button", class: "icon", "aria-label": texts.more, "aria-expanded": "false" };
    this.button = build("button", { ...attributes, onclick: () => (this.isOpen ? this.close() : this.#open()) }, dots);
    this.sheet = build("div", { class: "menu", hidden: true });
    this.element = build("div", { class: "corner", hidden: true }, this.button, this.sheet);
    this.element.addEventListener("keydown", (event) => this.#pressed(event));
    this.element.addEventListener("focusout", ({ relatedTarget }) => {
      if (relatedTarget && !this.element.contains(relatedTarget)) this.close();
    });
  }

  get isOpen() {
    return !this.sheet.hidden;
  }

  /** There is nothing to end before anything was said, and after the end. */
  show(isWanted) {
    if (!isWanted) this.close();
    this.element.hidden = !isWanted;
  }

  close() {
    if (!this.isOpen) return;
    this.sheet.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", this.#outside);
  }

  #open() {
    this.#fill(this.#item("entry", this.texts.endChat, () => this.#ask()));
    this.sheet.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", this.#outside);
    this.sheet.querySelector("button").focus();
  }

  #ask() {
    const { texts } = this;
    const not = this.#item("quiet", texts.endNot, () => this.#leave());
    const end = this.#item("firm", texts.endChat, () => {
      this.close();
      this.end();
    });
    const words = build("p", { id: "end-ask" }, texts.endAsk);
    this.#fill(build("div", { role: "group", "aria-labelledby": "end-ask" }, words, build("div", {}, not, end)));
    not.focus();
  }

  #fill(...nodes) {
    this.sheet.replaceChildren(...nodes);
  }

  #item(look, words, onclick) {
    return build("button", { type: "button", class: look, onclick }, words);
  }

  #leave() {
    this.close();
    this.button.focus();
  }

  #pressed(event) {
    if (event.key !== "Escape" || !this.isOpen) return;
    event.stopPropagation(); // the menu goes, the chat stays
    this.#leave();
  }

  #outside = (event) => {
    if (!this.element.contains(event.target)) this.close();
  };
}
