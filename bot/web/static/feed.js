/** Keeps the inbox true: lists by HTTP, then what the feed brings; and says what somebody should be told of. */

import { api } from "./console-shell.js";

const AGAIN_AFTER = 3_000; // ms until a list that did not come is asked for again

export class Feed {
  /** `drawn()` when rows changed, `gone(id)` when the server does not know one, `moved(row)` when its background is
   * another one now; `isSeen(row)`: is it open, with somebody looking? */
  constructor({ inbox, marks, alerts, drawn, gone, moved, isSeen }) {
    Object.assign(this, { inbox, marks, alerts, drawn, gone, moved, isSeen });
  }

  /** The lists first: from where they stand, the feed tells what changes. Resolves when they are here. */
  async begin() {
    while (!(await this.next())) await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER));
    await this.#mine();
  }

  /** Another tab, other filters, another search. */
  look(wanted) {
    this.inbox.show(wanted.view, wanted);
    this.drawn();
    return this.next();
  }

  /** The next page of what is looked at. False when it did not come, and may come later. */
  async next() {
    const { path } = this.inbox;
    try {
      const page = await api("GET", path);
      if (path === this.inbox.path) this.inbox.page(page); // else somebody looks at something else by now
      this.drawn();
      return true;
    } catch ({ status }) {
      return status === 401 || status === 403; // asking again would not help
    }
  }

  /** What is mine matters on every tab: it makes the unread count, and the alerts. */
  async #mine() {
    const { rows } = await api("GET", "conversations?view=mine").catch(() => ({ rows: [] }));
    for (const row of rows) this.inbox.learn(row);
    this.drawn();
  }

  /** One conversation's row anew; undefined when it does not come. */
  async learn(id) {
    try {
      this.inbox.learn(await api("GET", `conversations/${encodeURIComponent(id)}`));
      this.drawn();
    } catch (error) {
      if (error.status === 404) this.gone(id);
    }
    return this.inbox.rows.get(id);
  }

  /** An `inbox` frame. When it could not tell all, everything is fetched anew, the open conversation's row too. */
  take(frame, current) {
    const changes = this.inbox.feed(frame);
    if (!changes) {
      this.inbox.forget(current);
      if (current) this.learn(current);
      return void this.begin();
    }
    for (const [before, row] of changes) this.#changed(before, row);
    return this.drawn();
  }

  /** An event of an open conversation, which comes before the feed tells of it. True when it was news. */
  heard(event) {
    const before = this.inbox.rows.get(event.conversation);
    const row = this.inbox.heard(event);
    if (row && row !== before) this.#changed(before, row);
    return row !== before;
  }

  #changed(before, row) {
    const isWaiting = row.status === "waiting" && before?.status !== "waiting";
    const isNews = row.asked > (before?.asked ?? 0);
    const isToMe = before && this.inbox.belongs(row, "mine") && !this.isSeen(row);
    if (isNews) this.marks.came(row);
    if (isWaiting) this.alerts.tell("newWaiting", row);
    else if (isNews && isToMe) this.alerts.tell("newMessage", row);
    if (before?.version !== row.version || before.email !== row.email) this.moved(row);
  }

  unread(row) {
    const isOurs = this.inbox.belongs(row, "waiting") || this.inbox.belongs(row, "mine");
    return isOurs ? this.marks.unread(row) : 0;
  }

  get unreadRows() {
    return [...this.inbox.rows.values()].filter((row) => this.unread(row)).length;
  }
}
