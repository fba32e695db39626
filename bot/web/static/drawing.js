/** What an event changes in the thread that is seen. What it adds up to is in thread.js. */

import { build } from "./messages.js";
import { lineOf, statusAfter } from "./thread.js";

export class Drawing {
  #rating;

  /** `parts` are those of the chat; `rate(score)` takes a score for the whole, `focus()` brings back the input. */
  constructor(parts) {
    Object.assign(this, parts);
  }

  draw(event) {
    const { kind, body = {}, cid } = event;
    this.log.dropPending(cid);
    if (kind === "message.created") this.#said(event, body);
    else if (kind === "conversation.rated") this.#scored(body);
    else if (kind === "message.redacted") this.#redacted(body);
    else this.#told(event, body);
  }

  #said(event, body) {
    this.log.dropDraft(body.answers);
    if (event.author !== "customer") this.working.done();
    this.log.add(this.messages.said({ ...event, body }), event.at);
  }

  /** Most of what happens to a conversation is told in one line; a kind that is not known here draws nothing. */
  #told({ kind, at }, body) {
    const status = statusAfter(kind);
    if (status) this.#moved(status, body);
    const words = lineOf({ kind, body }, this.texts);
    const line = words && this.log.add(this.messages.system(words, at), at);
    this.#offer(kind, body, line);
    if (kind !== "conversation.closed") return;
    this.#rating = this.log.add(this.messages.rating((score) => this.rate(score)), at);
  }

  /** Somebody else has it now: what was under way with the one before is over. */
  #moved(status, { position, wait_s, opens_at }) {
    this.log.dropDrafts();
    this.working.done();
    this.#rating?.remove();
    if (!this.log.isCaughtUp) return; // the place in line of long ago is nobody's any more
    if (status !== "waiting") this.place.clear();
    else if (position) this.place.take({ position, wait_s, opens_at, open: !opens_at });
  }

  #offer(kind, { offer }, line) {
    const { email, offersEmail } = this.thread;
    if (!offersEmail) this.#withdraw();
    else if (kind === "conversation.email_left") this.offer.settle(email, line);
    else if (offer !== "email") return;
    else if (email) this.offer.settle(email, this.log.add(this.messages.system(this.texts.emailLeft(email))));
    else if (!this.offer.isFocused) this.log.add(this.offer.form); // never away from under the fingers
  }

  #withdraw() {
    const { isFocused } = this.offer;
    this.offer.withdraw();
    if (isFocused) this.focus();
  }

  #scored({ score, about }) {
    const article = about && this.log.find(about);
    if (article) this.messages.showScore(article, score);
    else if (!about) this.thank();
  }

  thank() {
    this.#rating?.replaceChildren(build("p", {}, this.texts.thanks));
  }

  #redacted({ seq, about }) {
    this.log.find(seq ?? about)?.replaceWith(this.messages.system(this.texts.removed));
  }

  forget() {
    this.#rating = undefined;
    this.offer.withdraw();
    this.working.done();
  }
}
