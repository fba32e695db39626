/** The bar under the thread: what to write, and everything an agent may do with the conversation as it stands. */

import { allowed } from "./allowed.js";
import { avatar, item, menu } from "./console-shell.js";
import { icon } from "./icons.js";
import { plain } from "./markup.js";
import { build, setText } from "./messages.js";

const MODES = ["reply", "note"];

export class Desk {
  #row = null;
  #can = new Set();
  #isBusy = false;
  #next = null; // what was asked for while the server was being asked
  #mustNote = false; // the note was not chosen

  /** `act(name, fields)` does it: claim, takeOver, return, transfer {to, text}, close, tag {tags}, submit {mode}. */
  constructor({ texts, me, box, people, tags, act }) {
    Object.assign(this, { texts, me, box, people, tags, act });
    this.says = build("p", { class: "desk-says", role: "status", hidden: true });
    this.state = build("p", { class: "desk-state" });
    this.modes = this.#modeSwitch();
    this.buttons = this.#makeButtons();
    this.submit = build("button", { type: "submit", class: "primary" });
    const { claim, takeOver, returned, transfer, closed, tag } = this.buttons;
    const actions = build("div", { class: "actions" }, tag, returned, transfer, closed, takeOver, claim, this.submit);
    this.form = build("form", { class: "box" }, box.element, build("div", { class: "under-box" }, this.modes, actions));
    this.element = build("section", { class: "desk", "aria-label": texts.reply }, this.says, this.state, this.form);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
  }

