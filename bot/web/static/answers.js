/** /console/answers, /console/answers?id=…: what colleagues answered, on its way to become an answer of the bot. */

import { Kept } from "./answer-edits.js";
import { Editor } from "./answer-editor.js";
import { answersTextsFor } from "./answers-texts.js";
import { api } from "./console-shell.js";
import { plain } from "./markup.js";
import { build, setText } from "./messages.js";
import { storageOr } from "./outbox.js";
import { fill, nothing, segments, startPage } from "./page-parts.js";
import { whyFailed } from "./page-texts.js";

const SHOWN = 60; // lines of the list at first

startPage("answers", answersTextsFor, (wiring) => new Answers(wiring).start());

class Answers {
  constructor(wiring) {
    Object.assign(this, wiring, {
      kept: new Kept(storageOr(() => sessionStorage)),
      status: "draft",
      all: [],
      editor: null,
    });
    const { texts } = this;
    this.tabs = build("div");
    this.list = build("div", { class: "list-body" });
    this.place = build("div", { class: "editor-place" });
    const head = build("div", { class: "list-head" }, build("h1", {}, texts.title), this.tabs, this.#adding());
    const list = build("section", { class: "list", "aria-label": texts.list }, head, this.list);
    this.main.append(list, this.place);
    globalThis.addEventListener("popstate", () => this.#route());
    globalThis.addEventListener("beforeunload", (event) => this.editor?.isDirty && event.preventDefault());
  }

  async start() {
    const id = idOf(location);
    if (id) await this.#open(id);
    else this.#close();
    this.#showTabs();
    await this.#load();
  }

  // ── the list ──

  #showTabs() {
    const options = Object.entries(this.texts.statuses);
    this.tabs.replaceChildren(segments(this.texts.status, options, this.status, (status) => this.#choose(status)));
  }

  #choose(status) {
    this.status = status;
    this.#load();
  }

  #load() {
    const { status } = this;
    return fill(
      this.list,
      this.texts,
      () => api("GET", `answers?status=${status}`),
      ({ answers }) => {
        if (status !== this.status) return [...this.list.childNodes]; // another tab was chosen meanwhile
        this.all = answers ?? [];
        return this.#lines(SHOWN);
      },
    );
  }

  #lines(room) {
    const { texts, all } = this;
    if (!all.length) return [nothing("book", ...texts.empty[this.status])];
    const lines = all.slice(0, room).map((draft) => build("li", {}, this.#line(draft)));
    const rest = all.length - lines.length;
    const more = () => this.list.replaceChildren(...this.#lines(room + SHOWN * 2));
    const button = build("button", { type: "button", onclick: more }, texts.more(Math.min(rest, SHOWN * 2)));
    return [build("ul", { class: "lines" }, ...lines), rest > 0 ? button : ""];
  }

  #line(draft) {
    const { texts, days } = this;
    const about = build("span", { class: "about" });
    about.append(build("span", { class: "chip-plain" }, texts.languages[draft.language] ?? draft.language));
    if (this.kept.of(draft.id)) about.append(build("span", { class: "badge waiting" }, texts.unsaved));
    about.append(build("span", {}, texts.by(plain(draft.by?.name), days(draft.published_at ?? draft.created_at))));
    const question = build("span", { class: "line-title", dir: "auto" }, plain(draft.question) || texts.untitled);
    const attributes = { class: "line-link", href: addressOf(draft.id), "data-id": draft.id };
    if (this.editor?.draft.id === draft.id) attributes["aria-current"] = "true";
    return build("a", { ...attributes, onclick: (event) => this.#follow(event, draft.id) }, question, about);
  }

  #redraw() {
    if (this.all.length)
      this.list.replaceChildren(...this.#lines(Math.max(SHOWN, this.list.querySelectorAll("li").length)));
  }

  // ── which one is open ──

  #follow(event, id) {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    event.preventDefault();
    history.pushState(null, "", addressOf(id));
    this.#route();
  }

  async #route() {
    const id = idOf(location);
    if (id === (this.editor?.draft.id ?? "")) return;
    if (id) await this.#open(id);
    else this.#close();
    this.#redraw();
  }

  #close() {
    this.editor?.leave();
    this.editor = null;
    this.main.classList.remove("has-open");
    this.place.replaceChildren(nothing("book", ...this.texts.pick));
    document.title = this.texts.title;
  }

  async #open(id) {
    this.editor?.leave();
    this.editor = null;
    this.main.classList.add("has-open");
    await fill(
      this.place,
      this.texts,
      () => api("GET", `answers/${encodeURIComponent(id)}`),
      (draft) => (idOf(location) === id ? this.#show(draft) : [...this.place.childNodes]),
    );
    if (!this.editor && idOf(location) === id) this.place.prepend(this.#back());
  }

  #show(draft, isEditing = false) {
    if (!this.editor && !this.all.length && this.texts.statuses[draft.status]) this.status = draft.status;
    const categories = [...new Set(this.all.map(({ category }) => category).filter(Boolean))];
    const { me, texts, dates, kept } = this;
    const edit = () => this.place.replaceChildren(...this.#show(draft, true));
    const on = { changed: (next) => this.#changed(next), saved: (next) => this.#saved(next), edit };
    this.editor = new Editor({ draft, me, texts, dates, kept, on, categories, isEditing });
    document.title = `${plain(draft.question) || texts.untitled} – ${texts.title}`;
    return [this.#back(), this.editor.element];
  }

  #back() {
    const close = (event) => {
      event.preventDefault();
      history.pushState(null, "", "/console/answers");
      this.#route();
    };
    return build("a", { class: "to back", href: "/console/answers", onclick: close }, "← ", this.texts.back);
  }

  /** Published or dismissed: it is shown as what it is now, and stands in another list. */
  #changed(draft) {
    this.editor?.leave();
    this.place.replaceChildren(...this.#show(draft));
    this.place.querySelector("[data-outcome]")?.focus();
    this.#load();
  }

  #saved(draft) {
    const at = this.all.findIndex(({ id }) => id === draft.id);
    if (at >= 0) this.all[at] = draft;
    if (draft.status === this.status && this.all.length) this.#redraw();
    else this.#load();
  }

  // ── a new one ──

  #adding() {
    const { texts } = this;
    const question = build("input", {
      type: "text",
      required: true,
      maxlength: "500",
      "aria-label": texts.newQuestion,
      placeholder: texts.newQuestion,
    });
    const says = build("p", { class: "says", role: "alert" });
    const button = build("button", { type: "submit" }, texts.create);
    const form = build("form", { class: "adding" }, question, button, says);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      setText(says, "");
      await this.#add(question).catch((error) => setText(says, plain(whyFailed(texts, error))));
      button.disabled = false;
    });
    return build("details", { class: "fold new" }, build("summary", {}, texts.add), form);
  }

  async #add(input) {
    const question = input.value.trim();
    if (!question) return;
    const language = /\p{Script=Han}/u.test(question) ? "zh" : "en";
    const { id } = await api("POST", "answers", { question, language });
    input.value = "";
    input.closest("details").open = false;
    history.pushState(null, "", addressOf(id));
    await this.#route();
    this.status = "draft";
    this.#showTabs();
    await this.#load();
  }
}

function idOf({ search }) {
  return new URLSearchParams(search).get("id") ?? "";
}

function addressOf(id) {
  return `/console/answers?id=${encodeURIComponent(id)}`;
}
