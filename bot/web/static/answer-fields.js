/** The fields of an answer, and beside its text what customers will see of it. */

import { phrasingsOf } from "./answer-edits.js";
import { render } from "./markup.js";
import { build } from "./messages.js";

/** `on.input()`: something was typed; `on.save()`: Ctrl+S. */
export class Fields {
  on = { input() {}, save() {} };

  constructor(wiring) {
    Object.assign(this, wiring);
    this.inputs = this.#inputs();
    this.preview = build("div", { class: "preview-text", dir: "auto" });
    this.element = this.#form();
  }

  read() {
    const { question, answer, language, phrasings, category } = this.inputs;
    return {
      question: question.value.trim(),
      answer: answer.value.trim(),
      language: language.value,
      phrasings: phrasingsOf(phrasings.value),
      category: category.value.trim(),
    };
  }

  write(fields) {
    const values = { ...fields, phrasings: fields.phrasings.join("\n") };
    for (const [name, input] of Object.entries(this.inputs)) input.value = values[name];
    this.#show();
  }

  #inputs() {
    const { draft, texts } = this;
    const text = (rows) => build("textarea", { rows: String(rows), dir: "auto" });
    const codes = [...new Set(["en", "zh", draft.language || "en"])];
    const options = codes.map((code) => build("option", { value: code }, texts.languages[code] ?? code));
    return {
      question: text(2),
      answer: text(9),
      phrasings: text(4),
      language: build("select", {}, ...options),
      category: build("input", { type: "text", list: "categories", maxlength: "200" }),
    };
  }

  #form() {
    const { texts, inputs, categories } = this;
    const field = (name) => labelled(texts[name], inputs[name], texts[`${name}What`]);
    const beside = (...children) => build("div", { class: "beside" }, ...children);
    const title = build("h3", {}, texts.preview);
    const preview = build("section", { class: "preview", "aria-label": texts.preview }, title, this.preview);
    const known = build("datalist", { id: "categories" }, ...categories.map((value) => build("option", { value })));
    const form = build("form", { class: "fields" }, field("question"), beside(field("answer"), preview));
    form.append(field("phrasings"), beside(field("language"), field("category")), known);
    form.addEventListener("input", () => this.#typed());
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("keydown", (event) => this.#key(event));
    return form;
  }

  #typed() {
    this.#show();
    this.on.input();
  }

  #show() {
    const { answer } = this.inputs;
    const empty = build("p", { class: "quiet" }, this.texts.previewEmpty);
    this.preview.replaceChildren(answer.value.trim() ? render(answer.value) : empty);
  }

  #key(event) {
    if (event.key.toLowerCase() !== "s" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    this.on.save();
  }
}

function labelled(name, input, what) {
  const id = `field-${crypto.getRandomValues(new Uint32Array(1))[0]}`;
  input.id = id;
  const hint = what ? build("p", { class: "hint", id: `${id}-what` }, what) : "";
  if (what) input.setAttribute("aria-describedby", `${id}-what`);
  return build("div", { class: "labelled" }, build("label", { for: id }, name), input, hint);
}
