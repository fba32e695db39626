/**
 * The connection: it comes back by itself, events come in order and once, messages are sent exactly once.
 *
 * There is no DOM in here, and whatever touches the world is passed in, so the tests run it under Node with a clock
 * of their own. The rules are those of docs/protocol.md; what carries the frames is in carrier.js, and the two
 * halves that need no wire are position.js (what came) and outbox.js (what goes).
 */

import { Carrier } from "./carrier.js";
import { backoff, systemClock } from "./clock.js";
import { newId, Outbox } from "./outbox.js";
import { Position } from "./position.js";

const ANSWER_TIMEOUT = 10_000;
const PROOF_TIMEOUT = 4_000; // for a sign of life, once somebody looks again
const DOUBT_AFTER = 5_000; // of silence
const STEADY = 10_000; // a connection that lived this long ends a series of failures
const PAGE = 100; // events in one sync
const RECONNECT = { base: 500, cap: 30_000 };
const RETRY = { base: 1_000, cap: 30_000 };

/**
 * Tells its listeners (`on`):
 *   status  idle | connecting | open | waiting | stopped     queue   the outgoing messages changed
 *   event   one event, in order, once                        ack     {cid, seq, conversation}
 *   reload  forget what is shown of this conversation        frame   anything ephemeral: draft, typing, presence …
 */
export class Connection {
  #listeners = new Map();
  #positions = new Map();
  #requests = new Map();
  #carrier;
  #failures = 0;
  #openedAt = 0;
  #heardAt = 0;
  #heartbeat = 25_000;
  #notBefore = 0; // the server asked us to stay away until then
  #cancels = {};

