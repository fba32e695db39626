/** <support-chat>: what runs inside the iframe. It wires the session, the connection and the thread to what is seen. */

import { Composer } from "./composer.js";
import { Host } from "./host.js";
import { Log } from "./log.js";
import { isColour, Look } from "./look.js";
import { plain } from "./markup.js";
import { build, Messages } from "./messages.js";
import { storageOr } from "./outbox.js";
import { Panel } from "./panel.js";
import { Session, subjectOf } from "./session.js";
import { Sheet } from "./sheet.js";
import { Connection } from "./socket.js";
import { datesFor, localeOf, textsFor } from "./texts.js";
import { ReadMark, Thread } from "./thread.js";

const WORKING_AFTER = 300; // a quick answer should not flash an indicator
const WORKING_FOR = 60_000;
const TYPING_FOR = 8_000;

class SupportChat extends HTMLElement {
  connectedCallback() {
    const query = new URLSearchParams(location.search);
    this.storage = storageOr(() => localStorage);
    this.locale = localeOf(query.get("locale") ?? navigator.language);
    this.ownAccent = query.get("accent") ?? "";
    this.look = new Look(document.documentElement, { theme: query.get("theme") ?? "auto", accent: this.ownAccent });
    this.config = { shop: "", greeting: "", openers: [], quick_replies: {}, limits: { text: 4_000 } };
    this.page = location.href;
    this.userToken = undefined;
    this.isVisible = false;
    this.thread = new Thread();
    this.readMark = new ReadMark(this.storage);
    this.events = []; // kept to draw them again in another language
    this.session = new Session({ storage: this.storage, about: () => this.#about() });
    this.connection = this.#connect();
    this.host = this.#meet(query.get("origin") ?? "");
    this.#build();
    this.#begin();
  }

  // ── who we talk to ──

  #about() {
    const token = this.userToken ? { user_token: this.userToken } : {};
    return { locale: this.locale, page: this.page.slice(0, 2_000), ...token };
  }

  #connect() {
    const url = new URL("/v1/socket", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const connection = new Connection({ url: url.href, storage: this.storage, authorise: () => this.#authorise() });
    connection.on("event", (event) => this.#arrived(event));
    connection.on("reload", () => this.#forget());
    connection.on("caughtUp", () => this.#caughtUp());
    connection.on("queue", () => this.#drawQueue());
    connection.on("ack", ({ cid, seq }) => seq <= this.thread.head && this.log.dropPending(cid));
    connection.on("status", () => this.#drawStatus());
    connection.on("frame", (frame) => this.#passing(frame));
    window.addEventListener("online", () => connection.wake());
    window.addEventListener("offline", () => connection.lost());
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) return;
      connection.wake();
      this.#markRead();
    });
    return connection;
  }

  async #authorise() {
    const { ticket, session } = await this.session.ticket();
    const { conversation } = session;
    if (this.conversation !== conversation) {
      if (this.conversation) this.connection.forget(this.conversation);
      this.#forget();
      this.conversation = conversation;
      this.#reclaim(conversation);
      this.connection.follow(conversation, session.epoch);
    }
    this.connection.adopt(conversation);
    return ticket;
  }

  /** What is left over from a session that is gone goes to the new one; a rating has lost what it was about. */
  #reclaim(conversation) {
    const { outbox } = this.connection;
    for (const entry of outbox.entries.filter((other) => other.conversation !== conversation)) {
      if (entry.type === "rate") outbox.settle(entry.cid);
      else outbox.move(entry.conversation, conversation);
    }
  }

  #meet(origin) {
    const host = new Host(origin);
    host.on("setup", ({ page, userToken }) => this.#setUp(page, userToken));
    host.on("shown", ({ visible, focus }) => this.#shown(visible, focus));
    host.on("user", ({ userToken }) => this.#signIn(userToken));
    host.on("locale", ({ locale }) => this.#speak(locale));
    host.on("reset", () => this.#reset());
    return host;
  }

  async #begin() {
    this.host.tell("hello");
    await this.#configure();
    if (!this.host.isFramed) {
      this.#setUp(location.href);
      this.#shown(true, true);
    }
    this.host.tell("ready", this.#appearance());
  }

  #setUp(page, userToken) {
    this.page = String(page ?? this.page);
    this.#signIn(userToken);
    if (this.session.current || this.connection.outbox.entries.length) this.connection.start();
    else this.#caughtUp();
  }

  async #configure() {
    try {
      const config = await this.session.config(this.locale);
      this.config = { ...this.config, ...config };
      this.isConfigured = true;
    } catch {
      this.isConfigured = false; // the words of texts.js do until the next time the panel opens
    }
    if (!isColour(this.ownAccent)) this.look.setAccent(this.config.accent);
    this.#drawWords();
  }

  #appearance() {
    const { openChat, closeChat, chat } = this.texts;
    const title = this.config.shop ? this.texts.chatWith(this.config.shop) : chat;
    return { colours: this.look.colours, labels: { open: openChat, close: closeChat, title } };
  }

  // ── what the shop's page asks for ──

  #shown(visible, focus) {
    this.isVisible = visible;
    if (!visible) return;
    if (!this.isConfigured) this.#configure();
    if (focus) this.composer.focus();
    this.log.toEnd();
    this.#markRead();
  }

  /** Somebody else is signed in: their conversation is not the one that is shown. */
  #signIn(userToken) {
    this.userToken = userToken || undefined;
    const { current } = this.session;
    if (this.userToken && current && current.subject !== subjectOf(this.userToken)) this.#reset();
  }

  async #speak(locale) {
    this.locale = localeOf(locale);
    await this.#configure();
    this.#redraw();
    this.host.tell("paint", this.#appearance());
  }

  #reset() {
    this.connection.stop();
    this.connection.outbox.clear();
    this.session.drop();
    if (this.conversation) this.connection.forget(this.conversation);
    this.conversation = undefined;
    this.#forget();
    this.#caughtUp();
  }

  // ── what happens in the conversation ──

  #arrived(event) {
    this.events.push(event);
    this.thread.take(event);
    this.#draw(event);
    this.#drawStatus();
    if (this.log.isCaughtUp) this.#markRead();
  }

  #draw(event) {
    const { kind, body = {}, cid } = event;
    this.log.dropPending(cid);
    if (kind === "message.created") this.#drawMessage(event, body);
    else if (kind === "conversation.rated") this.#drawScore(body);
    else if (kind === "message.redacted") this.#redact(body);
    else if (kind?.startsWith("conversation.")) this.#drawTurn(event, body);
  }

