import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

import { Connection } from "../../../bot/web/static/socket.js";
import { FakeClock, fakeSockets, memoryStorage, settled } from "./world.mjs";

const HOUR = 3_600_000;
let clock, storage, sockets, tickets;

beforeEach(() => {
  clock = new FakeClock();
  storage = memoryStorage();
  sockets = fakeSockets();
  tickets = 0;
});

function connect(options = {}) {
  const connection = new Connection({
    url: "ws://shop/v1/socket",
    storage,
    clock,
    WebSocket: sockets.FakeSocket,
    authorise: async () => `ticket-${++tickets}`,
    ...options,
  });
  connection.seen = [];
  connection.reloads = 0;
  connection.on("event", ({ seq }) => connection.seen.push(seq));
  connection.on("reload", () => {
    connection.reloads++;
    connection.seen = [];
  });
  return connection;
}

/** A connection that follows conversation "c" and was welcomed with `head` events there. */
async function welcomed({ head = 0, resumed = true, ...options } = {}) {
  const connection = connect(options);
  connection.follow("c", "e1");
  connection.start();
  await settled();
  sockets.last().accept([{ conversation: "c", epoch: "e1", head, resumed }]);
  return connection;
}

const event = (seq, more = {}) => ({ type: "event", conversation: "c", seq, kind: "message.created", ...more });
const say = (...frames) => frames.forEach((frame) => sockets.last().say(frame));
const ackOf = ({ id, cid }, seq = 1) => ({ type: "ack", ref: id, conversation: "c", cid, seq, duplicate: false });
const sends = () => sockets.opened.flatMap((socket) => socket.frames("send"));

