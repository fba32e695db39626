/**
 * What an event does to the row of its conversation: the list's row and the events since always make the newest row,
 * as conversation.py makes the newest state. No DOM, no clock; nothing is changed, a new row is returned.
 */

const LINE = 200; // code points of the last message that a list shows
const MINUTE = 60_000;
const FIRST = 400 * 24 * 60 * MINUTE; // the head start of whoever must be first in line
// Minutes.
const HEAD_START = {
  self_harm: 24 * 60, angry: 10, legal: 5, complaint: 5, always_a_person: 5, asked_again: 5, cancel: 2,
  asked_for_person: 2, failure: 2,
}; // prettier-ignore

const NOBODY = { agent: null, owed_since: null };
const NOT_IN_LINE = { waiting_since: null, queue_at: null, first_in_line: false };

const CHANGES = {
  handed_off: (row, { at, body: { reason = "" } }) => ({
    status: "waiting", reason, waiting_since: at, queue_at: before(at, (HEAD_START[reason] ?? 0) * MINUTE),
    first_in_line: false,
  }), // prettier-ignore
  claimed: (row, { at, body }) => ({
    ...NOT_IN_LINE, status: "agent", agent: holder(body), owed_since: isAwaited(row) ? at : null,
  }), // prettier-ignore
  // Whoever takes over has as long to answer as the one before had.
  transferred: (row, { at, body }) => ({ agent: holder(body), owed_since: row.owed_since && at }),
  requeued: (row, { at }) => ({
    ...NOBODY, status: "waiting", waiting_since: at, queue_at: before(at, FIRST), first_in_line: true,
  }), // prettier-ignore
  returned: () => ({ ...NOBODY, ...NOT_IN_LINE, status: "bot" }),
  closed: () => ({ ...NOBODY, ...NOT_IN_LINE, status: "closed" }),
  reopened: () => ({ status: "bot", reason: "", score: null }),
  delayed: () => ({}),
  email_left: (row, { body }) => ({ email: body.email ?? row.email }),
  rated: (row, { body }) => (body.about ? {} : { score: body.score }),
  tagged: (row, { body }) => ({ tags: body.tags ?? row.tags }),
};

const HANDS = ["handed_off", "claimed", "transferred", "requeued", "returned", "closed", "reopened"];

/** The kinds of events that the version counts: changes of hands. */
export const MOVES = new Set(HANDS.map((what) => `conversation.${what}`));

/** `event` must be the next one of this conversation; one the row already knows changes nothing. */
export function rowAfter(row, event) {
  if (event.seq <= row.head) return row;
  const { kind, seq, at, version } = event;
  const known = { ...event, body: event.body ?? {} };
  const next = { ...row, head: seq, updated_at: at };
  if (kind === "message.created") return versioned({ ...next, ...said(row, known) }, version, row.version);
  const change = CHANGES[String(kind).split(".")[1]];
  if (!String(kind).startsWith("conversation.") || !change) return versioned(next, version, row.version);
  return versioned({ ...next, ...change(row, known) }, version, row.version + (MOVES.has(kind) ? 1 : 0));
}

/** The server says the version; without it, it is counted as the server counts. */
function versioned(row, version, counted) {
  return { ...row, version: Number.isInteger(version) ? version : counted };
}

function said(row, { author, seq, at, body }) {
  if (body.corrects) return {}; // of what was told before: whatever was last said still waits for its answer
  const last = { author, text: firstOf(body.text ?? "", LINE), at, seq };
  if (author === "agent") return { last, owed_since: null };
  if (author !== "customer") return { last };
  const owed = row.status === "agent" ? (row.owed_since ?? at) : null;
  return { last, asked: seq, owed_since: owed, language: body.language ?? row.language };
}

/** A moment earlier, written as the server writes it: with its own fraction of a second, which Date would cut off. */
function before(at, ms) {
  const fraction = /\.\d+/.exec(at)?.[0] ?? "";
  return new Date(Date.parse(at) - ms).toISOString().replace(/\.\d+Z$/, `${fraction}+00:00`);
}

function firstOf(text, count) {
  return text.length <= count ? text : [...text].slice(0, count).join("");
}

function holder({ agent_id: id, agent: name }) {
  return { id, name };
}

function isAwaited({ status, last }) {
  return status === "waiting" || last?.author === "customer";
}

/** The newer of two rows of one conversation: what is known here by an event may be ahead of the feed, or behind. */
export function newer(known, row) {
  if (!known || known.epoch !== row.epoch) return row;
  if (row.head !== known.head) return row.head > known.head ? row : known;
  return (row.seq ?? 0) >= (known.seq ?? 0) ? row : known;
}
