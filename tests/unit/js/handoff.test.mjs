import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, mock, test } from "node:test";

import { addressOf } from "../../../bot/web/static/offer.js";
import { Place } from "../../../bot/web/static/place.js";
import { datesFor, textsFor } from "../../../bot/web/static/texts.js";
import { lineOf, statusAfter, Thread } from "../../../bot/web/static/thread.js";
import { Working } from "../../../bot/web/static/working.js";

const ASK = ["message.created", { text: "?" }, "customer"];
const WAIT = ["conversation.handed_off", { text: "A colleague comes." }];
const OFFER = ["conversation.handed_off", { text: "Nobody is here.", offer: "email" }];
const LEFT = ["conversation.email_left", { text: "We write to a@b.example.", email: "a@b.example" }, "customer"];
const claimed = (agent) => ["conversation.claimed", { text: `${agent} is here.`, agent }];

function play(...events) {
  const thread = new Thread();
  events.forEach(([kind, body, author = "system"], index) => thread.take({ seq: index + 1, kind, author, body }));
  return thread;
}

const holder = ({ status, agent }) => [status, agent];

describe("who has the conversation", () => {
  test("follows every step of the ladder", () => {
    const moved = ["conversation.transferred", { text: "", agent: "Noor" }];
    assert.deepEqual(holder(play(WAIT)), ["waiting", ""]);
    assert.deepEqual(holder(play(WAIT, claimed("Marieke"))), ["agent", "Marieke"]);
    assert.deepEqual(holder(play(WAIT, claimed("Marieke"), moved)), ["agent", "Noor"]);
    assert.deepEqual(holder(play(WAIT, claimed("Marieke"), ["conversation.requeued", {}])), ["waiting", ""]);
    assert.deepEqual(holder(play(WAIT, claimed("Marieke"), ["conversation.returned", {}])), ["bot", ""]);
    assert.deepEqual(holder(play(WAIT, ["conversation.closed", { by: "customer" }])), ["closed", ""]);
    assert.deepEqual(holder(play(["conversation.closed", {}], ["conversation.reopened", {}])), ["bot", ""]);
  });

  test("is not changed by what only agents may read, nor by kinds of a later day", () => {
    const thread = play(ASK, ["message.created", { answers: 1 }, "bot"], ASK);
    const before = structuredClone({ ...thread });
    const internal = ["conversation.updated", "conversation.tagged", "note.created"];
    const strange = [...internal, "conversation.merged", "x", undefined];
    for (const [index, kind] of strange.entries()) {
      thread.take({ seq: 4 + index, kind, author: "agent", body: { text: "secret", offer: "email", agent: "Eve" } });
    }
    thread.take({ seq: 10, kind: "conversation.updated", author: "system" });
    assert.deepEqual({ ...thread }, { ...before, head: 10 });
  });

  test("leaves the bot nothing to answer that was asked before or meanwhile", () => {
    assert.deepEqual(play(ASK, WAIT, ASK, claimed("Marieke"), ASK).questions, []);
    assert.deepEqual(play(ASK, WAIT, claimed("M"), ["conversation.returned", {}], ASK).questions, [5]);
  });
});

describe("the e-mail offer", () => {
  const stands = ({ offersEmail, email }) => [offersEmail, email];

  test("comes with a hand-off or a delay, and goes when somebody comes", () => {
    assert.deepEqual(stands(play(WAIT)), [false, ""]);
    assert.deepEqual(stands(play(OFFER)), [true, ""]);
    assert.deepEqual(stands(play(WAIT, ["conversation.delayed", { text: "", offer: "email" }])), [true, ""]);
    assert.deepEqual(stands(play(OFFER, claimed("Marieke"))), [false, ""]);
    assert.deepEqual(stands(play(OFFER, ["conversation.closed", {}])), [false, ""]);
  });

  test("remembers the address that was left last", () => {
    const again = ["conversation.email_left", { text: "", email: "c@d.example" }, "customer"];
    assert.deepEqual(stands(play(OFFER, LEFT, again)), [true, "c@d.example"]);
    assert.deepEqual(stands(play(OFFER, LEFT, claimed("M"), ["conversation.requeued", {}])), [false, "a@b.example"]);
  });

  test("takes an address however an input method wrote it", () => {
    assert.equal(addressOf(" anna＠example．com\u3000"), "anna@example.com");
    assert.equal(addressOf("anna@example。com"), "anna@example.com");
    assert.equal(addressOf(undefined), "");
  });
});

