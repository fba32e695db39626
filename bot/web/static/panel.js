/** What stands around the thread: who answers, the state of the connection, the way to a person, the input. */

import { icon } from "./icons.js";
import { plain } from "./markup.js";
import { build, setText } from "./messages.js";

const LINE_AFTER = 1_200; // ms: a short loss of connection should not flash a line

export class Panel {
  #lineTimer;
  #shownLine = "";

  /** `close` is null where there is nothing to close: the chat alone on a page. */
  constructor({ texts, composer, askPerson, connect, close }) {
    Object.assign(this, { texts, composer, connect });
    this.name = build("h1");
    this.holder = build("p", { class: "holder", role: "status" });
    this.mark = build("span", { class: "mark", "aria-hidden": "true" });
    const names = build("div", { class: "names" }, this.name, this.holder);
    this.header = build("header", { class: "bar" }, this.mark, names);
    const attributes = { type: "button", class: "icon close", "aria-label": texts.closeChat, onclick: close };
    if (close) this.header.append(build("button", attributes, icon("close")));
    this.line = build("div", { class: "line", role: "status", hidden: true });
    this.person = build("button", { type: "button", class: "person", onclick: askPerson });
    this.foot = build("footer", { class: "foot" }, this.person, composer.form);
  }

  /** What the shop says about itself. */
  showWords({ shop, quick_replies: quick, limits }) {
    const { texts } = this;
    const name = plain(shop);
    setText(this.name, name || texts.chat);
    setText(this.mark, [...(name || texts.chat)][0]);
    document.title = name ? texts.chatWith(name) : texts.chat;
    this.composer.limit = limits.text;
    this.person.replaceChildren(icon("person", 18), plain(quick.handoff) || texts.talkToPerson);
  }

  showHolder({ status, agent }, isPersonAsked) {
    const { texts } = this;
    const words = { waiting: texts.waitingForPerson, agent: texts.withPerson(plain(agent)), closed: texts.closed };
    setText(this.holder, words[status] ?? texts.fromPages);
    this.composer.placeholder = status === "bot" ? texts.placeholder : texts.placeholderPerson;
    this.person.hidden = status === "waiting" || status === "agent";
    this.person.disabled = isPersonAsked;
  }

  /** Lost for a moment shows nothing; lost for longer is one thin line, and nothing is blocked. */
  showConnection(status) {
    if (status === "waiting" || status === "connecting") {
      this.#lineTimer ??= setTimeout(() => this.#showLine("lost"), LINE_AFTER);
      return;
    }
    clearTimeout(this.#lineTimer);
    this.#lineTimer = undefined;
    this.#showLine(status === "stopped" ? status : "");
  }

  #showLine(what) {
    if (this.#shownLine === what) return;
    this.#shownLine = what;
    const { texts } = this;
    this.line.hidden = !what;
    setText(this.line, { stopped: `${texts.stopped} `, lost: texts.noConnection }[what] ?? "");
    const attributes = { type: "button", class: "link", onclick: this.connect };
    if (what === "stopped") this.line.append(build("button", attributes, texts.connect));
  }
}
