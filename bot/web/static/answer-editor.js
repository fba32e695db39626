/** One answer: its text, whether that is saved, what it stands next to, and publishing it. */

import { Check } from "./answer-check.js";
import { fieldsOf, isSame, Saving } from "./answer-edits.js";
import { Fields } from "./answer-fields.js";
import { api } from "./console-shell.js";
import { icon } from "./icons.js";
import { plain } from "./markup.js";
import { build, setText } from "./messages.js";
import { conversationLink } from "./page-parts.js";
import { whyFailed } from "./page-texts.js";

const CHECK_AFTER = 600; // ms after the last save

const after = (ms, act) => {
  const timer = setTimeout(act, ms);
  return () => clearTimeout(timer);
};

/**
 * `on.changed(draft)`: published or dismissed; `on.saved(draft)`: its text was saved; `on.edit()`: what was published or
 * dismissed shall be edited, which makes it a draft again (`isEditing`). What was published answers on meanwhile.
 */
export class Editor {
  #cancelCheck = null;

  constructor(wiring) {
    Object.assign(this, wiring);
    const { draft, kept } = this;
    this.path = `answers/${encodeURIComponent(draft.id)}`;
    this.mayPublish = this.me.actions.includes("publish");
    this.mayEdit = this.mayPublish || (draft.by?.id === this.me.agent.id && !draft.passage);
    this.isOpen = this.mayEdit && (draft.status === "draft" || this.isEditing);
    this.fields = new Fields({ draft, texts: this.texts, categories: this.categories });
    this.fields.on = { input: () => this.#edited(), save: () => this.isOpen && this.saving.flush() };
    this.state = build("p", { class: "save-state", role: "status" });
    this.says = build("p", { class: "says", role: "alert" });
    this.actions = build("div", { class: "actions" });
    this.check = new Check({ texts: this.texts, ask: () => api("POST", `${this.path}/check`, {}) });
    this.saving = new Saving({
      draft,
      kept,
      after,
      put: (fields) => api("PUT", this.path, fields),
      on: { state: (state, error) => this.#tell(state, error), saved: (next) => this.#saved(next) },
    });
    this.element = this.#whole();
    this.fields.write(fieldsOf(draft));
    if (!this.isOpen) return;
    this.#offer();
    this.#begin();
  }

  get isDirty() {
    return this.isOpen && this.saving.isDirty;
  }

  leave() {
    this.#cancelCheck?.();
    this.check.stop();
    this.on = { ...this.on, changed() {} };
    this.saving.flush().finally(() => this.saving.stop());
  }

  // ── how it is put together ──

  #whole() {
    const parts = this.isOpen
      ? [this.#standing(), this.#restored(), this.fields.element, ...this.#panel()]
      : [this.#outcome(), this.#reading()];
    return build("article", { class: `editor ${this.draft.status}` }, this.#about(), ...parts);
  }

  #about() {
    const { draft, texts, dates } = this;
    const line = build("div", { class: "about" }, texts.by(plain(draft.by?.name), dates(draft.created_at)));
    if (draft.conversation) line.append(conversationLink(draft.conversation, texts.fromConversation));
    return line;
  }

  #panel() {
    this.checkButton = build("button", { type: "button", onclick: () => this.#runCheck() }, this.texts.check);
    this.saveButton = build("button", { type: "button", onclick: () => this.saving.flush() }, this.texts.save);
    const bar = build(
      "div",
      { class: "editor-bar" },
      this.says,
      this.actions,
      build("div", { class: "saved-line" }, this.state, this.saveButton),
    );
    const head = build("div", { class: "check-head" }, build("h2", {}, this.texts.check), this.checkButton);
    const check = build("section", { class: "block check" }, head, this.check.element);
    return [check, bar];
  }

  #standing() {
    const { draft, texts } = this;
    return draft.passage ? build("p", { class: "quiet" }, texts.stillAnswers) : "";
  }

  // ── typing and saving ──

  #begin() {
    const mine = this.kept.of(this.draft.id);
    if (mine && !isSame(mine.fields, this.saving.saved)) {
      this.fields.write(mine.fields);
      if (isSame(mine.base, this.saving.saved)) this.#edited();
      else this.#tell("waiting");
      return;
    }
    this.kept.forget(this.draft.id);
    this.#tell("saved");
    this.#checkSoon();
  }

  /** What stood here unsaved is back; when the saved text changed meanwhile, a person decides. */
  #restored() {
    const { texts } = this;
    const mine = this.kept.of(this.draft.id);
    if (!mine || isSame(mine.fields, this.draft)) return "";
    const isMoved = !isSame(mine.base, this.draft);
    const notice = build("div", { class: "notice", role: "status" });
    const button = (words, fields) =>
      build("button", { type: "button", class: "small", onclick: () => this.#resolve(notice, fields) }, words);
    notice.append(build("p", {}, isMoved ? texts.changedMeanwhile : texts.restored));
    if (isMoved) notice.append(button(texts.keepMine, null));
    notice.append(button(texts.useSaved, this.draft));
    return notice;
  }

  #resolve(notice, fields) {
    notice.remove();
    if (fields) this.fields.write(fieldsOf(fields));
    this.#edited();
  }

  #edited() {
    setText(this.says, "");
    this.check.age();
    this.saving.edit(this.fields.read());
    this.#offer();
  }

  #saved(draft) {
    this.draft = draft;
    this.element.querySelectorAll(".notice button").forEach((button) => button.remove()); // decided
    this.on.saved(draft);
    if (!this.saving.isDirty) this.#checkSoon();
  }

