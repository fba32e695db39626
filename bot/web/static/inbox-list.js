/** The list of conversations: tabs, search, filters, rows. It shows what inbox.js knows. */

import { icon } from "./icons.js";
import { FILTERS, VIEWS } from "./inbox.js";
import { plain } from "./markup.js";
import { build, setText } from "./messages.js";

const SEARCH_AFTER = 300; // ms without a key
const TAGS = 3; // shown in a row
const TROUBLE = new Set(["self_harm", "legal", "angry", "failure"]);
const SLOW = 400; // ms before anything says that it is loading

export class InboxList {
  #timer;
  #items = new Map(); // conversation → {row, element}: only what changed is drawn again
  #cursor = "";

  /** `look({view, filters, q})` shows something else, `more()` the next page, `open(id)` a conversation;
   * `unread(row)` counts; `now()` is the server's time in ms. */
  constructor({ texts, me, inbox, look, more, open, unread, now }) {
    Object.assign(this, { texts, me, inbox, look, more, open, unread, now, agents: [] });
    this.tabs = Object.fromEntries(VIEWS.map((view) => [view, this.#tab(view)]));
    const tablist = { class: "tabs", role: "tablist", "aria-label": texts.inbox };
    const tabs = build("div", tablist, ...Object.values(this.tabs));
    this.filters = build("div", { class: "filters", hidden: true });
    this.rows = build("ul", { class: "rows" });
    this.nothing = build("div", { class: "nothing", hidden: true });
    this.moreButton = build("button", { type: "button", class: "more", onclick: () => this.#more() }, texts.more);
    const scroller = build("div", { class: "list-scroll" }, this.rows, this.nothing, this.moreButton);
    const attributes = { class: "list", "aria-label": texts.conversations };
    this.element = build("section", attributes, tabs, this.#searchLine(), this.filters, scroller);
    scroller.addEventListener("scroll", () => this.#nearEnd(scroller));
  }

  // ── what to look at ──

  #tab(view) {
    const count = build("span", { class: "count-badge" });
    const attributes = { type: "button", role: "tab", class: `tab ${view}`, onclick: () => this.show(view) };
    return build("button", attributes, build("span", {}, this.texts.views[view]), count);
  }

  #searchLine() {
    const { texts } = this;
    this.input = build("input", { type: "search", placeholder: texts.search, "aria-label": texts.search });
    this.input.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#again(), SEARCH_AFTER);
    });
    const toggle = () => this.#toggleFilters();
    const label = { "aria-label": texts.filters, title: texts.filters, "aria-expanded": "false" };
    this.filterButton = build("button", { type: "button", class: "icon", ...label, onclick: toggle }, icon("filter"));
    const search = build("div", { class: "search" }, icon("search", 16), this.input);
    return build("div", { class: "search-line" }, search, this.filterButton);
  }

  show(view) {
    this.#cursor = "";
    this.look({ view, filters: this.inbox.filters, q: this.input.value.trim() });
  }

  #again(filters = this.inbox.filters) {
    this.look({ view: this.inbox.view, filters, q: this.input.value.trim() });
  }

  #toggleFilters(isOpen = this.filters.hidden) {
    if (!isOpen && FILTERS.some((name) => this.inbox.filters[name])) this.#again({});
    this.filters.hidden = !isOpen;
    this.filterButton.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.#drawFilters();
  }

  #drawFilters() {
    if (this.filters.hidden || this.filters.contains(document.activeElement)) return; // not under one's hands
    const { texts, inbox } = this;
    const rows = [...inbox.rows.values()];
    const languages = [...new Set(["en", "zh", ...rows.map(({ language }) => language)])].filter(Boolean);
    const named = new Intl.DisplayNames(document.documentElement.lang, { type: "language" });
    const options = {
      reason: Object.entries(texts.reason),
      language: languages.map((code) => [code, languageName(named, code)]),
      tag: inbox.tags.map((tag) => [tag, tag]),
      agent: this.agents.map(({ id, name }) => [id, name]),
    };
    this.filters.replaceChildren(...FILTERS.map((name) => this.#select(name, options[name])));
  }

  #select(name, options) {
    const { texts, inbox } = this;
    const chosen = inbox.filters[name];
    const option = ([value, label]) => build("option", { value, selected: chosen === value }, plain(label));
    const any = build("option", { value: "" }, texts.any[name]);
    const select = build("select", { "aria-label": texts.filter[name] }, any, ...options.map(option));
    select.addEventListener("change", () => this.#again({ ...inbox.filters, [name]: select.value }));
    return select;
  }

  // ── rows ──

  /** `current` is the open conversation. */
  draw(current = this.current) {
    this.current = current;
    const { inbox } = this;
    for (const view of VIEWS) this.#drawTab(view);
    const rows = inbox.shown;
    const kept = new Set(rows.map(({ conversation }) => conversation));
    for (const id of this.#items.keys()) if (!kept.has(id)) this.#items.delete(id);
    this.#place(rows.map((row) => this.#item(row)));
    this.moreButton.hidden = !inbox.next;
    this.filterButton.classList.toggle("is-on", FILTERS.some((name) => inbox.filters[name]));
    this.#drawFilters();
    this.#drawNothing(rows.length);
    this.tick();
  }

  #drawTab(view) {
    const tab = this.tabs[view];
    tab.setAttribute("aria-selected", String(view === this.inbox.view));
    const { counts } = this.inbox;
    const count = { waiting: counts.waiting, mine: counts.mine }[view];
    const badge = tab.querySelector(".count-badge");
    badge.hidden = !count;
    setText(badge, count ? String(count) : "");
  }

  /** Elements that stay where they are keep focus and selection. */
  #place(elements) {
    elements.forEach((element, index) => {
      const there = this.rows.children[index];
      if (there !== element) this.rows.insertBefore(element, there ?? null);
    });
    while (this.rows.children.length > elements.length) this.rows.lastElementChild.remove();
  }

  #item(row) {
    const known = this.#items.get(row.conversation);
    const unread = this.unread(row);
    const state = `${row.conversation === this.current} ${unread} ${row.conversation === this.#cursor}`;
    if (known?.row === row && known.state === state) return known.element;
    const element = known?.element ?? build("li");
    const hadFocus = element.contains(document.activeElement);
    element.replaceChildren(this.#button(row, unread));
    if (hadFocus) element.firstChild.focus({ preventScroll: true });
    this.#items.set(row.conversation, { row, element, state });
    return element;
  }

  #button(row, unread) {
    const { texts } = this;
    const { conversation } = row;
    const attributes = { type: "button", class: "row", onclick: () => this.open(conversation) };
    if (conversation === this.current) attributes["aria-current"] = "true";
    const made = build("button", attributes, ...this.#lines(row, unread));
    made.classList.toggle("is-cursor", conversation === this.#cursor);
    made.classList.toggle("is-unread", unread > 0);
    made.title = row.first_in_line ? texts.firstInLine : "";
    return made;
  }

  #lines(row, unread) {
    const { texts } = this;
    const name = build("span", { class: "row-name", dir: "auto" }, plain(row.name));
    const first = build("span", { class: "row-line" }, name);
    if (row.verified) first.append(mark("verified", texts.isVerified));
    first.append(build("span", { class: "row-clock" }));
    const said = build("span", { class: "row-last", dir: "auto" }, this.#lastLine(row));
    const last = build("span", { class: "row-line" }, said);
    if (unread) last.append(dot(unread, texts.unread(unread)));
    return [first, last, this.#marks(row)];
  }

  #lastLine({ last, agent }) {
    const { texts, me } = this;
    if (!last) return "–";
    const isMine = last.author === "agent" && agent?.id === me.agent.id;
    const who = last.author === "customer" ? "" : `${isMine ? texts.author.you : (texts.author[last.author] ?? "")}: `;
    return who + plain(last.text).replace(/\s+/g, " ");
  }

  #marks(row) {
    const { texts } = this;
    const { reason, language, tags = [], email, score } = row;
    const small = (kind, words) => build("span", { class: kind }, words);
    const tone = TROUBLE.has(reason) ? "trouble" : "";
    const marks = [
      reason && small(`badge ${tone}`, texts.reason[reason] ?? plain(reason)),
      language && small("lang", plain(language).toUpperCase()),
      email && mark("mail", plain(email)),
      score && small("lang", texts.rated(score)),
      ...tags.slice(0, TAGS).map((tag) => build("span", { class: "tag", title: plain(tag) }, small("", plain(tag)))),
      tags.length > TAGS && small("lang", `+${tags.length - TAGS}`),
      this.#holder(row) && small("holder", this.#holder(row)),
    ];
    return build("span", { class: "row-line row-marks" }, ...marks.filter(Boolean));
  }

  #holder({ status, agent }) {
    const { texts, me } = this;
    const name = agent?.id === me.agent.id ? texts.author.you : plain(agent?.name);
    return { agent: name, bot: texts.author.bot, closed: texts.status.closed }[status] ?? "";
  }

