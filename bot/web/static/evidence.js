/** /console/evidence?conversation=…&seq=…: all that led to one reply of the bot. */

import { partSwatch, scoreScale, stackedBar } from "./charts.js";
import { api } from "./console-shell.js";
import { evidenceTextsFor } from "./evidence-texts.js";
import { icon } from "./icons.js";
import { marker } from "./marks.js";
import { link, plain, render } from "./markup.js";
import { build } from "./messages.js";
import { conversationLink, dataTable, fill, foldable, nothing, section, startPage } from "./page-parts.js";
import { isNumber } from "./scales.js";
import { markWords, reasonOf, timingsOf, zoneOf } from "./verdicts.js";

const figure = (value) => (isNumber(value) ? value.toFixed(2) : "–");

/** Paper is light, whatever the screen is. */
let theme = "";
globalThis.addEventListener("beforeprint", () => {
  theme = document.documentElement.dataset.theme;
  document.documentElement.dataset.theme = "light";
});
globalThis.addEventListener("afterprint", () => (document.documentElement.dataset.theme = theme));

startPage("evidence", evidenceTextsFor, ({ main, texts }) => {
  const query = new URLSearchParams(location.search);
  const [conversation, seq] = [query.get("conversation"), query.get("seq")];
  if (!conversation || !/^\d+$/.test(seq ?? "")) return main.append(nothing("help", texts.title, texts.missing));
  const path = `conversations/${encodeURIComponent(conversation)}/turns/${seq}`;
  fill(
    main,
    texts,
    () => api("GET", path),
    (turn) => page(turn, texts),
  );
});

function page(turn, texts) {
  const { evidence, reply } = turn;
  const parts = [head(turn, texts), said(turn, texts)];
  if (!evidence) return [...parts, nothing("help", texts.title, texts.noEvidence)];
  const passages = passagesTable(evidence.hits ?? [], reply?.text || evidence.draft || "", texts);
  return [
    ...parts,
    failure(evidence, texts),
    decision(evidence, texts),
    section(texts.query, build("p", { class: "query", dir: "auto" }, plain(evidence.query) || texts.none)),
    section(texts.passages, passages.element),
    drafted(evidence, passages, texts),
    prompt(evidence, texts),
    timings(evidence, texts),
    madeWith(evidence, texts),
  ].filter(Boolean);
}

function head({ conversation, question_seq: seq }, texts) {
  const print = build("button", { type: "button", class: "no-print", onclick: () => globalThis.print() }, texts.print);
  const back = conversationLink(conversation, [icon("back", 16), texts.openConversation], seq);
  const words = build("div", {}, back, build("h1", {}, texts.title), build("p", { class: "quiet" }, texts.lead));
  return build("header", { class: "page-head" }, words, print);
}

// ── what was said ──

function said({ question, reply }, texts) {
  const text = build("div", { class: "said", dir: "auto" });
  text.append(reply?.text ? render(reply.text) : build("p", { class: "quiet" }, texts.noReply));
  const answer = build("section", { class: "block" }, build("h2", {}, texts.reply), text);
  if (reply?.citations?.length) answer.append(citations(reply.citations, texts));
  return build("div", { class: "pair" }, section(texts.question, asText(question)), answer);
}

function asText(text) {
  return build("p", { class: "said", dir: "auto" }, plain(text));
}

function citations(all, texts) {
  const line = ({ title, url }) => build("li", {}, build("span", {}, plain(title)), " ", outward(url, texts));
  return build("div", { class: "cites" }, build("h3", {}, texts.citations), build("ol", {}, ...all.map(line)));
}

function outward(url, texts) {
  return (url && link(texts.onPage, url)) || "";
}

function failure({ error }, texts) {
  if (!error) return null;
  const words = [build("h2", {}, texts.error), build("p", { class: "code" }, plain(error))];
  return build("section", { class: "block fault" }, ...words, build("p", {}, texts.errorWhat));
}

// ── the decision ──

