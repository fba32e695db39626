/** What changes a conversation: each once, however often its ack gets lost. */

import { backoff, newId } from "./outbox.js";
import { systemClock } from "./socket.js";

const RETRY = { base: 500, cap: 10_000 };
const TRIES = 8; // answers that did not come while there was a connection

export class Commands {
  /** `late()` is told when the first answer did not come, so that the page can say that it goes on trying. */
  constructor({ connection, clock = systemClock, late = () => {} }) {
    Object.assign(this, { connection, clock, late });
  }

  /** Resolves to the ack. Rejects with {code, why} when the server refused, or nobody answered. */
  async run(frame) {
    const cid = newId(); // the same for every try: the server keeps the first
    for (let tries = 0; ; tries++) {
      try {
        await this.#open();
        return await this.connection.request({ ...frame, cid });
      } catch (error) {
        if (!isPassing(error) || tries >= TRIES) throw error;
        if (tries === 0) this.late();
        await this.#pause(Math.max(error.after_ms ?? 0, backoff(this.clock, tries, RETRY)));
      }
    }
  }

  #pause(delay) {
    return new Promise((resolve) => this.clock.after(delay, resolve));
  }

  /** Resolves when there is a connection. */
  #open() {
    const { connection } = this;
    if (connection.isOpen) return Promise.resolve();
    this.late();
    connection.start();
    return new Promise((resolve) => {
      const stop = connection.on("status", (status) => {
        if (status !== "open") return;
        stop();
        resolve();
      });
    });
  }
}

/** Nobody knows whether it happened, or the server asks to try again. */
function isPassing({ code, retry }) {
  return !code || code === "unavailable" || Boolean(retry);
}
