/** The passage behind a citation, in a sheet over the thread: its title, the words the reply used, the link. */

import { icon } from "./icons.js";
import { link, plain, render, safeUrl } from "./markup.js";
import { marker } from "./marks.js";
import { build } from "./messages.js";

export class Sheet {
  constructor(texts) {
    this.texts = texts;
    this.dialog = build("dialog", { class: "sheet", "aria-labelledby": "sheet-title" });
    this.dialog.addEventListener("click", (event) => {
      if (event.target === this.dialog) this.dialog.close(); // the ground around the sheet
    });
  }

  get isOpen() {
    return this.dialog.open;
  }

  open({ citation, reply, number }) {
    const { texts, dialog } = this;
    const attributes = { type: "button", class: "icon", "aria-label": texts.close, onclick: () => dialog.close() };
    const title = build("h2", { id: "sheet-title", dir: "auto" }, plain(citation.title));
    const from = build("p", { class: "from" }, build("span", { class: "number" }, String(number)), texts.ourPages);
    const text = build("div", { class: "passage", dir: "auto", tabindex: "0" }, render(citation.text, marker(reply)));
    const head = build("header", {}, build("div", {}, from, title), build("button", attributes, icon("close")));
    dialog.replaceChildren(build("div", { class: "page" }, head, text, ...this.#source(citation.url)));
    dialog.showModal();
  }

  #source(address) {
    const url = safeUrl(address);
    if (!url || url.protocol === "mailto:") return [];
    const anchor = link(url.href, url.href);
    anchor.replaceChildren(this.texts.readOn(url.host), icon("out", 16));
    anchor.className = "button";
    return [build("footer", {}, anchor)];
  }
}
