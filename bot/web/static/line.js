/** The thin line under the bar: the connection is lost, or closed for good. Nothing else is blocked by that. */

import { build, setText } from "./messages.js";

const AFTER = 1_200; // ms: a short loss of connection should not flash a line

export class Line {
  #timer;

  constructor({ texts, connection }) {
    Object.assign(this, { texts, connection });
    this.element = build("div", { class: "line", role: "status", hidden: true });
    connection.on("status", (status) => this.#changed(status));
  }

  #changed(status) {
    if (status === "waiting" || status === "connecting") {
      this.#timer ??= setTimeout(() => this.#draw(this.texts.noConnection), AFTER);
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#draw(status === "stopped" ? `${this.texts.stopped} ` : "");
    if (status === "stopped") this.element.append(this.#button());
  }

  #draw(words) {
    this.element.hidden = !words;
    setText(this.element, words);
  }

  #button() {
    const attributes = { type: "button", class: "link", onclick: () => this.connection.start() };
    return build("button", attributes, this.texts.connect);
  }
}
