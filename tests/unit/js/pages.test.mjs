import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";

import { fieldsOf, isSame, Kept, phrasingsOf, Saving } from "../../../bot/web/static/answer-edits.js";
import { answersTextsFor } from "../../../bot/web/static/answers-texts.js";
import { evidenceTextsFor } from "../../../bot/web/static/evidence-texts.js";
import { definitionOf, figureOf, FIGURES, Formats, HEADLINE, read } from "../../../bot/web/static/figures.js";
import { metricsTextsFor } from "../../../bot/web/static/metrics-texts.js";
import { pageTextsFor, whyFailed } from "../../../bot/web/static/page-texts.js";
import { labelled, linePath, lonely, scale, stacked, sum, ticks } from "../../../bot/web/static/scales.js";
import { markWords, reasonOf, timingsOf, zoneOf } from "../../../bot/web/static/verdicts.js";
import { FakeClock, memoryStorage, settled } from "./world.mjs";

const NONE = [null, undefined, NaN, Infinity, "7"];

describe("a chart", () => {
  test("has round steps that reach its highest value", () => {
    assert.deepEqual(ticks(23), [0, 10, 20, 30]);
    assert.deepEqual(ticks(4), [0, 1, 2, 3, 4]);
    assert.deepEqual(ticks(0.6, { isWhole: false }), [0, 0.2, 0.4, 0.6]);
    for (let max = 1; max < 3_000; max += 7) {
      const steps = ticks(max);
      assert.ok(steps.at(-1) >= max && steps.length <= 5 && steps.every(Number.isInteger), `${max}: ${steps}`);
    }
  });

  test("has steps when there is nothing to show", () => {
    for (const max of [0, -3, ...NONE]) assert.deepEqual(ticks(max), [0, 1], String(max));
  });

  test("puts values between its edges, a single one in the middle", () => {
    assert.deepEqual([0, 5, 10].map(scale([0, 10], [100, 0])), [100, 50, 0]);
    assert.equal(scale([0, 0], [40, 60])(0), 50);
  });

  test("breaks a line where nothing was measured", () => {
    assert.equal(linePath([[0, 1], [1, 2.26], [2, null], [3, 4], [4, 5]]), "M0 1L1 2.3M3 4L4 5"); // prettier-ignore
    assert.equal(linePath([[0, null]]), "");
    assert.deepEqual(lonely([[0, 1], [1, null], [2, 3], [3, 4]]), [[0, 1]]); // prettier-ignore
  });

  test("labels its last day, and as many before it as fit", () => {
    for (const length of [1, 2, 7, 30, 90]) {
      for (const room of [1, 2, 5, 12, 200]) {
        const chosen = labelled(length, room);
        assert.equal(chosen.at(-1), length - 1);
        assert.ok(chosen.length <= Math.max(room, 2) && chosen[0] >= 0, `${length} in ${room}: ${chosen}`);
        assert.ok(new Set(chosen.slice(1).map((day, index) => day - chosen[index])).size <= 1);
      }
    }
    assert.deepEqual(labelled(0, 5), []);
  });

  test("adds up what was measured, and only that", () => {
    assert.equal(sum([1, null, 2]), 3);
    assert.equal(sum([null, undefined]), null);
  });

  test("lays parts end to end within the whole", () => {
    assert.deepEqual(stacked([1, 1], 4), [{ start: 0, share: 0.25 }, { start: 0.25, share: 0.25 }]); // prettier-ignore
    assert.equal(stacked([3, 1], 2)[0].share, 0.75); // they overlapped: more than the whole
    assert.deepEqual(stacked([0, 0]), [{ start: 0, share: 0 }, { start: 0, share: 0 }]); // prettier-ignore
  });
});

