/** <support-chat>: what runs inside the iframe. It wires the session, the connection and the thread to what is seen. */

import { systemClock } from "./clock.js";
import { Composer } from "./composer.js";
import { Drawing } from "./drawing.js";
import { Host } from "./host.js";
import { Log } from "./log.js";
import { isColour, Look } from "./look.js";
import { Messages } from "./messages.js";
import { Offer } from "./offer.js";
import { storageOr } from "./outbox.js";
import { Panel } from "./panel.js";
import { Place } from "./place.js";
import { PollingSocket } from "./polling.js";
import { Session, subjectOf } from "./session.js";
import { Sheet } from "./sheet.js";
import { Connection } from "./socket.js";
import { datesFor, localeOf, textsFor } from "./texts.js";
import { ReadMark, Thread } from "./thread.js";
import { Working } from "./working.js";

const MINUTE = 60_000;

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
    this.place = new Place();
    this.events = []; // kept to draw them again in another language
    this.session = new Session({ storage: this.storage, about: () => this.#about() });
    this.connection = this.#connect();
    this.host = this.#meet(query.get("origin") ?? "");
    this.#build();
    this.#begin();
    setInterval(() => this.#drawStatus(), MINUTE); // "tomorrow" becomes "today" though nothing happens
  }

  // ── who we talk to ──

  #about() {
    const token = this.userToken ? { user_token: this.userToken } : {};
    return { locale: this.locale, page: this.page.slice(0, 2_000), ...token };
  }

  #connect() {
    const url = new URL("/v1/socket", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const connection = new Connection({
      url: url.href,
      storage: this.storage,
      authorise: () => this.#authorise(),
      poll: () => new PollingSocket({ secret: this.session.current?.secret ?? "", clock: systemClock }),
    });
    connection.on("event", (event) => this.#arrived(event));
    connection.on("reload", () => this.#forget());
    connection.on("caughtUp", () => this.#caughtUp());
    connection.on("queue", () => this.#drawQueue());
    connection.on("ack", ({ cid, seq }) => seq <= this.thread.head && this.log.dropPending(cid));
    connection.on("status", () => this.#drawStatus());
    connection.on("frame", (frame) => this.#passing(frame));
    window.addEventListener("online", () => connection.wake());
    window.addEventListener("offline", () => connection.lost());
    window.addEventListener("pageshow", ({ persisted }) => persisted && connection.wake()); // back, out of the cache
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
      this.place.clear();
      this.conversation = conversation;
      this.#reclaim(conversation);
      this.connection.follow(conversation, session.epoch);
    }
    this.connection.adopt(conversation);
    return ticket;
  }

  /** What was written to a session that is gone goes to the new one; other wishes have lost what they were about. */
  #reclaim(conversation) {
    const { outbox } = this.connection;
    for (const entry of outbox.entries.filter((other) => other.conversation !== conversation)) {
      if (["rate", "close", "email"].includes(entry.type)) outbox.settle(entry.cid);
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
    this.place.clear();
    this.#forget();
    this.#caughtUp();
  }

  // ── what happens in the conversation ──

  #arrived(event) {
    this.events.push(event);
    this.thread.take(event);
    this.drawing.draw(event);
    this.#drawStatus();
    if (this.log.isCaughtUp) this.#markRead();
  }

  /** Frames that are no events: they may be lost, and the next event makes them unimportant. */
  #passing(frame) {
    if (frame.type === "welcome" && frame.limits?.text) this.composer.limit = frame.limits.text;
    if (frame.conversation !== this.conversation) return;
    if (frame.type === "draft") this.#drawDraft(frame);
    if (frame.type === "typing") this.working.heard(frame);
    if (frame.type === "queue") this.#stand(frame);
  }

  #drawDraft(frame) {
    if (!this.thread.questions.includes(frame.answers)) return; // answered, or with a person, by now
    this.log.draw(frame);
    this.working.draw();
  }

  #stand(frame) {
    this.place.take(frame);
    this.#drawStatus();
  }

  // ── what the customer does ──

  #say(text) {
    this.connection.post("send", { text }, this.conversation);
    this.composer.focus();
  }

  #askPerson() {
    const asked = this.#kept("handoff");
    if (!asked) this.connection.post("handoff", {}, this.conversation);
    else if (asked.failed) this.connection.retry(asked.cid);
    this.composer.focus();
  }

  /** What the outbox still has of a wish: it may be on its way, or refused. */
  #kept(wish) {
    return this.connection.outbox.entries.findLast(({ type }) => type === wish);
  }

  #endChat() {
    this.connection.post("close", {}, this.conversation);
    this.composer.focus();
  }

  #leaveEmail(email) {
    const before = this.#kept("email");
    this.connection.post("email", { email }, this.conversation);
    if (before) this.connection.outbox.settle(before.cid); // it was refused, and this is what it should have been
  }

  #rate(seq, score) {
    if (this.thread.scores.get(seq) === score) return;
    this.thread.scores.set(seq, score);
    this.messages.showScore(this.log.find(seq), score);
    this.connection.post("rate", { seq, score }, this.conversation);
  }

  #rateAll(score) {
    this.connection.post("rate", { score }, this.conversation);
    this.drawing.thank();
    this.composer.focus();
  }

  #typed() {
    this.connection.start(); // the socket is ready by the time the question is
    if (!["waiting", "agent"].includes(this.thread.status) || !this.conversation) return; // no person reads along
    const now = Date.now();
    if (now - (this.toldTyping ?? 0) < 3_000) return;
    this.toldTyping = now;
    this.connection.hint({ type: "typing", conversation: this.conversation, on: true });
  }

  // ── the whole picture ──

  #forget() {
    this.thread.clear();
    this.events = [];
    this.drawing.forget();
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
    this.dates = datesFor(this.locale);
    document.documentElement.lang = this.locale === "zh" ? "zh-CN" : "en";
    this.sheet = new Sheet(texts);
    this.messages = new Messages({
      texts,
      dates: this.dates,
      agentName: () => this.thread.agent || texts.person,
      openSource: (source) => this.sheet.open(source),
      choose: (text) => this.#say(text),
      rate: (seq, score) => this.#rate(seq, score),
      retry: (cid) => this.connection.retry(cid),
    });
    this.log = new Log({ texts, messages: this.messages });
    this.working?.done();
    this.working = new Working({ texts, log: this.log, thread: this.thread, connection: this.connection });
    this.offer = new Offer({ texts, leave: (email) => this.#leaveEmail(email), typed: this.offer?.input.value });
    this.drawing = new Drawing({
      texts,
      messages: this.messages,
      log: this.log,
      thread: this.thread,
      place: this.place,
      working: this.working,
      offer: this.offer,
      rate: (score) => this.#rateAll(score),
      focus: () => this.composer.focus(),
    });
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
      endChat: () => this.#endChat(),
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
    for (const entry of outbox.entries.filter((one) => this.#isMoot(one))) outbox.settle(entry.cid);
    this.log.showQueue(outbox.entries.filter(({ type }) => type === "send"));
    this.offer.showState(this.#kept("email"));
    this.#drawStatus();
  }

  /** Refused, and nobody wants to hear of it: a thumb, the end of what had ended, an address nobody needs any more. */
  #isMoot({ type, failed }) {
    if (type === "email") return failed && this.log.isCaughtUp && !this.thread.offersEmail;
    return failed && (type === "rate" || type === "close");
  }

  #drawStatus() {
    const { status, hasMessages } = this.thread;
    const place = this.place.words(this.texts, this.dates);
    this.panel.showHolder(this.thread, { asked: this.#kept("handoff"), ending: this.#kept("close"), place });
    if (status === "waiting" && this.place.isNews()) this.panel.announce(place);
    this.panel.showConnection(this.connection.status);
    this.log.start.hidden = hasMessages || this.log.hasPending;
    this.working.draw();
  }
}

customElements.define("support-chat", SupportChat);