describe("lines", () => {
  const told = ["handed_off", "claimed", "transferred", "requeued", "returned", "closed", "delayed", "email_left"];

  test("are the event's own words, and none where the shop has none", () => {
    for (const name of told) {
      const kind = `conversation.${name}`;
      assert.equal(lineOf({ kind, body: { text: "Own words." } }, textsFor("en")), "Own words.");
      assert.equal(lineOf({ kind, body: { text: "" } }, textsFor("en")), "");
    }
  });

  test("of events without words are ours, in both languages", () => {
    for (const name of told) {
      const event = { kind: `conversation.${name}`, body: { agent: "Noor", email: "a@b.example" } };
      const [english, chinese] = ["en", "zh"].map((locale) => lineOf(event, textsFor(locale)));
      assert.match(english, /^[A-Z].*\.$/);
      assert.match(chinese, /\p{Script=Han}.*。$/u);
      const named = { claimed: "Noor", transferred: "Noor", email_left: "a@b.example" }[name] ?? "";
      assert.ok(english.includes(named) && chinese.includes(named));
    }
  });

  test("are not drawn for anything else", () => {
    const others = ["conversation.reopened", "conversation.updated", "note.created", "message.created", undefined];
    for (const kind of others) {
      assert.equal(lineOf({ kind, body: { text: "Not for you." } }, textsFor("en")), "");
      assert.equal(statusAfter(kind), kind === "conversation.reopened" ? "bot" : undefined);
    }
  });
});

describe("the badge", () => {
  test("counts replies and calls, not what only agents may read nor what was never shown", () => {
    const placeholder = ["conversation.updated", {}, "agent"];
    const hello = ["message.created", { text: "Hello", agent: "Marieke" }, "agent"];
    const silent = ["conversation.transferred", { text: "", agent: "Noor" }];
    const thread = play(ASK, WAIT, placeholder, claimed("Marieke"), placeholder, hello, silent);
    assert.deepEqual([thread.unread(0), thread.unread(2), thread.unread(4), thread.unread(6)], [3, 2, 1, 0]);
    assert.equal(play(OFFER, LEFT).unread(1), 0);
  });
});

