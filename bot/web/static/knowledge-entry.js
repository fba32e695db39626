/** One entry: what it says, where it stands, what it said before; editing it, disabling it, and the way back. */

import { phrasingsOf } from "./answer-edits.js";
import { api } from "./console-shell.js";
import { icon } from "./icons.js";
import { Change } from "./knowledge-job.js";
import { chips, compared, mayGo, wordsOf } from "./knowledge-parts.js";
import { plain, render } from "./markup.js";
import { build, setText } from "./messages.js";
import { foldable } from "./page-parts.js";
import { whyFailed } from "./page-texts.js";

let fields = 0;

/** `on.changed(says, isDone)`: it is something else now; `on.gone()`: it is no more. `wiring` is {entry, me, texts, dates, on}. */
export class EntryView {
  constructor(wiring) {
    Object.assign(this, wiring, { form: null });
    this.mayEdit = this.me.actions.includes("knowledge");
    this.change = new Change({
      texts: this.texts,
      on: {
        busy: (on) => this.#busy(on),
        changed: () => this.#conflict(),
        again: (path, body) => this.#run(path, body),
      },
    });
    this.element = build("article", { class: "editor entry", tabindex: "-1" });
    this.#draw();
  }

  get isDirty() {
    return Boolean(this.form) && JSON.stringify(this.#read()) !== this.form.before;
  }

  // ── reading ──

  #draw() {
    const { entry } = this;
    this.form = null;
    const title = build("h2", { dir: "auto" }, plain(entry.title));
    const said = build("div", { class: "preview-text", dir: "auto" });
    said.append(render(entry.text));
    const parts = [this.#chips(), title, this.#notices(), said, this.#phrasings(), this.#findings()];
    this.element.replaceChildren(
      ...[...parts, this.#bar(), this.#compared(), this.#facts(), this.#past()].filter(Boolean),
    );
    this.element.setAttribute("aria-label", plain(entry.title));
    setText(this.change.says, "");
  }

  #chips() {
    return build("div", { class: "about" }, ...chips(this.texts, this.entry), this.texts.kind[this.entry.kind] ?? "");
  }

  #notices() {
    const { entry, texts, dates } = this;
    if (entry.state === "live") return "";
    const words = entry.state === "disabled" ? texts.disabledBy : texts.editedBy;
    const lines = [words(plain(entry.edited_by), dates(entry.edited_at))];
    if (entry.is_orphan) lines.push(texts.orphan);
    else if (entry.is_newer) lines.push(texts.newerWhat);
    const kind = entry.is_newer || entry.is_orphan || entry.state === "disabled" ? "notice" : "notice calm";
    return build("div", { class: kind, role: "note" }, ...lines.map((line) => build("p", {}, line)));
  }

