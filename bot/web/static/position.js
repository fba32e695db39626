/** Events in order and once: the part of the connection that only counts. */

const MAX_EARLY = 100; // events kept that came before their turn

/** Where we stand in one conversation: what came in order, what came early, what is known to exist. */
export class Position {
  constructor(epoch, last) {
    this.epoch = epoch;
    this.reset(last);
    this.failures = 0; // syncs that brought nothing
    this.stuckAt = -1;
  }

  reset(last = 0, head = last) {
    this.last = last;
    this.head = head;
    this.early = new Map();
    this.sync = null;
    this.refusals = 0; // syncs that were answered all the same
  }

  get isBehind() {
    return this.last < this.head;
  }

  /** The events that are now due, oldest first. State changes before anyone is told: a listener may reconnect. */
  take(event) {
    this.head = Math.max(this.head, event.seq);
    if (event.seq > this.last + 1) {
      if (this.early.size < MAX_EARLY) this.early.set(event.seq, event);
      return [];
    }
    if (event.seq <= this.last) return [];
    this.last = event.seq;
    return [event, ...this.due()];
  }

  /** The server answered a sync, and said which event is its newest: whoever spoke of later ones was wrong. */
  heed(head) {
    this.refusals++;
    if (head <= this.last && !this.early.size) this.head = this.last;
  }

  due() {
    const due = [];
    while (this.early.has(this.last + 1)) {
      due.push(this.early.get(++this.last));
      this.early.delete(this.last);
    }
    return due;
  }

  /** Go on behind a hole that the server cannot fill: showing the rest beats showing nothing. */
  skip() {
    const next = Math.min(...this.early.keys());
    if (!Number.isFinite(next)) this.head = this.last; // there is no rest: whoever said that there is more was wrong
    else this.last = next - 1;
    return this.due();
  }
}
