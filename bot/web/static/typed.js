/** What was typed and not sent, one for each conversation: it outlives a reload, a log-out, a lost connection. */

const EMPTY = { reply: "", note: "", passages: [] };

export class Typed {
  constructor(storage, prefix) {
    Object.assign(this, { storage, prefix });
    this.unstored = new Map(); // what a full storage did not take
  }

  /** {reply, note, passages: [{id, title}]} */
  of(conversation) {
    try {
      const kept = this.unstored.get(conversation) ?? JSON.parse(this.storage.getItem(this.prefix + conversation));
      return { ...EMPTY, ...kept };
    } catch {
      return { ...EMPTY };
    }
  }

  keep(conversation, typed) {
    this.unstored.delete(conversation);
    try {
      if (typed.reply || typed.note || typed.passages.length) {
        this.storage.setItem(this.prefix + conversation, JSON.stringify(typed));
      } else {
        this.storage.removeItem(this.prefix + conversation);
      }
    } catch {
      this.unstored.set(conversation, typed);
    }
  }
}