describe("figures", () => {
  const formats = new Formats("en", metricsTextsFor("en"));
  const chinese = new Formats("zh", metricsTextsFor("zh"));
  const figures = { conversations: 0, first_response_s: { median: 61.4, p95: null, n: 3 }, durable_rate: null };
  const count = { kind: "count", better: "less" };

  test("that were not measured are a dash, never 0 or NaN", () => {
    for (const value of NONE) {
      for (const kind of ["count", "rate", "duration", "score"]) assert.equal(formats.value(kind, value), "–");
    }
    assert.equal(formats.value("count", 0), "0");
    assert.equal(formats.value("rate", 0), "0%");
  });

  test("are read by their path", () => {
    assert.equal(read(figures, "first_response_s.median"), 61.4);
    assert.equal(read(figures, "conversations"), 0);
    for (const path of ["first_response_s.p95", "durable_rate", "csat_bot.mean"])
      assert.equal(read(figures, path), null);
    assert.equal(read(undefined, "conversations"), null);
  });

  test("say a time in the two units that matter", () => {
    const said = [0, 4.26, 45, 60, 200, 3_599, 3_600, 7_500, 86_400, 97_200].map((s) => formats.value("duration", s));
    assert.deepEqual(said, [
      "0 s", "4.3 s", "45 s", "1 min", "3 min 20 s", "59 min 59 s", "1 h", "2 h 5 min", "1 d", "1 d 3 h",
    ]); // prettier-ignore
    assert.equal(formats.value("duration", 59.7), "1 min");
    assert.equal(chinese.value("duration", 200), "3 分 20 秒");
  });

  test("keep a small rate apart from none", () => {
    assert.deepEqual(
      [0.803, 0.027, 0.0004, 1].map((rate) => formats.value("rate", rate)),
      ["80%", "2.7%", "<0.1%", "100%"],
    );
  });

  test("change for better or worse by what they are", () => {
    assert.deepEqual(formats.change(count, 120, 100), { text: "+20%", tone: "worse", isMore: true });
    assert.deepEqual(formats.change(count, 80, 100), { text: "−20%", tone: "better", isMore: false });
    const rate = { kind: "rate", better: "more" };
    assert.deepEqual(formats.change(rate, 0.8, 0.75), { text: "+5.0 pts", tone: "better", isMore: true });
    assert.equal(formats.change({ kind: "duration", better: "less" }, 94, 154).text, "−1 min");
    assert.equal(formats.change({ kind: "score", better: "more" }, 4.1, 4.6).tone, "worse");
    assert.equal(formats.change({ kind: "count", better: "" }, 5, 4).tone, "");
  });

  test("from nothing grow by a number, not by infinitely much", () => {
    assert.equal(formats.change(count, 12, 0).text, "+12");
    assert.deepEqual(formats.change(count, 0, 0), { text: "as before", tone: "same" });
    assert.equal(formats.change({ kind: "rate", better: "more" }, 0.5, 0.5001).tone, "same");
  });

  test("have no change when either period was not measured", () => {
    assert.equal(formats.change(count, 5, null).text, "nothing to compare with");
    assert.deepEqual(formats.change(count, null, 5), { text: "", tone: "" });
  });

  test("name the shop's day wherever the browser is", () => {
    assert.equal(formats.day("2026-03-01"), "1 Mar");
    assert.equal(formats.day("2026-03-01T23:30:00Z", true), "Sunday 1 March");
    assert.deepEqual([formats.day("soon"), formats.day(null)], ["soon", ""]);
    assert.equal(chinese.day("2026-03-01"), "3月1日");
  });

  test("all have a name, a headline figure a reason for its dash, in both languages", () => {
    for (const locale of ["en", "zh"]) {
      const { names, whyNone } = metricsTextsFor(locale);
      for (const { key } of FIGURES) assert.ok(names[key], `${locale} ${key}`);
      for (const key of HEADLINE)
        assert.ok(figureOf(key) && (whyNone[key] ?? whyNone[key.split(".")[0]]), `${locale} ${key}`);
    }
  });

  test("find the sentence that says how they are counted", () => {
    const definitions = { handoffs: "H", handled_by_bot: "B", durable_rate: "D", first_response_s: "F", csat_bot: "C" };
    const found = ["handoff_rate", "handled_by_bot_rate", "durable_rate", "first_response_s.p95", "csat_bot.mean"];
    assert.equal(found.map((key) => definitionOf(definitions, key)).join(""), "HBDFC");
    assert.equal(definitionOf({}, "thumbs_up") + definitionOf(undefined, "thumbs_up"), "");
  });

  test("are all explained in Chinese too", () => {
    const { definitions } = metricsTextsFor("zh");
    for (const { key } of FIGURES) assert.ok(definitionOf(definitions, key), key);
  });
});

