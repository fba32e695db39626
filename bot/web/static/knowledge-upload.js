/** Files to upload: sent, looked at, published as they were looked at. */

import { api } from "./console-shell.js";
import { icon } from "./icons.js";
import { labelled } from "./knowledge-entry.js";
import { Change, runJob, verdictOf } from "./knowledge-job.js";
import { compared } from "./knowledge-parts.js";
import { plain } from "./markup.js";
import { build, setText } from "./messages.js";
import { foldable } from "./page-parts.js";
import { whyFailed } from "./page-texts.js";

const MOST = 20 * 2 ** 20;
const POLICIES = ["skip", "overwrite", "fail"];

/** `on.published()`: the lists have changed. */
export class Upload {
  #batch = "";

  constructor({ texts, on }) {
    Object.assign(this, { texts, on });
    this.says = build("p", { class: "says", role: "alert" });
    this.state = build("p", { class: "quiet", role: "status" });
    this.plan = build("div", { class: "plan", tabindex: "-1" });
    this.change = new Change({ texts, on: { again: (path, body) => this.#run(path, body), changed: () => this.#look(), busy: (on) => this.#busy(on) } }); // prettier-ignore
    this.element = build("article", { class: "editor upload" });
    this.#draw();
  }

  get isDirty() {
    return this.change.isBusy;
  }

  #draw() {
    const { texts } = this;
    this.plan.replaceChildren();
    this.element.replaceChildren(
      build("h2", {}, texts.uploadTitle), build("p", { class: "hint" }, texts.uploadWhat),
      this.#place(), this.#policy(), this.state, this.says, this.plan,
    ); // prettier-ignore
  }

  #place() {
    const { texts } = this;
    const input = build("input", { type: "file", multiple: true, id: "files" });
    input.addEventListener("change", () => this.#send([...input.files]).finally(() => (input.value = "")));
    const label = build("label", { for: "files", class: "button" }, icon("send", 18), texts.choose);
    const place = build("div", { class: "drop" }, input, label, build("span", { class: "quiet" }, texts.drop));
    const over = (event, on) => {
      event.preventDefault();
      place.classList.toggle("is-over", on);
    };
    place.addEventListener("dragover", (event) => over(event, true));
    place.addEventListener("dragleave", (event) => over(event, false));
    place.addEventListener("drop", (event) => {
      over(event, false);
      this.#send([...event.dataTransfer.files]);
    });
    return place;
  }

  #policy() {
    const { texts } = this;
    const options = POLICIES.map((value) => build("option", { value }, texts.policies[value]));
    this.edited = build("select", {}, ...options);
    this.edited.addEventListener("change", () => this.#batch && this.#look());
    return labelled(texts.edits, this.edited);
  }

  // ── sending ──

  async #send(files) {
    if (!files.length || this.change.isBusy) return;
    setText(this.says, "");
    try {
      for (const file of files) await this.#sendOne(file);
      setText(this.state, "");
      await this.#look();
    } catch (error) {
      setText(this.state, "");
      setText(this.says, plain(error.says || whyFailed(this.texts, error)));
    }
  }

  async #sendOne(file) {
    const name = plain(file.name);
    if (file.size > MOST) throw Object.assign(new Error(), { says: this.texts.tooLarge(name) });
    setText(this.state, this.texts.sending(name));
    const asked = new URLSearchParams({ name: file.name, upload: this.#batch });
    const { upload } = await api("POST", `knowledge/uploads?${asked}`, new Blob([file]));
    this.#batch = upload;
  }

  // ── looking ──

  async #look() {
    const { texts } = this;
    const body = { upload: this.#batch, edited: this.edited.value };
    this.plan.setAttribute("aria-busy", "true");
    try {
      const tell = ({ stage }) => setText(this.state, texts.stages[stage] ?? texts.starting);
      const found = await runJob("plan", body, tell);
      this.plan.replaceChildren(...this.#found(found, body));
      setText(this.says, "");
    } catch (error) {
      this.plan.replaceChildren();
      setText(this.says, plain(whyFailed(texts, error)));
    }
    setText(this.state, "");
    this.plan.removeAttribute("aria-busy");
  }

  #found(found, body) {
    const { texts } = this;
    const hasNews = found.added || found.removed || found.updated;
    return [
      this.#counts(found),
      found.updated ? build("p", { class: "quiet" }, texts.moved(found.updated)) : "",
      told(texts.problems, found.problems, "problems"),
      told(texts.conflicts, found.conflicts, "problems"),
      found.not_compared ? build("p", { class: "quiet" }, texts.notCompared(found.not_compared)) : "",
      told(texts.notes, found.notes, "notes"),
      hasNews ? "" : build("p", { class: "clear" }, icon("check", 18), texts.nothingNew),
      this.#changes(found),
      this.#deciding(found, body, hasNews),
    ].filter(Boolean);
  }

  #counts(found) {
    const changed = found.changes.filter(({ before, after }) => before !== null && after !== null).length;
    const isWhole = found.changes.length >= found.added + found.removed - changed;
    const shown = isWhole
      ? { added: found.added - changed, changed, removed: found.removed - changed, unchanged: found.unchanged }
      : { added: found.added, removed: found.removed, unchanged: found.unchanged };
    const figure = ([name, count]) => build("li", { class: `count ${name}` }, build("strong", {}, String(count)), ` ${this.texts.counts[name]}`); // prettier-ignore
    const files = build("p", { class: "quiet", dir: "auto" }, found.files.map(plain).join(", "));
    return build("div", { class: "counted" }, build("ul", { class: "counts" }, ...Object.entries(shown).map(figure)), files);
  }

  #changes({ changes, added, removed }) {
    const { texts } = this;
    if (!changes.length) return "";
    const some = changes.map((one) => {
      const kind = one.before === null ? "added" : one.after === null ? "removed" : "changed";
      const badge = { added: "done", removed: "trouble", changed: "waiting" }[kind];
      const head = build("span", { class: "change-head" }, build("span", { class: `badge ${badge}` }, texts.counts[kind]), build("span", { dir: "auto" }, plain(one.title)), build("code", {}, plain(one.source))); // prettier-ignore
      const fold = foldable("", compared(texts, one.before ?? "", one.after ?? ""));
      fold.querySelector("summary span").replaceWith(head);
      fold.open = kind === "changed" && changes.length <= 20;
      return build("li", {}, fold);
    });
    const rest = changes.length < Math.max(added, removed) ? build("p", { class: "quiet" }, texts.shownOf(changes.length)) : ""; // prettier-ignore
    return build("section", { class: "block" }, build("h3", {}, texts.changes), build("ul", { class: "changes" }, ...some), rest);
  }