function decision(evidence, texts) {
  const { score, thresholds, source } = evidence;
  const zone = (evidence.hits ?? []).length || score > 0 ? zoneOf(score, thresholds) : "";
  const parts = String(evidence.decision ?? "")
    .split(" | ")
    .map((code) => decided(code, texts));
  const words = [
    build("p", { class: "decided" }, parts.join(" + ")),
    build("p", {}, texts.sources[source] ?? plain(source)),
  ];
  if (!zone) return section(texts.decision, ...words, build("p", { class: "quiet" }, texts.noScore));
  const { suggest, answer } = thresholds;
  const label = texts.scale(...[score, suggest, answer].map(figure));
  const names = Object.fromEntries(
    Object.entries(texts.threshold).map(([name, say]) => [name, (at) => `${say} ${at}`]),
  );
  const scale = scoreScale({ score, suggest, answer, label, names, formats: figure });
  return section(texts.decision, ...words, scale, build("p", { class: "quiet" }, texts.zones[zone]));
}

function decided(code, texts) {
  if (texts.decisions[code]) return texts.decisions[code];
  return texts.reason?.[code] ? `${texts.decisions.handoff} (${texts.reason[code]})` : texts.decisions.said;
}

// ── passages ──

/** The table, and `open(verdict)`, which unfolds the passage that carries a sentence. */
function passagesTable(hits, reply, texts) {
  if (!hits.length) return { element: build("p", { class: "quiet" }, texts.noPassages), has: () => false };
  const rows = hits.map((hit) => new PassageRow(hit, reply, texts));
  const columns = ["passage", "score", "dense", "words", "lexical", "coverage", "live"];
  const names = columns.map((key, index) => ({ name: texts.columns[key], isNumber: index > 0 && key !== "live" }));
  const table = dataTable(
    texts.passages,
    names,
    rows.map((row) => row.cells),
    { classes: "passages cards" },
  );
  const lines = [...table.tBodies[0].rows];
  rows.forEach((row, index) => lines[index].after(row.detail(columns.length)));
  const what = build("p", { class: "quiet no-print" }, texts.passagesWhat);
  const of = ({ passage, passage_title: title }) =>
    hits[passage] && (!title || hits[passage].title === title)
      ? rows[passage]
      : rows.find(({ hit }) => hit.title === title);
  return {
    element: build("div", {}, what, table, build("p", { class: "quiet footnote" }, texts.columnsWhat)),
    has: (verdict) => Boolean(of(verdict)),
    open: (verdict) => of(verdict)?.open(verdict.sentence),
  };
}

class PassageRow {
  constructor(hit, reply, texts) {
    Object.assign(this, { hit, reply, texts });
    const title = plain(hit.title) || plain(hit.anchor);
    const attributes = {
      type: "button",
      class: "unfold",
      "aria-expanded": "false",
      "aria-label": texts.readPassage(title),
    };
    this.button = build(
      "button",
      { ...attributes, onclick: () => this.#toggle() },
      icon("next", 16),
      build("span", {}, title),
    );
    this.text = build("div", { class: "passage", dir: "auto" });
  }

  get cells() {
    const { hit, texts } = this;
    const name = build("div", {}, this.button, build("code", { class: "anchor" }, plain(hit.anchor)));
    const live = build("span", { class: hit.live ? "badge done" : "badge" }, hit.live ? texts.live : texts.retired);
    return [name, ...["score", "dense", "words", "lexical", "coverage"].map((key) => figure(hit[key])), live];
  }

  detail(span) {
    this.#show(this.reply);
    const cell = build("td", { colspan: String(span) }, this.text, outward(this.hit.url, this.texts));
    this.row = build("tr", { class: "detail-row is-folded" }, cell);
    return this.row;
  }

  /** Unfolds it, with the words marked that the sentence took from it. */
  open(sentence) {
    this.#show(sentence);
    this.#toggle(true);
    this.button.focus({ preventScroll: true });
    this.button.scrollIntoView({ block: "center" });
  }

  #show(sentence) {
    const { hit, texts } = this;
    const split = sentence ? marker(plain(sentence)) : null;
    this.text.replaceChildren(hit.text ? render(hit.text, split) : build("p", { class: "quiet" }, texts.noText));
  }

  #toggle(isOpen = this.row.classList.contains("is-folded")) {
    this.row.classList.toggle("is-folded", !isOpen);
    this.button.setAttribute("aria-expanded", String(isOpen));
  }
}

