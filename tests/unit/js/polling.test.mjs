import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

import { PollingSocket } from "../../../bot/web/static/polling.js";
import { Connection } from "../../../bot/web/static/socket.js";
import { FakeClock, fakeSockets, memoryStorage, settled } from "./world.mjs";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
let clock, storage, sockets, server;

/** What answers /v1/events and /v1/messages: one conversation, and whatever the test makes of it. */
class Server {
  events = [];
  asked = []; // polls: {since, epoch, wait}
  posted = [];
  held = new Set();
  epoch = "e1";
  refusal = null; // {status, headers, body} instead of an answer
  mostHeld = 0;

  fetch = async (path, { method = "GET", body, headers, signal }) => {
    assert.equal(headers.Authorization, "Bearer secret");
    const url = new URL(path, "http://shop");
    if (this.refusal === "network") throw new TypeError("Failed to fetch");
    if (method === "POST") return this.#taken(JSON.parse(body));
    const asked = Object.fromEntries([...url.searchParams].map(([name, value]) => [name, name === "epoch" ? value : +value]));
    this.asked.push(asked);
    if (this.refusal) return answer(this.refusal.body ?? {}, this.refusal.status, this.refusal.headers);
    return this.#news(asked) ?? this.#hold(asked, signal);
  };

  #frames({ since, epoch }) {
    const resumed = since === 0 || (epoch === this.epoch && since <= this.events.length);
    const state = { conversation: "c", epoch: this.epoch, head: this.events.length, resumed };
    return [{ type: "welcome", conversations: [state] }, ...(resumed ? this.events.slice(since) : [])];
  }

  #news(asked) {
    const frames = this.#frames(asked);
    const isNews = frames.length > 1 || !frames[0].conversations[0].resumed || !asked.wait;
    return isNews ? answer({ frames }) : null;
  }

  #hold(asked, signal) {
    return new Promise((resolve, reject) => {
      const end = () => {
        this.held.delete(end);
        cancel();
        resolve(answer({ frames: this.#frames(asked) }));
      };
      const cancel = clock.after(asked.wait * 1_000, end);
      signal.addEventListener("abort", () => (this.held.delete(end), cancel(), reject(new Error("aborted"))));
      this.held.add(end);
      this.mostHeld = Math.max(this.mostHeld, this.held.size);
    });
  }

  #taken(frame) {
    this.posted.push(frame);
    if (this.refusal) return answer(this.refusal.body ?? {}, this.refusal.status, this.refusal.headers);
    if (frame.type === "typing") return answer({ frames: [] });
    if (frame.type === "sync") {
      const ack = { type: "ack", ref: frame.id, conversation: "c", seq: this.events.length };
      return answer({ frames: [...this.events.slice(frame.since, frame.since + frame.limit), ack] });
    }
    const known = this.events.find(({ cid }) => cid === frame.cid);
    if (!known) this.say({ cid: frame.cid, author: "customer" });
    const seq = known?.seq ?? this.events.length;
    return answer({ frames: [{ type: "ack", ref: frame.id, conversation: "c", cid: frame.cid, seq, duplicate: !!known }] });
  }

  say(fields = {}) {
    const seq = this.events.length + 1;
    this.events.push({ type: "event", conversation: "c", seq, kind: "message.created", ...fields });
    for (const end of this.held) end();
  }
}

function answer(body, status = 200, headers = {}) {
  return { ok: status < 300, status, headers: new Headers(headers), json: async () => structuredClone(body) };
}

beforeEach(() => {
  clock = new FakeClock();
  storage = memoryStorage();
  sockets = fakeSockets();
  server = new Server();
});

function connect() {
  const connection = new Connection({
    url: "ws://shop/v1/socket",
    storage,
    clock,
    WebSocket: sockets.FakeSocket,
    authorise: async () => "ticket",
    poll: () => new PollingSocket({ secret: "secret", clock, fetch: server.fetch }),
  });
  Object.assign(connection, { seen: [], reloads: 0, statuses: [] });
  connection.on("event", ({ seq }) => connection.seen.push(seq));
  connection.on("status", (status) => connection.statuses.push(status));
  connection.on("reload", () => {
    connection.reloads++;
    connection.seen = [];
  });
  connection.follow("c", "e1");
  connection.start();
  return connection;
}

/** Two sockets broke before they were welcomed: the network does not let them through. */
async function polling() {
  const connection = connect();
  await settled();
  sockets.last().drop();
  await clock.pass(500);
  sockets.last().drop();
  await clock.pass(1);
  assert.equal(connection.status, "open");
  return connection;
}

