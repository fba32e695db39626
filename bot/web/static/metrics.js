/** /console/metrics: the numbers of a period against the one before it, and the questions that found no answer. */

import { barChart, lineChart } from "./charts.js";
import { api } from "./console-shell.js";
import { definitionOf, figureOf, FIGURES, Formats, HEADLINE, read } from "./figures.js";
import { icon } from "./icons.js";
import { plain } from "./markup.js";
import { build } from "./messages.js";
import { metricsTextsFor } from "./metrics-texts.js";
import { dataTable, fill, foldable, nothing, section, segments, startPage } from "./page-parts.js";
import { isNumber } from "./scales.js";
import { Unanswered } from "./unanswered.js";

const DAYS = ["7", "30", "90"];

startPage("metrics", metricsTextsFor, (wiring) => new Metrics(wiring).start());

class Metrics {
  constructor(wiring) {
    Object.assign(this, wiring);
    this.formats = new Formats(this.language, this.texts);
    const query = new URLSearchParams(location.search);
    this.days = DAYS.includes(query.get("days")) ? query.get("days") : "30";
    this.only = ["en", "zh"].includes(query.get("language")) ? query.get("language") : "";
    this.numbers = build("div", { class: "numbers" });
    this.questions = build("section", { class: "block questions" });
    this.files = build("div");
  }

  start() {
    const { texts, me, main } = this;
    if (!me.actions.includes("metrics")) return main.append(nothing("chart", ...texts.notYours));
    main.append(this.#head(), this.numbers, this.questions, this.files);
    this.#offerFiles();
    return this.#load();
  }

  #head() {
    const { texts } = this;
    const days = segments(
      texts.period,
      DAYS.map((value) => [value, texts.days(value)]),
      this.days,
      (value) => this.#choose({ days: value }),
    );
    const codes = [["", texts.allLanguages], ...["en", "zh"].map((code) => [code, texts.languages[code]])];
    const only = segments(texts.language, codes, this.only, (value) => this.#choose({ only: value }));
    this.period = build("p", { class: "quiet" });
    const title = build("div", {}, build("h1", {}, texts.title), this.period);
    return build("header", { class: "page-head" }, title, build("div", { class: "choices" }, days, only));
  }

  #choose(chosen) {
    Object.assign(this, chosen);
    const query = new URLSearchParams({ days: this.days });
    if (this.only) query.set("language", this.only);
    history.replaceState(null, "", `?${query}`);
    this.#offerFiles();
    this.#load();
  }

  async #load() {
    const { days, only, texts } = this;
    const isStill = () => days === this.days && only === this.only;
    const language = only ? `&language=${only}` : "";
    const keep = (place, show) => (found) => (isStill() ? show(found) : [...place.childNodes]);
    const { numbers, questions } = this;
    numbers.setAttribute("aria-busy", "true");
    await Promise.all([
      fill(
        numbers,
        texts,
        () => api("GET", `metrics?days=${days}${language}`),
        keep(numbers, (found) => this.#show(found)),
      ),
      fill(
        questions,
        texts,
        () => api("GET", `unanswered?days=${days}${language}`),
        keep(questions, (found) => this.#asked(found)),
      ),
    ]);
    if (isStill()) numbers.removeAttribute("aria-busy");
  }

  // ── the numbers ──

  #show(numbers) {
    const { texts, formats } = this;
    const days = numbers.series?.map(({ day }) => day) ?? []; // by the shop's calendar, which since and until are not
    const [first, last] = [days[0] ?? numbers.since, days.at(-1) ?? numbers.until];
    this.period.textContent = texts.since(formats.day(first), formats.day(last), numbers.days ?? this.days);
    const tiles = HEADLINE.map((key) => this.#tile(figureOf(key), numbers));
    return [
      build("div", { class: "tiles" }, ...tiles),
      this.#table(numbers),
      build("div", { class: "charts" }, ...this.#charts(numbers), this.#agents(numbers.agents ?? [])),
    ];
  }

  #tile(figure, numbers) {
    const { texts, formats } = this;
    const name = texts.names[figure.key];
    const value = read(numbers.now, figure.key);
    const meaning = this.#meaning(figure, numbers);
    const number = build("p", { class: value === null ? "value none" : "value" }, formats.value(figure.kind, value));
    if (figure.kind === "score" && value !== null) number.append(build("small", {}, texts.outOf));
    const under =
      value === null
        ? [build("p", { class: "detail" }, this.#whyNone(figure))]
        : [this.#change(figure, numbers), this.#rests(figure, numbers)];
    const tile = build("section", { class: "tile", "aria-label": name }, build("h2", {}, name), number, ...under);
    if (meaning) tile.append(...this.#explained(name, meaning));
    return tile;
  }

  /** "How this is counted": on hover, and in place for keys and fingers. */
  #explained(name, meaning) {
    const words = build("p", { class: "meaning", hidden: true }, meaning);
    const label = this.texts.whatIs(name);
    const button = build(
      "button",
      { type: "button", class: "icon what", "aria-label": label, "aria-expanded": "false", title: meaning },
      icon("help", 16),
    );
    button.addEventListener("click", () => {
      words.hidden = !words.hidden;
      button.setAttribute("aria-expanded", String(!words.hidden));
    });
    return [button, words];
  }

  #change(figure, { now, before }) {
    const { texts, formats } = this;
    const was = read(before, figure.key);
    const { text, tone, isMore } = formats.change(figure, read(now, figure.key), was);
    const line = build("p", { class: `change ${tone}` });
    if (isMore !== undefined) line.append(icon(isMore ? "send" : "latest", 14));
    line.append(build("span", {}, text));
    if (texts[tone]) line.append(build("span", { class: "unseen" }, ` (${texts[tone]})`));
    if (was !== null && tone !== "same")
      line.append(build("span", { class: "was" }, texts.was(formats.value(figure.kind, was))));
    return line;
  }

  /** What a rate or a mean is made of. */
  #rests({ of = [], n }, { now }) {
    const { texts, formats } = this;
    const [part, whole] = of.map((key) => read(now, key));
    const count = n ? read(now, n) : null;
    let words = "";
    if (isNumber(part))
      words = isNumber(whole)
        ? texts.ofAll(formats.value("count", part), formats.value("count", whole))
        : texts.nConversations(formats.value("count", part));
    if (isNumber(count)) words = texts.n(formats.value("count", count));
    return build("p", { class: "detail" }, words);
  }

  /** How it is counted: in this page's language when we have it, else as the server says. */
  #meaning({ key }, { definitions }) {
    return definitionOf(this.texts.definitions, key) || plain(definitionOf(definitions, key));
  }

  #whyNone({ key }) {
    const { whyNone } = this.texts;
    return whyNone[key] ?? whyNone[key.split(".")[0]] ?? whyNone.other;
  }