  #deciding(found, body, hasNews) {
    const { texts } = this;
    const sure = build("input", { type: "checkbox" });
    const publish = build("button", { type: "button", class: "primary" }, texts.publish);
    publish.addEventListener("click", () => this.#run("publish", { ...body, digest: found.digest, is_sure: sure.checked }));
    publish.disabled = found.is_much;
    sure.addEventListener("change", () => (publish.disabled = !sure.checked));
    const words = build("label", { class: "sure" }, sure, build("span", {}, texts.much(found.removed, found.live)));
    const discard = build("button", { type: "button", class: "quiet-button", onclick: () => this.#discard() }, texts.discard);
    const actions = build("div", { class: "actions" }, hasNews ? publish : "", discard);
    return build("div", { class: "editor-bar deciding" }, found.is_much ? words : "", actions, this.change.element);
  }

  // ── publishing ──

  #busy(on) {
    for (const one of this.element.querySelectorAll("button, select, input")) one.disabled = on;
  }

  async #run(path, body) {
    const result = await this.change.run(path, body);
    if (!result) return;
    this.#batch = "";
    const { texts } = this;
    const head = build("p", { class: "clear" }, icon("check", 18), texts.published(result.added, result.removed));
    const more = build("button", { type: "button", onclick: () => this.#draw() }, texts.more);
    const verdict = result.verdict ? verdictOf(texts, result.verdict) : [];
    this.element.replaceChildren(build("div", { class: "outcome published", tabindex: "-1" }, head, ...verdict, more));
    this.element.firstChild.focus();
    this.on.published();
  }

  #discard() {
    const upload = this.#batch;
    this.#batch = "";
    this.#draw();
    if (upload) api("POST", "knowledge/forget", { upload }).catch(() => {});
  }
}

function told(title, some, kind) {
  if (!some.length) return "";
  const lines = some.map(({ source, says }) => build("li", {}, build("code", {}, plain(source)), ` ${plain(says)}`));
  return build("section", { class: `group ${kind}` }, build("h3", {}, title), build("ul", {}, ...lines));
}
