import assert from "node:assert/strict";
import { describe, test } from "node:test";

import { Host } from "../../../bot/web/static/host.js";
import { contrast, inkOf, isColour, textOn } from "../../../bot/web/static/look.js";
import { marker } from "../../../bot/web/static/marks.js";
import { storageOr } from "../../../bot/web/static/outbox.js";
import { Session, subjectOf } from "../../../bot/web/static/session.js";
import { datesFor, localeOf, textsFor } from "../../../bot/web/static/texts.js";
import { Thread } from "../../../bot/web/static/thread.js";
import { memoryStorage } from "./world.mjs";

describe("the accent", () => {
  const colours = Array.from({ length: 216 }, (_, index) => {
    const steps = [index % 6, Math.floor(index / 6) % 6, Math.floor(index / 36)];
    return `#${steps.map((step) => (step * 3).toString(16)).join("")}`;
  });

  test("always carries text that can be read", () => {
    for (const colour of colours) assert.ok(contrast(textOn(colour), colour) >= 4.5, colour);
  });

  test("as text can be read on paper, light and dark", () => {
    for (const colour of colours) {
      assert.ok(contrast(inkOf(colour, "light"), "#ffffff") >= 4.5, colour);
      assert.ok(contrast(inkOf(colour, "dark"), "#161a18") >= 4.5, colour);
    }
  });

  test("is a colour and nothing else", () => {
    assert.ok(isColour("#1f6f54") && isColour("#ABC"));
    for (const wrong of ["red", "#12345", "url(x)", "#fff;background:url(x)", "", undefined]) {
      assert.ok(!isColour(wrong), String(wrong));
    }
  });
});

describe("marks", () => {
  const marked = (reply, passage) => marker(reply)(passage).filter(([, isMarked]) => isMarked).map(([part]) => part);

  test("show the words of the passage that the reply used", () => {
    const passage = "Returns are free in our stores. The refund takes 5 business days after we checked the parcel.";
    assert.deepEqual(marked("You have your refund 5 business days after that.", passage), ["5 business days after"]);
  });

  test("need two words in a row, a figure or a long word", () => {
    assert.deepEqual(marked("The tent costs €349 and is waterproof.", "A tent. It is waterproof. Price: 349."), [
      "is waterproof",
      "349",
    ]);
  });

  test("leave out small words that stand alone", () => {
    assert.deepEqual(marked("It is for you and the dog.", "This is what the others are for."), []);
  });

  test("go by pairs of characters in Chinese", () => {
    assert.deepEqual(marked("标准配送需要两天", "我们的标准配送很快"), ["标准配送"]);
  });

  test("lose nothing of the passage", () => {
    const passage = "Free  from €75,\tin 2–4 days; 满 75 欧元免运费。🏔 End";
    assert.equal(marker("free from 75 days 欧元免运费")(passage).map(([part]) => part).join(""), passage);
  });
});

describe("a session", () => {
  const answer = (status, body, headers = {}) => new Response(JSON.stringify(body), { status, headers });
  const begun = (secret) => answer(201, { session: secret, conversation: `of-${secret}`, epoch: "e" });

  function served(answers, about = {}) {
    const asked = [];
    const fetch = async (path, options) => {
      asked.push({ path, ...options });
      return answers.shift();
    };
    const told = { locale: "en", page: "p", ...about };
    return { session: new Session({ storage: memoryStorage(), about: () => told, fetch }), asked };
  }

  test("is started once and kept", async () => {
    const { session, asked } = served([begun("s"), answer(200, { ticket: "t1" }), answer(200, { ticket: "t2" })]);
    assert.equal((await session.ticket()).ticket, "t1");
    assert.equal((await session.ticket()).session.conversation, "of-s");
    assert.deepEqual(asked.map(({ path }) => path), ["/v1/session", "/v1/ticket", "/v1/ticket"]);
    assert.equal(asked[1].headers.Authorization, "Bearer s");
  });

  test("that the server forgot is replaced", async () => {
    const { session } = served([begun("old"), answer(401, {}), begun("new"), answer(200, { ticket: "t" })]);
    assert.equal((await session.ticket()).session.secret, "new");
    assert.equal(session.current.secret, "new");
  });

  test("goes on without a signed identity that is not valid", async () => {
    const answers = [answer(400, {}), begun("s"), answer(200, { ticket: "t" })];
    const { session, asked } = served(answers, { user_token: "bad" });
    await session.ticket();
    assert.equal(JSON.parse(asked[1].body).user_token, undefined);
  });

  test("says how long the server wants to be left alone", async () => {
    const { session } = served([answer(429, {}, { "Retry-After": "7" })]);
    await assert.rejects(session.ticket(), { status: 429, retryAfter: 7_000 });
  });

  test("knows whom a token is about, and what is no token", () => {
    const claims = btoa(JSON.stringify({ external_user_id: "c-42" })).replace(/=+$/, "");
    assert.equal(subjectOf(`x.${claims}.y`), "c-42");
    assert.deepEqual([subjectOf("nonsense"), subjectOf(undefined)], ["", ""]);
  });

  test("lives in memory where the browser forbids storage", () => {
    const storage = storageOr(() => {
      throw new Error("SecurityError");
    });
    storage.setItem("a", 1);
    assert.equal(storage.getItem("a"), "1");
  });
});

