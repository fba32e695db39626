/** The browser's connection keeps to tests/conformance: this plays the server's side, tests/exchanges.py the other. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Connection } from "../../../bot/web/static/socket.js";
import { FakeClock, fakeSockets, memoryStorage, settled } from "./world.mjs";

const FILE = new URL("../../conformance/exchanges.json", import.meta.url);
const EPHEMERAL = new Set(["draft", "typing", "queue"]);
const LONG = "退".repeat(4_001);
const KNOWN = { $conversation: "c", $other: "x", $epoch: "e1", $epoch2: "e2", $long: LONG, $pause: 1_000, $n: 1 };

/** At least these fields; placeholders mean the same value everywhere, and are learnt where they are new. */
function isLike(wanted, got, known) {
  if (wanted === "$some" || wanted === "$ticket") return true;
  if (typeof wanted === "string" && wanted.startsWith("$")) {
    known[wanted] ??= got;
    return known[wanted] === got;
  }
  if (wanted === null || typeof wanted !== "object") return wanted === got;
  const entries = Object.entries(wanted);
  if (Array.isArray(wanted) && wanted.length !== got?.length) return false;
  return entries.every(([name, value]) => isLike(value, got?.[known[name] ?? name], known));
}

function filled(value, known) {
  if (typeof value === "string" && value.startsWith("$")) return known[value] ?? value;
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((one) => filled(one, known));
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [known[name] ?? name, filled(one, known)]));
}

class Player {
  constructor({ given = {} }) {
    this.given = given;
    this.clock = new FakeClock();
    this.dialled = fakeSockets();
    this.known = { ...KNOWN };
    this.isOffline = false;
    this.seen = []; // seqs since the last reload
    this.reloaded = 0;
    this.passing = []; // types of ephemeral frames
    this.cids = [];
    this.read = new Map(); // socket → how many of its frames were looked at
  }

  async start() {
    this.connection = new Connection({
      url: "ws://shop/v1/socket",
      storage: memoryStorage(),
      clock: this.clock,
      WebSocket: this.dialled.FakeSocket,
      authorise: async () => {
        if (this.isOffline) throw new Error("no network");
        return "ticket";
      },
    });
    const { connection } = this;
    connection.on("event", ({ seq }) => this.seen.push(seq));
    connection.on("reload", () => {
      this.reloaded++;
      this.seen = [];
    });
    connection.on("frame", ({ type }) => EPHEMERAL.has(type) && this.passing.push(type));
    connection.follow("c", "e1");
    connection.start();
    if (this.given.silent_heartbeat) this.#beat();
    await this.#opened();
  }

  /** A socket that the client dialled is open. */
  async #opened() {
    await settled();
    const socket = this.dialled.last();
    if (socket && !this.read.has(socket)) {
      this.read.set(socket, 0);
      socket.onopen({});
    }
  }

  #beat() {
    this.clock.after(25_000, () => {
      this.dialled.last()?.say({ type: "ping", n: 1, heads: {} });
      this.#beat();
    });
  }

  get #entries() {
    return this.connection.outbox.entries;
  }

  #say(frame) {
    this.dialled.last().say(filled(frame, this.known));
  }

  async take(step) {
    const [[name, value]] = Object.entries(step);
    if (step.lost || ["happens", "quiet"].includes(name)) return; // the server's part
    await this[name](value);
    await settled();
  }

  // ── what the server and the network do ──

  server(frame) {
    this.#say(frame);
  }

  events([first, last]) {
    for (let seq = first; seq <= last; seq++) this.#say({ type: "event", conversation: "$conversation", seq });
  }

  raw(text) {
    this.dialled.last().onmessage({ data: text });
  }

  closes(code) {
    this.dialled.last().drop(code);
  }

  cut() {
    this.dialled.last().drop(1006);
  }

  async opens() {
    const before = this.read.size;
    await this.#opened();
    assert.equal(this.read.size, before + 1, "the client dialled once");
  }

  passes(ms) {
    return this.clock.pass(ms);
  }

  offline(isOffline) {
    this.isOffline = isOffline;
    if (isOffline) this.cut();
  }

  // ── what the client does ──

  does({ post, fields, start, wake, retry }) {
    if (post) this.cids.push(this.connection.post(post, filled(fields, this.known), "c"));
    if (start) this.connection.start();
    if (wake) this.connection.wake();
    if (retry) this.connection.retry(this.cids[retry - 1]);
  }

  async client(wanted) {
    await this.#opened();
    const socket = this.dialled.last();
    const skips = this.given.silent_heartbeat ? "pong" : "";
    let at = this.read.get(socket);
    while (socket.sent[at]?.type === skips) at++;
    this.read.set(socket, at + 1);
    assert.ok(isLike(wanted, socket.sent[at], this.known), `sent ${JSON.stringify(socket.sent.slice(at))}`);
  }

  // ── what is to be seen then ──

  shown(seqs) {
    assert.deepEqual(this.seen, seqs);
  }

  shown_to(last) {
    assert.deepEqual(this.seen, Array.from({ length: last }, (_, index) => index + 1));
  }

  sent(types) {
    const sent = this.dialled.last().sent.map(({ type }) => type);
    assert.deepEqual(sent.filter((type) => type !== "pong"), types);
  }

  heard(types) {
    assert.deepEqual(this.passing, types);
  }

  reloads(count) {
    assert.equal(this.reloaded, count);
  }

  sockets(count) {
    assert.equal(this.dialled.opened.length, count);
  }

  syncs_at_most(most) {
    const count = this.dialled.opened.flatMap((socket) => socket.frames("sync")).length;
    assert.ok(count <= most, `${count} syncs`);
  }

  unsent(count) {
    assert.equal(this.#entries.length, count);
  }

  failed(codes) {
    assert.deepEqual(this.#entries.filter((entry) => entry.failed).map((entry) => entry.failed), codes);
  }

  status(status) {
    assert.equal(this.connection.status, status);
  }
}

async function play(exchange) {
  const player = new Player(exchange);
  await player.start();
  for (const [index, step] of exchange.steps.entries()) {
    if ((step.only ?? "client") !== "client") continue;
    try {
      await player.take(step);
    } catch (error) {
      error.message = `step ${index}, ${JSON.stringify(step)}: ${error.message}`;
      throw error;
    }
  }
}

const { exchanges } = JSON.parse(readFileSync(FILE, "utf8"));
for (const exchange of exchanges.filter((one) => one.for.includes("client"))) {
  test(exchange.name, () => play(exchange));
}

test("an exchange that is not kept fails", async () => {
  const hello = { client: { type: "hello" } };
  for (const wrong of [{ client: { type: "send" } }, { shown: [1] }, { status: "open" }, { sockets: 2 }, { opens: true }]) {
    await assert.rejects(play({ steps: [hello, wrong] }), /step 1/);
  }
});
