/** What stands around the thread: who answers, the state of the connection, the way to a person, the input. */

import { icon } from "./icons.js";
import { plain } from "./markup.js";
import { Menu } from "./menu.js";
import { build, setText } from "./messages.js";

const LINE_AFTER = 1_200; // ms: a short loss of connection should not flash a line
const SAID_FOR = 8_000; // ms until what a screen reader was told is taken away, so that nobody reads it twice

export class Panel {
  #lineTimer;
  #shownLine = "";
  #place = "";
  #promise = "";

  personWords = "";

  /** `close` is null where there is nothing to close: the chat alone on a page. */
  constructor({ texts, composer, askPerson, endChat, connect, close }) {
    Object.assign(this, { texts, composer, connect });
    this.name = build("h1");
    this.holder = build("p", { class: "holder", role: "status" });
    this.mark = build("span", { class: "mark", "aria-hidden": "true" });
    const names = build("div", { class: "names" }, this.name, this.holder);
    this.menu = new Menu({ texts, end: endChat });
    this.header = build("header", { class: "bar" }, this.mark, names, this.menu.element);
    const attributes = { type: "button", class: "icon close", "aria-label": texts.closeChat, onclick: close };
    if (close) this.header.append(build("button", attributes, icon("close")));
    this.line = build("div", { class: "line", role: "status", hidden: true });
    this.personLabel = build("span");
    const person = { type: "button", class: "person", onclick: askPerson };
    this.person = build("button", person, icon("person", 18), this.personLabel);
    this.standing = build("p", { class: "standing", hidden: true });
    this.news = build("p", { class: "unseen", role: "status" });
    this.foot = build("footer", { class: "foot" }, this.person, this.standing, this.news, composer.form);
  }

  /** What the shop says about itself. */
  showWords({ shop, quick_replies: quick, limits }) {
    const { texts } = this;
    const name = plain(shop);
    setText(this.name, name || texts.chat);
    setText(this.mark, [...(name || texts.chat)][0]);
    document.title = name ? texts.chatWith(name) : texts.chat;
    this.composer.limit = limits.text;
    this.personWords = plain(quick.handoff) || texts.talkToPerson;
  }

  /** `asked` and `ending` are what the outbox still has of the customer's wish for a person, or for the end. */
  showHolder({ status, agent, hasMessages }, { asked, ending, place }) {
    const { texts } = this;
    const isWithPeople = status === "waiting" || status === "agent";
    const words = { waiting: texts.waitingForPerson, agent: texts.withPerson(plain(agent)), closed: texts.closed };
    setText(this.holder, words[status] ?? texts.fromPages);
    this.composer.placeholder = isWithPeople ? texts.placeholderPerson : texts.placeholder;
    this.menu.show(hasMessages && status !== "closed" && !ending);
    this.person.hidden = isWithPeople;
    this.person.disabled = Boolean(asked && !asked.failed);
    this.person.classList.toggle("is-refused", Boolean(asked?.failed));
    setText(this.personLabel, asked?.failed ? `${texts.notSent} ${texts.tryAgain}` : this.personWords);
    this.#place = status === "waiting" ? place : "";
    this.#promise = ending ? texts.endPromised : asked && !asked.failed && !isWithPeople ? texts.personPromised : "";
    this.#showStanding();
  }

  /** Above the input: the place in line, or what will be done once there is a connection again. */
  #showStanding() {
    const words = (this.#shownLine && this.#promise) || this.#place;
    setText(this.standing, words);
    this.standing.hidden = !words;
    if (words) this.person.hidden = true;
  }

  /** Said aloud to whoever cannot see it; not each small change is worth that. */
  announce(words) {
    setText(this.news, words);
    clearTimeout(this.newsTimer);
    this.newsTimer = setTimeout(() => setText(this.news, ""), SAID_FOR);
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
    this.#showStanding();
  }
}