  /** `authorise()` resolves to a fresh ticket; it may call `follow`, `forget` and `adopt` before it does. `greeting()`
   * is what else our `hello` says; `poll()`, where there is one, makes what carries frames without a WebSocket. */
  constructor({ url, authorise, storage, clock = systemClock, WebSocket = globalThis.WebSocket, ...options }) {
    Object.assign(this, { authorise, clock, greeting: options.greeting ?? (() => ({})) });
    const { name = "answerdesk", poll } = options;
    this.#carrier = new Carrier({
      ...{ url, WebSocket, poll, storage, name, clock },
      authorise: () => this.authorise(),
      hello: (ticket) => this.#hello(ticket),
      heard: (frame) => this.#read(frame),
      replaced: () => this.#drop(),
      ended: (why) => this.#ended(why),
    });
    this.outbox = new Outbox({ storage, name, clock, changed: () => this.#tell("queue") });
    this.status = "idle";
  }

  on(name, listener) {
    if (!this.#listeners.has(name)) this.#listeners.set(name, new Set());
    this.#listeners.get(name).add(listener);
    return () => this.#listeners.get(name).delete(listener);
  }

  #tell(name, value) {
    for (const listener of this.#listeners.get(name) ?? []) {
      try {
        listener(value);
      } catch (error) {
        console.error(error); // a fault in the page must not stop the connection
      }
    }
  }

  get isOpen() {
    return this.status === "open";
  }

  // ── connecting ──

  start() {
    if (this.status === "idle" || this.status === "stopped") this.#connect();
  }

  stop() {
    this.#hangUp();
    this.#move("idle");
  }

  /** The network is back, or somebody looks at the page again: do not wait for the timer. */
  wake() {
    const silence = this.clock.now() - this.#heardAt;
    if (this.status === "waiting" || (this.isOpen && silence > this.#heartbeat + 5_000)) this.#connect();
    else if (this.isOpen && silence > DOUBT_AFTER) this.#prove();
  }

  /** A phone that slept has a socket that died and does not know it: ask something, and believe only an answer. */
  #prove() {
    const [first] = this.#positions;
    if (!first) return;
    const [conversation, { epoch, last: since }] = first;
    const asked = this.clock.now();
    this.#write({ type: "sync", id: newId(), conversation, epoch, since, limit: PAGE });
    this.#after("proof", PROOF_TIMEOUT, () => this.#heardAt < asked && this.#connect());
  }

  /** The browser says that there is no network: the socket is dead, though it does not know it yet. */
  lost() {
    if (this.status === "open" || this.status === "connecting") this.#later();
  }

  #connect() {
    this.#hangUp();
    this.outbox.expire();
    this.#move("connecting");
    void this.#carrier.open();
  }

  #hello(ticket) {
    const resume = Array.from(this.#positions, ([conversation, { epoch, last: seq }]) => ({ conversation, epoch, seq }));
    return { type: "hello", ticket, resume, client: "web", ...this.greeting() };
  }

  #ended({ code = 1006, error }) {
    if (code < 4500 || code >= 4600) return this.#later(error?.retryAfter);
    // 45xx: trying again by ourselves would end the same way; whoever writes next starts us again.
    this.#hangUp();
    return this.#move("stopped");
  }

  #later(atLeast = 0) {
    if (this.isOpen && this.clock.now() - this.#openedAt > STEADY) this.#failures = 0;
    this.#hangUp();
    const asked = Math.max(0, atLeast, this.#notBefore - this.clock.now());
    const delay = asked + backoff(this.clock, this.#failures++, RECONNECT);
    this.#after("reconnect", delay, () => this.#connect());
    this.#move("waiting");
  }

  #hangUp() {
    this.#drop();
    this.#carrier.close();
  }

  /** Whatever waits for an answer gets none any more. */
  #drop() {
    for (const cancel of Object.values(this.#cancels)) cancel();
    this.#cancels = {};
    this.outbox.close();
    for (const position of this.#positions.values()) position.sync = null;
    for (const { reject } of this.#requests.values()) reject(new Error("disconnected"));
    this.#requests.clear();
  }

  #move(status) {
    if (status === this.status) return;
    this.status = status;
    this.#tell("status", status);
  }

  #after(what, delay, act) {
    this.#cancels[what]?.();
    this.#cancels[what] = this.clock.after(delay, () => {
      delete this.#cancels[what];
      act();
    });
  }

  #write(frame) {
    this.#carrier.send(frame);
  }

  // ── frames ──

  #read(frame) {
    this.#heardAt = this.clock.now();
    switch (frame.type) {
      case "welcome":
        return this.#welcomed(frame);
      case "event":
        return this.#arrived(frame);
      case "ack":
        return this.#acknowledged(frame);
      case "error":
        return this.#refused(frame);
      case "resync":
        return this.#reload(frame.conversation, frame.epoch, frame.head);
      case "ping":
        return this.#pinged(frame);
      case "bye":
        this.#notBefore = this.clock.now() + (frame.retry_after_ms ?? 0);
        return this.#tell("frame", frame);
      default:
        return this.#tell("frame", frame);
    }
  }

  #welcomed({ heartbeat, conversations = [], limits }) {
    if (heartbeat) this.#heartbeat = heartbeat < 1_000 ? heartbeat * 1_000 : heartbeat;
    this.#openedAt = this.clock.now();
    this.#move("open");
    this.#listen();
    for (const { conversation, epoch, head, resumed } of conversations) {
      const position = this.#positions.get(conversation);
      if (!position) continue;
      if (!resumed || (position.epoch && position.epoch !== epoch)) this.#reload(conversation, epoch, head);
      else this.#expectReplay(conversation, position, epoch, head);
    }
    this.#tell("frame", { type: "welcome", limits });
    this.outbox.open((frame) => this.#write(frame));
  }

  /** The replay follows by itself; only if it does not is it asked for. */
  #expectReplay(conversation, position, epoch, head) {
    position.epoch = epoch;
    position.head = Math.max(position.head, head);
    if (position.isBehind) this.#awaitSync(conversation, position, { id: null, since: position.last, target: head });
    else this.#tell("caughtUp", conversation);
  }

  /** A peer that vanished sends no close: silence for two heartbeats is the only sign. */
  #listen() {
    this.#after("silence", this.#heartbeat, () => {
      if (this.clock.now() - this.#heardAt > 2 * this.#heartbeat) this.#later();
      else this.#listen();
    });
  }

  #pinged({ n, heads = {} }) {
    this.#write({ type: "pong", n });
    for (const [conversation, head] of Object.entries(heads)) {
      const position = this.#positions.get(conversation);
      if (!position) continue;
      position.head = Math.max(position.head, head);
      this.#repair(conversation);
    }
  }

  #refused(frame) {
    const { ref, code } = frame;
    if (this.outbox.refuse(ref, frame)) return undefined;
    for (const [conversation, position] of this.#positions) {
      if (!ref || position.sync?.id !== ref) continue;
      if (code === "internal") position.heed(); // about this very event: another time it will be no better
      return this.#synced(conversation, false);
    }
    if (this.#requests.has(ref)) return this.#settle(ref, "reject", Object.assign(new Error(code), frame));
    return this.#tell("frame", frame);
  }

  // ── events, in order and once ──

  /** From now on this conversation is resumed after every reconnect. */
  follow(conversation, epoch = "", seq = 0) {
    if (!this.#positions.has(conversation)) this.#positions.set(conversation, new Position(epoch, seq));
  }

  /** Stop following it; what was not sent goes there still, or (`isOver`) to the conversation that is adopted next. */
  forget(conversation, isOver = true) {
    this.#positions.delete(conversation);
    if (isOver) this.outbox.move(conversation, "");
  }

  /** Messages written before there was a conversation belong to this one. */
  adopt(conversation) {
    this.outbox.move("", conversation);
    this.outbox.pump();
  }

  #arrived(event) {
    const position = this.#positions.get(event.conversation);
    if (!position || !Number.isInteger(event.seq)) return;
    const due = position.take(event);
    this.#deliver(due);
    if (position.sync && position.last >= position.sync.target) this.#synced(event.conversation, true);
    else this.#repair(event.conversation);
  }

  #deliver(events) {
    for (const event of events) {
      if (event.cid) this.outbox.settle(event.cid);
      this.#tell("event", event);
    }
  }

  #repair(conversation) {
    const position = this.#positions.get(conversation);
    if (!this.isOpen || !position?.isBehind || position.sync) return;
    const id = newId();
    const { epoch, last: since, head } = position;
    this.#awaitSync(conversation, position, { id, since, target: Math.min(since + PAGE, head) });
    this.#write({ type: "sync", id, conversation, epoch, since, limit: PAGE });
  }

  #awaitSync(conversation, position, sync) {
    position.sync = sync;
    this.#after(`sync ${conversation}`, ANSWER_TIMEOUT, () => this.#synced(conversation, position.last > sync.since));
  }

  #synced(conversation, brought) {
    const position = this.#positions.get(conversation);
    if (!position) return;
    this.#cancels[`sync ${conversation}`]?.();
    position.sync = null;
    position.failures = brought ? 0 : position.failures + 1;
    if (brought) position.refusals = 0;
    if (!position.isBehind) return void this.#tell("caughtUp", conversation);
    const repair = () => this.#repair(conversation);
    if (brought) return void repair();
    // Never reconnect to mend a gap: the next connection would meet the same one, for ever.
    if (position.failures >= 3) this.#giveUp(conversation, position);
    else this.#after(`sync ${conversation}`, backoff(this.clock, position.failures, RETRY), repair);
  }

  /**
   * Three syncs brought nothing: load the conversation anew. When that ends at the same hole it is stepped over, but only
   * if the server was heard: one that says nothing may still have what is missing.
   */
  #giveUp(conversation, position) {
    position.failures = 0;
    if (position.stuckAt !== position.last) {
      position.stuckAt = position.last;
      return this.#reload(conversation, position.epoch, position.head);
    }
    if (position.refusals >= 3) this.#deliver(position.skip());
    else return this.#after(`sync ${conversation}`, backoff(this.clock, 9, RETRY), () => this.#repair(conversation));
    return this.#repair(conversation);
  }

  #reload(conversation, epoch, head = 0) {
    const position = this.#positions.get(conversation);
    if (!position) return;
    this.#cancels[`sync ${conversation}`]?.();
    position.epoch = epoch ?? position.epoch;
    position.reset(0, head);
    this.#tell("reload", conversation);
    if (position.isBehind) this.#repair(conversation);
    else this.#tell("caughtUp", conversation);
  }

  // ── messages, sent exactly once ──

  /** Keep a message and send it as soon as possible; `conversation` may still be unknown. Returns its cid. */
  post(type, fields, conversation = "") {
    const cid = this.outbox.add(type, fields, conversation);
    this.#hurry();
    return cid;
  }

  /** "Try again": the same cid, so that it cannot arrive twice. */
  retry(cid) {
    this.outbox.retry(cid);
    this.#hurry();
  }

  /** Somebody waits for it: do not sit out a pause between two attempts. */
  #hurry() {
    this.start();
    this.wake();
    this.outbox.pump();
  }

  /** Something that may be lost: typing, read. */
  hint(frame) {
    if (this.isOpen) this.#write(frame);
  }

  /** Ask and wait for the answer, once. Rejects with the error's fields; without `code` it may have happened or not. */
  request(frame) {
    if (!this.isOpen) return Promise.reject(Object.assign(new Error("disconnected"), { code: "unavailable" }));
    const id = newId();
    return new Promise((resolve, reject) => {
      this.#requests.set(id, { resolve, reject });
      this.#after(`request ${id}`, ANSWER_TIMEOUT, () => this.#settle(id, "reject", new Error("timeout")));
      this.#write({ ...frame, id });
    });
  }

  #settle(id, how, value) {
    this.#cancels[`request ${id}`]?.();
    this.#requests.get(id)?.[how](value);
    this.#requests.delete(id);
  }

  #acknowledged({ ref, cid = ref, seq, conversation, ...rest }) {
    if (this.#requests.has(ref)) return this.#settle(ref, "resolve", { seq, conversation, ...rest });
    const position = this.#positions.get(conversation);
    if (ref && position?.sync?.id === ref) {
      position.heed(seq);
      if (position.last > position.sync.since || !position.isBehind) this.#synced(conversation, true);
      // else its events may still be coming
    } else if (this.outbox.settle(cid)) {
      this.#tell("ack", { cid, seq, conversation });
    }
    return undefined;
  }
}
