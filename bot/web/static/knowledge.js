/** /console/knowledge, ?anchor=…, ?q=…, ?view=upload: what the bot may answer from, searched as it searches, and changed. */

import { api } from "./console-shell.js";
import { icon } from "./icons.js";
import { EntryView } from "./knowledge-entry.js";
import { chips, mayGo, percent, scoreTable } from "./knowledge-parts.js";
import { knowledgeTextsFor } from "./knowledge-texts.js";
import { Upload } from "./knowledge-upload.js";
import { plain } from "./markup.js";
import { build, setText } from "./messages.js";
import { fill, foldable, nothing, scoreBar, segments, startPage } from "./page-parts.js";

const HOME = "/console/knowledge";

startPage("knowledge", knowledgeTextsFor, (wiring) => new Knowledge(wiring).start());

class Knowledge {
  constructor(wiring) {
    Object.assign(this, wiring, { state: "live", file: "", code: "", offset: 0, query: "", open: null, view: null });
    this.main.classList.add("answers"); // its layout
    this.mayEdit = this.me.actions.includes("knowledge");
    this.list = build("div", { class: "list-body" });
    this.place = build("div", { class: "editor-place" });
    this.notice = build("p", { class: "quiet", role: "status" });
    this.main.append(build("section", { class: "list", "aria-label": this.texts.list }, this.#head(), this.list), this.place);
    globalThis.addEventListener("popstate", () => this.#popped());
    globalThis.addEventListener("beforeunload", (event) => this.view?.isDirty && event.preventDefault());
  }

  async start() {
    await Promise.all([this.#route(), this.#choices()]);
  }

  // ── the head of the list ──

  #head() {
    const { texts } = this;
    const title = build("div", { class: "title-line" }, build("h1", {}, texts.title));
    if (this.mayEdit) title.append(this.#link({ view: "upload" }, [icon("send", 18), texts.upload], "button small"));
    this.tabs = build("div");
    this.files = this.#select(texts.file, (value) => (this.file = value));
    this.codes = this.#select(texts.language, (value) => (this.code = value));
    this.filters = build("div", { class: "narrow" }, this.files, this.codes);
    this.stateWhat = build("p", { class: "hint" });
    return build("div", { class: "list-head" }, title, this.#searching(), this.tabs, this.stateWhat, this.filters);
  }

  #searching() {
    const { texts } = this;
    this.input = build("input", { type: "search", maxlength: "400", "aria-label": texts.search, placeholder: texts.searchWhat }); // prettier-ignore
    const button = build("button", { type: "submit", class: "icon", "aria-label": texts.searchButton }, icon("search", 18));
    const form = build("form", { class: "searching", role: "search" }, this.input, button);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#go({ q: this.input.value.trim() });
    });
    this.input.addEventListener("search", () => !this.input.value && this.query && this.#go({ q: "" }));
    return form;
  }

  #select(label, set) {
    const made = build("select", { "aria-label": label });
    made.addEventListener("change", () => {
      set(made.value);
      this.offset = 0;
      this.#load();
    });
    return made;
  }

  async #choices() {
    const found = await api("GET", "knowledge/files").catch(() => null);
    if (!found) return;
    const { texts } = this;
    const option = (value, words) => build("option", { value }, words);
    const files = found.files.map(({ file, passages }) => option(file, `${plain(file)} (${passages})`));
    const codes = found.languages.map((code) => option(code, texts.languages?.[code] ?? code));
    this.files.replaceChildren(option("", texts.allFiles), ...files);
    this.codes.replaceChildren(option("", texts.allLanguages), ...codes);
    [this.files.value, this.codes.value] = [this.file, this.code];
  }

  #showTabs() {
    const { texts } = this;
    const choose = (state) => {
      [this.state, this.offset] = [state, 0];
      this.#load();
    };
    this.tabs.replaceChildren(segments(texts.state, Object.entries(texts.states), this.state, choose));
    setText(this.stateWhat, texts.stateWhat[this.state]);
    const isSearching = Boolean(this.query);
    for (const one of [this.tabs, this.stateWhat, this.filters]) one.hidden = isSearching;
  }

  // ── the list ──

  #load() {
    this.#showTabs();
    const { query, texts } = this;
    if (query) return fill(this.list, texts, () => api("GET", `knowledge/search?${new URLSearchParams({ q: query })}`), (found) => this.#found(found)); // prettier-ignore
    const { state, file, code, offset } = this;
    const asked = new URLSearchParams({ state, file, language: code, offset: String(offset) });
    return fill(this.list, texts, () => api("GET", `knowledge?${asked}`), (found) => this.#lines(found)); // prettier-ignore
  }

  #lines({ total, offset, entries }) {
    const { texts } = this;
    if (!entries.length && !offset) return [nothing("page", ...texts.empty[this.state])];
    const lines = entries.map((one) => build("li", {}, this.#line(one, [build("code", {}, plain(one.source || one.anchor))])));
    const to = offset + entries.length;
    const page = (words, by, isOff) => build("button", { type: "button", class: "small", disabled: isOff, onclick: () => this.#page(by) }, words); // prettier-ignore
    const pager = [page(texts.previous, -50, !offset), build("span", {}, texts.count(offset + 1, to, total)), page(texts.next, 50, to >= total)]; // prettier-ignore
    return [build("ul", { class: "lines" }, ...lines), build("div", { class: "pager" }, ...pager)];
  }

  #page(by) {
    this.offset = Math.max(0, this.offset + by);
    this.list.scrollIntoView({ block: "start" });
    this.#load();
  }

  #line(one, besides, query = {}) {
    const about = build("span", { class: "about" }, ...chips(this.texts, one), ...besides);
    const title = build("span", { class: "line-title", dir: "auto" }, plain(one.title));
    const link = this.#link({ ...query, anchor: one.anchor }, [title, about], "line-link");
    link.dataset.anchor = one.anchor;
    if (one.anchor === this.open) link.setAttribute("aria-current", "true");
    return link;
  }

  #found({ hits, for_agents: inside, decision, score, thresholds, query }) {
    const { texts } = this;
    const leave = this.#link({ q: "" }, [icon("back", 16), texts.leave], "to");
    if (!hits.length && !inside.length) return [leave, nothing("search", ...texts.noHits)];
    const words = texts.sure(percent(score), percent(thresholds.answer));
    const mended = query.trim() === this.query.trim() ? "" : build("p", { class: "quiet" }, texts.searchedFor(plain(query)));
    const says = build("div", { class: `decision ${decision}`, role: "status" }, build("strong", {}, texts.decision[decision]), build("p", {}, words), mended); // prettier-ignore
    const line = (hit) => {
      const bar = scoreBar(hit.scores.score, hit.scores.score.toFixed(2));
      return build("li", {}, this.#line(hit, [bar], { q: this.query }), foldable(texts.scoresOf, scoreTable(texts, hit.scores)));
    };
    const lists = [build("ul", { class: "lines hits" }, ...hits.map(line))];
    if (inside.length) lists.push(build("h2", {}, texts.forAgents), build("ul", { class: "lines hits" }, ...inside.map(line)));
    return [leave, says, ...lists];
  }

  // ── which one is open ──

  #link(asked, words, kind) {
    const href = addressOf(asked);
    const follow = (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
      event.preventDefault();
      this.#go(asked);
    };
    return build("a", { class: kind, href, onclick: follow }, ...words);
  }

  #go(asked) {
    return this.#goTo(addressOf(asked));
  }

  async #goTo(address) {
    if (this.view?.isDirty && !(await mayGo(this.texts))) return;
    this.view = null;
    history.pushState(null, "", address);
    this.#route();
  }

