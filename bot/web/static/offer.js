/** While nobody is there: one field in the thread for an e-mail address, and the way to change what was left. */

import { build, setText } from "./messages.js";

/** What was typed, as an address: input methods write Latin letters and signs at full width. */
export function addressOf(typed) {
  return String(typed ?? "").normalize("NFKC").replaceAll("。", ".").trim();
}

export class Offer {
  #shown = ""; // which state of the outbox is drawn: what is typed after that is not to be overwritten

  /** `leave(email)` sends an address; `typed` is what stood in the field before it was built anew. */
  constructor({ texts, leave, typed = "" }) {
    Object.assign(this, { texts, leave, left: "" });
    this.problem = build("p", { class: "problem", id: "offer-problem", role: "alert" });
    this.input = build("input", {
      id: "offer-email", type: "email", name: "email", autocomplete: "email", autocapitalize: "off",
      spellcheck: "false", required: true, maxlength: "254", pattern: ".+@.+\\..+", placeholder: "name@example.com",
      enterkeyhint: "send", "aria-describedby": "offer-problem", oninput: () => this.#say(""),
    }); // prettier-ignore
    this.input.value = typed;
    this.button = build("button", { type: "submit", class: "firm" }, texts.send);
    const row = build("div", { class: "row" }, this.input, this.button);
    const label = build("label", { for: "offer-email" }, texts.emailAsk);
    this.form = build("form", { class: "offer", novalidate: true }, label, row, this.problem);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    const change = { type: "button", class: "link change", onclick: () => this.#reopen() };
    this.change = build("button", change, texts.change);
  }

  get isFocused() {
    return this.form.contains(document.activeElement) || this.change === document.activeElement;
  }

  /** An address was left: `line` says so. */
  settle(email, line) {
    this.withdraw();
    this.left = email;
    this.input.value = email;
    line?.append(" ", this.change);
  }

  withdraw() {
    this.form.remove();
    this.change.remove();
    this.#say("");
  }

  /** `entry` is what the outbox still has of it. */
  showState(entry) {
    const isSending = Boolean(entry && !entry.failed);
    this.button.disabled = isSending;
    this.input.readOnly = isSending;
    if (!entry || this.#shown === entry.cid + entry.failed) return;
    this.#shown = entry.cid + entry.failed;
    this.input.value = entry.fields.email;
    const isWrong = ["bad_request", "too_large"].includes(entry.failed);
    this.#say(!entry.failed ? "" : isWrong ? this.texts.emailWrong : this.texts.emailNotSent);
  }

  #reopen() {
    this.change.parentElement.after(this.form);
    this.change.remove();
    this.input.focus();
  }

  #submit() {
    const email = addressOf(this.input.value);
    this.input.value = email;
    if (!this.input.checkValidity()) {
      this.#say(this.texts.emailWrong);
      this.input.focus();
    } else if (email !== this.left) {
      this.leave(email);
    } else {
      this.form.previousElementSibling?.append(" ", this.change);
      this.form.remove();
    }
  }

  #say(problem) {
    setText(this.problem, problem);
    this.input.setAttribute("aria-invalid", String(Boolean(problem)));
    if (problem) this.form.scrollIntoView({ block: "nearest" });
  }
}