  /** The clocks: once a second. */
  tick() {
    for (const { row, element } of this.#items.values()) this.#drawClock(row, element.querySelector(".row-clock"));
  }

  #drawClock(row, clock) {
    const { texts, me } = this;
    const since = row.waiting_since ?? row.owed_since;
    const seconds = (this.now() - Date.parse(since ?? row.updated_at)) / 1_000;
    const words = texts.clock(seconds);
    setText(clock, words);
    clock.classList.toggle("is-waiting", Boolean(since));
    const [soon, late] = [me.t1_s, me.t2_s].sort((one, other) => one - other); // either may be the shorter
    clock.classList.toggle("is-late", Boolean(since) && seconds >= soon && seconds < late);
    clock.classList.toggle("is-too-late", Boolean(since) && seconds >= late);
    const wait = row.waiting_since ? texts.waitsFor(words) : texts.owedFor(words);
    clock.title = since ? wait : texts.date(new Date(row.updated_at));
  }

  // ── nothing, more ──

  #drawNothing(count) {
    const { texts, inbox } = this;
    clearTimeout(this.slow);
    this.nothing.hidden = count > 0;
    if (count) return;
    if (!inbox.isLoaded) {
      this.nothing.replaceChildren();
      const words = build("p", { class: "quiet" }, texts.loading);
      this.slow = setTimeout(() => this.nothing.replaceChildren(words), SLOW);
      return;
    }
    const isFiltered = inbox.q || FILTERS.some((name) => inbox.filters[name]);
    const [title, words] = isFiltered ? texts.nothingFound : texts.empty[inbox.view];
    const clear = () => {
      this.input.value = "";
      this.#again({});
    };
    const button = build("button", { type: "button", class: "small", onclick: clear }, texts.clearFilters);
    const parts = [icon(isFiltered ? "search" : "inbox", 36), build("h2", {}, title), build("p", {}, words)];
    this.nothing.replaceChildren(...parts, ...(isFiltered ? [button] : []));
  }

  async #more() {
    this.moreButton.disabled = true;
    await this.more();
    this.moreButton.disabled = false;
  }

  #nearEnd({ scrollHeight, scrollTop, clientHeight }) {
    const isNear = scrollHeight - scrollTop - clientHeight < 200;
    if (isNear && this.inbox.next && !this.moreButton.disabled) this.#more();
  }

  // ── by keyboard ──

  move(step) {
    const ids = this.inbox.shown.map(({ conversation }) => conversation);
    if (!ids.length) return;
    const at = ids.indexOf(this.#cursor || this.current);
    this.#cursor = ids[Math.min(ids.length - 1, Math.max(0, at < 0 ? 0 : at + step))];
    this.draw();
    const button = this.#items.get(this.#cursor)?.element.firstChild;
    button?.focus({ preventScroll: true });
    button?.scrollIntoView({ block: "nearest" });
  }

  openCursor() {
    const id = this.#cursor || this.inbox.shown[0]?.conversation;
    if (id) this.open(id);
  }

  search() {
    this.input.focus();
    this.input.select();
  }
}

function mark(name, label) {
  const made = build("span", { class: `row-icon ${name}`, role: "img", "aria-label": label, title: label });
  made.append(icon(name, 14));
  return made;
}

function dot(count, label) {
  const attributes = { class: "dot", role: "img", "aria-label": label, title: label };
  return build("span", attributes, count > 1 ? String(count) : "");
}

function languageName(named, code) {
  try {
    return named.of(code) ?? code;
  } catch {
    return code;
  }
}