describe("a network that breaks sockets", () => {
  test("after two sockets that nobody welcomed frames go by HTTP, both ways, each once and in order", async () => {
    server.say();
    const connection = await polling();
    assert.deepEqual(connection.seen, [1]);
    const cid = connection.post("send", { text: "hello" }, "c");
    await clock.pass(1);
    assert.deepEqual(server.posted.map(({ type, text }) => [type, text]), [["send", "hello"]]);
    assert.equal(connection.outbox.find(cid), undefined);
    server.say();
    await clock.pass(1);
    assert.deepEqual(connection.seen, [1, 2, 3]);
    assert.equal(server.mostHeld, 1);
    assert.equal(sockets.opened.length, 2);
  });

  test("a socket that hangs is waited for no longer than four seconds, and takes over when it comes after all", async () => {
    server.say();
    const connection = connect();
    await clock.pass(4_001);
    assert.deepEqual([connection.status, connection.seen], ["open", [1]]);
    const socket = sockets.last();
    assert.equal(socket.closedWith, null);
    socket.accept([{ conversation: "c", epoch: "e1", head: 2, resumed: true }]);
    assert.deepEqual(socket.frames("hello")[0].resume, [{ conversation: "c", epoch: "e1", seq: 1 }]);
    socket.say({ type: "event", conversation: "c", seq: 1 });
    socket.say({ type: "event", conversation: "c", seq: 2 });
    await settled();
    assert.deepEqual(connection.seen, [1, 2]);
    assert.equal(server.held.size, 0);
    assert.deepEqual(connection.statuses, ["connecting", "open"]);
  });

  test("a socket is tried now and then without a pause in the polls, and closed when nobody welcomes it", async () => {
    const connection = await polling();
    await clock.pass(4 * MINUTE + 1);
    assert.equal(sockets.opened.length, 3);
    server.say();
    await clock.pass(1);
    assert.deepEqual(connection.seen, [1]);
    await clock.pass(15_000);
    assert.equal(sockets.last().closedWith, 1000);
    await clock.pass(20 * MINUTE);
    assert.ok(sockets.opened.length <= 9);
    while (sockets.last().closedWith !== null) await clock.pass(10_000);
    assert.equal(connection.statuses.at(-1), "open");
    sockets.last().accept([{ conversation: "c", epoch: "e1", head: 1, resumed: true }]);
    connection.post("send", { text: "by socket" }, "c");
    assert.equal(sockets.last().frames("send").length, 1);
    assert.equal(server.posted.length, 0);
  });

  test("the next page knows it, for a quarter of an hour", async () => {
    (await polling()).stop();
    const next = connect();
    await clock.pass(1);
    assert.equal(next.status, "open");
    assert.equal(sockets.opened.length, 2);
    next.stop();
    await clock.pass(15 * MINUTE);
    connect();
    await settled();
    assert.equal(sockets.opened.length, 3);
  });

  test("a server that cannot be polled is asked for a socket again", async () => {
    const connection = connect();
    await settled();
    sockets.last().drop();
    await clock.pass(500);
    server.refusal = { status: 404 };
    sockets.last().drop();
    await clock.pass(5_000);
    assert.equal(sockets.opened.length, 3);
    sockets.last().accept([{ conversation: "c", epoch: "e1", head: 0, resumed: true }]);
    assert.equal(connection.status, "open");
  });

  test("a slow socket is not given up because polls fail", async () => {
    server.refusal = { status: 404 };
    const connection = connect();
    await clock.pass(6_000);
    assert.equal(sockets.last().closedWith, null);
    sockets.last().accept([{ conversation: "c", epoch: "e1", head: 0, resumed: true }]);
    assert.equal(connection.status, "open");
    assert.equal(sockets.opened.length, 1);
  });

  test("a code before the welcome is the server's word, not the network's", async () => {
    connect();
    for (let time = 0; time < 4; time++) {
      await settled();
      sockets.last().drop(4005);
      await clock.pass(500 * 2 ** time);
    }
    assert.equal(server.asked.length, 0);
  });
});

