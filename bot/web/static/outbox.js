/** What was written and not yet acknowledged: kept where a reload finds it, sent in order, and exactly once. */

import { backoff } from "./clock.js";

const ACK_TIMEOUT = 10_000;
const KEPT_FOR = 24 * 3_600_000; // a message nobody could send for a day is shown as not sent
const RETRY = { base: 1_000, cap: 30_000 };

/**
 * One message in flight for each conversation, none overtakes another, and a retry carries the same cid: the server
 * keeps the first. An entry is {cid, type, conversation, fields, at, failed}; its conversation may still be unknown.
 */
export class Outbox {
  #inFlight = new Map(); // cid → cancels its timeout
  #pauses = new Map(); // cid → {tries, until}
  #cancelWake = () => {};
  #write = null; // writes a frame while there is a connection

  /** `changed()` is called whenever what is kept, or its state, changed. */
  constructor({ storage, name, clock, changed }) {
    Object.assign(this, { storage, clock, changed, prefix: `${name}.out.` });
    this.entries = this.#stored().sort((one, other) => one.at - other.at);
  }

  // ── keeping: one storage key for each message, so that two tabs never overwrite each other ──

  #stored() {
    const keys = Array.from({ length: this.storage.length }, (_, index) => this.storage.key(index));
    return keys.filter((key) => key?.startsWith(this.prefix)).flatMap((key) => this.#parsed(key));
  }

  #parsed(key) {
    try {
      const entry = JSON.parse(this.storage.getItem(key));
      return entry?.cid && entry.type && entry.fields ? [entry] : [];
    } catch {
      return []; // not ours to read, and nothing we could send
    }
  }

  #save(entry, changes = {}) {
    Object.assign(entry, changes);
    try {
      this.storage.setItem(this.prefix + entry.cid, JSON.stringify(entry));
    } catch {
      // storage is full: the message is still in memory and is sent from there
    }
  }

  #remove(cid) {
    this.entries = this.entries.filter((entry) => entry.cid !== cid);
    this.storage.removeItem(this.prefix + cid);
  }

  find(cid) {
    return this.entries.find((entry) => entry.cid === cid);
  }

  add(type, fields, conversation) {
    const newest = this.entries.at(-1)?.at ?? 0;
    const at = Math.max(this.clock.now(), newest + 1); // two in one millisecond keep their order
    const entry = { cid: newId(), type, conversation, fields, at, failed: "" };
    this.entries.push(entry);
    this.#save(entry);
    this.changed();
    return entry.cid;
  }

  /** What belonged to the conversation `from` ("" for none yet) belongs to `to`. */
  move(from, to) {
    for (const entry of this.entries) if (entry.conversation === from) this.#save(entry, { conversation: to });
  }

  clear() {
    for (const { cid } of this.entries) this.#remove(cid);
    this.changed();
  }

  // ── sending ──

  open(write) {
    this.#write = write;
    this.pump();
  }

  /** What was in flight may have arrived or not; it is sent again, and its cid makes that harmless. */
  close() {
    this.#write = null;
    this.#cancelWake();
    for (const cancel of this.#inFlight.values()) cancel();
    this.#inFlight.clear();
  }

  pump() {
    this.expire();
    if (!this.#write) return;
    const now = this.clock.now();
    const busy = new Set();
    const waits = [];
    for (const entry of this.entries) {
      if (entry.failed || busy.has(entry.conversation)) continue;
      busy.add(entry.conversation);
      const pause = (this.#pauses.get(entry.cid)?.until ?? 0) - now;
      if (pause > 0) waits.push(pause);
      else if (entry.conversation && !this.#inFlight.has(entry.cid)) this.#transmit(entry);
    }
    this.#cancelWake();
    if (waits.length) this.#cancelWake = this.clock.after(Math.min(...waits), () => this.pump());
  }

  #transmit({ cid, type, conversation, fields }) {
    this.#inFlight.set(cid, this.clock.after(ACK_TIMEOUT, () => this.#pause(cid)));
    this.#write({ type, id: cid, conversation, cid, ...fields });
  }

  #pause(cid, atLeast = 0) {
    this.#landed(cid);
    const tries = this.#pauses.get(cid)?.tries ?? 0;
    const delay = Math.max(atLeast, backoff(this.clock, tries, RETRY));
    this.#pauses.set(cid, { tries: tries + 1, until: this.clock.now() + delay });
    this.pump();
  }

  #landed(cid) {
    this.#inFlight.get(cid)?.();
    this.#inFlight.delete(cid);
  }

  /** The server has it. False when we were not waiting for it. */
  settle(cid) {
    if (!this.find(cid)) return false;
    this.#landed(cid);
    this.#pauses.delete(cid);
    this.#remove(cid);
    this.changed();
    this.pump();
    return true;
  }

  /** The server refused it: for now, or for good. False when it is not ours. */
  refuse(cid, { code = "internal", retry = false, after_ms: pause = 0 }) {
    const entry = this.find(cid);
    if (!entry) return false;
    if (retry) this.#pause(cid, pause);
    else this.#fail(entry, code);
    return true;
  }

  #fail(entry, code) {
    this.#landed(entry.cid);
    this.#save(entry, { failed: code });
    this.changed();
    this.pump();
  }

  /** "Try again", by hand. */
  retry(cid) {
    const entry = this.find(cid);
    if (!entry) return;
    this.#pauses.delete(cid);
    this.#save(entry, { failed: "", at: this.clock.now() });
    this.changed();
    this.pump();
  }

  expire() {
    const oldest = this.clock.now() - KEPT_FOR;
    const late = this.entries.filter((entry) => !entry.failed && entry.at < oldest);
    for (const entry of late) this.#save(entry, { failed: "expired" });
    if (late.length) this.changed();
  }
}

/** `open()` returns a Storage; where the browser forbids it (private windows, blocked cookies) memory must do. */
export function storageOr(open) {
  try {
    const storage = open();
    storage.setItem("answerdesk.probe", "1");
    storage.removeItem("answerdesk.probe");
    return storage;
  } catch {
    return memoryStorage();
  }
}

export function memoryStorage() {
  const items = new Map();
  return {
    get length() {
      return items.size;
    },
    key: (index) => [...items.keys()][index] ?? null,
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => void items.set(key, String(value)),
    removeItem: (key) => void items.delete(key),
  };
}

/** A UUID; `crypto.randomUUID` is missing on plain http. */
export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
