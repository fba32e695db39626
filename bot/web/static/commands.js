/** What changes a conversation: each once, however often its ack gets lost. */

import { backoff, systemClock } from "./clock.js";
import { newId } from "./outbox.js";

const RETRY = { base: 500, cap: 10_000 };
const TRIES = 8; // answers that did not come while there was a connection

export class Commands {
  constructor({ connection, clock = systemClock }) {
    Object.assign(this, { connection, clock });
  }

  /** Resolves to the ack. Rejects with {code, why} when the server refused, or nobody answered. `late()` is told when
   * an answer did not come, so that the page can say that it goes on trying. */
  async run(frame, late = () => {}) {
    const cid = newId(); // the same for every try: the server keeps the first
    for (let tries = 0; ; tries++) {
      try {
        await this.#open(late);
        return await this.connection.request({ ...frame, cid });
      } catch (error) {
        if (!isPassing(error) || tries >= TRIES) throw error;
        late();
        await this.#pause(Math.max(error.after_ms ?? 0, backoff(this.clock, tries, RETRY)));
      }
    }
  }

  #pause(delay) {
    return new Promise((resolve) => this.clock.after(delay, resolve));
  }

  /** Resolves when there is a connection. */
  #open(late) {
    const { connection } = this;
    if (connection.isOpen) return Promise.resolve();
    late();
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
