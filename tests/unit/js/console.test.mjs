import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

import { allowed, troubleWords } from "../../../bot/web/static/allowed.js";
import { asked, filled, fitting, put } from "../../../bot/web/static/canned.js";
import { textsFor } from "../../../bot/web/static/console-texts.js";
import { newer, rowAfter } from "../../../bot/web/static/detail.js";
import { Inbox } from "../../../bot/web/static/inbox.js";
import { actionOf } from "../../../bot/web/static/keys.js";
import { ReadMarks } from "../../../bot/web/static/read-marks.js";
import { Typed } from "../../../bot/web/static/typed.js";
import { memoryStorage } from "./world.mjs";

const ME = "a1";
const at = (minute) => `2026-03-10T10:${String(minute).padStart(2, "0")}:00+00:00`;

function row(changes = {}) {
  return {
    conversation: "c", seq: 1, status: "bot", version: 0, head: 0, epoch: "e", name: "Visitor 7F3A", verified: false,
    language: "en", reason: "", tags: [], agent: null, waiting_since: null, owed_since: null, queue_at: null,
    first_in_line: false, email: "", page: "", last: null, asked: 0, created_at: at(0), updated_at: at(0),
    score: null, ...changes,
  };
}

/** The row after these events, each [kind, author, body]; the server's `version` is counted by us. */
function play(...events) {
  return events.reduce((known, [kind, author, body = {}], index) => {
    return rowAfter(known, { conversation: "c", seq: known.head + 1, kind, author, body, at: at(index + 1) });
  }, row());
}

const ask = ["message.created", "customer", { text: "Where is my order?" }];
const handOff = ["conversation.handed_off", "system", { text: "", reason: "no_answer" }];
const claim = ["conversation.claimed", "system", { text: "", agent: "Sam", agent_id: ME }];
const say = ["message.created", "agent", { text: "Let me look.", agent: "Sam" }];