describe("the thread", () => {
  const play = (...events) => {
    const thread = new Thread();
    events.forEach(([kind, author, body = {}], index) => thread.take({ seq: index + 1, kind, author, body }));
    return thread;
  };

  test("knows which questions the bot still owes a reply", () => {
    const ask = ["message.created", "customer", { text: "?" }];
    assert.deepEqual(play(ask, ask, ["message.created", "bot", { answers: 1 }]).questions, [2]);
    assert.deepEqual(play(ask, ["conversation.handed_off", "system"], ask).questions, []);
  });

  test("knows who holds the conversation", () => {
    const waiting = ["conversation.handed_off", "system"];
    const claimed = play(waiting, ["conversation.claimed", "system", { agent: "Marieke" }]);
    assert.deepEqual([claimed.status, claimed.agent], ["agent", "Marieke"]);
    claimed.take({ seq: 3, kind: "conversation.returned", author: "system", body: {} });
    assert.deepEqual([claimed.status, claimed.agent], ["bot", ""]);
  });

  test("counts as unread what was said to the customer", () => {
    const question = ["message.created", "customer"];
    const thread = play(question, ["message.created", "bot", { answers: 1 }], ["conversation.closed", "system"]);
    assert.deepEqual([thread.unread(0), thread.unread(2)], [1, 0]);
  });

  test("keeps the thumbs, and does not take an unknown kind amiss", () => {
    const thumb = ["conversation.rated", "customer", { score: 5, about: 1 }];
    const thread = play(["message.created", "bot"], thumb, ["some.thing", "system"]);
    assert.equal(thread.scores.get(1), 5);
    assert.equal(thread.head, 3);
  });
});

describe("the host", () => {
  function framed(origin) {
    const posted = [];
    const parent = { postMessage: (data, target) => posted.push({ data, target }) };
    let receive;
    const window = { parent, addEventListener: (_, listener) => (receive = listener) };
    const host = new Host(origin, { window });
    return { host, parent, posted, receive: (event) => receive(event) };
  }

  test("is only told what the shop's own window says, from the shop's own origin", () => {
    const { host, parent, receive } = framed("https://shop.example");
    const heard = [];
    host.on("reset", (data) => heard.push(data));
    receive({ source: {}, origin: "https://shop.example", data: { answerdesk: "reset" } });
    receive({ source: parent, origin: "https://evil.example", data: { answerdesk: "reset" } });
    receive({ source: parent, origin: "https://shop.example", data: null });
    assert.deepEqual(heard, []);
    receive({ source: parent, origin: "https://shop.example", data: { answerdesk: "reset" } });
    assert.equal(heard.length, 1);
  });

  test("names the shop's origin in whatever it says", () => {
    const { host, posted } = framed("https://shop.example");
    host.tell("unread", { count: 2 });
    assert.deepEqual(posted, [{ data: { count: 2, answerdesk: "unread" }, target: "https://shop.example" }]);
  });
});

describe("words", () => {
  test("are there in both languages, the same ones", () => {
    assert.deepEqual(Object.keys(textsFor("zh")), Object.keys(textsFor("en")));
    assert.deepEqual(["zh-Hans-CN", "ZH", "fr", undefined].map(localeOf), ["zh", "zh", "en", "en"]);
  });

  test("name today and yesterday, and the day before those", () => {
    const now = new Date(2026, 2, 10, 0, 30);
    const dates = datesFor("en");
    assert.equal(dates.day(new Date(2026, 2, 10, 0, 5), now), "Today");
    assert.equal(dates.day(new Date(2026, 2, 9, 23, 55), now), "Yesterday");
    assert.equal(dates.day(new Date(2026, 2, 8), now), "Sunday 8 March");
  });
});