  #table(numbers) {
    const { texts, formats } = this;
    const row = (figure) => {
      const [now, before] = [numbers.now, numbers.before].map((figures) => read(figures, figure.key));
      const { text, tone } = formats.change(figure, now, before);
      const change = build("span", { class: `change ${tone}` }, text);
      const meaning = now === null ? this.#whyNone(figure) : this.#meaning(figure, numbers);
      return [
        texts.names[figure.key],
        formats.value(figure.kind, now),
        formats.value(figure.kind, before),
        change,
        meaning,
      ];
    };
    const numeric = { isNumber: true };
    const columns = [
      { name: texts.figure },
      { name: texts.now, ...numeric },
      { name: texts.before, ...numeric },
      { name: texts.change, ...numeric },
      { name: texts.meaning },
    ];
    const table = dataTable(texts.allNumbers, columns, FIGURES.map(row), { classes: "all cards" });
    return foldable(`${texts.allNumbers} · ${texts.howCounted}`, table);
  }

  // ── charts ──

  #charts({ series, reasons }) {
    const { texts } = this;
    const days = (series ?? []).map(({ day }) => day);
    return [
      this.#lines(texts.perDay, days, series, ["conversations", "handed_off"], texts.noDays),
      this.#lines(texts.questionsPerDay, days, series, ["answered", "unanswered"], texts.noQuestions),
      this.#bars(reasons ?? {}),
    ];
  }

  #lines(title, days, series, keys, empty) {
    const { texts, formats } = this;
    const lines = keys.map((key) => ({ name: texts.lines[key], values: series?.map((one) => one[key] ?? null) ?? [] }));
    const isEmpty = lines.every(({ values }) => values.every((value) => !value));
    if (isEmpty) return quietChart(title, empty);
    return build("section", { class: "block" }, lineChart({ title, days, lines, formats, texts }));
  }

  #bars(reasons) {
    const { texts, formats } = this;
    const counted = Object.entries(reasons)
      .filter(([, value]) => value > 0)
      .sort(([, one], [, other]) => other - one);
    if (!counted.length) return quietChart(texts.why, texts.noReasons);
    const bars = counted.map(([code, value]) => ({ name: texts.reason?.[code] ?? code, value }));
    const columns = [{ name: texts.reasonName }, { name: texts.count, isNumber: true }];
    return build("section", { class: "block" }, barChart({ title: texts.why, bars, columns, formats, texts }));
  }

  // ── colleagues, questions, files ──

  #agents(agents) {
    const { texts, formats } = this;
    if (!agents.length) return section(texts.agents, build("p", { class: "quiet" }, texts.noAgents));
    const { name, conversations, replies, first, csat } = texts.agentColumns;
    const columns = [
      { name },
      ...[conversations, replies, first, csat].map((words) => ({ name: words, isNumber: true })),
    ];
    const score = (agent) => {
      const mean = formats.value("score", agent.csat);
      return isNumber(agent.csat)
        ? build("span", {}, mean, build("small", {}, ` ${texts.n(formats.value("count", agent.csat_n))}`))
        : mean;
    };
    const row = (agent) => [
      plain(agent.name),
      formats.value("count", agent.conversations),
      formats.value("count", agent.replies),
      formats.value("duration", agent.first_response_s_median),
      score(agent),
    ];
    return section(texts.agents, dataTable(texts.agents, columns, agents.map(row), { classes: "agents cards" }));
  }

  #offerFiles() {
    const { texts, me, days } = this;
    if (!me.actions.includes("export")) return;
    const file = (name, words) => {
      const attributes = {
        class: "button",
        href: `/v1/console/export/${name}.csv?days=${days}`,
        download: `${name}.csv`,
      };
      return build("a", attributes, icon("latest", 16), words);
    };
    const files = [file("conversations", texts.csvConversations), file("unanswered", texts.csvUnanswered)];
    this.files.replaceChildren(section(texts.download, build("div", { class: "files" }, ...files)));
  }

  #asked({ groups }) {
    const { texts, formats, dates, me, only } = this;
    const wanted = (groups ?? []).filter(({ language }) => !only || language === only);
    return new Unanswered({ groups: wanted, texts, formats, dates, me }).nodes;
  }
}

function quietChart(title, words) {
  return section(title, build("p", { class: "quiet" }, words));
}
