/** The dots: the bot owes an answer, or an agent is writing. Never both, and never the bot's while people have it. */

import { plain } from "./markup.js";

const AFTER = 300; // ms: a quick answer should not flash an indicator
const FOR = 60_000;
const TYPING_FOR = 8_000;

export class Working {
  #isAgentTyping = false;
  #gaveUp; // the question that nobody waits for any more
  #shown = "";
  #timer;
  #typingTimer;

  constructor({ texts, log, thread, connection }) {
    Object.assign(this, { texts, log, thread, connection });
  }

  /** An agent types; it is over after a while by itself, because the word that it is over may be lost. */
  heard({ author, on }) {
    if (author !== "agent") return;
    clearTimeout(this.#typingTimer);
    this.#isAgentTyping = on;
    if (on) this.#typingTimer = setTimeout(() => this.heard({ author, on: false }), TYPING_FOR);
    this.draw();
  }

  /** What was being written is here. */
  done() {
    clearTimeout(this.#typingTimer);
    this.#isAgentTyping = false;
    this.#hide();
  }

  draw() {
    const isAgent = this.#isAgentTyping && this.thread.status === "agent";
    const owed = this.thread.questions.find((question) => !this.log.hasDraft(question));
    const isOwed = owed !== undefined && owed !== this.#gaveUp && this.connection.isOpen;
    const wanted = isAgent ? `agent ${this.thread.agent}` : isOwed ? `question ${owed}` : "";
    if (wanted === this.#shown) return;
    this.#hide();
    this.#shown = wanted;
    if (isAgent) this.log.showWorking(this.texts.typing(plain(this.thread.agent)));
    else if (isOwed) this.#timer = setTimeout(() => this.#search(owed), AFTER);
  }

  #search(owed) {
    this.log.showWorking(this.texts.working);
    this.#timer = setTimeout(() => {
      this.#gaveUp = owed;
      this.draw();
    }, FOR);
  }

  #hide() {
    clearTimeout(this.#timer);
    this.#shown = "";
    this.log.hideWorking();
  }
}
