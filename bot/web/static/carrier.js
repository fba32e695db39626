/**
 * What carries the frames: one WebSocket, or polls where the network breaks WebSockets. A socket is worth more, so it is
 * tried now and then while polls carry, and takes over when it is welcomed; nothing is closed before that.
 */

const SUBPROTOCOL = "bot.v1";
const WELCOME_TIMEOUT = 15_000; // with the ticket
const PATIENCE = 4_000; // for a socket's welcome, where there is another way
const MISSES = 2; // sockets in a row that broke unwelcomed though HTTP works
const BLOCKED_FOR = 15 * 60_000; // how long that is believed, over reloads
const TRY_AGAIN = 2 * 60_000;

/**
 * `authorise()` resolves to a ticket, `hello(ticket)` is the first frame, `poll()` makes what looks like a socket and
 * needs none. Tells: `heard(frame)`, `replaced()` before the first frame of a socket that takes over, and once for
 * each `open()`, when nothing carries any more: `ended({code})` or `ended({error})`.
 */
export class Carrier {
  #socket = null;
  #trial = null; // a WebSocket that is not welcomed yet, while polls carry
  #isPolling = false;
  #isWelcome = false;
  #misses = 0;
  #blockedUntil = 0;
  #attempt = 0; // late answers of older ones are ignored
  #cancels = new Map();

  constructor({ name, storage, ...wiring }) {
    Object.assign(this, wiring, { storage, key: `${name}.polling` });
  }

  async open() {
    this.close();
    const attempt = this.#attempt;
    this.#after("welcome", WELCOME_TIMEOUT, () => this.#missed({ code: 1006 }));
    try {
      const ticket = await this.authorise();
      if (attempt === this.#attempt) this.#dial(ticket);
    } catch (error) {
      if (attempt === this.#attempt) this.#end({ error });
    }
  }

  send(frame) {
    this.#socket?.send(JSON.stringify(frame));
  }

  /** The old one is closed before a new one opens. */
  close() {
    this.#attempt++;
    this.#isWelcome = false;
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
    const sockets = [this.#socket, this.#trial];
    this.#socket = this.#trial = null;
    for (const socket of sockets) socket?.close(1000);
  }

  #end(why) {
    this.close();
    this.ended(why);
  }

  #after(what, delay, act) {
    this.#cancels.get(what)?.();
    this.#cancels.set(what, this.clock.after(delay, act));
  }

  #cancel(what) {
    this.#cancels.get(what)?.();
    this.#cancels.delete(what);
  }

  // ── which way ──

  #dial(ticket) {
    if (this.#isBlocked()) return this.#detour();
    this.#isPolling = false;
    this.#socket = this.#listen(new this.WebSocket(this.url, SUBPROTOCOL), ticket);
    if (this.poll) this.#after("patience", PATIENCE, () => this.#overtake());
    return undefined;
  }

  /** A socket that takes long may still be welcomed; until then polls carry. */
  #overtake() {
    this.#trial = this.#socket;
    this.#after("trial", WELCOME_TIMEOUT, () => this.#trialEnded());
    this.#detour();
  }

  #detour() {
    this.#isPolling = true;
    this.#socket = this.#listen(this.poll(), "");
    if (!this.#trial) this.#after("trial", TRY_AGAIN * (1 + this.clock.random()), () => this.#tryAgain());
  }

  async #tryAgain() {
    const attempt = this.#attempt;
    this.#after("trial", WELCOME_TIMEOUT, () => this.#trialEnded());
    try {
      const ticket = await this.authorise();
      if (attempt !== this.#attempt) return;
      this.#trial = this.#listen(new this.WebSocket(this.url, SUBPROTOCOL), ticket);
    } catch {
      if (attempt === this.#attempt) this.#trialEnded();
    }
  }

  #trialEnded() {
    const socket = this.#trial;
    this.#trial = null;
    socket?.close(1000);
    this.#block();
    this.#after("trial", TRY_AGAIN * (1 + this.clock.random()), () => this.#tryAgain());
  }

  #listen(socket, ticket) {
    socket.onopen = () => {
      if (socket === this.#socket || socket === this.#trial) socket.send(JSON.stringify(this.hello(ticket)));
    };
    socket.onmessage = ({ data }) => {
      if (socket === this.#trial) this.#takeOver();
      if (socket !== this.#socket) return;
      this.#welcomed();
      this.heard(parsed(data));
    };
    socket.onclose = ({ code }) => {
      if (socket === this.#trial) this.#trialEnded();
      else if (socket !== this.#socket) return;
      else if (this.#isWelcome || code >= 4000) this.#end({ code });
      else this.#missed({ code });
    };
    return socket;
  }

  /** Polling failed, and there is a socket under way that did not. */
  #wait() {
    this.#socket.close(1000);
    this.#socket = this.#trial;
    this.#trial = null;
    this.#isPolling = false;
    this.#cancel("trial");
    this.#after("welcome", WELCOME_TIMEOUT, () => this.#missed({ code: 1006 }));
  }

  #takeOver() {
    const socket = this.#trial;
    this.#trial = null;
    this.close();
    this.#socket = socket;
    this.#isPolling = false;
    this.replaced();
  }

  #welcomed() {
    if (this.#isWelcome) return;
    this.#isWelcome = true;
    this.#cancel("welcome");
    this.#cancel("patience");
    if (!this.#isPolling) this.#unblock();
    else if (this.#trial || this.#misses >= MISSES) this.#block(); // a trial that is welcomed after all undoes it
  }

  /** It ended before the server said anything: is it this way, or is it the network? */
  #missed(why) {
    if (this.#isPolling) {
      this.#unblock(); // whatever is wrong, it is not the sockets alone
      if (this.#trial) return this.#wait();
    } else if (this.#socket && this.poll && ++this.#misses >= MISSES) {
      this.#cancel("patience");
      this.#socket.close(1000);
      return this.#detour();
    }
    return this.#end(why);
  }

  // ── what is known of this network ──

  #isBlocked() {
    const ahead = Math.max(this.#blockedUntil, Number(this.storage.getItem(this.key))) - this.clock.now();
    return Boolean(this.poll) && ahead > 0 && ahead <= BLOCKED_FOR; // more is a clock that was set back
  }

  #block() {
    this.#misses = 0;
    this.#blockedUntil = this.clock.now() + BLOCKED_FOR;
    try {
      this.storage.setItem(this.key, String(this.#blockedUntil));
    } catch {
      // storage is full: it is found out again after a reload
    }
  }

  #unblock() {
    this.#misses = this.#blockedUntil = 0;
    this.storage.removeItem(this.key);
  }
}

function parsed(data) {
  try {
    return JSON.parse(data) ?? {};
  } catch {
    return {};
  }
}