describe("a row after an event", () => {
  test("has what was said last, and who waits", () => {
    const known = play(ask);
    assert.deepEqual(known.last, { author: "customer", text: "Where is my order?", at: at(1), seq: 1 });
    assert.deepEqual([known.asked, known.head, known.updated_at, known.owed_since], [1, 1, at(1), null]);
  });

  test("waits in line from the hand-off, with its reason", () => {
    const known = play(ask, handOff);
    assert.deepEqual([known.status, known.reason, known.waiting_since], ["waiting", "no_answer", at(2)]);
  });

  test("is owed a reply by whoever claims it, until they write", () => {
    const { agent, owed_since: owed, waiting_since: waiting } = play(ask, handOff, claim);
    assert.deepEqual([agent, owed, waiting], [{ id: ME, name: "Sam" }, at(3), null]);
    assert.equal(play(ask, handOff, claim, say).owed_since, null);
    assert.equal(play(ask, handOff, claim, say, ask, ask).owed_since, at(5));
  });

  test("claimed from under the bot is owed a reply only when the customer spoke last", () => {
    const answer = ["message.created", "bot", { text: "Soon.", answers: 1 }];
    assert.equal(play(ask, answer, claim).owed_since, null);
    assert.equal(play(ask, claim).owed_since, at(2));
  });

  test("transferred gives the next agent the whole time, and only when something is owed", () => {
    const transfer = ["conversation.transferred", "system", { agent: "Mei", agent_id: "a2", from: "Sam" }];
    assert.deepEqual(play(ask, handOff, claim, transfer).agent, { id: "a2", name: "Mei" });
    assert.equal(play(ask, handOff, claim, transfer).owed_since, at(4));
    assert.equal(play(ask, handOff, claim, say, transfer).owed_since, null);
  });

  test("stands in line from when it came, and earlier when it is urgent", () => {
    const off = (reason, moment) => {
      const body = { reason };
      return rowAfter(row(), { seq: 1, kind: "conversation.handed_off", author: "system", at: moment, body }).queue_at;
    };
    assert.equal(off("no_answer", "2026-03-10T10:05:00+00:00"), "2026-03-10T10:05:00+00:00");
    assert.equal(off("angry", "2026-03-10T10:05:00.123456+00:00"), "2026-03-10T09:55:00.123456+00:00");
    assert.equal(off("asked_for_person", "2026-03-01T00:01:30.5+00:00"), "2026-02-28T23:59:30.5+00:00");
  });

  test("put back in line stands first in it", () => {
    const back = ["conversation.requeued", "system", { why: "silent", agent: "Sam" }];
    const known = play(ask, handOff, claim, back);
    assert.deepEqual([known.status, known.agent, known.first_in_line], ["waiting", null, true]);
    assert.deepEqual([known.waiting_since, known.queue_at], [at(4), "2025-02-03T10:04:00+00:00"]);
    assert.equal(play(ask, handOff, claim, back, claim).first_in_line, false);
  });

  test("returned, closed and reopened belongs to nobody", () => {
    const returned = play(ask, handOff, claim, ["conversation.returned", "system"]);
    assert.deepEqual([returned.status, returned.agent, returned.owed_since], ["bot", null, null]);
    const score = ["conversation.rated", "customer", { score: 4, about: null }];
    const closed = play(ask, handOff, claim, ["conversation.closed", "system", { by: "agent" }], score);
    assert.deepEqual([closed.status, closed.score, closed.reason], ["closed", 4, "no_answer"]);
    const reopened = rowAfter(closed, { seq: 6, kind: "conversation.reopened", author: "system", at: at(6) });
    assert.deepEqual([reopened.status, reopened.score, reopened.reason], ["bot", null, ""]);
  });

  test("keeps tags, e-mail, language, and a thumb is no score of the whole", () => {
    const known = play(
      ["message.created", "customer", { text: "请问几天能到", language: "zh" }],
      ["conversation.tagged", "agent", { tags: ["vip"] }],
      ["conversation.email_left", "customer", { email: "a@b.example" }],
      ["conversation.rated", "customer", { score: 1, about: 1 }],
    );
    assert.deepEqual([known.language, known.tags, known.email, known.score], ["zh", ["vip"], "a@b.example", null]);
  });

  test("counts changes of hands as versions, not talk, notes, tags or ratings", () => {
    const asides = [
      ["note.created", "agent", { text: "psst" }],
      ["conversation.tagged", "agent", { tags: ["vip"] }],
      ["conversation.rated", "customer", { score: 2 }],
    ];
    assert.equal(play(ask, handOff, ask, ...asides, claim, say).version, 2);
    const said = { seq: 1, kind: "message.created", author: "customer", body: { text: "?" } };
    assert.equal(rowAfter(row(), { ...said, version: 7 }).version, 7);
  });

  test("does not change the row it was given, nor go back", () => {
    const before = Object.freeze(play(ask));
    assert.notEqual(rowAfter(before, { seq: 2, kind: "conversation.closed", at: at(2), body: {} }), before);
    assert.equal(rowAfter(before, { seq: 1, kind: "conversation.closed", at: at(2), body: {} }), before);
  });

  test("is still right about an event it does not know", () => {
    const known = play(ask, ["conversation.merged", "system"], ["brand.new", "system"]);
    assert.deepEqual([known.status, known.head], ["bot", 3]);
  });

  test("shows two hundred characters of the last message, none of them cut in half", () => {
    const known = play(["message.created", "customer", { text: "🏔".repeat(300) }]);
    assert.equal(known.last.text, "🏔".repeat(200));
  });

  test("gives way to a newer one, and not to an older one", () => {
    const known = row({ head: 5, seq: 9 });
    assert.equal(newer(known, row({ head: 4, seq: 12 })), known);
    assert.equal(newer(known, row({ head: 5, seq: 10 })).seq, 10);
    assert.equal(newer(known, row({ head: 1, seq: 1, epoch: "restored" })).epoch, "restored");
  });
});

