/** The agents' inbox: the list, the conversation, what is known of it, and the connection that keeps them true. */

import { Alerts } from "./alerts.js";
import { troubleWords } from "./allowed.js";
import { Commands } from "./commands.js";
import { Prefs } from "./console-prefs.js";
import { api, door, header, locale, openDialog, requireLogin } from "./console-shell.js";
import { textsFor } from "./console-texts.js";
import { Desk } from "./desk.js";
import { icon } from "./icons.js";
import { InboxList } from "./inbox-list.js";
import { Inbox } from "./inbox.js";
import { actionOf, placeOf, SHOWN } from "./keys.js";
import { plain } from "./markup.js";
import { build, setText } from "./messages.js";
import { storageOr } from "./outbox.js";
import { PacketPanel } from "./packet.js";
import { People } from "./people.js";
import { ReadMarks } from "./read-marks.js";
import { ReplyBox } from "./reply-box.js";
import { Sheet } from "./sheet.js";
import { Connection } from "./socket.js";
import { TalkHead } from "./talk-head.js";
import { Talks } from "./talks.js";
import { datesFor } from "./texts.js";
import { Typed } from "./typed.js";

const LINE_AFTER = 1_200; // ms: a short loss of connection should not flash a line
const TYPING_EVERY = 3_000; // ms
const AGAIN_AFTER = 3_000; // ms until a list that did not come is asked for again

class Console {
  #lineTimer;
  #toldTyping = 0;

  constructor(root, me) {
    this.me = me;
    this.texts = textsFor(locale());
    this.skew = Date.parse(me.now) - Date.now() || 0;
    this.storage = storageOr(() => localStorage);
    const own = `answerdesk.console.${me.agent.id}`; // another agent on this browser must not send what this one wrote
    this.inbox = new Inbox(me.agent.id);
    this.marks = new ReadMarks(this.storage, `${own}.read`);
    this.typed = new Typed(this.storage, `${own}.typed.`);
    this.connection = this.#connect(own);
    this.commands = new Commands({ connection: this.connection, late: () => this.desk.say(this.texts.keptTrying) });
    this.canned = [];
    this.current = "";
    this.#build(root);
    this.#listen();
    this.#begin();
  }

  get row() {
    return this.inbox.rows.get(this.current);
  }

  now() {
    return Date.now() + this.skew;
  }

  // ── the elements ──

  #build(root) {
    const { texts, me, inbox } = this;
    this.list = new InboxList({
      texts, me, inbox,
      look: (wanted) => this.#look(wanted),
      more: () => this.#fetch(),
      open: (id) => this.open(id),
      unread: (row) => this.#unread(row),
      now: () => this.now(),
    }); // prettier-ignore
    this.sheet = new Sheet(texts);
    this.talks = new Talks({
      connection: this.connection,
      wiring: (id) => this.#wiring(id),
      heard: (event, talk) => this.#heard(event, talk),
      caughtUp: (talk) => this.#settled(talk),
      gone: (id) => this.#gone(id),
    });
    this.head = new TalkHead({ texts, me, back: () => this.close(), packet: () => this.#togglePacket() });
    this.box = this.#makeBox();
    this.desk = new Desk({
      texts, me, box: this.box,
      people: () => this.people.agents,
      tags: () => inbox.tags,
      act: (name, fields) => this.#act(name, fields),
    }); // prettier-ignore
    this.packet = new PacketPanel({
      texts,
      load: (id) => api("GET", `conversations/${encodeURIComponent(id)}/packet`),
      find: (q, language) => api("GET", `passages?${new URLSearchParams({ q, language })}`),
      use: (text, passage) => this.#use(text, passage),
      open: (id) => this.open(id),
      close: () => this.#togglePacket(false),
    });
    this.people = new People({ texts, me, say: (on) => this.connection.hint({ type: "away", on }) });
    this.alerts = new Alerts({ texts, prefs: new Prefs(), open: (id) => this.open(id) });
    this.#place(root);
  }

  #place(root) {
    const { texts } = this;
    this.line = build("div", { class: "line", role: "status", hidden: true });
    this.middle = build("div", { class: "talk-place" });
    const welcome = matchMedia("(hover: none)").matches ? texts.nothingOpenTouch : texts.nothingOpen;
    this.empty = build("div", { class: "nothing" }, icon("inbox", 36), build("h2", {}, welcome[0]), build("p", {}, welcome[1]));
    this.talkColumn = build("section", { class: "talk", "aria-label": texts.thread }, this.empty);
    this.panes = build("div", { class: "panes" }, this.list.element, this.talkColumn, this.packet.element);
    this.panes.dataset.pane = "list";
    const top = header(this.me, "inbox", texts);
    const help = { type: "button", class: "icon help", "aria-label": texts.keys, title: texts.keys, onclick: () => this.#help() };
    top.querySelector(".extras").append(this.people.element, this.alerts.element, build("button", help, icon("help")));
    const shown = build("div", { class: "console" }, top, this.line, this.panes, this.sheet.dialog);
    root.replaceChildren(shown);
    this.alerts.title(0);
  }

  #makeBox() {
    const { texts, me } = this;
    return new ReplyBox({
      texts,
      canned: () => this.canned,
      about: () => ({
        language: this.row?.language ?? "en",
        names: { customer: plain(this.row?.name), agent: plain(me.agent.name), shop: plain(me.shop.name) },
      }),
      send: () => this.desk.send(),
      typed: () => this.#tellTyping(),
      changed: (typed) => {
        this.typed.keep(this.current, typed);
        this.desk?.drawSubmit();
      },
    });
  }