  /** Back, or forward: what was written is asked after, so the address stays until then. */
  #popped() {
    if (!this.view?.isDirty) return this.#route();
    const wanted = location.href;
    history.pushState(null, "", this.address);
    return this.#goTo(wanted);
  }

  async #route() {
    this.address = location.href;
    const asked = new URLSearchParams(location.search);
    const query = asked.get("q") ?? "";
    const isOther = query !== this.query || !this.list.firstChild;
    this.query = query;
    if (document.activeElement !== this.input) this.input.value = query;
    this.open = asked.get("anchor");
    for (const one of this.list.querySelectorAll("[data-anchor]")) {
      if (one.dataset.anchor === this.open) one.setAttribute("aria-current", "true");
      else one.removeAttribute("aria-current");
    }
    const loading = isOther ? this.#load() : null;
    if (asked.get("view") === "upload" && this.mayEdit) this.#upload();
    else if (this.open) await this.#show(this.open);
    else this.#close();
    await loading;
  }

  #close() {
    this.view = null;
    this.main.classList.remove("has-open");
    this.place.replaceChildren(nothing("page", ...this.texts.pick));
    document.title = this.texts.title;
  }

  #back() {
    return this.#link({ q: this.query }, ["← ", this.texts.back], "to back");
  }

  async #show(anchor, words = "", isDone = true) {
    this.main.classList.add("has-open");
    const get = () => api("GET", `knowledge/entry?anchor=${encodeURIComponent(anchor)}`);
    await fill(this.place, this.texts, get, (entry) => {
      if (this.open !== anchor) return [...this.place.childNodes];
      const { me, texts, dates } = this;
      const changed = (says, isGood) => this.#changed(anchor, says, isGood);
      this.view = new EntryView({ entry, me, texts, dates, on: { changed, gone: () => this.#gone() } });
      document.title = `${plain(entry.title)} – ${texts.title}`;
      const done = words ? build("p", { class: isDone ? "clear" : "says", role: "status" }, isDone ? icon("check", 18) : "", words) : ""; // prettier-ignore
      return [this.#back(), done, this.view.element].filter(Boolean);
    });
    if (!this.place.querySelector(".back")) this.place.prepend(this.#back());
  }

  /** The list is fetched again, and the entry, which may be gone. */
  async #changed(anchor, says, isDone) {
    this.view = null;
    await Promise.all([this.#show(anchor, says, isDone), this.#load(), this.#choices()]);
    this.place.scrollTop = 0;
    this.view?.element.focus({ preventScroll: true });
  }

  #gone() {
    this.view = null;
    this.#go({});
    this.#load();
  }

  #upload() {
    this.main.classList.add("has-open");
    const { texts } = this;
    this.view = new Upload({ texts, on: { published: () => Promise.all([this.#load(), this.#choices()]) } });
    document.title = `${texts.uploadTitle} – ${texts.title}`;
    this.place.replaceChildren(this.#back(), this.view.element);
  }
}

function addressOf(asked) {
  const query = new URLSearchParams(Object.entries(asked).filter(([, value]) => value));
  return query.size ? `${HOME}?${query}` : HOME;
}