describe("the inbox", () => {
  let inbox;
  const waiting = (conversation, minute, more = {}) => {
    return row({ conversation, status: "waiting", waiting_since: at(minute), updated_at: at(minute), ...more });
  };
  const ids = () => inbox.shown.map(({ conversation }) => conversation);
  const page = (rows, more = {}) => inbox.page({ rows, next: null, counts: {}, epoch: "f", position: 10, ...more });
  const frame = (rows, more = {}) => inbox.feed({ epoch: "f", position: 11, rows, counts: { waiting: 9 }, ...more });

  beforeEach(() => {
    inbox = new Inbox(ME);
  });

  test("shows who waits in the order of the line", () => {
    const placed = (conversation, minute, place) => waiting(conversation, minute, { queue_at: place });
    page([placed("plain", 10, at(10)), placed("angry", 15, at(5)), placed("later", 12, at(12))]);
    frame([placed("back", 30, "2025-02-03T10:30:00+00:00"), waiting("unplaced", 11)]);
    assert.deepEqual(ids(), ["back", "angry", "plain", "unplaced", "later"]);
  });

  test("moves a row to where it belongs as it changes", () => {
    page([waiting("one", 1), waiting("two", 2)]);
    frame([row({ conversation: "one", status: "agent", agent: { id: ME, name: "Sam" }, head: 3 })]);
    assert.deepEqual(ids(), ["two"]);
    inbox.show("mine");
    assert.deepEqual(ids(), ["one"]);
    inbox.heard({ conversation: "one", seq: 4, kind: "conversation.closed", at: at(5), body: {} });
    assert.deepEqual(ids(), []);
    inbox.show("closed");
    assert.deepEqual(ids(), ["one"]);
  });

  test("puts whoever waits for me before whoever does not", () => {
    const agent = { id: ME, name: "Sam" };
    const mine = (conversation, more) => row({ conversation, status: "agent", agent, ...more });
    inbox.show("mine");
    page([mine("quiet", { updated_at: at(50) }), mine("long", { owed_since: at(3) })]);
    frame([mine("longer", { owed_since: at(1) })]);
    assert.deepEqual(ids(), ["longer", "long", "quiet"]);
  });

  test("passes only what the filters ask for", () => {
    inbox.show("all", { filters: { reason: "angry", tag: "vip" } });
    page([]);
    frame([waiting("yes", 1, { reason: "angry", tags: ["vip", "x"] }), waiting("no", 2, { reason: "angry" })]);
    assert.deepEqual(ids(), ["yes"]);
    assert.match(inbox.path, /view=all&reason=angry&tag=vip$/);
  });

  test("shows what a search found and nothing that comes by itself", () => {
    inbox.show("all", { q: "tent & pole" });
    page([waiting("found", 1)]);
    frame([waiting("new", 2)]);
    assert.deepEqual(ids(), ["found"]);
    assert.equal(new URLSearchParams(inbox.path.split("?")[1]).get("q"), "tent & pole");
  });

  test("leaves out what comes with a later page, until that page is here", () => {
    const changed = (conversation, minute) => row({ conversation, updated_at: at(minute) });
    inbox.show("all");
    page([changed("new", 9), changed("mid", 5)], { next: "x" });
    frame([changed("old", 1), changed("newest", 10)]);
    assert.deepEqual(ids(), ["newest", "new", "mid"]);
    assert.match(inbox.path, /before=x/);
    page([changed("old", 1)]);
    assert.deepEqual(ids(), ["newest", "new", "mid", "old"]);
  });

  test("tells the feed where it stands, and never goes back", () => {
    page([]);
    frame([], { position: 20 });
    frame([], { position: 15 });
    page([], { position: 40 }); // one list by HTTP says nothing about the others
    assert.deepEqual(inbox.at, { epoch: "f", position: 20 });
    assert.equal(inbox.counts.waiting, undefined);
  });

  test("names what a frame changed, and nothing it knew already", () => {
    page([waiting("a", 1, { head: 3, seq: 5 })]);
    const changes = frame([waiting("a", 1, { head: 2, seq: 4 }), waiting("b", 2)]);
    assert.deepEqual(changes.map(([before, { conversation }]) => [before, conversation]), [[undefined, "b"]]);
  });

  test("starts anew when the server could not tell all, and keeps what is open until it comes", () => {
    page([waiting("open", 1), waiting("other", 2)]);
    assert.equal(frame([], { reset: true }), null);
    assert.equal(frame([], { epoch: "restored" }), null);
    inbox.forget("open");
    assert.deepEqual([...inbox.rows.keys()], ["open"]);
    assert.equal(inbox.at, null);
  });
});