describe("a verdict", () => {
  const texts = evidenceTextsFor("en");
  const reason = (reason) => reasonOf({ is_carried: false, passage: 0, reason }, texts);
  const marks = (sentence, words) =>
    markWords(sentence, words)
      .map(([part, isMarked]) => (isMarked ? `[${part}]` : part))
      .join("");

  test("says in plain words why a sentence was refused", () => {
    assert.equal(reason("number: 60"), "The passages do not say “60” about this.");
    assert.equal(reason("words: 0.22"), "Only 22 % of its words are in a passage.");
    assert.equal(reason("words: 0.00"), "None of its words are in a passage.");
    assert.equal(reason("time: 15:00"), "The time “15:00” is not in the passages.");
    assert.equal(reason("negation"), "It says the opposite of the passage.");
    assert.equal(reason("negation: arrived"), "It says the opposite of the passage.");
    assert.equal(reason(""), "None of its words are in a passage.");
  });

  test("shows a reason that it does not know as it is", () => {
    assert.match(reason("mood: subjunctive"), /mood: subjunctive/);
    assert.match(reason("constructor"), /constructor/);
  });

  test("has words for every code of the fact guard, in both languages", () => {
    const codes =
      "number time date weekday month url e-mail phone code name words negation condition certainty characters";
    for (const locale of ["en", "zh"]) {
      for (const code of codes.split(" ")) {
        for (const what of ["", ": 5"]) {
          const said = reasonOf({ is_carried: false, passage: 0, reason: code + what }, evidenceTextsFor(locale));
          assert.ok(said.length > 5 && !said.includes("undefined"), `${locale} ${code}: ${said}`);
        }
      }
    }
  });

  test("needs no reason when a passage carries the sentence, and says when it claims nothing", () => {
    assert.equal(reasonOf({ is_carried: true, passage: 0, reason: "" }, texts), "");
    assert.equal(reasonOf({ is_carried: true, passage: null, reason: "courtesy" }, texts), texts.courtesy);
  });

  test("marks whole words, and neighbours as one", () => {
    assert.equal(marks("You have 30 days, or 300.", ["30", "days", "have"]), "You [have 30 days], or 300.");
    assert.equal(marks("Déjà vu: deja", ["déjà"]), "[Déjà] vu: deja");
    assert.equal(marks("Costs €4.95 (by post).", ["€4.95", "post"]), "Costs [€4.95] (by [post]).");
    assert.equal(marks("a.b", ["."]), "a[.]b");
  });

  test("marks Chinese, which has no blanks between words", () => {
    assert.equal(marks("可以在30天内退货。", ["30", "天内", "退货"]), "可以在[30天内退货]。");
  });

  test("loses nothing of the sentence", () => {
    const sentence = "Free  from €75,\tin 2–4 days; 满 75 欧元. 🏔 (End)";
    for (const words of [[], null, ["75", "满", "(", "days;", ""], ["x"]]) {
      assert.equal(
        markWords(sentence, words)
          .map(([part]) => part)
          .join(""),
        sentence,
      );
    }
  });
});

describe("times", () => {
  test("are told in the order of the steps, with what is left over", () => {
    const { stages, total, firstSentence } = timingsOf({
      guard: 5,
      total: 100,
      embed: 20,
      odd: 1,
      first_sentence: 60,
      generate: 50,
    });
    assert.deepEqual(
      stages.map(({ stage }) => stage),
      ["embed", "generate", "guard", "odd", "rest"],
    );
    assert.deepEqual([total, firstSentence, stages.at(-1).ms], [100, 60, 24]);
  });

  test("need no rest when nothing is left, and no step when nothing was measured", () => {
    assert.deepEqual(
      timingsOf({ embed: 5, search: 5, total: 9 }).stages.map(({ stage }) => stage),
      ["embed", "search"],
    );
    assert.deepEqual(timingsOf({ total: 0.4 }), { stages: [], total: 0.4, firstSentence: null });
    for (const none of [null, undefined, {}, { embed: null, search: NaN }])
      assert.deepEqual(timingsOf(none).stages, []);
  });
});

