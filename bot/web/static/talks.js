/** The conversations that are open on the connection: the newest few stay, so that going back to one takes no time. */

import { Talk } from "./talk.js";

const MOST = 8; // the server allows 50; every open one costs it a subscription

export class Talks {
  #open = new Map(); // id → Talk, the one looked at last comes last

  /** `wiring(id)` is a Talk's wiring; `heard(event)` is told of every event, `caughtUp(talk)` when the past is here,
   * `gone(id)` when the server does not know the conversation. */
  constructor({ connection, wiring, heard, caughtUp, gone }) {
    Object.assign(this, { connection, wiring, heard, caughtUp, gone });
    connection.on("event", (event) => this.#arrived(event));
    connection.on("reload", (id) => this.#reloaded(id));
    connection.on("caughtUp", (id) => this.#settled(id));
    connection.on("frame", (frame) => this.#open.get(frame.conversation)?.passing(frame));
    connection.on("queue", () => this.#drawQueues());
    connection.on("ack", ({ cid, seq, conversation }) => this.#open.get(conversation)?.acked(cid, seq));
    // After `welcome`: what was opened while there was no connection was not in our `hello`, or its `open` got lost.
    connection.on("status", (status) => status === "open" && queueMicrotask(() => this.#confirm()));
  }

  get(id) {
    return this.#open.get(id);
  }

  /** The Talk for `id`, opened when it is not. */
  open(id) {
    const talk = this.#open.get(id) ?? this.#make(id);
    this.#open.delete(id);
    this.#open.set(id, talk);
    for (const other of this.#open.keys()) if (this.#open.size > MOST) this.leave(other);
    return talk;
  }

  #make(id) {
    const talk = new Talk(id, this.wiring(id));
    this.#open.set(id, talk);
    this.connection.follow(id);
    talk.showQueue(this.connection.outbox.entries);
    this.#ask(talk);
    return talk;
  }

  leave(id) {
    this.#open.get(id)?.close();
    this.#open.delete(id);
    this.connection.forget(id, false);
    this.connection.request({ type: "leave", conversation: id }).catch(() => {}); // without a connection it is left
  }

  async #ask(talk) {
    if (!this.connection.isOpen) return;
    try {
      await this.connection.request({ type: "open", conversation: talk.id });
      talk.isConfirmed = true;
    } catch ({ code }) {
      if (code === "not_found" || code === "forbidden") this.#lost(talk);
    }
  }

  #lost(talk) {
    this.leave(talk.id);
    this.gone(talk.id);
  }

  #confirm() {
    for (const talk of this.#open.values()) if (!talk.isConfirmed) this.#ask(talk);
  }

  // ── what the connection tells ──

  #arrived(event) {
    const talk = this.#open.get(event.conversation);
    talk?.take(event);
    this.heard(event, talk);
  }

  #reloaded(id) {
    const talk = this.#open.get(id);
    if (!talk) return;
    talk.isConfirmed = true;
    talk.forget();
  }

  #settled(id) {
    const talk = this.#open.get(id);
    if (!talk) return;
    talk.log.settle();
    this.caughtUp(talk);
  }

  #drawQueues() {
    for (const talk of this.#open.values()) talk.showQueue(this.connection.outbox.entries);
  }
}