describe("the place in line", () => {
  const NOW = new Date(2026, 2, 10, 18, 30); // a Tuesday
  const words = (frame, locale = "en", now = NOW) => {
    const place = new Place();
    if (frame) place.take({ open: true, wait_s: null, opens_at: null, ...frame });
    return place.words(textsFor(locale), datesFor(locale), now);
  };

  test("is told with the wait, in whole minutes that do not pretend to know better", () => {
    assert.equal(words({ position: 1, wait_s: 170 }), "You are next in line · about 3 minutes");
    assert.equal(words({ position: 2 }), "You are number 2 in line");
    assert.equal(words({ position: 3, wait_s: 20 }), "You are number 3 in line · about a minute");
    assert.equal(words({ position: 3, wait_s: 0 }), "You are number 3 in line · about a minute");
    assert.equal(words({ position: 9, wait_s: 1_000 }), "You are number 9 in line · about 20 minutes");
    assert.equal(words({ position: 40, wait_s: 7_000 }), "You are number 40 in line · about 2 hours");
    assert.equal(words({ position: 1, wait_s: 170 }, "zh"), "下一位就轮到您 · 预计等待约 3 分钟");
    assert.equal(words({ position: 3 }, "zh"), "您前面还有 2 位");
  });

  test("is when we are back, outside opening hours, in the customer's own time", () => {
    const back = (date, locale) => words({ position: 2, open: false, opens_at: date.toISOString() }, locale);
    assert.equal(back(new Date(2026, 2, 10, 20, 0)), "We are back today at 20:00");
    assert.equal(back(new Date(2026, 2, 11, 9, 0)), "We are back tomorrow at 9:00");
    assert.equal(back(new Date(2026, 2, 16, 9, 0)), "We are back on Monday at 9:00");
    assert.equal(back(new Date(2026, 2, 17, 8, 5)), "We are back on Tuesday 17 March at 8:05");
    assert.equal(back(new Date(2026, 2, 11, 9, 0), "zh"), "人工客服明天 9:00 上线");
  });

  test("promises no hour that has passed or was never said", () => {
    const away = "Nobody is here right now. You keep your place.";
    assert.equal(words({ position: 1, open: false }), away);
    assert.equal(words({ position: 1, open: false, opens_at: "soon" }), away);
    assert.equal(words({ position: 1, open: false, opens_at: new Date(2026, 2, 10, 9).toISOString() }), away);
  });

  test("makes no number of nonsense", () => {
    for (const frame of [null, { position: 0 }, { position: "2" }, { position: 1.5, wait_s: -3 }, { wait_s: "soon" }]) {
      assert.equal(words(frame), "You are in line");
    }
  });

  test("is said aloud when it begins, halves, comes to be next, and when we open or close", () => {
    const place = new Place();
    const news = (frame) => (place.take({ open: true, ...frame }), place.isNews());
    assert.equal(new Place().isNews(), false);
    const heard = [9, 9, 8, 7, 5, 4, 3, 2, 1, 1].map((position) => news({ position }));
    assert.deepEqual(heard, [true, false, false, false, false, true, false, true, true, false]);
    assert.deepEqual([news({ position: 1, open: false }), news({ position: 1, open: false })], [true, false]);
    assert.equal(news({ position: 1 }), true);
    place.clear();
    assert.deepEqual([place.isNews(), news({ position: 3 })], [false, true]);
  });
});

describe("the dots", () => {
  beforeEach(() => mock.timers.enable({ apis: ["setTimeout"] }));
  afterEach(() => mock.timers.reset());

  function watched(...events) {
    const log = {
      shown: "",
      hasDraft: () => false,
      showWorking: (words) => (log.shown = words),
      hideWorking: () => (log.shown = ""),
    };
    const thread = play(...events);
    const working = new Working({ texts: textsFor("en"), log, thread, connection: { isOpen: true } });
    const seen = (ms) => (working.draw(), mock.timers.tick(ms), log.shown);
    return { log, thread, working, seen };
  }

  test("of the bot come after a moment, and end when it takes too long", () => {
    const { seen } = watched(ASK);
    assert.equal(seen(200), "");
    assert.equal(seen(200), "Looking in our help pages");
    assert.equal(seen(60_000), "");
    assert.equal(seen(10_000), "");
  });

  test("are never the bot's while people have the conversation", () => {
    for (const events of [[ASK, WAIT], [ASK, WAIT, ASK], [ASK, WAIT, claimed("Marieke"), ASK]]) {
      const { seen, working } = watched(...events);
      working.heard({ author: "bot", on: true });
      assert.equal(seen(5_000), "");
    }
  });

  test("of an agent bear the name, end by themselves, and come back after a message", () => {
    const { seen, working, log } = watched(WAIT, claimed("Marieke"));
    working.heard({ author: "agent", on: true });
    assert.equal(log.shown, "Marieke is writing");
    working.done(); // the message is here
    assert.equal(seen(0), "");
    working.heard({ author: "agent", on: true });
    assert.equal(seen(7_000), "Marieke is writing");
    assert.equal(seen(1_000), "");
  });

  test("of an agent are not shown before the claim, nor the customer's own", () => {
    const { seen, working } = watched(WAIT);
    working.heard({ author: "agent", on: true });
    assert.equal(seen(0), "");
    const { working: other, seen: saw } = watched(WAIT, claimed("Marieke"));
    other.heard({ author: "customer", on: true });
    assert.equal(saw(0), "");
  });
});