describe("read marks", () => {
  const of = (asked, epoch = "e") => ({ conversation: "c", epoch, asked });

  test("count what the customer wrote since, one by one as it comes", () => {
    const marks = new ReadMarks(memoryStorage(), "k");
    assert.equal(marks.unread(of(3)), 1); // at least one: how many is not in the row
    marks.read("c", "e", 4);
    assert.equal(marks.unread(of(3)), 0);
    marks.came(of(6));
    marks.came(of(6));
    marks.came(of(7));
    assert.equal(marks.unread(of(7)), 2);
    marks.read("c", "e", 7);
    assert.equal(marks.unread(of(7)), 0);
  });

  test("outlive a reload, and are nothing to another epoch", () => {
    const storage = memoryStorage();
    new ReadMarks(storage, "k").read("c", "e", 4);
    assert.equal(new ReadMarks(storage, "k").unread(of(4)), 0);
    assert.equal(new ReadMarks(storage, "k").unread(of(4, "restored")), 1);
    storage.setItem("k", "not JSON");
    assert.equal(new ReadMarks(storage, "k").unread(of(4)), 1);
  });

  test("forget the oldest conversation, not the one that is read", () => {
    const storage = memoryStorage();
    const marks = new ReadMarks(storage, "k");
    for (let index = 0; index < 500; index++) marks.read(`c${index}`, "e", 9);
    marks.read("c0", "e", 10);
    marks.read("one too many", "e", 9);
    const again = new ReadMarks(storage, "k");
    const unread = (conversation) => again.unread({ conversation, epoch: "e", asked: 9 });
    assert.deepEqual(["c0", "c1", "c499", "one too many"].map(unread), [0, 1, 0, 0]);
  });
});

describe("canned replies", () => {
  const CANNED = [
    { shortcut: "hi", title: "Greeting", text: "Hello {customer}", language: "en" },
    { shortcut: "high", title: "High season", text: "We are busy.", language: "en" },
    { shortcut: "nihao", title: "问候", text: "您好，{customer}", language: "zh" },
  ];

  test("are asked for by a slash at the beginning of a word", () => {
    assert.equal(asked("/hi", 3), "hi");
    assert.equal(asked("Hello\n/", 7), "");
    for (const text of ["and/or", "https://x", "a / b", "hi"]) assert.equal(asked(text, text.length), null, text);
  });

  test("are found by shortcut, then title, then text, the customer's language first", () => {
    assert.deepEqual(fitting(CANNED, "hi", "en").map(({ shortcut }) => shortcut), ["hi", "high"]);
    assert.deepEqual(fitting(CANNED, "", "zh")[0].shortcut, "nihao");
    assert.deepEqual(fitting(CANNED, "BUSY", "en").map(({ shortcut }) => shortcut), ["high"]);
    assert.deepEqual(fitting(CANNED, "refund", "en"), []);
  });

  test("take the place of what was typed, with their names filled in", () => {
    const names = { customer: "Anna", agent: "", shop: "$& Shop" };
    assert.equal(filled("{customer}, {shop}, {agent}, {other}", names), "Anna, $& Shop, {agent}, {other}");
    assert.deepEqual(put("Well /hi there", 8, "Hello"), { text: "Well Hello there", caret: 10 });
  });
});

