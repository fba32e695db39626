import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

import { Commands } from "../../../bot/web/static/commands.js";
import { api, door, HttpError, logIn, logOut, whoAmI } from "../../../bot/web/static/console-http.js";
import { Connection } from "../../../bot/web/static/socket.js";
import { FakeClock, fakeSockets, memoryStorage, settled } from "./world.mjs";

let clock, sockets, storage;

beforeEach(() => {
  clock = new FakeClock();
  sockets = fakeSockets();
  storage = memoryStorage();
});

function connect(options = {}) {
  const world = { url: "ws://shop/v1/console/socket", storage, clock, WebSocket: sockets.FakeSocket };
  return new Connection({ ...world, authorise: async () => "ticket", ...options });
}

async function opened(options) {
  const connection = connect(options);
  connection.start();
  await settled();
  sockets.last().accept();
  return connection;
}

const sent = (type) => sockets.opened.flatMap((socket) => socket.frames(type));
const answer = (fields) => sockets.last().say({ ref: sent("claim").at(-1).id, conversation: "c", ...fields });

describe("a command", () => {
  const claim = { type: "claim", conversation: "c", expect_version: 3 };

  test("is done once, with the version that was seen", async () => {
    const done = new Commands({ connection: await opened(), clock }).run(claim);
    await settled();
    answer({ type: "ack", seq: 4, duplicate: false });
    assert.equal((await done).seq, 4);
    assert.equal(sent("claim").length, 1);
    assert.equal(sent("claim")[0].expect_version, 3);
  });

  test("has a cid of its own, though it is the same command", async () => {
    const commands = new Commands({ connection: await opened(), clock });
    commands.run(claim);
    commands.run(claim);
    await settled();
    assert.equal(new Set(sent("claim").map(({ cid }) => cid)).size, 2);
  });

  test("whose ack got lost is repeated with the same cid, over the next connection", async () => {
    const late = [];
    const done = new Commands({ connection: await opened(), clock }).run(claim, () => late.push("late"));
    await settled();
    sockets.last().drop();
    await clock.pass(1_000);
    sockets.last().accept();
    await clock.pass(1_000);
    const [first, second] = sent("claim");
    assert.equal(first.cid, second.cid);
    assert.notEqual(first.id, second.id);
    assert.ok(late.length > 0);
    answer({ type: "ack", seq: 4, duplicate: true });
    assert.equal((await done).duplicate, true);
  });

  test("that nobody answers is repeated after ten seconds, and given up in the end", async () => {
    const done = new Commands({ connection: await opened(), clock }).run(claim);
    const failed = assert.rejects(done);
    for (let second = 0; second < 200; second++) {
      sockets.last().say({ type: "ping", n: second, heads: {} });
      await clock.pass(1_000);
    }
    await failed;
    assert.equal(new Set(sent("claim").map(({ cid }) => cid)).size, 1);
    assert.equal(sent("claim").length, 9);
  });

  test("that is refused says why, and is not repeated", async () => {
    const done = new Commands({ connection: await opened(), clock }).run(claim);
    await settled();
    answer({ type: "error", code: "conflict", why: "holder", retry: false });
    await assert.rejects(done, { code: "conflict", why: "holder" });
    await clock.pass(60_000);
    assert.equal(sent("claim").length, 1);
  });

  test("waits as long as a busy server asks", async () => {
    new Commands({ connection: await opened(), clock }).run(claim);
    await settled();
    answer({ type: "error", code: "storage_unavailable", retry: true, after_ms: 5_000 });
    await clock.pass(4_900);
    assert.equal(sent("claim").length, 1);
    await clock.pass(200);
    assert.equal(sent("claim").length, 2);
  });

  test("given without a connection is done when there is one", async () => {
    const connection = connect();
    new Commands({ connection, clock }).run(claim);
    await settled();
    assert.equal(connection.status, "connecting");
    sockets.last().accept();
    await settled();
    assert.equal(sent("claim").length, 1);
  });
});