  #phrasings() {
    const { entry, texts } = this;
    if (!entry.phrasings.length) return "";
    const lines = entry.phrasings.map((one) => build("li", { dir: "auto" }, plain(one)));
    return build("section", { class: "block" }, build("h3", {}, texts.otherWays), build("ul", { class: "ways" }, ...lines));
  }

  #findings() {
    const { entry, texts } = this;
    if (!entry.findings.length) return "";
    const lines = entry.findings.map(({ says }) => build("li", {}, plain(says)));
    return build("section", { class: "group problems" }, build("h3", {}, texts.findings), build("ul", {}, ...lines));
  }

  #compared() {
    const { entry, texts } = this;
    if (!entry.file || entry.version === undefined) return "";
    if (wordsOf(entry.file) === wordsOf(entry)) return "";
    const title = entry.state === "disabled" ? texts.compareDisabled : texts.compare;
    const hint = entry.state === "edited" ? build("p", { class: "hint" }, texts.writeBack(plain(entry.source))) : "";
    const diff = compared(texts, wordsOf(entry.file), wordsOf(entry));
    return build("section", { class: "block" }, build("h3", {}, title), diff, hint);
  }

  #facts() {
    const { entry, texts } = this;
    const url = /^https?:\/\//iu.test(entry.url) || entry.url.startsWith("/") ? plain(entry.url) : "";
    const rows = [
      [texts.stands, build("code", {}, plain(entry.source || entry.anchor))],
      [texts.folder, entry.origin && build("code", {}, plain(entry.origin))],
      [texts.category, plain(entry.category)],
      [texts.tags, entry.tags.map(plain).join(", ")],
      [texts.link, url],
      ["", [texts.cited(entry.cited), entry.passages > 1 ? texts.passages(entry.passages) : ""].filter(Boolean).join(" · ")],
    ].filter(([, value]) => value);
    return build("dl", { class: "facts" }, ...rows.flatMap(([name, value]) => [build("dt", {}, name), build("dd", {}, value)])); // prettier-ignore
  }

  #past() {
    const { entry, texts, dates } = this;
    if (!entry.past.length) return "";
    const line = (one) => {
      const said = build("div", { class: "passage", dir: "auto" });
      said.append(build("strong", {}, plain(one.title)), render(one.text));
      const words = `${dates(one.at)} · ${texts.actions[one.action] ?? one.action}`;
      return build("li", {}, foldable(words, said));
    };
    return build("section", { class: "block" }, build("h3", {}, texts.past), build("ul", { class: "past" }, ...entry.past.map(line))); // prettier-ignore
  }

  // ── deciding ──

  #bar() {
    if (!this.mayEdit) return "";
    const { entry, texts } = this;
    const button = (words, act, kind = "") => build("button", { type: "button", class: kind, onclick: act }, words);
    const isOut = entry.state === "disabled";
    const buttons = [
      entry.is_orphan || isOut ? "" : button(texts.edit, () => this.#edit(), "primary"),
      isOut && !entry.is_orphan ? button(texts.enable, () => this.#run("enable"), "primary") : "",
      isOut || entry.is_orphan ? "" : button(texts.disable, () => this.#run("disable")),
      entry.state === "edited" && !entry.is_orphan ? button(texts.revert, () => this.#run("revert")) : "",
      entry.is_orphan ? button(texts.forget, () => this.#run("revert")) : "",
    ].filter(Boolean);
    this.actions = build("div", { class: "actions" }, ...buttons);
    return build("div", { class: "deciding" }, this.actions, this.change.element);
  }

  #busy(on) {
    for (const one of this.element.querySelectorAll(".actions button, .entry-form button, .reason button")) one.disabled = on;
    for (const one of this.element.querySelectorAll("textarea, input")) one.readOnly = on;
  }

  async #run(path, body) {
    const { anchor, version } = this.entry;
    const result = await this.change.run(path, body ?? { anchor, version });
    if (!result) return;
    if (this.entry.is_orphan) this.on.gone();
    else this.on.changed(this.texts.done[path]);
  }

  /** What was written stays; what it says now is one press away. */
  async #conflict() {
    const { anchor } = this.entry;
    const now = await api("GET", `knowledge/entry?anchor=${encodeURIComponent(anchor)}`).catch(() => null);
    if (!now) return;
    if (!this.form) return this.on.changed(this.change.says.textContent, false);
    this.entry = { ...this.entry, version: now.version };
    const shown = foldable(this.texts.lookAgain, compared(this.texts, wordsOf(this.#read()), wordsOf(now)));
    this.change.verdict.replaceChildren(build("p", {}, this.texts.changed), shown);
  }

  // ── editing ──

  #edit() {
    const { entry, texts } = this;
    const isFaq = entry.kind === "faq";
    const area = (rows, value) => Object.assign(build("textarea", { rows: String(rows), dir: "auto" }), { value });
    const title = area(2, entry.title);
    const text = area(10, entry.text);
    const phrasings = area(4, entry.phrasings.join("\n"));
    this.form = { title, text, phrasings, before: "" };
    this.form.before = JSON.stringify(this.#read());
    const shown = build("div", { class: "preview-text", dir: "auto" });
    const preview = build("section", { class: "preview" }, build("h3", {}, texts.preview), shown);
    const draw = () =>
      shown.replaceChildren(text.value.trim() ? render(text.value) : build("p", { class: "quiet" }, texts.previewEmpty));
    text.addEventListener("input", draw);
    draw();
    const answer = labelled(isFaq ? texts.answer : texts.section, text, texts.answerWhat);
    this.remarks = build("div", { class: "remarks", "aria-live": "polite" });
    const form = build("form", { class: "fields entry-form" }, ...[
      isFaq ? labelled(texts.question, title) : build("h2", { dir: "auto" }, plain(entry.title)),
      build("div", { class: "beside" }, answer, preview),
      isFaq ? labelled(texts.phrasings, phrasings, texts.phrasingsWhat) : "",
      this.remarks,
      this.#formBar(),
    ].filter(Boolean)); // prettier-ignore
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#publish();
    });
    this.element.replaceChildren(this.#chips(), form);
    (isFaq ? title : text).focus();
  }

  #formBar() {
    const { texts } = this;
    const check = build("button", { type: "button", onclick: () => this.#check() }, texts.check);
    const cancel = build("button", { type: "button", class: "quiet-button", onclick: () => this.#cancel() }, texts.cancel);
    const publish = build("button", { type: "submit", class: "primary" }, texts.publish);
    const actions = build("div", { class: "actions" }, publish, check, cancel);
    return build("div", { class: "editor-bar deciding" }, actions, this.change.element);
  }

  async #cancel() {
    if (this.isDirty && !(await mayGo(this.texts))) return;
    this.#draw();
    this.element.focus();
  }

  #read() {
    const { title, text, phrasings } = this.form;
    return { title: title.value.trim(), text: text.value.trim(), phrasings: phrasingsOf(phrasings.value) };
  }

  async #check() {
    const { texts } = this;
    const { anchor } = this.entry;
    try {
      const { problems } = await api("POST", "knowledge/check", { anchor, ...this.#read() });
      const clear = build("p", { class: "clear" }, icon("check", 18), texts.allClear);
      const lines = problems.map((one) => build("li", {}, plain(one)));
      const wrong = build("section", { class: "group problems" }, build("h3", {}, texts.findings), build("ul", {}, ...lines));
      this.remarks.replaceChildren(problems.length ? wrong : clear);
    } catch (error) {
      this.remarks.replaceChildren(build("p", { class: "says" }, plain(whyFailed(texts, error))));
    }
  }

  #publish() {
    const { anchor, version } = this.entry;
    return this.#run("edit", { anchor, version, ...this.#read() });
  }
}

export function labelled(name, input, what) {
  const id = `entry-field-${(fields += 1)}`;
  input.id = id;
  const hint = what ? build("p", { class: "hint", id: `${id}-what` }, what) : "";
  if (what) input.setAttribute("aria-describedby", `${id}-what`);
  return build("div", { class: "labelled" }, build("label", { for: id }, name), input, hint);
}