test("a score stands in one of three zones, or in none", () => {
  const thresholds = { answer: 0.75, suggest: 0.35 };
  assert.deepEqual([0.75, 0.74, 0.35, 0.34, 0].map((score) => zoneOf(score, thresholds)), [
    "answer", "suggest", "suggest", "below", "below",
  ]); // prettier-ignore
  assert.equal(zoneOf(null, thresholds) + zoneOf(0.5, {}) + zoneOf(0.5, null), "");
});

describe("an answer that is typed", () => {
  const DRAFT = { id: "d1", question: "Q?", answer: "", language: "en", phrasings: ["a"], category: "" };
  let clock, storage, kept, puts, states, answer;

  beforeEach(() => {
    clock = new FakeClock();
    storage = memoryStorage();
    kept = new Kept(storage);
    [puts, states] = [[], []];
    answer = async (fields) => ({ ...DRAFT, ...fields });
  });

  function saving(draft = DRAFT) {
    const put = (fields) => {
      puts.push(fields);
      return answer(fields);
    };
    const on = { state: (state, error) => states.push(error?.says ? `${state}: ${error.says}` : state), saved() {} };
    return new Saving({ draft, put, kept, on, after: clock.after });
  }

  const typed = (answer) => ({ ...fieldsOf(DRAFT), answer });
  const fails = (status, says) => async () => Promise.reject(Object.assign(new Error("no"), { status, says }));

  test("is saved once, after a pause", async () => {
    const text = saving();
    for (const words of ["Y", "Ye", "Yes"]) {
      text.edit(typed(words));
      await clock.pass(300);
    }
    assert.equal(puts.length, 0);
    await clock.pass(900);
    assert.deepEqual([puts.map(({ answer }) => answer), states.at(-1), text.isDirty], [["Yes"], "saved", false]);
  });

  test("is kept from the first key until it is saved", async () => {
    const text = saving();
    text.edit(typed("Y"));
    assert.deepEqual(kept.of("d1"), { fields: typed("Y"), base: fieldsOf(DRAFT) });
    await clock.pass(900);
    assert.equal(kept.of("d1"), null);
  });

  test("is not sent when it was typed back to what is saved", async () => {
    const text = saving();
    text.edit(typed("Y"));
    text.edit(fieldsOf(DRAFT));
    await clock.pass(10_000);
    assert.deepEqual([puts, states.at(-1), kept.of("d1")], [[], "saved", null]);
  });

  test("is never overtaken by an earlier request, and the last of it is saved", async () => {
    let done;
    answer = (fields) => new Promise((resolve) => (done = () => resolve({ ...DRAFT, ...fields })));
    const text = saving();
    text.edit(typed("first"));
    await clock.pass(900);
    text.edit(typed("second"));
    await clock.pass(5_000);
    assert.equal(puts.length, 1); // the second waits for the first
    done();
    await settled();
    assert.deepEqual(
      puts.map(({ answer }) => answer),
      ["first", "second"],
    );
    assert.ok(kept.of("d1"));
    done();
    await settled();
    assert.deepEqual([states.at(-1), kept.of("d1")], ["saved", null]);
  });

  test("is saved again when it is typed back while being saved", async () => {
    let done;
    answer = (fields) => new Promise((resolve) => (done = () => resolve({ ...DRAFT, ...fields })));
    const text = saving();
    text.edit(typed("oops"));
    await clock.pass(900);
    text.edit(fieldsOf(DRAFT));
    done();
    await clock.pass(900);
    done();
    await settled();
    assert.deepEqual([puts.map(({ answer }) => answer), states.at(-1)], [["oops", ""], "saved"]);
  });

  test("is kept and tried again when there is no connection, or the server fails", async () => {
    for (const status of [0, 500, 503, 429, 401]) {
      puts = [];
      answer = fails(status);
      const text = saving();
      text.edit(typed(`at ${status}`));
      await clock.pass(900);
      assert.deepEqual([states.at(-1), kept.of("d1").fields.answer], ["failed", `at ${status}`]);
      answer = async () => DRAFT;
      await clock.pass(5_000);
      assert.deepEqual([states.at(-1), puts.length, kept.of("d1")], ["saved", 2, null], String(status));
    }
  });

  test("that the server refuses is kept, and waits for another edit", async () => {
    answer = fails(422, "Too long.");
    const text = saving();
    text.edit(typed("x"));
    await clock.pass(60_000);
    assert.deepEqual([states.at(-1), puts.length, kept.of("d1").fields.answer], ["refused: Too long.", 1, "x"]);
    answer = async () => DRAFT;
    text.edit(typed("y"));
    assert.equal(await text.flush(), true);
  });

  test("is saved at once when asked, and says whether it was", async () => {
    const text = saving();
    assert.equal(await text.flush(), true);
    text.edit(typed("now"));
    assert.equal(await text.flush(), true);
    assert.equal(puts.length, 1);
    answer = fails(0);
    text.edit(typed("then"));
    assert.equal(await text.flush(), false);
    assert.equal(text.isDirty, true);
  });

  test("stays kept when its page is left while it cannot be saved, and nothing more is sent", async () => {
    answer = fails(0);
    const text = saving();
    text.edit(typed("x"));
    await text.flush();
    text.stop();
    await clock.pass(60_000);
    assert.deepEqual([puts.length, kept.of("d1").fields.answer], [1, "x"]);
  });

  test("survives a storage that is full, or holds something else", async () => {
    storage.setItem("answer.d1", "{nonsense");
    assert.equal(kept.of("d1"), null);
    storage.setItem = () => {
      throw new Error("QuotaExceededError");
    };
    const text = saving();
    text.edit(typed("x"));
    await clock.pass(900);
    assert.equal(states.at(-1), "saved");
  });

  test("has each other phrasing once", () => {
    assert.deepEqual(phrasingsOf(" change address \r\n\nChange Address\n改地址\n"), ["change address", "改地址"]);
    assert.deepEqual(phrasingsOf(""), []);
  });

  test("is the same answer whatever else the server sends with it", () => {
    assert.ok(isSame(DRAFT, { ...DRAFT, status: "draft", by: { id: "a" } }));
    assert.ok(isSame(fieldsOf(undefined), fieldsOf({ question: "", phrasings: null })));
    for (const change of [{ question: "R?" }, { phrasings: ["a", "b"] }, { language: "zh" }, { category: "C" }]) {
      assert.ok(!isSame(DRAFT, { ...DRAFT, ...change }), JSON.stringify(change));
    }
  });
});