describe("connecting", () => {
  test("the first frame is hello, with a ticket and where we stand", async () => {
    const connection = await welcomed();
    say(event(1), event(2));
    sockets.last().drop();
    await clock.pass(500);
    sockets.last().onopen({});
    assert.equal(connection.status, "connecting");
    assert.equal(sockets.last().protocol, "bot.v1");
    assert.deepEqual(sockets.last().sent[0], {
      type: "hello", ticket: "ticket-2", resume: [{ conversation: "c", epoch: "e1", seq: 2 }], client: "web",
    });
  });

  test("the n-th reconnect waits half a second doubled n times, at most thirty seconds", async () => {
    const at = [];
    const connection = connect({
      authorise: async () => {
        at.push(clock.now());
        throw new Error("no network");
      },
    });
    connection.start();
    await clock.pass(200_000);
    const waits = at.slice(1).map((time, index) => time - at[index]);
    assert.deepEqual(waits.slice(0, 8), [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  test("a connection that only lives for a moment does not start the backoff anew", async () => {
    await welcomed();
    sockets.last().drop();
    await clock.pass(500);
    sockets.last().accept();
    sockets.last().drop();
    await clock.pass(500);
    assert.equal(sockets.opened.length, 2);
    await clock.pass(500);
    assert.equal(sockets.opened.length, 3);
  });

  test("coming back online does not wait for the timer", async () => {
    const connection = await welcomed();
    connection.lost();
    assert.equal(connection.status, "waiting");
    assert.equal(sockets.last().closedWith, 1000);
    connection.wake();
    await settled();
    assert.equal(sockets.opened.length, 2);
  });

  test("the old socket is closed before a new one opens, and what it still says is ignored", async () => {
    const connection = await welcomed();
    const old = sockets.last();
    connection.lost();
    connection.wake();
    await settled();
    old.say(event(1));
    old.drop(4500);
    assert.deepEqual(connection.seen, []);
    assert.equal(connection.status, "connecting");
  });

  test("40xx comes back with a new ticket, 45xx stops until somebody writes", async () => {
    const connection = await welcomed();
    sockets.last().drop(4007);
    await clock.pass(500);
    assert.equal(tickets, 2);
    sockets.last().drop(4506);
    await clock.pass(HOUR);
    assert.equal(connection.status, "stopped");
    assert.equal(sockets.opened.length, 2);
    connection.post("send", { text: "hello?" }, "c");
    await settled();
    assert.equal(sockets.opened.length, 3);
  });

  test("a server that says bye is left alone for as long as it asks", async () => {
    await welcomed();
    say({ type: "bye", code: 4001, retry_after_ms: 5_000 });
    sockets.last().drop(4001);
    await clock.pass(5_400);
    assert.equal(sockets.opened.length, 1);
    await clock.pass(200);
    assert.equal(sockets.opened.length, 2);
  });

  test("a peer that fell silent is given up after two heartbeats", async () => {
    const connection = await welcomed();
    await clock.pass(50_000);
    assert.equal(connection.status, "open");
    await clock.pass(26_000);
    assert.equal(sockets.opened[0].closedWith, 1000);
  });

  test("no welcome within fifteen seconds is a failed attempt", async () => {
    const connection = connect();
    connection.start();
    await clock.pass(15_000);
    assert.equal(connection.status, "waiting");
  });

  test("a fault in a listener does not stop the connection", async (t) => {
    t.mock.method(console, "error", () => {});
    const connection = await welcomed();
    connection.on("event", () => {
      throw new Error("the page is broken");
    });
    say(event(1), event(2));
    assert.deepEqual(connection.seen, [1, 2]);
  });
});

describe("events", () => {
  test("come in order and once, whatever the order they arrive in", async () => {
    const connection = await welcomed();
    say(event(1), event(1), event(3), event(2), event(2), event(4));
    assert.deepEqual(connection.seen, [1, 2, 3, 4]);
  });

  test("a gap is asked for once, on the same socket", async () => {
    const connection = await welcomed();
    say(event(1), event(4), event(5));
    assert.equal(sockets.last().frames("sync").length, 1);
    const [sync] = sockets.last().frames("sync");
    assert.deepEqual(sync, { type: "sync", id: sync.id, conversation: "c", epoch: "e1", since: 1, limit: 100 });
    say(event(2), event(3), { type: "ack", ref: sync.id, conversation: "c", seq: 5 });
    assert.deepEqual(connection.seen, [1, 2, 3, 4, 5]);
    assert.equal(sockets.opened.length, 1);
  });

  test("the heads in a ping reveal that the last event was lost", async () => {
    const connection = await welcomed();
    say({ type: "ping", n: 7, heads: { c: 1 } });
    assert.deepEqual(sockets.last().frames("pong"), [{ type: "pong", n: 7 }]);
    assert.equal(sockets.last().frames("sync").length, 1);
    say(event(1));
    assert.deepEqual(connection.seen, [1]);
  });

  test("a replay is waited for, not asked for", async () => {
    const connection = await welcomed({ head: 3 });
    say(event(1), event(2), event(3));
    assert.deepEqual(connection.seen, [1, 2, 3]);
    assert.equal(sockets.last().frames("sync").length, 0);
  });

  test("a replay that never comes is asked for after ten seconds", async () => {
    await welcomed({ head: 3 });
    await clock.pass(12_100);
    assert.equal(sockets.last().frames("sync").length, 1);
  });

  test("a long conversation is loaded page by page", async () => {
    const connection = await welcomed({ head: 250, resumed: false });
    for (let page = 0; page < 3; page++) {
      const { since } = sockets.last().frames("sync").at(-1);
      for (let seq = since + 1; seq <= Math.min(since + 100, 250); seq++) say(event(seq));
    }
    assert.deepEqual(sockets.last().frames("sync").map(({ since }) => since), [0, 100, 200]);
    assert.equal(connection.seen.length, 250);
  });

  test("another epoch makes every position worthless", async () => {
    const connection = await welcomed();
    say(event(1), event(2));
    sockets.last().drop();
    await clock.pass(500);
    sockets.last().accept([{ conversation: "c", epoch: "e2", head: 1, resumed: true }]);
    assert.equal(connection.reloads, 1);
    assert.deepEqual(sockets.last().frames("sync").map(({ epoch, since }) => [epoch, since]), [["e2", 0]]);
    say(event(1));
    assert.deepEqual(connection.seen, [1]);
  });

  test("resync drops the list and loads it from the beginning", async () => {
    const connection = await welcomed();
    say(event(1), { type: "resync", conversation: "c", epoch: "e1", head: 2, why: "too far" }, event(1), event(2));
    assert.equal(connection.reloads, 1);
    assert.deepEqual(connection.seen, [1, 2]);
  });

  test("three failed syncs reload the conversation, and the socket stays", async () => {
    const connection = await welcomed();
    say(event(1), event(3));
    for (let time = 0; time < 48_000; time += 20_000) {
      await clock.pass(20_000);
      say({ type: "ping", n: 1, heads: { c: 3 } });
    }
    assert.equal(connection.reloads, 1);
    assert.equal(sockets.opened.length, 1);
  });

  test("a hole that nobody can fill is stepped over in the end", async () => {
    const connection = await welcomed();
    const answer = () => {
      for (const { id: ref } of sockets.last().frames("sync")) say({ type: "error", ref, code: "internal", retry: true });
    };
    say(event(1), event(3));
    for (let time = 0; time < 60 && connection.reloads === 0; time++) {
      answer();
      await clock.pass(1_000);
    }
    say(event(1), event(3), event(4));
    for (let time = 0; time < 60 && !connection.seen.includes(4); time++) {
      answer();
      await clock.pass(1_000);
    }
    assert.deepEqual(connection.seen, [1, 3, 4]);
  });

  test("a listener that reconnects in the middle is not told anything twice", async () => {
    const connection = await welcomed();
    connection.on("event", ({ seq }) => seq === 1 && (connection.lost(), connection.wake()));
    say(event(2), event(1));
    await settled();
    sockets.last().accept([{ conversation: "c", epoch: "e1", head: 3, resumed: true }]);
    say(event(1), event(2), event(3));
    assert.deepEqual(connection.seen, [1, 2, 3]);
  });

  test("a frame that is no JSON, or of no known conversation, changes nothing", async () => {
    const connection = await welcomed();
    sockets.last().onmessage({ data: "{" });
    say({ ...event(1), conversation: "x" }, event("1"), event(1));
    assert.deepEqual(connection.seen, [1]);
  });
});

describe("whatever the network does", () => {
  test("twenty resumes in a row each bring exactly what was missed", async () => {
    const connection = await welcomed();
    for (let seq = 1; seq <= 20; seq++) {
      sockets.last().drop();
      while (connection.status !== "connecting") await clock.pass(500);
      sockets.last().accept([{ conversation: "c", epoch: "e1", head: seq, resumed: true }]);
      assert.equal(sockets.last().sent[0].resume[0].seq, seq - 1);
      say(event(seq));
    }
    assert.deepEqual(connection.seen, Array.from({ length: 20 }, (_, index) => index + 1));
    assert.equal(connection.reloads, 0);
  });

  /** Frames are lost, doubled, late and out of order, syncs and their answers, too; only the heartbeat is sure. */
  async function play(random) {
    const connection = await welcomed();
    let head = 0;
    let answered = 0;
    const bring = (frame) => {
      const times = random() < 0.3 ? 0 : random() < 0.3 ? 2 : 1;
      for (let time = 0; time < times; time++) clock.after(random() < 0.5 ? 0 : random() * 9_000, () => say(frame));
    };
    const answer = () => {
      const syncs = sockets.last().frames("sync").slice(answered);
      answered += syncs.length;
      for (const { id, since } of syncs.filter(() => random() < 0.7)) {
        for (let seq = since + 1; seq <= head; seq++) bring(event(seq));
        bring({ type: "ack", ref: id, conversation: "c", seq: head });
      }
    };
    for (let step = 0; step < 30 || (connection.seen.at(-1) ?? 0) < head; step++) {
      assert.ok(step < 500, "it never got there");
      if (step < 30) bring(event(++head));
      await clock.pass(random() * 2_000);
      answer();
      if (step % 12 === 0) say({ type: "ping", n: 1, heads: { c: head } });
    }
    assert.deepEqual(connection.seen, Array.from({ length: head }, (_, index) => index + 1));
    assert.equal(sockets.opened.length, 1);
    connection.stop();
  }

  test("what is shown has no hole, no double and no reconnect, in a hundred random courses", async () => {
    for (let seed = 1; seed <= 100; seed++) {
      let state = seed;
      await play(() => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647);
      clock = new FakeClock();
      storage = memoryStorage();
      sockets = fakeSockets();
    }
  });
});

describe("messages", () => {
  test("one is in flight at a time, and none overtakes another", async () => {
    const connection = await welcomed();
    connection.post("send", { text: "one" }, "c");
    connection.post("send", { text: "two" }, "c");
    assert.deepEqual(sends().map(({ text }) => text), ["one"]);
    say(ackOf(sends()[0]));
    assert.deepEqual(sends().map(({ text }) => text), ["one", "two"]);
  });

  test("a message without an answer is sent again after ten seconds, with the same cid", async () => {
    const connection = await welcomed();
    const cid = connection.post("send", { text: "hello" }, "c");
    await clock.pass(10_000);
    assert.equal(sends().length, 1);
    await clock.pass(1_000);
    assert.deepEqual(sends().map((frame) => frame.cid), [cid, cid]);
    await clock.pass(12_000);
    assert.equal(sends().length, 3);
  });

  test("after a reconnect it is sent again, and not when the replay already holds it", async () => {
    const connection = await welcomed();
    const first = connection.post("send", { text: "one" }, "c");
    sockets.last().drop();
    await clock.pass(500);
    sockets.last().accept([{ conversation: "c", epoch: "e1", head: 1, resumed: true }]);
    say(event(1, { cid: first }));
    assert.equal(connection.outbox.entries.length, 0);
    say(ackOf({ id: first, cid: first }));
    assert.equal(sends().length, 2);
  });

  test("what was not sent survives a reload of the page", async () => {
    const before = connect({ authorise: async () => Promise.reject(new Error("offline")) });
    before.post("send", { text: "are you there?" }, "c");
    await settled();
    before.stop();
    await welcomed();
    assert.deepEqual(sends().map(({ text }) => text), ["are you there?"]);
    say(ackOf(sends()[0]));
    assert.equal(storage.length, 0);
  });

  test("what was written before there was a conversation goes to the one that comes", async () => {
    const connection = connect();
    connection.authorise = async () => {
      connection.follow("new", "e");
      connection.adopt("new");
      return "ticket";
    };
    connection.post("send", { text: "first" });
    await settled();
    sockets.last().accept([{ conversation: "new", epoch: "e", head: 0, resumed: true }]);
    assert.deepEqual(sends().map(({ conversation }) => conversation), ["new"]);
  });

  test("a conversation that is gone gives its unsent messages to the next", async () => {
    const connection = connect();
    connection.follow("old");
    connection.post("send", { text: "kept" }, "old");
    connection.forget("old");
    connection.adopt("new");
    assert.deepEqual(connection.outbox.entries.map(({ conversation }) => conversation), ["new"]);
  });

  test("a refusal for now waits as long as it is told, one for good is kept for the customer to see", async () => {
    const connection = await welcomed();
    const cid = connection.post("send", { text: "hello" }, "c");
    say({ type: "error", ref: cid, code: "too_fast", retry: true, after_ms: 5_000 });
    await clock.pass(4_900);
    assert.equal(sends().length, 1);
    await clock.pass(200);
    assert.equal(sends().length, 2);
    say({ type: "error", ref: cid, code: "bad_request", retry: false });
    assert.equal(connection.outbox.find(cid).failed, "bad_request");
    connection.retry(cid);
    assert.deepEqual(sends().map((frame) => frame.cid), [cid, cid, cid]);
  });

  test("a message that failed for good does not hold up the next", async () => {
    const connection = await welcomed();
    const cid = connection.post("send", { text: "bad" }, "c");
    connection.post("send", { text: "good" }, "c");
    say({ type: "error", ref: cid, code: "bad_request", retry: false });
    assert.equal(sends().at(-1).text, "good");
  });

  test("after a day it is shown as not sent, and its text is kept", async () => {
    const offline = async () => Promise.reject(new Error("offline"));
    const connection = connect({ authorise: offline });
    const cid = connection.post("send", { text: "yesterday" }, "c");
    await clock.pass(24 * HOUR + 60_000);
    assert.equal(connection.outbox.find(cid).failed, "expired");
    assert.equal(connection.outbox.find(cid).fields.text, "yesterday");
  });

  test("a full storage does not lose a message", async () => {
    storage.setItem = () => {
      throw new Error("QuotaExceededError");
    };
    const connection = await welcomed();
    connection.post("send", { text: "still sent" }, "c");
    assert.equal(sends()[0].text, "still sent");
  });

  test("two tabs keep their messages apart", async () => {
    const one = connect();
    const other = connect();
    const mine = one.post("send", { text: "mine" }, "c");
    const theirs = other.post("send", { text: "theirs" }, "c");
    one.outbox.settle(mine);
    const later = connect();
    assert.deepEqual(later.outbox.entries.map(({ cid }) => cid), [theirs]);
  });
});

describe("requests", () => {
  test("resolve with their ack, reject with the code of their error, and never repeat", async () => {
    const connection = await welcomed();
    const claimed = connection.request({ type: "claim", conversation: "c" });
    const closed = connection.request({ type: "close", conversation: "c" });
    const [claim, close] = [sockets.last().frames("claim")[0], sockets.last().frames("close")[0]];
    say({ type: "ack", ref: claim.id, conversation: "c", seq: 4 }, { type: "error", ref: close.id, code: "conflict" });
    assert.equal((await claimed).seq, 4);
    await assert.rejects(closed, { code: "conflict" });
    const lost = connection.request({ type: "claim", conversation: "c" });
    sockets.last().drop();
    await assert.rejects(lost, /disconnected/);
  });
});
