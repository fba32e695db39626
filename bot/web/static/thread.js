/** What the events of one conversation add up to. No DOM: chat.js draws it. */

// Who has the conversation after an event. What is not in here leaves that as it is: e-mail addresses, ratings, the
// places of events that are not the customer's to read, and whatever a newer server sends.
const STATUS = new Map([
  ["conversation.handed_off", "waiting"],
  ["conversation.claimed", "agent"],
  ["conversation.transferred", "agent"],
  ["conversation.requeued", "waiting"],
  ["conversation.returned", "bot"],
  ["conversation.closed", "closed"],
  ["conversation.reopened", "bot"],
]);

// What a customer who looks elsewhere should come back for.
const CALLS = new Set(
  ["handed_off", "claimed", "transferred", "requeued", "delayed"].map((name) => `conversation.${name}`),
);

// What events of old, which carry no words, are told as.
const LINES = new Map([
  ["conversation.handed_off", (texts) => texts.asked],
  ["conversation.claimed", (texts, body) => texts.joined(body.agent)],
  ["conversation.transferred", (texts, body) => texts.takenOver(body.agent)],
  ["conversation.requeued", (texts) => texts.requeued],
  ["conversation.returned", (texts) => texts.returned],
  ["conversation.closed", (texts) => texts.ended],
  ["conversation.delayed", (texts) => texts.delayed],
  ["conversation.email_left", (texts, body) => texts.emailLeft(body.email)],
]);

/** bot | waiting | agent | closed after this kind of event, or undefined when it moves nothing. */
export function statusAfter(kind) {
  return STATUS.get(kind);
}

/** The line an event is told as. "" for none: it is not one to tell, or the shop switched its text off. */
export function lineOf({ kind, body }, texts) {
  const line = LINES.get(kind);
  return line ? (body.text ?? line(texts, body)) : "";
}

export class Thread {
  constructor() {
    this.clear();
  }

  clear() {
    this.status = "bot"; // bot | waiting | agent | closed
    this.agent = "";
    this.offersEmail = false; // nobody is there yet: we may write instead
    this.email = ""; // where to
    this.head = 0;
    this.hasMessages = false;
    this.isRated = false; // as a whole, since it was closed
    this.spoken = []; // seqs that count as unread: what the bot, an agent or the system said to the customer
    this.scores = new Map(); // seq of a reply → the thumb given
    this.questions = []; // seqs the bot still owes a reply
  }

  take({ seq, kind, author, body }) {
    this.head = seq;
    if (kind === "message.created") this.#said(seq, author, body);
    else if (kind === "conversation.rated") this.#rated(body);
    else if (kind === "conversation.email_left") this.email = body.email ?? "";
    if (STATUS.has(kind)) this.#moved(STATUS.get(kind), body);
    if (CALLS.has(kind)) this.#called(seq, body);
  }

  #said(seq, author, body) {
    this.hasMessages = true;
    if (author === "customer") {
      if (this.status === "bot") this.questions.push(seq);
      return;
    }
    this.spoken.push(seq);
    this.questions = this.questions.filter((question) => question !== body.answers);
  }

  #rated({ score, about }) {
    if (about) this.scores.set(about, score);
    else this.isRated = true;
  }

  #moved(next, body) {
    this.status = next;
    this.agent = next === "agent" ? (body.agent ?? "") : "";
    this.offersEmail = false;
    this.questions = []; // whoever has it now, these are not the bot's to answer any more
    this.isRated = false;
    if (next === "waiting") this.hasMessages = true;
  }

  #called(seq, { text, offer }) {
    if (text !== "") this.spoken.push(seq); // the shop may have switched the line off
    if (offer === "email" && this.status === "waiting") this.offersEmail = true;
  }

  unread(lastRead) {
    return this.spoken.filter((seq) => seq > lastRead).length;
  }
}

/** How far the customer has read, kept over reloads. */
export class ReadMark {
  #key = "answerdesk.read";

  constructor(storage) {
    this.storage = storage;
  }

  of(conversation) {
    try {
      const mark = JSON.parse(this.storage.getItem(this.#key));
      return mark?.conversation === conversation ? mark.seq : 0;
    } catch {
      return 0;
    }
  }

  set(conversation, seq) {
    try {
      this.storage.setItem(this.#key, JSON.stringify({ conversation, seq }));
    } catch {
      // storage is full: the badge may count these again after a reload
    }
  }
}