  #tell(state, error) {
    const words = this.texts.states[state];
    setText(this.state, error ? plain(words(whyFailed(this.texts, error))) : words);
    this.state.className = `save-state ${state}`;
    if (this.saveButton) this.saveButton.disabled = state === "saved" || state === "saving";
  }

  // ── checking ──

  #checkSoon() {
    this.#cancelCheck?.();
    if (this.isComplete) this.#cancelCheck = after(CHECK_AFTER, () => this.check.run());
  }

  get isComplete() {
    const { question, answer } = this.fields.read();
    return Boolean(question && answer);
  }

  async #runCheck() {
    if (await this.saving.flush()) await this.check.run();
  }

  // ── publishing ──

  #offer() {
    const { texts } = this;
    if (!this.mayPublish)
      return this.actions.replaceChildren(build("p", { class: "quiet" }, texts.supervisorPublishes));
    const publish = build(
      "button",
      { type: "button", class: "primary", onclick: () => this.#publish(false) },
      texts.publish,
    );
    const dismiss = build("button", { type: "button", onclick: () => this.#send("dismiss") }, texts.dismiss);
    publish.disabled = !this.isComplete;
    this.actions.replaceChildren(publish, dismiss, this.isComplete ? "" : build("p", { class: "quiet" }, texts.needs));
  }

  async #publish(isSure) {
    setText(this.says, "");
    this.#busy(true);
    this.#cancelCheck?.();
    const isSaved = await this.saving.flush();
    if (isSaved && !isSure && !this.check.isFresh) await this.check.run();
    this.#busy(false);
    if (!isSaved) return setText(this.says, this.state.textContent);
    if (!isSure && this.check.warnings) return this.#ask();
    return this.#send("publish");
  }

  #ask() {
    const { texts } = this;
    const sure = build(
      "button",
      { type: "button", class: "primary", onclick: () => this.#publish(true) },
      texts.publishAnyway,
    );
    const back = build("button", { type: "button", onclick: () => this.#offer() }, texts.notYet);
    this.actions.replaceChildren(build("p", { role: "alert" }, texts.sure(this.check.warnings)), sure, back);
    back.focus();
    this.check.element.scrollIntoView({ block: "center" });
  }

  async #send(what) {
    this.#busy(true);
    try {
      this.#finish(await api("POST", `${this.path}/${what}`, {}));
    } catch (error) {
      if ((error.status === 0 || error.status >= 500) && (await this.#isDone())) return;
      this.#offer();
      setText(this.says, plain(whyFailed(this.texts, error)));
    }
  }

  /** No answer came, or a fault: was it done nevertheless? */
  async #isDone() {
    const now = await api("GET", this.path).catch(() => null);
    if (!now || now.status === "draft") return false;
    this.#finish(now);
    return true;
  }

  #finish(draft) {
    this.isOpen = false;
    this.saving.stop();
    this.kept.forget(draft.id);
    this.on.changed(draft);
  }

  #busy(isBusy) {
    for (const button of this.actions.querySelectorAll("button")) button.disabled = isBusy;
    this.actions.setAttribute("aria-busy", String(isBusy));
  }

  // ── what became of it ──

  #reading() {
    const { draft, texts } = this;
    const { language, phrasings, category } = fieldsOf(draft);
    const others = phrasings.length ? build("ul", {}, ...phrasings.map((one) => build("li", {}, plain(one)))) : "";
    const facts = [
      [texts.language, texts.languages[language] ?? language],
      [texts.category, plain(category)],
      [texts.phrasings, others],
    ];
    const lines = facts
      .filter(([, value]) => value)
      .flatMap(([name, value]) => [build("dt", {}, name), build("dd", {}, value)]);
    const question = build("h2", { dir: "auto" }, plain(draft.question) || texts.untitled);
    return build("div", { class: "reading" }, question, this.fields.preview, build("dl", { class: "facts" }, ...lines));
  }

  #outcome() {
    const { draft, texts, dates } = this;
    const attributes = { class: `outcome ${draft.status}`, role: "status", tabindex: "-1", "data-outcome": "" };
    if (draft.status === "draft") return build("div", attributes, build("p", {}, texts.colleagues));
    const edit = build("button", { type: "button", onclick: () => this.on.edit() }, texts.edit);
    if (draft.status !== "published")
      return build("div", attributes, build("p", {}, texts.dismissed), this.mayEdit ? edit : "");
    const facts = [
      [texts.passage, draft.passage],
      [texts.document, draft.document],
    ].filter(([, value]) => value);
    const lines = facts.flatMap(([name, value]) => [
      build("dt", {}, name),
      build("dd", {}, build("code", {}, plain(value))),
    ]);
    const title = build("h2", {}, icon("check", 20), texts.answerable);
    const when = draft.published_at ? ` ${texts.published(dates(draft.published_at))}.` : "";
    return build(
      "div",
      attributes,
      title,
      build("p", {}, `${texts.answerableWhat}${when}`),
      build("dl", { class: "facts" }, ...lines),
      this.mayEdit ? edit : "",
    );
  }
}