describe("keys", () => {
  const press = (key, place = {}, more = {}) => actionOf({ key, ...more }, place);

  test("act on the page, in either case of letter", () => {
    const pairs = { j: "next", K: "previous", c: "claim", r: "reply", "?": "help", 3: "all", Escape: "back" };
    for (const [key, action] of Object.entries(pairs)) assert.equal(press(key), action);
    assert.equal(press("z"), "");
  });

  test("never act while somebody types, or composes a character", () => {
    for (const key of ["j", "c", "e", "/", "?", "Enter"]) assert.equal(press(key, { isField: true }), "");
    assert.equal(press("Escape", { isField: true }), "leave");
    for (const more of [{ isComposing: true }, { keyCode: 229 }, { ctrlKey: true }, { metaKey: true }]) {
      assert.equal(press("c", {}, more), "", JSON.stringify(more));
    }
  });

  test("leave a control its own keys", () => {
    assert.equal(press("Enter", { isControl: true }), "");
    assert.equal(press("ArrowDown"), "");
    assert.equal(press("ArrowDown", { isControl: true, isRow: true }), "next");
  });
});

describe("what an agent may do", () => {
  const me = (...actions) => ({ agent: { id: ME }, actions: ["read", ...actions] });
  const agent = me("claim", "reply");
  const supervisor = me("claim", "reply", "overrule");
  const held = (id) => row({ status: "agent", agent: { id, name: "x" } });
  const can = (known, who) => [...allowed(known, who)].sort().join(" ");

  test("follows from who holds it", () => {
    assert.equal(can(row({ status: "waiting" }), agent), "claim close note return send tag");
    assert.equal(can(row(), agent), "claim close note send tag");
    assert.equal(can(held(ME), agent), "close note return send tag transfer");
    assert.equal(can(held("a2"), agent), "note tag");
    assert.equal(can(row({ status: "closed" }), agent), "note tag");
  });

  test("follows from what their role allows", () => {
    assert.equal(can(held("a2"), supervisor), "close note return tag takeOver transfer");
    assert.equal(can(row({ status: "waiting" }), me()), "");
  });

  test("and when it is refused, the reason is a sentence in both languages", () => {
    const theirs = row({ status: "agent", agent: { id: "a2", name: "Mei" } });
    for (const language of ["en", "zh"]) {
      const texts = textsFor(language);
      const words = (error, known) => troubleWords(texts, error, known, agent);
      assert.match(words({ code: "conflict", why: "version" }, theirs), /Mei/);
      assert.equal(words({ code: "conflict", why: "status" }, row({ status: "closed" })), texts.conflict.status.closed);
      assert.equal(words({ code: "conflict", why: "capacity" }, theirs), texts.conflict.capacity(""));
      assert.equal(words({ code: "conflict" }, undefined), texts.conflict.other);
      assert.equal(words({ code: "forbidden" }, theirs), texts.trouble.forbidden);
      assert.equal(words({}, theirs), texts.trouble.other);
    }
  });
});

describe("what was typed", () => {
  test("is kept for each conversation, and gone when it is empty", () => {
    const storage = memoryStorage();
    new Typed(storage, "t.").keep("c", { reply: "half", note: "", passages: [{ id: "p", title: "T" }] });
    assert.equal(new Typed(storage, "t.").of("c").reply, "half");
    assert.equal(new Typed(storage, "t.").of("other").reply, "");
    new Typed(storage, "t.").keep("c", { reply: "", note: "", passages: [] });
    assert.equal(storage.length, 0);
  });

  test("is in memory when the storage is full", () => {
    const full = { ...memoryStorage(), setItem: () => { throw new Error("full"); } }; // prettier-ignore
    const typed = new Typed(full, "t.");
    typed.keep("c", { reply: "half", note: "", passages: [] });
    assert.equal(typed.of("c").reply, "half");
  });
});

describe("the console's words", () => {
  const names = (value) => {
    return Object.entries(value).flatMap(([name, words]) => {
      const isGroup = words && typeof words === "object" && !Array.isArray(words);
      return isGroup ? names(words).map((inner) => `${name}.${inner}`) : [name];
    });
  };

  test("are there in both languages, the same ones", () => {
    assert.deepEqual(names(textsFor("zh")), names(textsFor("en")));
  });

  test("say a wait in one unit", () => {
    const { clock } = textsFor("en");
    assert.deepEqual([-5, 0, 59, 60, 3_600, 90_000].map(clock), ["0 s", "0 s", "59 s", "1 min", "1 h", "1 d"]);
    assert.equal(textsFor("zh").clock(125), "2 分钟");
  });
});
