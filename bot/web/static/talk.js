/** One open conversation: its events in order, and the thread that shows them. */

import { MOVES } from "./detail.js";
import { Log } from "./log.js";
import { plain } from "./markup.js";
import { Speech } from "./speech.js";

const TYPING_FOR = 8_000; // ms: who stops typing may forget to say so

export class Talk {
  #typing;

  /** `wiring` is what Speech takes, without what only a conversation knows. */
  constructor(id, { texts, name, ...wiring }) {
    Object.assign(this, { id, texts, head: 0, questions: [], isConfirmed: false });
    this.speech = new Speech({ texts, customerName: name, ...wiring });
    this.log = new Log({ texts, messages: this.speech });
  }

  // ── events ──

  take(event) {
    this.head = event.seq;
    const { kind, seq, author, at, cid, body = {} } = event;
    this.log.dropPending(cid);
    if (kind === "message.created") this.#said({ ...event, body });
    else if (kind === "note.created") this.log.add(this.speech.note({ seq, at, body }), at);
    else if (kind === "message.redacted") this.#redacted(body);
    else if (kind?.startsWith("conversation.")) this.#happened({ ...event, body });
    if (author === "customer") this.#quiet();
  }

  #said(event) {
    const { seq, author, at, body } = event;
    this.log.dropDraft(body.answers);
    if (author === "customer") this.questions.push(seq);
    else this.#quiet();
    this.log.add(this.speech.said(event), at);
  }

  #happened({ kind, at, body }) {
    if (MOVES.has(kind)) {
      this.log.dropDrafts();
      this.#quiet();
    }
    const line = this.speech.happened({ kind, at, body });
    if (line) this.log.add(line, at);
    const rated = kind === "conversation.rated" && body.about && this.log.find(body.about);
    if (rated) this.speech.showScore(rated, body.score);
  }

  #redacted({ seq, about }) {
    const article = this.log.find(seq ?? about);
    article?.querySelector(".bubble").replaceChildren(this.texts.removed);
    article?.querySelector(".under")?.remove();
  }

  /** Which question an agent's message answers: the last one before it. */
  questionBefore(seq) {
    return this.questions.findLast((question) => question < seq) ?? 0;
  }

  forget() {
    Object.assign(this, { head: 0, questions: [] });
    this.#quiet();
    this.log.forget();
  }

  // ── what passes ──

  passing(frame) {
    if (frame.type === "draft") this.log.draw(frame);
    if (frame.type === "typing") this.#typed(frame);
  }

  #typed({ author, on, name }) {
    const { texts } = this;
    const agent = plain(name) || texts.author.agent;
    const words = { customer: texts.customerTypes, agent: texts.agentTypes(agent), bot: texts.botWorks }[author];
    if (!on || !words) return this.#quiet();
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => this.#quiet(), TYPING_FOR);
    return this.log.showWorking(words);
  }

  #quiet() {
    clearTimeout(this.#typing);
    this.log.hideWorking();
  }

  // ── what is on its way ──

  showQueue(entries) {
    const isOurs = ({ type, conversation }) => conversation === this.id && (type === "send" || type === "note");
    this.log.showQueue(entries.filter(isOurs));
  }

  /** The server has it. Its event may have been here before its ack. */
  acked(cid, seq) {
    if (seq <= this.head) this.log.dropPending(cid);
  }

  close() {
    clearTimeout(this.#typing);
  }
}
