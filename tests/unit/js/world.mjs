/** A world that the tests turn by hand: a clock, a storage, sockets without a network. */

export { memoryStorage } from "../../../bot/web/static/outbox.js";

/** `random` 1: every backoff takes its full length, so that it can be computed by hand. */
export class FakeClock {
  #timers = new Set();
  #now = 1_000_000;

  now = () => this.#now;
  random = () => 1;

  after = (delay, act) => {
    const timer = { at: this.#now + delay, act };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** Lets time pass, and whatever was waiting on a promise go on. */
  async pass(ms) {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const next = [...this.#timers].filter(({ at }) => at <= end).sort((one, other) => one.at - other.at)[0];
      if (!next) break;
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.act();
      await settled();
    }
    this.#now = end;
  }
}

export async function settled() {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

/** A WebSocket class whose instances wait in `opened` for the test to play the server. */
export function fakeSockets() {
  const opened = [];
  class FakeSocket {
    sent = [];
    closedWith = null;

    constructor(url, protocol) {
      Object.assign(this, { url, protocol });
      opened.push(this);
    }

    send(text) {
      this.sent.push(JSON.parse(text));
    }

    close(code) {
      this.closedWith = code;
    }

    // what the server does
    accept(conversations = []) {
      this.onopen({});
      this.say({ type: "welcome", connection: "c", now: "", heartbeat: 25, limits: {}, conversations });
    }

    say(frame) {
      this.onmessage({ data: JSON.stringify(frame) });
    }

    drop(code = 1006) {
      this.onclose({ code });
    }

    frames(type) {
      return this.sent.filter((frame) => frame.type === type);
    }
  }
  return { FakeSocket, opened, last: () => opened.at(-1) };
}
