/** /console/recall: customers who were told what has changed since, each with the two texts and a correction to send. */

import { api } from "./console-shell.js";
import { build, setText } from "./messages.js";
import { fill, nothing, segments, startPage } from "./page-parts.js";
import { keyOf, RecallCase } from "./recall-case.js";
import { CHANGED } from "./recall-count.js";
import { recallTextsFor } from "./recall-texts.js";

const PERIODS = ["7", "14", "30", "90"]; // days
const USUAL = "14"; // what the number in the bar counts
const STALE = 5_000; // ms: what was fetched longer ago is fetched again when the page is looked at

startPage("recall", recallTextsFor, (wiring) => new Recall(wiring).start());

class Recall {
  constructor(wiring) {
    Object.assign(this, wiring, { cases: new Map(), fetchedAt: 0 });
    const asked = new URLSearchParams(location.search).get("days");
    this.period = PERIODS.includes(asked) ? asked : USUAL;
    this.lists = build("p", { class: "quiet", role: "status" });
    this.body = build("div", { class: "cases" });
  }

  start() {
    const { texts, me, main } = this;
    if (!me.actions.includes("recall")) return main.append(nothing("undo", texts.title, texts.forbidden));
    main.append(this.#head(), this.body);
    const look = () => !document.hidden && Date.now() - this.fetchedAt > STALE && this.#refresh();
    globalThis.addEventListener("focus", look);
    document.addEventListener("visibilitychange", look);
    globalThis.addEventListener("beforeunload", (event) => this.#isWriting && event.preventDefault());
    return this.#load();
  }

  get #isWriting() {
    return [...this.cases.values()].some(({ isEdited }) => isEdited);
  }

  #head() {
    const { texts } = this;
    const options = PERIODS.map((value) => [value, texts.days(value)]);
    const choice = segments(texts.period, options, this.period, (value) => this.#choose(value));
    const label = build("span", { class: "quiet", "aria-hidden": "true" }, texts.period);
    const period = build("div", { class: "period", title: texts.periodWhat }, label, choice);
    const title = build("div", {}, build("h1", {}, texts.title), build("p", { class: "quiet" }, texts.lead), this.lists);
    return build("header", { class: "page-head" }, title, period);
  }

  #choose(period) {
    this.period = period;
    history.replaceState(null, "", `?days=${period}`);
    return this.#load();
  }

  async #fetch() {
    const { period } = this;
    const found = await api("GET", `recall?days=${period}`);
    this.fetchedAt = Date.now();
    return period === this.period ? found : this.#fetch(); // another one was chosen meanwhile
  }

  #load() {
    return fill(this.body, this.texts, () => this.#fetch(), (found) => this.#shown(found)); // prettier-ignore
  }

  /** Quietly: what is being read or written stays as it is. */
  async #refresh() {
    const found = await this.#fetch().catch(() => null);
    if (!found) return;
    const focused = document.activeElement;
    this.body.replaceChildren(...this.#shown(found));
    if (focused?.isConnected) focused.focus({ preventScroll: true });
  }

  #shown({ count, affected }) {
    const { texts } = this;
    const cases = new Map(affected.map((one) => [keyOf(one), this.#caseOf(one)]));
    for (const [key, one] of this.cases) if ((one.isBusy || one.isEdited) && !cases.has(key)) cases.set(key, one);
    this.cases = cases;
    this.#tell(count, affected.length);
    if (!cases.size) return [nothing("check", ...texts.none)];
    return [...cases.values()].map(({ element }) => element);
  }

  #tell(count, shown) {
    this.count = count;
    setText(this.lists, count ? this.texts.lists(count, shown) : "");
    const detail = this.period === USUAL ? count : null;
    document.dispatchEvent(new CustomEvent(CHANGED, { detail }));
  }

  #caseOf(affected) {
    const known = this.cases.get(keyOf(affected));
    known?.update(affected);
    const { texts, dates } = this;
    const settled = (one) => this.#settled(one);
    return known ?? new RecallCase(affected, { texts, dates, settled, again: () => this.#refresh() });
  }

  /** Its line stays until the list is fetched again, so that nothing jumps under the finger. The next one is next. */
  #settled(one) {
    this.cases.delete(keyOf(one.affected));
    const buttons = [...this.body.querySelectorAll("[data-first]")];
    const after = buttons.find((it) => one.element.compareDocumentPosition(it) & Node.DOCUMENT_POSITION_FOLLOWING);
    (after ?? buttons[0] ?? one.element).focus();
    this.#tell(Math.max(0, this.count - 1), this.cases.size);
  }
}