describe("polls", () => {
  test("another epoch reloads the conversation, which is then asked for page by page", async () => {
    for (let n = 0; n < 3; n++) server.say();
    const connection = await polling();
    assert.deepEqual(connection.seen, [1, 2, 3]);
    Object.assign(server, { epoch: "e2", events: server.events.slice(0, 2) });
    for (const end of server.held) end();
    await clock.pass(1);
    assert.equal(connection.reloads, 1);
    assert.deepEqual(connection.seen, [1, 2]);
    server.say();
    await clock.pass(1);
    assert.deepEqual(connection.seen, [1, 2, 3]);
  });

  test("a quiet hour costs one poll in twenty-five seconds", async () => {
    await polling();
    server.asked.length = 0;
    await clock.pass(HOUR);
    assert.ok(server.asked.length <= 150, `${server.asked.length} polls`);
    assert.ok(server.asked.every(({ wait }) => wait === 25));
  });

  test("answers that are cut short are no storm", async () => {
    await polling();
    server.asked.length = 0;
    const cut = () => {
      for (const end of server.held) end();
      clock.after(10, cut);
    };
    cut();
    await clock.pass(MINUTE);
    assert.ok(server.asked.length <= 60, `${server.asked.length} polls`);
  });

  for (const refusal of ["network", { status: 500 }, { status: 502, body: "<html>" }, { status: 200, body: "hello" }]) {
    test(`no storm when it fails: ${JSON.stringify(refusal)}`, async () => {
      const connection = await polling();
      server.refusal = refusal;
      server.asked.length = 0;
      await clock.pass(10 * MINUTE);
      assert.ok(server.asked.length <= 30, `${server.asked.length} polls`);
      server.refusal = null;
      for (let time = 0; time < 4 && connection.status !== "open"; time++) {
        await clock.pass(31_000);
        if (sockets.last().closedWith === null && connection.status !== "open") sockets.last().drop();
      }
      await clock.pass(31_000);
      assert.equal(connection.status, "open");
    });
  }

  test("told to stay away it stays away", async () => {
    await polling();
    server.refusal = { status: 429, headers: { "Retry-After": "20" }, body: { frames: [{ type: "error" }] } };
    for (const end of server.held) end();
    await clock.pass(2_001);
    server.asked.length = 0;
    server.refusal = null;
    await clock.pass(20_000);
    assert.equal(server.asked.length, 0);
    await clock.pass(1_000);
    assert.equal(server.asked.length + sockets.opened.length - 2, 2);
  });

  test("a server that says bye instead of anything else is left alone for as long as it asks", async () => {
    const connection = await polling();
    await clock.pass(1);
    const bye = { type: "bye", code: 4001, retry_after_ms: 5_000 };
    server.refusal = { status: 200, body: { frames: [bye] } };
    for (const end of server.held) end();
    await clock.pass(2_500);
    assert.equal(connection.status, "waiting");
    assert.equal(connection.reloads, 0);
    server.refusal = null;
    await clock.pass(6_000);
    assert.equal(connection.status, "open");
  });

  test("a session that is gone is authorised anew", async () => {
    const connection = await polling();
    let asked = 0;
    connection.authorise = async () => (asked++, "ticket");
    server.refusal = { status: 401 };
    connection.post("send", { text: "hello" }, "c");
    await clock.pass(1);
    server.refusal = null;
    await clock.pass(1_000);
    assert.ok(asked >= 1);
  });

  test("a message whose answer is lost is sent again and is one message", async () => {
    const connection = await polling();
    connection.post("send", { text: "hello" }, "c");
    await settled();
    server.refusal = { status: 502 };
    connection.post("send", { text: "again" }, "c");
    await clock.pass(1);
    server.refusal = null;
    await clock.pass(3_000);
    assert.deepEqual(server.events.map(({ seq }) => seq), [1, 2]);
    assert.deepEqual(connection.seen, [1, 2]);
    assert.equal(connection.outbox.entries.length, 0);
    assert.equal(new Set(server.posted.map(({ cid }) => cid)).size, 2);
  });

  test("a message that fits nowhere is told to whoever wrote it", async () => {
    const connection = await polling();
    server.refusal = { status: 413 };
    const cid = connection.post("send", { text: "x" }, "c");
    await clock.pass(1);
    assert.equal(connection.outbox.find(cid).failed, "too_large");
  });

  test("what is only a hint is not worth a request, but for typing", async () => {
    const connection = await polling();
    connection.hint({ type: "read", conversation: "c", seq: 1 });
    connection.hint({ type: "typing", conversation: "c", on: true });
    await clock.pass(30_000);
    assert.deepEqual(server.posted.map(({ type }) => type), ["typing"]);
  });

  test("a page that is left takes its poll along", async () => {
    const connection = await polling();
    await clock.pass(1);
    assert.equal(server.held.size, 1);
    connection.stop();
    await clock.pass(HOUR);
    assert.equal(server.held.size, 0);
  });
});

describe("somebody looks at the page again", () => {
  test("a socket that says nothing to that was dead", async () => {
    const connection = connect();
    await settled();
    sockets.last().accept([{ conversation: "c", epoch: "e1", head: 0, resumed: true }]);
    await clock.pass(10_000);
    connection.wake();
    assert.deepEqual(sockets.last().frames("sync").map(({ since }) => since), [0]);
    await clock.pass(4_001);
    assert.equal(sockets.opened.length, 2);
  });

  test("one that answers stays", async () => {
    const connection = connect();
    await settled();
    sockets.last().accept([{ conversation: "c", epoch: "e1", head: 0, resumed: true }]);
    await clock.pass(10_000);
    connection.wake();
    sockets.last().say({ type: "ack", ref: sockets.last().frames("sync")[0].id, conversation: "c", seq: 0 });
    connection.wake();
    await clock.pass(5_000);
    assert.equal(sockets.opened.length, 1);
    assert.equal(sockets.last().frames("sync").length, 1);
  });
});
