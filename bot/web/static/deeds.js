/** What an agent does with the open conversation: each once, and when it is refused, why, in one calm line. */

import { troubleWords } from "./allowed.js";
import { Commands } from "./commands.js";
import { api } from "./console-shell.js";
import { plain } from "./markup.js";
import { build } from "./messages.js";

export class Deeds {
  #busy = new Set(); // conversations for which the server is being asked
  #words = new Map(); // conversation → {words, version}: what came in between, true of that version

  /** `page` has `current`, `row`, `desk`, `box`, `talks`; `learn(id)` fetches a row anew. */
  constructor({ texts, me, inbox, connection, people, page, learn }) {
    Object.assign(this, { texts, me, inbox, connection, people, page, learn });
    this.commands = new Commands({ connection });
  }

  /** The desk shows what is true of the conversation that is open. */
  draw() {
    const { desk, current } = this.page;
    const said = this.#words.get(current);
    desk.say(said && said.version === this.page.row?.version ? said.words : "");
    desk.isBusy = this.#busy.has(current);
  }

  #say(conversation, words) {
    this.#words.set(conversation, { words, version: this.inbox.rows.get(conversation)?.version });
    this.draw();
  }

  /** claim, takeOver, return, transfer {to, text}, close, tag {tags}, submit {mode}. */
  async act(name, { mode, ...fields } = {}) {
    const { row } = this.page;
    if (!row || this.#busy.has(row.conversation)) return;
    if (name === "takeOver") await this.#command(row, "transfer", { to: this.me.agent.id });
    else if (name !== "submit") await this.#command(row, name, fields);
    else if (mode === "note") this.#post("note", row);
    else if (this.inbox.belongs(row, "mine") || (await this.#command(row, "claim"))) this.#post("send", row);
  }

  /** Written here, sent as soon as possible: it is in the outbox before the box is empty. */
  #post(type, { conversation }) {
    const { box, current } = this.page;
    if (conversation !== current || !box.text) return; // somebody went on during the claim, or pressed twice
    const { passages } = box.kept;
    const cited = type === "send" && passages.length ? { passages: passages.map(({ id }) => id) } : {};
    this.connection.post(type, { text: box.text, ...cited }, conversation);
    box.clear();
    box.focus();
  }

  /** True when the server did it. */
  async #command(row, type, fields = {}) {
    const { conversation, version } = row;
    const expected = type === "tag" ? {} : { expect_version: version };
    this.#busy.add(conversation);
    this.#say(conversation, "");
    try {
      const late = () => this.#say(conversation, this.texts.keptTrying);
      await this.commands.run({ type, conversation, ...expected, ...fields }, late);
      this.#words.delete(conversation);
      await this.#see(conversation, expected);
      return true;
    } catch (error) {
      this.#say(conversation, this.#why(error, await this.learn(conversation), fields.to));
      return false;
    } finally {
      this.#busy.delete(conversation);
      this.draw();
    }
  }

  /** The ack may be here before the event: what is done next must see what was done. */
  async #see(conversation, { expect_version: before }) {
    const row = this.inbox.rows.get(conversation);
    if (before !== undefined && row?.version === before) await this.learn(conversation);
  }

  #why(error, row, to) {
    const target = error.why === "capacity" && this.people().find(({ id }) => id === to && id !== this.me.agent.id);
    return target ? this.texts.conflict.capacity(plain(target.name)) : troubleWords(this.texts, error, row, this.me);
  }

  /** A message nobody took goes back into the box. */
  takeBack({ cid, type, fields, conversation }) {
    const { box, desk, talks } = this.page;
    this.connection.outbox.settle(cid);
    talks.get(conversation)?.log.dropPending(cid);
    desk.write(type === "note" ? "note" : "reply");
    box.insert(fields.text, null, box.mode);
  }

  /** Question and reply become a draft for the knowledge base. Resolves to what to show instead of the button. */
  async makeAnswer(conversation, seq) {
    const { texts } = this;
    const question = this.page.talks.get(conversation)?.questionBefore(seq) ?? 0;
    try {
      const draft = await api("POST", "answers", { conversation, question_seq: question, reply_seq: seq });
      const href = `/console/answers?${new URLSearchParams({ id: draft.id })}`;
      return [build("span", { role: "status" }, texts.answerMade), " ", build("a", { href }, texts.openAnswer)];
    } catch (error) {
      return [build("span", { class: "says", role: "alert" }, error.says || texts.failed)];
    }
  }
}
