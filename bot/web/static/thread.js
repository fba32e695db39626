/** What the events of one conversation add up to. No DOM: chat.js draws it. */

export class Thread {
  constructor() {
    this.clear();
  }

  clear() {
    this.status = "bot"; // bot | waiting | agent | closed
    this.agent = "";
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
    else if (kind?.startsWith("conversation.")) this.#moved(seq, kind, body);
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

  #moved(seq, kind, body) {
    const status = { handed_off: "waiting", claimed: "agent", returned: "bot", closed: "closed", reopened: "bot" };
    const next = status[kind.slice("conversation.".length)];
    if (!next) return;
    this.status = next;
    this.agent = next === "agent" ? (body.agent ?? "") : "";
    this.questions = []; // whoever has it now, these are not the bot's to answer any more
    this.isRated = false;
    if (next === "waiting" || next === "agent") this.spoken.push(seq);
    if (next === "waiting") this.hasMessages = true;
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