  /** What one conversation's messages need. */
  #wiring(id) {
    const path = `conversations/${encodeURIComponent(id)}`;
    return {
      texts: this.texts,
      me: this.me,
      dates: datesFor(locale()),
      name: () => plain(this.inbox.rows.get(id)?.name) || this.texts.author.customer,
      openSource: (source) => this.sheet.open(source),
      evidenceOf: (seq) => api("GET", `${path}/turns/${seq}`),
      makeAnswer: (seq) => this.#makeAnswer(id, seq),
      retry: (cid) => this.connection.retry(cid),
      takeBack: (entry) => this.#takeBack(entry),
    };
  }

  // ── the connection ──

  #connect(name) {
    const url = new URL("/v1/console/socket", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const connection = new Connection({
      url: url.href,
      storage: this.storage,
      name,
      authorise: () => this.#ticket(),
      greeting: () => (this.inbox.at ? { inbox: this.inbox.at } : {}),
    });
    connection.on("frame", (frame) => this.#passing(frame));
    connection.on("status", (status) => this.#connected(status));
    return connection;
  }

  async #ticket() {
    try {
      return (await api("POST", "ticket", {})).ticket;
    } catch (error) {
      throw Object.assign(error, { retryAfter: error.afterMs });
    }
  }

  #listen() {
    const { connection } = this;
    window.addEventListener("online", () => connection.wake());
    window.addEventListener("offline", () => connection.lost());
    window.addEventListener("popstate", () => this.#go());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      connection.wake();
      this.#read();
    });
    document.addEventListener("keydown", (event) => this.#pressed(event));
    door.addEventListener("out", () => connection.stop());
    door.addEventListener("in", () => {
      connection.start();
      this.#again();
    });
    setInterval(() => this.#tick(), 1_000);
  }

  /** The lists first: from then on the feed tells what changes. */
  async #begin() {
    this.list.draw();
    this.#go();
    api("GET", "canned").then(({ canned }) => (this.canned = canned)).catch(() => {}); // prettier-ignore
    this.#learnPeople();
    await this.#again();
  }

  async #again() {
    if (!(await this.#fetch())) {
      setTimeout(() => this.#again(), AGAIN_AFTER);
      return;
    }
    this.connection.start();
    this.#learnMine();
    if (this.current && !this.row) this.#learn(this.current);
  }

  #connected(status) {
    const isLost = status === "waiting" || status === "connecting";
    if (isLost) this.#lineTimer ??= setTimeout(() => this.#drawLine(true), LINE_AFTER);
    else {
      clearTimeout(this.#lineTimer);
      this.#lineTimer = undefined;
      this.#drawLine(false);
    }
    if (status === "open" && this.people.isAway) queueMicrotask(() => this.people.say(true));
    if (status === "stopped") api("GET", "me").catch(() => {}); // revoked: the door opens by itself
  }

  #drawLine(isLost) {
    const isStopped = this.connection.status === "stopped";
    this.line.hidden = !isLost && !isStopped;
    setText(this.line, isStopped ? `${this.texts.stopped} ` : isLost ? this.texts.noConnection : "");
    const connect = { type: "button", class: "link", onclick: () => this.connection.start() };
    if (isStopped) this.line.append(build("button", connect, this.texts.connect));
  }

  #passing(frame) {
    if (frame.type === "inbox") this.#fed(frame);
    else if (frame.type === "presence") this.#met(frame.agents);
    else if (frame.type === "welcome" && frame.limits?.text) this.box.limit = frame.limits.text;
  }

  // ── the list ──

  #look(wanted) {
    this.inbox.show(wanted.view, wanted);
    this.list.draw();
    this.#fetch();
  }

  /** The next page of what is looked at. False when it did not come. */
  async #fetch() {
    const { path } = this.inbox;
    try {
      const page = await api("GET", path);
      if (path === this.inbox.path) this.inbox.page(page);
      this.#drawList();
      return true;
    } catch (error) {
      return error.status === 401 || error.status === 403; // asking again would not help
    }
  }

  /** What is mine matters on every tab: it makes the unread count, and the alerts. */
  async #learnMine() {
    const { rows } = await api("GET", "conversations?view=mine").catch(() => ({ rows: [] }));
    for (const row of rows) this.inbox.learn(row);
    this.#drawList();
  }

  async #learn(id) {
    try {
      this.inbox.learn(await api("GET", `conversations/${encodeURIComponent(id)}`));
      this.#drawList();
      this.#drawTalk();
      return this.inbox.rows.get(id);
    } catch (error) {
      if (error.status === 404) this.#gone(id);
      return undefined;
    }
  }

  async #learnPeople() {
    const { agents } = await api("GET", "agents").catch(() => ({ agents: null }));
    if (agents) this.#met(agents);
  }

  #met(agents) {
    this.people.agents = agents;
    this.list.agents = agents;
  }

  #fed(frame) {
    const changes = this.inbox.feed(frame);
    if (!changes) return void this.#again();
    for (const [before, row] of changes) this.#changed(before, row);
    this.#drawList();
    this.#drawTalk();
  }

  #changed(before, row) {
    const isMine = this.inbox.belongs(row, "mine");
    const isSeen = row.conversation === this.current && !document.hidden;
    if (row.asked > (before?.asked ?? 0)) this.marks.came(row);
    if (row.status === "waiting" && before?.status !== "waiting") this.alerts.tell("newWaiting", row);
    else if (isMine && !isSeen && before && row.asked > before.asked) this.alerts.tell("newMessage", row);
    if (row.conversation === this.current && before?.version !== row.version) this.packet.show(this.current, row.language);
  }

  #unread(row) {
    const isOurs = this.inbox.belongs(row, "waiting") || this.inbox.belongs(row, "mine");
    return isOurs ? this.marks.unread(row) : 0;
  }

  #drawList() {
    this.list.draw(this.current);
    const unread = [...this.inbox.rows.values()].filter((row) => this.#unread(row));
    this.alerts.title(unread.length);
  }

  #tick() {
    if (document.hidden) return;
    this.list.tick();
    if (this.row) this.head.draw(this.row, this.now());
  }

  // ── one conversation ──

  /** What the address names: "#c=…". */
  #go() {
    const id = new URLSearchParams(location.hash.slice(1)).get("c") ?? "";
    if (id === this.current) this.panes.dataset.pane = id ? "talk" : "list";
    else if (id) this.#show(id);
    else this.#hide();
  }

  open(id) {
    if (id !== this.current) history.pushState(null, "", `#${new URLSearchParams({ c: id })}`);
    this.#go();
  }

  close() {
    if (this.current) history.pushState(null, "", location.pathname);
    this.#go();
  }

  #show(id) {
    this.current = id;
    this.panes.dataset.pane = "talk";
    this.talk = this.talks.open(id);
    const typed = this.typed.of(id);
    this.box.load(typed, typed.note && !typed.reply ? "note" : "reply");
    this.desk.say("");
    this.middle.replaceChildren(this.talk.log.element);
    this.talkColumn.replaceChildren(this.head.element, this.middle, this.desk.element);
    this.talk.log.toEnd();
    this.box.grow();
    this.packet.show(id, this.row?.language);
    if (this.row) this.#drawTalk();
    else this.#learn(id);
    this.#drawList();
    this.#read();
  }

  #hide() {
    this.current = "";
    this.talk = undefined;
    this.panes.dataset.pane = "list";
    this.talkColumn.replaceChildren(this.empty);
    this.packet.show("");
    this.#drawList();
  }

  #gone(id) {
    if (id !== this.current) return;
    this.close();
    this.empty.querySelector("p").textContent = this.texts.gone;
  }

  #drawTalk() {
    const { row } = this;
    this.talkColumn.classList.toggle("is-unknown", !row);
    if (!row) return;
    this.head.draw(row, this.now());
    this.desk.draw(row);
  }

  #heard(event, talk) {
    const before = this.inbox.rows.get(event.conversation);
    this.inbox.heard(event);
    const row = this.inbox.rows.get(event.conversation);
    if (before === row || !talk?.log.isCaughtUp) return;
    if (event.conversation === this.current && before.version !== row.version) this.packet.show(this.current, row.language);
    this.#drawTalk();
    this.#drawList();
    if (talk === this.talk) this.#read();
  }

  #settled(talk) {
    if (talk !== this.talk) return;
    this.#drawTalk();
    this.#read();
  }

  /** Seen is what stands in the open thread while somebody looks at the page. */
  #read() {
    const { talk, row } = this;
    if (!talk || !row || document.hidden || !talk.head) return;
    this.marks.read(this.current, row.epoch, talk.head);
    this.connection.hint({ type: "read", conversation: this.current, seq: talk.head });
    this.#drawList();
  }

  #tellTyping() {
    const now = Date.now();
    const isMine = this.row && this.inbox.belongs(this.row, "mine");
    if (!isMine || now - this.#toldTyping < TYPING_EVERY) return;
    this.#toldTyping = now;
    this.connection.hint({ type: "typing", conversation: this.current, on: true });
  }

  // ── what the agent does ──

  async #act(name, { mode, ...fields } = {}) {
    const { row } = this;
    if (!row) return;
    if (name !== "submit") return void (await this.#command(row, name, fields));
    if (mode === "note") return this.#post("note", row);
    const isMine = this.inbox.belongs(row, "mine");
    if (isMine || (await this.#command(row, "claim"))) this.#post("send", row);
  }

  /** Written here, sent as soon as possible: it is in the outbox before the box is empty. */
  #post(type, { conversation }) {
    if (conversation !== this.current) return; // somebody went on while the claim was under way; the text waits there
    const { passages } = this.box.kept;
    const cited = type === "send" && passages.length ? { passages: passages.map(({ id }) => id) } : {};
    this.connection.post(type, { text: this.box.text, ...cited }, conversation);
    this.box.clear();
    if (type === "note" && this.row) this.desk.draw(this.row);
    this.box.focus();
  }

  /** True when the server did it. */
  async #command(row, name, fields = {}) {
    const { conversation, version } = row;
    const isTakeOver = name === "takeOver";
    const type = isTakeOver ? "transfer" : name;
    const to = isTakeOver ? { to: this.me.agent.id } : {};
    const expected = type === "tag" ? {} : { expect_version: version };
    this.desk.say("");
    this.desk.isBusy = true;
    try {
      await this.commands.run({ type, conversation, ...expected, ...to, ...fields });
      this.desk.say("");
      return true;
    } catch (error) {
      await this.#refused(error, conversation, fields.to);
      return false;
    } finally {
      this.desk.isBusy = false;
    }
  }

  async #refused(error, conversation, to) {
    const row = await this.#learn(conversation);
    if (conversation !== this.current) return;
    const target = this.people.agents.find(({ id }) => id === to);
    const isFull = error.code === "conflict" && error.why === "capacity" && target;
    const words = isFull ? this.texts.conflict.capacity(plain(target.name)) : troubleWords(this.texts, error, row, this.me);
    this.desk.say(words);
  }

  /** A passage or a draft, one click away from the customer. */
  #use(text, passage) {
    this.panes.dataset.pane = "talk";
    this.desk.write("reply");
    this.box.insert(text, passage);
  }

  #takeBack({ cid, type, fields }) {
    this.connection.outbox.settle(cid);
    this.talk?.log.dropPending(cid);
    this.desk.write(type === "note" ? "note" : "reply");
    this.box.insert(fields.text);
  }

  async #makeAnswer(conversation, seq) {
    const { texts } = this;
    const question = this.talks.get(conversation)?.questionBefore(seq) ?? 0;
    try {
      const draft = await api("POST", "answers", { conversation, question_seq: question, reply_seq: seq });
      const href = `/console/answers?${new URLSearchParams({ id: draft.id })}`;
      return [build("span", { role: "status" }, texts.answerMade), " ", build("a", { href }, texts.openAnswer)];
    } catch (error) {
      return [build("span", { class: "says", role: "alert" }, error.says || texts.failed)];
    }
  }

  // ── the page ──

  #togglePacket(isOpen = this.panes.dataset.pane !== "packet") {
    this.panes.dataset.pane = isOpen && this.current ? "packet" : this.current ? "talk" : "list";
  }

  #pressed(event) {
    if (document.querySelector("dialog[open]")) return;
    const action = actionOf(event, placeOf(event.target));
    if (!action) return;
    event.preventDefault();
    this.#do(action);
  }

  #do(action) {
    const { list, desk, panes } = this;
    if (action === "leave") document.activeElement.blur();
    else if (action === "next" || action === "previous") list.move(action === "next" ? 1 : -1);
    else if (action === "open") list.openCursor();
    else if (action === "search") list.search();
    else if (action === "help") this.#help();
    else if (action === "packet") this.#togglePacket();
    else if (action === "back") panes.dataset.pane === "packet" ? this.#togglePacket(false) : this.close();
    else if (action in list.tabs) list.show(action);
    else if (this.current && this.row) desk.press(action);
  }

  #help() {
    const { texts } = this;
    const line = ([keys, name]) => {
      const shown = keys.flatMap((key, index) => (index ? [" ", build("kbd", {}, key)] : [build("kbd", {}, key)]));
      return build("div", {}, build("dt", {}, ...shown), build("dd", {}, texts.key[name]));
    };
    openDialog(texts.keys, () => [build("dl", { class: "keys" }, ...SHOWN.map(line))], { close: texts.close });
  }
}

requireLogin(document.body, (me) => new Console(document.body, me));