  #drawMessage(event, body) {
    this.log.dropDraft(body.answers);
    this.log.hideWorking();
    this.log.add(this.messages.said({ ...event, body }), event.at);
  }

  #drawTurn({ kind, at }, body) {
    const { texts } = this;
    const words = {
      "conversation.handed_off": body.text || texts.asked,
      "conversation.claimed": texts.joined(plain(body.agent)),
      "conversation.returned": texts.returned,
      "conversation.closed": texts.ended,
    }[kind];
    this.log.dropDrafts();
    this.rating?.remove();
    if (words) this.log.add(this.messages.system(words, at), at);
    if (kind !== "conversation.closed") return;
    this.rating = this.messages.rating((score) => this.#rateAll(score));
    this.log.add(this.rating, at);
  }

  #drawScore({ score, about }) {
    const article = about && this.log.find(about);
    if (article) this.messages.showScore(article, score);
    else if (!about) this.rating?.replaceChildren(build("p", {}, this.texts.thanks));
  }

  #redact({ seq, about }) {
    this.log.find(seq ?? about)?.replaceWith(this.messages.system(this.texts.removed));
  }

  /** Frames that are no events: they may be lost, and the next event makes them unimportant. */
  #passing(frame) {
    if (frame.type === "welcome" && frame.limits?.text) this.composer.limit = frame.limits.text;
    if (frame.conversation !== this.conversation) return;
    if (frame.type === "draft") this.#drawDraft(frame);
    if (frame.type === "typing" && frame.author !== "customer") this.#someoneTypes(frame);
  }

  #drawDraft(frame) {
    if (!this.thread.questions.includes(frame.answers)) return; // answered, or with a person, by now
    this.log.draw(frame);
    this.#drawWorking();
  }

  #someoneTypes({ author, on }) {
    clearTimeout(this.typingTimer);
    this.typist = on ? author : "";
    if (on) this.typingTimer = setTimeout(() => this.#someoneTypes({ author, on: false }), TYPING_FOR);
    this.#drawWorking();
  }

  /** The dots: the bot owes an answer, or an agent is writing. */
  #drawWorking() {
    const isAgent = this.typist === "agent" && this.thread.status === "agent";
    const owed = this.thread.questions.find((question) => !this.log.hasDraft(question));
    const isOwed = owed !== undefined && owed !== this.gaveUp && this.connection.isOpen;
    const wanted = isAgent ? "agent" : isOwed ? `question ${owed}` : "";
    if (wanted === this.workingOn && (this.log.isWorking || this.workingTimer)) return;
    clearTimeout(this.workingTimer);
    this.workingTimer = undefined;
    this.workingOn = wanted;
    if (!wanted) this.log.hideWorking();
    else this.workingTimer = setTimeout(() => this.#showWorking(isAgent, owed), isAgent ? 0 : WORKING_AFTER);
  }

  #showWorking(isAgent, owed) {
    this.log.showWorking(isAgent ? this.texts.typing(plain(this.thread.agent)) : this.texts.working);
    if (isAgent) return;
    this.workingTimer = setTimeout(() => {
      this.gaveUp = owed;
      this.#drawWorking();
    }, WORKING_FOR);
  }

  // ── what the customer does ──

  #say(text) {
    this.connection.post("send", { text }, this.conversation);
    this.composer.focus();
  }

  #askPerson() {
    const asked = this.#personAsked;
    if (!asked) this.connection.post("handoff", {}, this.conversation);
    else if (asked.failed) this.connection.retry(asked.cid);
    this.composer.focus();
  }

  get #personAsked() {
    return this.connection.outbox.entries.find(({ type }) => type === "handoff");
  }

  #rate(seq, score) {
    if (this.thread.scores.get(seq) === score) return;
    this.thread.scores.set(seq, score);
    this.messages.showScore(this.log.find(seq), score);
    this.connection.post("rate", { seq, score }, this.conversation);
  }

  #rateAll(score) {
    this.connection.post("rate", { score }, this.conversation);
    this.rating.replaceChildren(build("p", {}, this.texts.thanks));
    this.composer.focus();
  }

  #typed() {
    this.connection.start(); // the socket is ready by the time the question is
    if (this.thread.status === "bot" || !this.conversation) return;
    const now = Date.now();
    if (now - (this.toldTyping ?? 0) < 3_000) return;
    this.toldTyping = now;
    this.connection.hint({ type: "typing", conversation: this.conversation, on: true });
  }

  // ── the whole picture ──

  #forget() {
    this.thread.clear();
    this.events = [];
    this.rating = undefined;
    clearTimeout(this.workingTimer);
    this.workingTimer = undefined;
    this.workingOn = "";
    this.log.forget();
    this.#drawStatus();
  }

  #caughtUp() {
    this.#drawQueue();
    this.log.settle();
    this.#markRead();
  }

  /** In another language: the frame around the messages changes, what was said stays. */
  #redraw() {
    const { events } = this;
    this.#build();
    this.#forget();
    for (const event of events) this.#arrived(event);
    this.#caughtUp();
  }

  #markRead() {
    const { head } = this.thread;
    const stored = this.readMark.of(this.conversation);
    const isSeen = this.isVisible && !document.hidden;
    if (isSeen && this.conversation && head > stored) {
      this.readMark.set(this.conversation, head);
      this.connection.hint({ type: "read", conversation: this.conversation, seq: head });
    }
    const count = this.thread.unread(isSeen ? head : stored);
    if (count !== this.toldUnread) this.host.tell("unread", { count, label: this.texts.unread(count) });
    this.toldUnread = count;
  }

  // ── the elements ──

  #build() {
    this.texts = textsFor(this.locale);
    const { texts } = this;
    document.documentElement.lang = this.locale === "zh" ? "zh-CN" : "en";
    this.sheet = new Sheet(texts);
    this.messages = new Messages({
      texts,
      dates: datesFor(this.locale),
      agentName: () => this.thread.agent || texts.person,
      openSource: (source) => this.sheet.open(source),
      choose: (text) => this.#say(text),
      rate: (seq, score) => this.#rate(seq, score),
      retry: (cid) => this.connection.retry(cid),
    });
    this.log = new Log({ texts, messages: this.messages });
    this.composer = new Composer({
      texts,
      storage: storageOr(() => sessionStorage),
      say: (text) => this.#say(text),
      typed: () => this.#typed(),
    });
    this.panel = new Panel({
      texts,
      composer: this.composer,
      askPerson: () => this.#askPerson(),
      connect: () => this.connection.start(),
      close: this.host.isFramed ? () => this.host.tell("close") : null,
    });
    const { header, line, foot } = this.panel;
    this.replaceChildren(header, line, this.log.element, foot, this.sheet.dialog);
    this.onkeydown = (event) => {
      if (event.key === "Escape" && !event.isComposing && !this.sheet.isOpen) this.host.tell("close");
    };
    this.#drawWords();
    this.#drawQueue();
  }

  #drawWords() {
    this.panel.showWords(this.config);
    this.log.start.replaceChildren(...this.messages.welcome(this.config));
    this.#drawStatus();
  }

  #drawQueue() {
    const { outbox } = this.connection;
    const lost = outbox.entries.filter(({ type, failed }) => type === "rate" && failed);
    for (const { cid } of lost) outbox.settle(cid); // nobody wants to be asked about a thumb again
    this.log.showQueue(outbox.entries.filter(({ type }) => type === "send"));
    this.#drawStatus();
  }

  #drawStatus() {
    this.panel.showHolder(this.thread, Boolean(this.#personAsked && !this.#personAsked.failed));
    this.panel.showConnection(this.connection.status);
    this.log.start.hidden = this.thread.hasMessages || this.log.hasPending;
    this.#drawWorking();
  }
}

customElements.define("support-chat", SupportChat);
