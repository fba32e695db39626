/** One customer who was told what has changed since: the two texts, and a correction to send, to edit, or to leave. */

import { api } from "./console-shell.js";
import { icon } from "./icons.js";
import { plain, render } from "./markup.js";
import { build, setText } from "./messages.js";
import { newId } from "./outbox.js";
import { conversationLink, foldable } from "./page-parts.js";
import { whyFailed } from "./page-texts.js";
import { wordDiff } from "./word-diff.js";

const LONGEST = 4_000;

export function keyOf({ conversation, old }) {
  return `${conversation} ${old.passage}`;
}

/** Without the marks of bold text, which would only be in the way of what changed. */
function bare(text) {
  return plain(text).replace(/\*\*(?=\S)(.+?)\*\*/gsu, "$1");
}

/** `wiring` is {texts, dates, settled(case), again()}. */
export class RecallCase {
  isBusy = false;
  #cid = newId(); // a retry is the same message

  constructor(affected, wiring) {
    Object.assign(this, wiring, { affected });
    this.element = build("article", { class: "case card", tabindex: "-1" });
    this.facts = build("div", { class: "case-facts" });
    this.preview = build("div", { class: "preview-text", dir: "auto" });
    this.input = this.#input();
    this.says = build("p", { class: "says", role: "alert" });
    this.element.append(this.facts, this.#correction(), this.says, this.#actions());
    this.#draw();
  }

  get isEdited() {
    return !this.input.hidden && this.input.value !== this.#default;
  }

  get #default() {
    return plain(this.affected.correction);
  }

