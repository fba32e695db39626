/** The agents' inbox: it wires the list, the conversation and its background to the connection that keeps them true. */

import { Alerts } from "./alerts.js";
import { Prefs } from "./console-prefs.js";
import { api, door, header, locale, openDialog, requireLogin } from "./console-shell.js";
import { textsFor } from "./console-texts.js";
import { Deeds } from "./deeds.js";
import { Desk } from "./desk.js";
import { Feed } from "./feed.js";
import { icon } from "./icons.js";
import { InboxList } from "./inbox-list.js";
import { Inbox } from "./inbox.js";
import { actionOf, placeOf, SHOWN } from "./keys.js";
import { Line } from "./line.js";
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

const TYPING_EVERY = 3_000; // ms

class Console {
  #toldTyping = 0;
  #told = 0; // the seq that was last told as read

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
    this.canned = [];
    this.current = "";
    this.#build();
    this.#place(root);
    this.#listen();
    this.#begin();
  }

  /** The open conversation as it stands. */
  get row() {
    return this.inbox.rows.get(this.current);
  }

  now() {
    return Date.now() + this.skew;
  }

  // ── the parts ──

  #connect(name) {
    const url = new URL("/v1/console/socket", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    return new Connection({
      url: url.href,
      storage: this.storage,
      name,
      authorise: () => ticket(),
      greeting: () => (this.inbox.at ? { inbox: this.inbox.at } : {}),
    });
  }

  #build() {
    const { texts, me, inbox, connection } = this;
    const open = (id) => this.open(id);
    const people = () => this.people.agents;
    this.people = new People({ texts, me, say: (on) => connection.hint({ type: "away", on }) });
    this.alerts = new Alerts({ texts, prefs: new Prefs(), open });
    this.feed = this.#makeFeed();
    this.list = new InboxList({
      texts, me, inbox, open,
      look: (wanted) => this.feed.look(wanted),
      more: () => this.feed.next(),
      unread: (row) => this.feed.unread(row),
      now: () => this.now(),
    }); // prettier-ignore
    this.sheet = new Sheet(texts);
    this.talks = this.#makeTalks();
    this.head = new TalkHead({ texts, me, back: () => this.close(), packet: () => this.#togglePacket() });
    this.box = this.#makeBox();
    const act = (name, fields) => this.deeds.act(name, fields);
    this.desk = new Desk({ texts, me, box: this.box, people, tags: () => inbox.tags, act });
    const learn = (id) => this.feed.learn(id);
    this.deeds = new Deeds({ texts, me, inbox, connection, people, page: this, learn });
    this.packet = this.#makePacket(open);
  }

  #makeFeed() {
    return new Feed({
      inbox: this.inbox,
      marks: this.marks,
      alerts: this.alerts,
      drawn: () => this.#draw(),
      gone: (id) => this.#gone(id),
      moved: ({ conversation, language }) => conversation === this.current && this.packet.show(conversation, language),
      isSeen: ({ conversation }) => conversation === this.current && !document.hidden,
    });
  }

  #makeTalks() {
    return new Talks({
      connection: this.connection,
      wiring: (id) => this.#wiring(id),
      heard: (event, talk) => this.#heard(event, talk),
      caughtUp: (talk) => talk === this.talk && this.#read(),
      gone: (id) => this.#gone(id),
    });
  }

  /** What the messages of one conversation need. */
  #wiring(id) {
    const path = `conversations/${encodeURIComponent(id)}`;
    return {
      texts: this.texts,
      me: this.me,
      dates: datesFor(locale()),
      name: () => plain(this.inbox.rows.get(id)?.name) || this.texts.author.customer,
      openSource: (source) => this.sheet.open(source),
      evidenceOf: (seq) => api("GET", `${path}/turns/${seq}`),
      makeAnswer: (seq) => this.deeds.makeAnswer(id, seq),
      retry: (cid) => this.connection.retry(cid),
      takeBack: (entry) => this.deeds.takeBack(entry),
    };
  }

  #makeBox() {
    const { texts, me } = this;
    const about = () => ({
      language: this.row?.language ?? "en",
      names: { customer: plain(this.row?.name), agent: plain(me.agent.name), shop: plain(me.shop.name) },
    });
    return new ReplyBox({
      texts,
      about,
      canned: () => this.canned,
      send: () => this.desk.send(),
      typed: () => this.#tellTyping(),
      changed: (typed) => {
        this.typed.keep(this.current, typed);
        this.desk.drawSubmit();
      },
    });
  }

  #makePacket(open) {
    return new PacketPanel({
      texts: this.texts,
      open,
      load: (id) => api("GET", `conversations/${encodeURIComponent(id)}/packet`),
      find: (q, language) => api("GET", `passages?${new URLSearchParams({ q, language })}`),
      use: (text, passage) => this.#use(text, passage),
      close: () => this.#togglePacket(false),
    });
  }

  #place(root) {
    const { texts } = this;
    const line = new Line({ texts, connection: this.connection });
    this.middle = build("div", { class: "talk-place" });
    const [title, words] = matchMedia("(hover: none)").matches ? texts.nothingOpenTouch : texts.nothingOpen;
    this.empty = build("div", { class: "nothing" }, icon("inbox", 36), build("h2", {}, title), build("p", {}, words));
    this.talkColumn = build("section", { class: "talk", "aria-label": texts.thread }, this.empty);
    this.panes = build("div", { class: "panes" }, this.list.element, this.talkColumn, this.packet.element);
    this.panes.dataset.pane = "list";
    const attributes = { type: "button", class: "icon help", "aria-label": texts.keys, title: texts.keys };
    const help = build("button", { ...attributes, onclick: () => this.#help() }, icon("help"));
    const top = header(this.me, "inbox", texts);
    top.querySelector(".extras").append(this.people.element, this.alerts.element, help);
    root.replaceChildren(build("div", { class: "console" }, top, line.element, this.panes, this.sheet.dialog));
  }

  #listen() {
    const { connection } = this;
    connection.on("frame", (frame) => this.#passing(frame));
    connection.on("status", (status) => this.#connected(status));
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
    door.addEventListener("in", () => this.#begin());
    setInterval(() => this.#tick(), 1_000);
  }

  async #begin() {
    this.#draw();
    this.#go();
    api("GET", "canned").then(({ canned }) => (this.canned = canned)).catch(() => {}); // prettier-ignore
    api("GET", "agents").then(({ agents }) => this.#met(agents)).catch(() => {}); // prettier-ignore
    await this.feed.begin();
    this.connection.start();
    if (this.current && !this.row) this.feed.learn(this.current);
  }

  // ── what the server says ──

  #connected(status) {
    if (status === "open" && this.people.isAway) queueMicrotask(() => this.people.say(true));
    if (status === "stopped") api("GET", "me").catch(() => {}); // revoked: the door opens by itself
  }

  #passing(frame) {
    if (frame.type === "inbox") this.feed.take(frame, this.current);
    else if (frame.type === "presence") this.#met(frame.agents);
    else if (frame.type === "welcome" && frame.limits?.text) this.box.limit = frame.limits.text;
  }

  #met(agents) {
    this.people.agents = agents;
    this.list.agents = agents;
  }

  #heard(event, talk) {
    const isNews = this.feed.heard(event);
    if (!isNews || !talk?.log.isCaughtUp) return; // the past is drawn at once, at its end
    this.#draw();
    if (talk === this.talk) this.#read();
  }

  #gone(id) {
    if (id !== this.current) return;
    this.close();
    setText(this.empty.querySelector("p"), this.texts.gone);
  }

  // ── what is shown ──

  #draw() {
    this.list.draw(this.current);
    this.alerts.title(this.feed.unreadRows);
    const { row } = this;
    this.talkColumn.classList.toggle("is-unknown", !row);
    if (!row) return;
    this.head.draw(row, this.now());
    this.desk.draw(row);
    this.deeds.draw();
  }

  #tick() {
    if (document.hidden) return;
    this.list.tick();
    if (this.row) this.head.draw(this.row, this.now());
  }

  open(id) {
    if (id !== this.current) history.pushState(null, "", `#${new URLSearchParams({ c: id })}`);
    this.#go();
  }

  close() {
    if (this.current) history.pushState(null, "", location.pathname);
    this.#go();
  }

  /** What the address names: "#c=…". */
  #go() {
    const id = new URLSearchParams(location.hash.slice(1)).get("c") ?? "";
    if (id && id !== this.current) this.#show(id);
    else if (!id && this.current) this.#hide();
    this.panes.dataset.pane = id ? "talk" : "list";
  }

  #show(id) {
    this.current = id;
    this.#told = 0;
    this.talk = this.talks.open(id);
    const typed = this.typed.of(id);
    this.box.load(typed, typed.note && !typed.reply ? "note" : "reply");
    this.middle.replaceChildren(this.talk.log.element);
    this.talkColumn.replaceChildren(this.head.element, this.middle, this.desk.element);
    this.panes.dataset.pane = "talk";
    this.talk.log.toEnd();
    this.box.grow();
    this.packet.show(id, this.row?.language);
    if (!this.row && this.inbox.at) this.feed.learn(id);
    this.#draw();
    this.#read();
  }

  #hide() {
    this.current = "";
    this.talk = undefined;
    this.talkColumn.replaceChildren(this.empty);
    this.packet.show("");
    this.#draw();
  }

  /** Seen is what stands in the open thread while somebody looks at the page. */
  #read() {
    const { talk, row } = this;
    if (!talk?.head || !row || document.hidden) return;
    this.marks.read(this.current, row.epoch, talk.head);
    if (talk.head > this.#told) this.connection.hint({ type: "read", conversation: this.current, seq: talk.head });
    this.#told = talk.head;
    this.#draw();
  }

  // ── what the agent does ──

  /** A passage or a draft, one click away from the customer. */
  #use(text, passage) {
    this.panes.dataset.pane = "talk";
    this.desk.write("reply");
    this.box.insert(text, passage);
  }

  #tellTyping() {
    const now = Date.now();
    const isMine = this.row && this.inbox.belongs(this.row, "mine");
    if (!isMine || now - this.#toldTyping < TYPING_EVERY) return;
    this.#toldTyping = now;
    this.connection.hint({ type: "typing", conversation: this.current, on: true });
  }

  #togglePacket(isOpen = this.panes.dataset.pane !== "packet") {
    const behind = this.current ? "talk" : "list";
    this.panes.dataset.pane = isOpen && this.current ? "packet" : behind;
  }

  #pressed(event) {
    if (document.querySelector("dialog[open]")) return;
    const action = actionOf(event, placeOf(event.target));
    if (!action) return;
    event.preventDefault();
    this.#do(action);
  }

  #do(action) {
    const { list, desk } = this;
    const general = {
      leave: () => document.activeElement.blur(),
      next: () => list.move(1),
      previous: () => list.move(-1),
      open: () => list.openCursor(),
      search: () => list.search(),
      help: () => this.#help(),
      packet: () => this.#togglePacket(),
      back: () => (this.panes.dataset.pane === "packet" ? this.#togglePacket(false) : this.close()),
    };
    if (general[action]) general[action]();
    else if (action in list.tabs) list.show(action);
    else if (this.row) desk.press(action);
  }

  #help() {
    const { texts } = this;
    const line = ([keys, name]) => {
      const shown = keys.flatMap((key) => [build("kbd", {}, key), " "]);
      return build("div", {}, build("dt", {}, ...shown), build("dd", {}, texts.key[name]));
    };
    openDialog(texts.keys, () => [build("dl", { class: "keys" }, ...SHOWN.map(line))], { close: texts.close });
  }
}

async function ticket() {
  try {
    return (await api("POST", "ticket", {})).ticket;
  } catch (error) {
    throw Object.assign(error, { retryAfter: error.afterMs });
  }
}

requireLogin(document.body, (me) => new Console(document.body, me));
