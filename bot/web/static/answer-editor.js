/** One answer: its text, whether that is saved, what it stands next to, and publishing it. */

import { Check } from "./answer-check.js";
import { fieldsOf, isSame, phrasingsOf, Saving } from "./answer-edits.js";
import { api } from "./console-shell.js";
import { icon } from "./icons.js";
import { plain, render } from "./markup.js";
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
    this.inputs = this.#inputs();
    this.preview = build("div", { class: "preview-text", dir: "auto" });
    this.state = build("p", { class: "save-state", role: "status" });
    this.says = build("p", { class: "says", role: "alert" });
    this.actions = build("div", { class: "actions" });
    this.check = new Check({ texts: this.texts, ask: () => api("POST", `${this.path}/check`, {}) });
    this.saving = new Saving({
      draft, kept, after,
      put: (fields) => api("PUT", this.path, fields),
      on: { state: (state, error) => this.#tell(state, error), saved: (next) => this.#saved(next) },
    }); // prettier-ignore
    this.element = this.#whole();
    this.#write(fieldsOf(draft));
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
    const parts = this.isOpen ? [this.#standing(), this.#restored(), this.#form(), ...this.#panel()] : [this.#outcome(), this.#reading()];
    return build("article", { class: `editor ${this.draft.status}` }, this.#about(), ...parts);
  }

  #about() {
    const { draft, texts, dates } = this;
    const line = build("div", { class: "about" }, texts.by(plain(draft.by?.name), dates(draft.created_at)));
    if (draft.conversation) line.append(conversationLink(draft.conversation, texts.fromConversation));
    return line;
  }

  #form() {
    const { texts, inputs } = this;
    const field = (name, ...more) => labelled(texts[name], inputs[name], texts[`${name}What`], ...more);
    const preview = build("section", { class: "preview", "aria-label": texts.preview }, build("h3", {}, texts.preview), this.preview);
    const form = build("form", { class: "fields" }, field("question"), build("div", { class: "beside" }, field("answer"), preview),
      field("phrasings"), build("div", { class: "beside" }, field("language"), field("category"))); // prettier-ignore
    form.addEventListener("input", () => this.#edited());
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("keydown", (event) => this.#key(event));
    return form;
  }

  #inputs() {
    const { draft, texts } = this;
    const text = (rows) => build("textarea", { rows: String(rows), dir: "auto" });
    const codes = [...new Set(["en", "zh", draft.language || "en"])];
    const options = codes.map((code) => build("option", { value: code }, texts.languages[code] ?? code));
    this.known = build("datalist", { id: "categories" }, ...this.categories.map((value) => build("option", { value })));
    return {
      question: text(2),
      answer: text(9),
      phrasings: text(4),
      language: build("select", {}, ...options),
      category: build("input", { type: "text", list: this.known.id, maxlength: "200" }),
    };
  }

  #panel() {
    this.checkButton = build("button", { type: "button", onclick: () => this.#runCheck() }, this.texts.check);
    this.saveButton = build("button", { type: "button", onclick: () => this.saving.flush() }, this.texts.save);
    const bar = build("div", { class: "editor-bar" }, this.says, this.actions, build("div", { class: "saved-line" }, this.state, this.saveButton));
    const head = build("div", { class: "check-head" }, build("h2", {}, this.texts.check), this.checkButton);
    const check = build("section", { class: "block check" }, head, this.check.element);
    return [check, bar, this.known];
  }

  #standing() {
    const { draft, texts } = this;
    return draft.passage ? build("p", { class: "quiet" }, texts.stillAnswers) : "";
  }

  // ── typing and saving ──

  #begin() {
    const mine = this.kept.of(this.draft.id);
    if (mine && !isSame(mine.fields, this.saving.saved)) {
      this.#write(mine.fields);
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
    const button = (words, fields) => build("button", { type: "button", class: "small", onclick: () => this.#resolve(notice, fields) }, words);
    notice.append(build("p", {}, isMoved ? texts.changedMeanwhile : texts.restored));
    if (isMoved) notice.append(button(texts.keepMine, null));
    notice.append(button(texts.useSaved, this.draft));
    return notice;
  }

  #resolve(notice, fields) {
    notice.remove();
    if (fields) this.#write(fieldsOf(fields));
    this.#edited();
  }

  #write(fields) {
    const { question, answer, language, phrasings, category } = this.inputs;
    Object.assign(question, { value: fields.question });
    Object.assign(answer, { value: fields.answer });
    Object.assign(language, { value: fields.language });
    Object.assign(phrasings, { value: fields.phrasings.join("\n") });
    Object.assign(category, { value: fields.category });
    this.#showPreview();
  }

  #read() {
    const { question, answer, language, phrasings, category } = this.inputs;
    return {
      question: question.value.trim(),
      answer: answer.value.trim(),
      language: language.value,
      phrasings: phrasingsOf(phrasings.value),
      category: category.value.trim(),
    };
  }

  #edited() {
    this.#showPreview();
    setText(this.says, "");
    this.check.age();
    this.saving.edit(this.#read());
    this.#offer();
  }

  #showPreview() {
    const { answer } = this.inputs;
    const empty = build("p", { class: "quiet" }, this.texts.previewEmpty);
    this.preview.replaceChildren(answer.value.trim() ? render(answer.value) : empty);
  }

  #key(event) {
    if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    if (this.isOpen) this.saving.flush();
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
    const { question, answer } = this.#read();
    return Boolean(question && answer);
  }

  async #runCheck() {
    if (await this.saving.flush()) await this.check.run();
  }

  // ── publishing ──

  #offer() {
    const { texts } = this;
    if (!this.mayPublish) return this.actions.replaceChildren(build("p", { class: "quiet" }, texts.supervisorPublishes));
    const publish = build("button", { type: "button", class: "primary", onclick: () => this.#publish(false) }, texts.publish);
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
    const sure = build("button", { type: "button", class: "primary", onclick: () => this.#publish(true) }, texts.publishAnyway);
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
    const facts = [[texts.language, texts.languages[language] ?? language], [texts.category, plain(category)], [texts.phrasings, others]];
    const lines = facts.filter(([, value]) => value).flatMap(([name, value]) => [build("dt", {}, name), build("dd", {}, value)]);
    const question = build("h2", { dir: "auto" }, plain(draft.question) || texts.untitled);
    return build("div", { class: "reading" }, question, this.preview, build("dl", { class: "facts" }, ...lines));
  }

  #outcome() {
    const { draft, texts, dates } = this;
    const attributes = { class: `outcome ${draft.status}`, role: "status", tabindex: "-1", "data-outcome": "" };
    if (draft.status === "draft") return build("div", attributes, build("p", {}, texts.colleagues));
    const edit = build("button", { type: "button", onclick: () => this.on.edit() }, texts.edit);
    if (draft.status !== "published") return build("div", attributes, build("p", {}, texts.dismissed), this.mayEdit ? edit : "");
    const facts = [[texts.passage, draft.passage], [texts.document, draft.document]].filter(([, value]) => value);
    const lines = facts.flatMap(([name, value]) => [build("dt", {}, name), build("dd", {}, build("code", {}, plain(value)))]);
    const title = build("h2", {}, icon("check", 20), texts.answerable);
    const when = draft.published_at ? ` ${texts.published(dates(draft.published_at))}.` : "";
    return build("div", attributes, title, build("p", {}, `${texts.answerableWhat}${when}`), build("dl", { class: "facts" }, ...lines), this.mayEdit ? edit : "");
  }
}

function labelled(name, input, what) {
  const id = `field-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  input.id = id;
  const hint = what ? build("p", { class: "hint", id: `${id}-what` }, what) : "";
  if (what) input.setAttribute("aria-describedby", `${id}-what`);
  return build("div", { class: "labelled" }, build("label", { for: id }, name), input, hint);
}
