/**
 * The inbox as it is known here: rows by HTTP, kept up to date by `inbox` frames and by the events of what is open;
 * which of them a tab shows, and in which order. No DOM, no clock, no wire.
 */

import { newer, rowAfter } from "./detail.js";

export const VIEWS = ["waiting", "mine", "all", "closed"];
export const FILTERS = ["reason", "language", "tag", "agent"];

const LATER = 1e15; // ms: after every date
const MOST = 2_000; // rows kept; beyond that the ones that no list shows are forgotten

const BELONGS = {
  waiting: (row) => row.status === "waiting",
  mine: (row, me) => row.status === "agent" && row.agent?.id === me,
  all: () => true,
  closed: (row) => row.status === "closed",
};

const newest = (row) => -(Date.parse(row.updated_at ?? "") || 0);
const ORDER = {
  waiting: (row) => Date.parse(row.queue_at ?? row.waiting_since ?? "") || 0, // the earliest is next in line
  mine: (row) => Date.parse(row.owed_since ?? "") || LATER + newest(row), // whoever waits for me comes first
  all: newest,
  closed: newest,
};

export class Inbox {
  /** `me` is the id of the agent who looks. */
  constructor(me) {
    this.me = me;
    this.rows = new Map();
    this.counts = {};
    this.tags = [];
    this.at = null; // {epoch, position}: what the feed has told us
    this.show("waiting");
  }

  // ── what is looked at ──

  /** Another tab, other filters, another search: the list begins anew with what is known. */
  show(view, { filters = {}, q = "" } = {}) {
    Object.assign(this, { view, filters, q, next: null, listed: new Set(), isLoaded: false });
  }

  /** The path of the next page of what is looked at. */
  get path() {
    const query = new URLSearchParams({ view: this.view });
    for (const [name, value] of Object.entries({ ...this.filters, q: this.q, before: this.next })) {
      if (value) query.set(name, value);
    }
    return `conversations?${query}`;
  }

  /** The rows to show, in order. */
  get shown() {
    const fitting = [...this.rows.values()].filter((row) => this.#fits(row));
    const order = ORDER[this.view];
    const up = this.view === "waiting" ? 1 : -1;
    const byId = (one, other) => (one.conversation < other.conversation ? -up : up);
    return this.#withinReach(fitting.sort((one, other) => order(one) - order(other) || byId(one, other)));
  }

  #fits(row) {
    if (this.q) return this.listed.has(row.conversation);
    return this.belongs(row, this.view) && this.#passes(row);
  }

  belongs(row, view) {
    return BELONGS[view](row, this.me);
  }

  #passes(row) {
    const { reason, language, tag, agent } = this.filters;
    if (reason && row.reason !== reason) return false;
    if (language && row.language !== language) return false;
    if (tag && !row.tags.includes(tag)) return false;
    return !agent || row.agent?.id === agent;
  }

  /** While there is more to load, what sorts behind the last loaded row comes with its page. */
  #withinReach(sorted) {
    if (!this.next) return sorted;
    const last = sorted.findLastIndex((row) => this.listed.has(row.conversation));
    return sorted.slice(0, last + 1);
  }

  // ── what is known ──

  /** One page by HTTP. The first answer of all says where the feed begins for us. */
  page({ rows, next, counts, tags, epoch, position }) {
    for (const row of rows) {
      this.#take(row);
      this.listed.add(row.conversation);
    }
    Object.assign(this, { next: next ?? null, isLoaded: true, counts: counts ?? this.counts });
    this.tags = tags ?? this.tags;
    this.at ??= { epoch, position };
  }

  /** A row by itself, or of another list. */
  learn(row) {
    this.#take(row);
  }

  /** An `inbox` frame. Returns what changed, as [before, now]; null when everything must be fetched anew. */
  feed({ epoch, position, rows = [], counts, reset }) {
    if (counts) this.counts = counts;
    if (reset || (this.at && this.at.epoch !== epoch)) return null;
    this.at = { epoch, position: Math.max(position, this.at?.position ?? 0) };
    const changes = rows.map((row) => [this.rows.get(row.conversation), this.#take(row)]);
    this.#prune();
    return changes.filter(([before, now]) => before !== now);
  }

  /** An event of an open conversation: its row is up to date without waiting for the feed. */
  heard(event) {
    const row = this.rows.get(event.conversation);
    if (row) this.rows.set(event.conversation, rowAfter(row, event));
    return this.rows.get(event.conversation);
  }

  /** The server could not tell us all: what we know is worth nothing, but for the row of `kept` until it comes anew. */
  forget(kept = "") {
    for (const conversation of this.rows.keys()) if (conversation !== kept) this.rows.delete(conversation);
    this.at = null;
    this.show(this.view, this);
  }

  #take(row) {
    const taken = newer(this.rows.get(row.conversation), row);
    this.rows.set(row.conversation, taken);
    for (const tag of taken.tags ?? []) if (!this.tags.includes(tag)) this.tags = [...this.tags, tag];
    return taken;
  }

  #prune() {
    for (const [conversation, row] of this.rows) {
      if (this.rows.size <= MOST) return;
      if (!this.listed.has(conversation) && row.status !== "waiting" && row.agent?.id !== this.me) {
        this.rows.delete(conversation);
      }
    }
  }
}