describe("the words of the pages", () => {
  const all = { answersTextsFor, evidenceTextsFor, metricsTextsFor, pageTextsFor };
  const paths = (texts, under = "") =>
    Object.entries(texts).flatMap(([key, value]) => {
      const isNested = value && typeof value === "object" && !Array.isArray(value);
      return isNested ? paths(value, `${under}${key}.`) : [`${under}${key}`];
    });

  for (const [name, textsFor] of Object.entries(all)) {
    test(`${name} are there in both languages, the same ones`, () => {
      const ours = (locale) =>
        paths(textsFor(locale))
          .filter((path) => !path.startsWith("definitions."))
          .sort();
      assert.deepEqual(ours("zh-Hans-CN"), ours("en"));
      assert.notEqual(textsFor("zh"), textsFor("en"));
    });
  }

  test("say why a request failed: the server's own words first", () => {
    const texts = pageTextsFor("en");
    assert.equal(whyFailed(texts, { status: 409, says: "It was dismissed." }), "It was dismissed.");
    assert.equal(whyFailed(texts, { status: 0 }), texts.noServer);
    assert.equal(whyFailed(texts, { status: 403 }), texts.forbidden);
    assert.equal(whyFailed(texts, new TypeError("x is undefined")), texts.failed);
  });
});