  get #text() {
    return this.input.hidden ? this.#default : this.input.value;
  }

  /** The newest of it. What the agent has written stays. */
  update(affected) {
    if (JSON.stringify(affected) === JSON.stringify(this.affected)) return;
    const { isEdited } = this;
    this.affected = affected;
    if (!isEdited) this.input.value = this.#default;
    this.#draw();
  }

  // ── what it shows ──

  #draw() {
    const { affected, texts } = this;
    this.element.setAttribute("aria-label", `${plain(affected.name)}: ${plain(affected.old.title)}`);
    this.facts.replaceChildren(this.#head(), ...this.#about(), this.#compared(), this.#said());
    this.preview.replaceChildren(render(this.#default));
    if (!this.#default) this.#open();
    setText(this.mail, affected.email ? texts.mail(plain(affected.email)) : "");
    this.#check();
  }

  #head() {
    const { affected, texts, dates } = this;
    const { status, agent } = affected;
    const holder = status === "agent" && agent?.name ? texts.withAgent(plain(agent.name)) : texts.status[status];
    const badge = build("span", { class: status === "waiting" ? "badge waiting" : "chip-plain" }, holder ?? status);
    const name = conversationLink(affected.conversation, [plain(affected.name), icon("next", 16)], affected.seq);
    const told = texts.toldBy[affected.author] ?? texts.toldBy.agent;
    const times = `${told(dates(affected.told_at))} · ${texts.changed(dates(affected.changed_at))}`;
    return build("header", {}, build("p", { class: "who" }, name, badge), build("p", { class: "quiet" }, times));
  }

  #about() {
    const { old, new: now } = this.affected;
    const title = build("h2", { dir: "auto" }, plain(old.title));
    if (!now) return [title];
    if (plain(now.title) === plain(old.title)) return [title];
    return [title, build("p", { class: "quiet", dir: "auto" }, this.texts.nowTitled(plain(now.title)))];
  }

  #compared() {
    const { texts } = this;
    const { old, new: now } = this.affected;
    const text = build("p", { class: "diff", dir: "auto" });
    for (const part of wordDiff(bare(old.text), bare(now?.text))) text.append(this.#part(part));
    const label = build("h3", { class: "unseen" }, texts.compare);
    if (now) return build("section", {}, label, text);
    const gone = build("p", { class: "taken-out" }, build("strong", {}, texts.takenOut), " ", texts.takenOutWhat);
    return build("section", {}, label, text, gone);
  }

  #part({ kind, text }) {
    if (kind === "same") return text;
    const spoken = build("span", { class: "unseen" }, ` [${this.texts[kind]}] `);
    return build(kind === "gone" ? "del" : "ins", {}, spoken, text);
  }

  #said() {
    const said = build("div", { class: "said", dir: "auto" });
    said.append(render(this.affected.text));
    return foldable(this.texts.said, said);
  }

  // ── the correction ──

  #input() {
    const { correction, correctionEmpty: placeholder } = this.texts;
    const attributes = { rows: "4", maxlength: String(LONGEST), "aria-label": correction, placeholder, dir: "auto" };
    const input = build("textarea", { ...attributes, hidden: true, oninput: () => this.#check() });
    input.value = plain(this.affected.correction);
    return input;
  }

  #correction() {
    const label = build("h3", {}, this.texts.correction);
    this.mail = build("p", { class: "quiet" });
    return build("section", { class: "correction" }, label, this.preview, this.input, this.mail);
  }

  #actions() {
    const { texts } = this;
    const name = plain(this.affected.name);
    const button = (words, label, onclick, attributes = {}) =>
      build("button", { type: "button", "aria-label": label, onclick, ...attributes }, words);
    const first = { class: "primary", "data-first": "" };
    this.sendButton = button(texts.send, texts.sendTo(name), () => this.#send(), first);
    this.editButton = button(texts.edit, texts.editTo(name), () => this.#toggle());
    this.leaveButton = button(texts.notNeeded, texts.notNeededTo(name), () => this.#leave(), { class: "quiet-button" });
    return build("div", { class: "actions" }, this.sendButton, this.editButton, this.leaveButton);
  }

  #toggle() {
    if (this.input.hidden) {
      this.#open();
      this.input.focus();
    } else {
      this.input.value = this.#default;
      this.#open(false);
    }
  }

  #open(on = true) {
    const { texts } = this;
    this.input.hidden = !on;
    this.preview.hidden = on;
    setText(this.editButton, on ? texts.reset : texts.edit);
    const name = plain(this.affected.name);
    this.editButton.setAttribute("aria-label", on ? texts.resetOf(name) : texts.editTo(name));
    this.#check();
  }

  #check() {
    this.sendButton.disabled = this.isBusy || !this.#text.trim();
    this.editButton.hidden = !this.#default;
    this.editButton.disabled = this.isBusy;
    this.leaveButton.disabled = this.isBusy;
    this.input.readOnly = this.isBusy;
  }

  // ── settling it ──

  get #named() {
    return { conversation: this.affected.conversation, passage: this.affected.old.passage };
  }

  #send() {
    const body = { ...this.#named, new: this.affected.new?.passage ?? "", text: this.#text, cid: this.#cid };
    return this.#do("recall/send", body, this.texts.sent);
  }

  #leave() {
    return this.#do("recall/dismiss", this.#named, this.texts.dismissed);
  }

  async #do(path, body, words) {
    if (this.isBusy) return;
    this.#busy(true);
    setText(this.says, "");
    try {
      await api("POST", path, body);
      this.#settle(words(plain(this.affected.name)));
    } catch (error) {
      this.#busy(false);
      await this.#failed(error);
    }
  }

  #busy(on) {
    this.isBusy = on;
    setText(this.sendButton, on ? this.texts.sending : this.texts.send);
    this.#check();
  }

  async #failed(error) {
    if (error?.code === "settled") return this.#settle(this.texts.settled);
    if (error?.code === "changed") await this.again();
    setText(this.says, error?.code === "changed" ? this.texts.changedMeanwhile : whyFailed(this.texts, error));
  }

  #settle(words) {
    const link = conversationLink(this.affected.conversation, this.texts.openConversation);
    const line = build("p", { role: "status" }, icon("check", 18), build("span", {}, words));
    this.element.className = "case is-settled";
    this.element.replaceChildren(line, link);
    this.isBusy = false;
    this.settled(this);
  }
}