describe("the connection of an agent", () => {
  test("says in its hello where the inbox stands, each time anew", async () => {
    let position = 7;
    const connection = await opened({ greeting: () => ({ inbox: { epoch: "f", position } }) });
    position = 9;
    sockets.last().drop();
    await clock.pass(1_000);
    sockets.last().accept();
    const hellos = sent("hello").map(({ inbox }) => inbox);
    assert.deepEqual(hellos, [{ epoch: "f", position: 7 }, { epoch: "f", position: 9 }]);
    assert.ok(connection.isOpen);
  });

  test("sends what was written in a conversation that is not looked at any more", async () => {
    const connection = connect();
    connection.follow("c");
    connection.post("send", { text: "Hello" }, "c");
    connection.forget("c", false);
    await settled();
    sockets.last().accept();
    assert.deepEqual(sent("send").map(({ conversation, text }) => [conversation, text]), [["c", "Hello"]]);
    assert.deepEqual(sent("hello")[0].resume, []);
  });
});

describe("asking by HTTP", () => {
  let asked;

  const served = (...answers) => {
    asked = [];
    globalThis.fetch = async (path, options) => {
      asked.push({ path, ...options });
      const [status, body] = answers.shift() ?? [500, null];
      if (status === 0) throw new TypeError("failed to fetch");
      return new Response(status === 204 ? null : JSON.stringify(body), { status });
    };
  };

  test("carries the newest token, and only where something may change", async () => {
    served([200, { csrf: "one" }], [200, { rows: [] }], [204]);
    await whoAmI();
    await api("GET", "conversations?view=waiting");
    assert.equal(await api("POST", "answers/x/dismiss", {}), null);
    assert.deepEqual(asked.map(({ path }) => path.replace("/v1/console/", "")), [
      "me", "conversations?view=waiting", "answers/x/dismiss",
    ]); // prettier-ignore
    assert.deepEqual(asked.map(({ headers }) => headers["x-csrf-token"]), [undefined, undefined, "one"]);
    assert.ok(asked.every(({ credentials }) => credentials === "same-origin"));
  });

  test("logs in with the token that a stranger is given", async () => {
    served([401, { error: "unauthorized", csrf: "stranger" }], [200, { csrf: "mine", agent: { id: "a1" } }]);
    await assert.rejects(whoAmI(), { status: 401 });
    let told;
    door.addEventListener("in", (event) => (told = event.detail), { once: true });
    await logIn("sam", "secret");
    assert.equal(asked[1].headers["x-csrf-token"], "stranger");
    assert.equal(told.agent.id, "a1");
  });

  test("says what is the matter, in the server's words when it has some", async () => {
    const tooFast = [429, { error: "too_fast", after_ms: 42_000 }];
    served(tooFast, [422, { error: "bad_request", says: "No text." }], [500], [0]);
    await assert.rejects(logIn("sam", "x"), { status: 429, code: "too_fast", afterMs: 42_000 });
    await assert.rejects(api("POST", "answers", {}), { says: "No text." });
    await assert.rejects(api("GET", "agents"), { status: 500, code: "internal" });
    await assert.rejects(api("GET", "agents"), (error) => error instanceof HttpError && error.code === "offline");
  });

  test("tells the page when the session is over", async () => {
    let isOut = false;
    door.addEventListener("out", () => (isOut = true), { once: true });
    served([401, { error: "unauthorized", csrf: "next" }]);
    await assert.rejects(api("GET", "agents"), { status: 401 });
    assert.ok(isOut);
  });

  test("tries once more when another tab has logged in since, and not when the role forbids it", async () => {
    served([403, { error: "forbidden" }], [200, { csrf: "newer" }], [200, { ok: true }]);
    assert.deepEqual(await api("POST", "answers", {}), { ok: true });
    assert.equal(asked[2].headers["x-csrf-token"], "newer");
    served([403, { error: "forbidden" }], [200, { csrf: "newer" }]);
    await assert.rejects(api("POST", "answers", {}), { status: 403 });
    assert.equal(asked.length, 2);
  });

  test("logs out though the session was over already", async () => {
    served([401, { error: "unauthorized", csrf: "x" }], [0]);
    await logOut();
    await assert.rejects(logOut(), { code: "offline" });
  });
});
