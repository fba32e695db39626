/** How far an agent has read, and how much came since: kept by the browser, one mark for each conversation. */

const MOST = 500; // conversations remembered

export class ReadMarks {
  /** `key`: one for each agent who uses this browser. */
  constructor(storage, key) {
    Object.assign(this, { storage, key });
    this.marks = new Map(this.#stored()); // conversation → {epoch, seq, count}: `count` came since
  }

  #stored() {
    try {
      const entries = JSON.parse(this.storage.getItem(this.key));
      return Array.isArray(entries) ? entries : [];
    } catch {
      return [];
    }
  }

  #save() {
    while (this.marks.size > MOST) this.marks.delete(this.marks.keys().next().value);
    try {
      this.storage.setItem(this.key, JSON.stringify([...this.marks]));
    } catch {
      // storage is full: what was read counts as unread again after a reload
    }
  }

  /** Everything up to `seq` was seen. */
  read(conversation, epoch, seq) {
    const mark = this.marks.get(conversation);
    if (mark?.epoch === epoch && mark.seq >= seq && !mark.count) return;
    this.marks.delete(conversation); // so that it is remembered longest
    this.marks.set(conversation, { epoch, seq: Math.max(seq, mark?.epoch === epoch ? mark.seq : 0), count: 0 });
    this.#save();
  }

  /** The customer wrote. Rows name only their newest message, so each that comes is counted as it comes. */
  came({ conversation, epoch, asked }) {
    const mark = this.#of(conversation, epoch);
    if (asked <= (mark.asked ?? mark.seq)) return;
    this.marks.set(conversation, { ...mark, asked, count: mark.count + 1 });
    this.#save();
  }

  /** How many messages of the customer are not read: at least so many. */
  unread({ conversation, epoch, asked }) {
    const mark = this.#of(conversation, epoch);
    return asked > mark.seq ? Math.max(1, mark.count) : 0;
  }

  #of(conversation, epoch) {
    const mark = this.marks.get(conversation);
    return mark?.epoch === epoch ? mark : { epoch, seq: 0, count: 0 };
  }
}