  #modeSwitch() {
    const tab = (mode) => {
      const attributes = { type: "button", class: "mode", "aria-pressed": "false", onclick: () => this.write(mode) };
      return build("button", attributes, this.texts.modes[mode]);
    };
    this.tabs = Object.fromEntries(MODES.map((mode) => [mode, tab(mode)]));
    return build("div", { class: "modes", role: "group" }, ...Object.values(this.tabs));
  }

  #makeButtons() {
    const { texts } = this;
    const button = (mark, label, onclick, kind = "") => {
      const attributes = { type: "button", class: `act ${kind}`, title: label, onclick };
      return build("button", attributes, mark ? icon(mark, 18) : "", build("span", {}, label));
    };
    const transfer = button("swap", texts.transfer);
    const tag = button("tag", texts.tags);
    return {
      claim: button("", texts.claim, () => this.act("claim"), "primary"),
      takeOver: button("", texts.takeOver, () => this.act("takeOver"), "primary"),
      returned: button("robot", texts.returnToBot, () => this.act("return")),
      closed: button("check", texts.closeIt, () => this.act("close")),
      transfer: menu(transfer, (whole) => this.#transferItems(whole), { side: "end above", label: texts.transfer }),
      tag: menu(tag, (whole) => this.#tagItems(whole), { side: "end above", label: texts.tags }),
    };
  }

  // ── what is shown ──

  /** `row` is the conversation as it stands. */
  draw(row) {
    if (row.conversation !== this.#row?.conversation) this.#next = null;
    this.#row = row;
    this.#can = allowed(row, this.me);
    const { buttons, tabs } = this;
    const has = (name) => this.#can.has(name);
    buttons.takeOver.hidden = !has("takeOver");
    buttons.returned.hidden = !has("return");
    buttons.transfer.hidden = !has("transfer");
    buttons.closed.hidden = !has("close");
    buttons.tag.hidden = !has("tag");
    this.form.hidden = !this.#can.size;
    tabs.reply.disabled = !has("send");
    tabs.note.disabled = !has("note");
    this.#fitMode(has("send"), has("note"));
    this.#drawState();
    this.drawSubmit();
  }

  /** Where nobody may reply there is the note; once they may, the reply comes back, unless a note is begun. */
  #fitMode(mayReply, mayNote) {
    const { box } = this;
    if (box.mode === "reply" && !mayReply && mayNote) {
      box.setMode("note");
      this.#mustNote = true;
    } else if (mayReply && this.#mustNote) {
      if (box.mode === "note" && !box.text) box.setMode("reply");
      this.#mustNote = false;
    }
  }

  #drawState() {
    const { texts } = this;
    const row = this.#row;
    const isTheirs = row.status === "agent" && row.agent?.id !== this.me.agent.id;
    const hasText = this.box.mode === "reply" && this.box.text;
    const words = {
      bot: hasText ? texts.yourText : texts.botHas,
      waiting: hasText ? texts.yourText : texts.waitsHere,
      agent: isTheirs ? texts.somebodyElse(plain(row.agent.name)) : "",
      closed: texts.closedHere,
    }[row.status];
    this.state.hidden = !words || !this.says.hidden; // what came in between says it already
    setText(this.state, words ?? "");
  }

  /** With nothing written, the button claims; with a reply written, it claims and sends. */
  drawSubmit() {
    const { texts, box, submit, tabs, buttons } = this;
    for (const mode of MODES) tabs[mode].setAttribute("aria-pressed", String(mode === box.mode));
    this.element.classList.toggle("is-note", box.mode === "note");
    const mustClaim = box.mode === "reply" && this.#can.has("claim");
    buttons.claim.hidden = !this.#can.has("claim") || (mustClaim && Boolean(box.text));
    buttons.claim.disabled = this.#isBusy;
    submit.hidden = !box.text && (mustClaim || !buttons.claim.hidden || !buttons.takeOver.hidden);
    submit.disabled = !box.text || box.isTooLong || this.#isBusy;
    setText(submit, box.mode === "note" ? texts.saveNote : mustClaim ? texts.claimAndSend : texts.send);
    box.hint = box.mode === "note" ? texts.noteHint : texts.replyHint;
    if (this.#row) this.#drawState();
  }

  /** While the server is asked, nothing is done twice; the last thing asked for meanwhile is done afterwards. */
  set isBusy(isBusy) {
    this.#isBusy = isBusy;
    for (const button of this.form.querySelectorAll(".act")) button.disabled = isBusy;
    this.drawSubmit();
    if (!isBusy) this.#doNext();
  }

  #doNext() {
    const next = this.#next;
    this.#next = null;
    next?.();
  }

  /** One calm line about what came in between; gone with the next success. What was to follow is not done. */
  say(words) {
    if (words) this.#next = null;
    this.says.hidden = !words;
    setText(this.says, words);
    if (this.#row) this.#drawState();
  }

  // ── what is done ──

  send() {
    const { box } = this;
    if (!box.text || box.isTooLong) return;
    if (this.#isBusy) this.#next = () => this.send();
    else if (this.#can.has(box.mode === "note" ? "note" : "send")) this.act("submit", { mode: box.mode });
  }

  write(mode) {
    if (this.tabs[mode].disabled) return;
    if (this.box.mode !== mode) this.box.setMode(mode);
    this.drawSubmit();
    this.box.focus();
  }

  /** By keyboard: the same as with the buttons. */
  press(name) {
    const can = (one) => this.#can.has(one);
    if (MODES.includes(name)) this.write(name);
    else if (name === "transfer") can("transfer") && this.buttons.transfer.toggle(true);
    else if (name === "tags") can("tag") && this.buttons.tag.toggle(true);
    else if (name === "claim") this.#actIf(can("claim") ? "claim" : "takeOver");
    else this.#actIf(name);
  }

  #actIf(name) {
    if (this.#isBusy) this.#next = () => this.#actIf(name);
    else if (this.#can.has(name)) this.act(name);
  }

  #transferItems(whole) {
    const { texts, me } = this;
    const note = build("textarea", { rows: "2", placeholder: texts.transferNote, "aria-label": texts.transferNote });
    const go = (to) => () => {
      whole.toggle(false);
      this.act("transfer", { to, ...(note.value.trim() ? { text: note.value.trim() } : {}) });
    };
    const others = this.people().filter(({ id }) => id !== me.agent.id && id !== this.#row.agent?.id);
    const person = (one) => {
      const presence = texts.presence[one.away ? "away" : one.online ? "online" : "offline"];
      const made = item(plain(one.name), go(one.id), { detail: `${presence} · ${texts.load(one.load, one.capacity)}` });
      made.prepend(avatar(one.name));
      made.classList.toggle("is-off", !one.online || one.away);
      return made;
    };
    const sorted = others.sort((one, other) => rank(one) - rank(other));
    const line = item(texts.backInLine, go(""), { detail: texts.backInLineWhat, mark: "inbox" });
    return [note, line, ...sorted.map(person)];
  }

  #tagItems(whole) {
    const tags = [...(this.#row.tags ?? [])];
    const set = (next) => {
      this.act("tag", { tags: next });
      whole.toggle(false);
    };
    const known = this.tags().filter((tag) => !tags.includes(tag));
    const button = (tag) => {
      const attributes = { type: "button", class: "small", onclick: () => set([...tags, tag]) };
      return build("button", attributes, plain(tag));
    };
    const quick = build("div", { class: "quick-tags" }, ...known.slice(0, 6).map(button));
    return [...this.#tagInput(known, (tag) => set([...tags, tag])), this.#tagList(tags, set), quick];
  }

  #tagInput(known, add) {
    const label = this.texts.addTag;
    const attributes = { maxlength: "40", placeholder: label, "aria-label": label, list: "known-tags" };
    const input = build("input", { type: "text", ...attributes });
    const options = known.map((tag) => build("option", { value: plain(tag) }));
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.isComposing) return;
      event.preventDefault();
      if (input.value.trim()) add(input.value.trim());
    });
    return [input, build("datalist", { id: "known-tags" }, ...options)];
  }

  #tagList(tags, set) {
    const chip = (tag) => {
      const onclick = () => set(tags.filter((one) => one !== tag));
      const attributes = { type: "button", "aria-label": this.texts.removeTag(plain(tag)), onclick };
      const remove = build("button", attributes, icon("close", 14));
      return build("li", { class: "tag" }, build("span", {}, plain(tag)), remove);
    };
    return tags.length ? build("ul", { class: "tags" }, ...tags.map(chip)) : "";
  }
}

/** Whoever is here and has room comes first. */
function rank({ online, away, load, capacity }) {
  return (online ? 0 : 4) + (away ? 2 : 0) + (load >= capacity ? 1 : 0) + load / 1_000;
}