// ── the draft ──

function drafted({ verdicts, draft }, passages, texts) {
  if (!verdicts?.length) return section(texts.sentences, build("p", { class: "quiet" }, texts.noDraft));
  const lines = verdicts.map((verdict) => judged(verdict, passages, texts));
  const whole = draft ? foldable(texts.wholeDraft, build("pre", { class: "prompt" }, plain(draft))) : "";
  const what = build("p", { class: "quiet" }, texts.sentencesWhat);
  return section(texts.sentences, what, build("ol", { class: "verdicts" }, ...lines), whole);
}

function judged(verdict, passages, texts) {
  const isCourtesy = verdict.is_carried && !isNumber(verdict.passage);
  const kind = isCourtesy ? "courtesy" : verdict.is_carried ? "carried" : "refused";
  const name = { courtesy: texts.courtesyMark, carried: texts.carried, refused: texts.refusedMark }[kind];
  const badge = build("span", { class: `badge ${{ carried: "done", refused: "trouble" }[kind] ?? ""}` });
  badge.append(icon(kind === "refused" ? "close" : "check", 14), name);
  const parts = markWords(plain(verdict.sentence), verdict.is_carried ? verdict.words : []);
  const sentence = build(
    "p",
    { class: "sentence", dir: "auto" },
    ...parts.map(([part, isMarked]) => (isMarked ? build("mark", {}, part) : part)),
  );
  const why =
    kind === "carried"
      ? carriedBy(verdict, passages, texts)
      : build("p", { class: "why" }, plain(reasonOf(verdict, texts)));
  return build("li", { class: kind }, sentence, build("div", { class: "verdict" }, badge, why));
}

function carriedBy(verdict, passages, texts) {
  const title = plain(verdict.passage_title) || `${texts.columns.passage} ${verdict.passage + 1}`;
  const open = () => passages.open(verdict);
  const target = passages.has(verdict)
    ? build("button", { type: "button", class: "link", onclick: open }, title)
    : title;
  return build("p", { class: "why" }, `${texts.carriedBy} `, target);
}

// ── how it was made ──

function prompt({ prompt: text }, texts) {
  if (!text) return section(texts.prompt, build("p", { class: "quiet" }, texts.noPrompt));
  const block = build(
    "pre",
    { class: "prompt", tabindex: "0", role: "group", "aria-label": texts.prompt, dir: "auto" },
    plain(text),
  );
  return section(texts.prompt, build("p", { class: "quiet" }, texts.promptWhat), block);
}

function timings({ timings: measured }, texts) {
  const { stages, total, firstSentence } = timingsOf(measured);
  const all = total ?? stages.reduce((sum, { ms }) => sum + ms, 0);
  if (!all) return section(texts.timings, build("p", { class: "quiet" }, texts.noTimings));
  const named = (stage, index) => build("span", { class: "stage" }, partSwatch(index), texts.stages[stage] ?? stage);
  const share = (ms) => `${Math.round((ms / all) * 100)} %`;
  const rows = stages.map(({ stage, ms }, index) => [named(stage, index), texts.ms(ms), share(ms)]);
  const columns = [{ name: texts.stage }, { name: texts.time, isNumber: true }, { name: texts.share, isNumber: true }];
  const table = dataTable(texts.timings, columns, [...rows, [texts.total, texts.ms(all), ""]], { classes: "timings" });
  const first =
    firstSentence === null ? "" : build("p", { class: "quiet" }, `${texts.firstSentence} ${texts.ms(firstSentence)}`);
  return section(
    texts.timings,
    stages.length
      ? stackedBar(
          stages.map(({ ms }) => ms),
          all,
        )
      : "",
    table,
    first,
  );
}

function madeWith({ generation, models }, texts) {
  const pairs = [
    [texts.generation, generation],
    ...Object.entries(models ?? {}).map(([key, name]) => [texts.models[key] ?? key, name]),
  ];
  const lines = pairs
    .filter(([, value]) => value)
    .flatMap(([name, value]) => [build("dt", {}, name), build("dd", {}, plain(value))]);
  return lines.length ? section(texts.madeWith, build("dl", { class: "facts" }, ...lines)) : null;
}
