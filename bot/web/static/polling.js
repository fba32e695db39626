/**
 * For networks that break WebSockets: what looks like one, over HTTP. A poll brings the frames that a socket would have
 * brought, each frame that is sent is a request of its own, and whoever uses it need not know. There are no drafts.
 */

const HELD = 25; // seconds the server may take to say that there is nothing new
const MARGIN = 10_000; // on top of that
const SOON = 1_000; // an empty answer sooner than this was cut short, or worse: do not ask again at once
const SENT_WITHIN = 15_000;

export class PollingSocket {
  #position = null; // {conversation, epoch, since} of the next poll
  #isWelcome = false;
  #isClosed = false;
  #asking = new Set(); // what cancels each request under way

  /** `secret` is the session's. */
  constructor({ secret, clock, fetch = globalThis.fetch.bind(globalThis) }) {
    Object.assign(this, { secret, clock, fetch });
    clock.after(0, () => this.#isClosed || this.onopen?.({}));
  }

  /** As a WebSocket's, but for what only a socket needs: the first frame starts the polls, each other is a request. */
  send(text) {
    const frame = JSON.parse(text);
    if (frame.type === "hello") void this.#run(frame.resume[0]);
    else if (frame.type !== "pong" && frame.type !== "read") void this.#post(frame, text);
  }

  close() {
    this.#isClosed = true;
    for (const abort of this.#asking) abort.abort();
  }

  #fail(code) {
    if (this.#isClosed) return;
    this.close();
    this.onclose?.({ code });
  }

  #say(frame) {
    if (!this.#isClosed) this.onmessage?.({ data: JSON.stringify(frame) });
  }

  // ── what comes ──

  async #run({ conversation, epoch, seq }) {
    this.#position = { conversation, epoch, since: seq };
    while (!this.#isClosed) {
      const began = this.clock.now();
      const frames = await this.#poll(this.#isWelcome ? HELD : 0);
      if (!frames) return;
      const isFirst = !this.#isWelcome;
      const isNews = this.#take(frames);
      if (!isFirst && !isNews && this.clock.now() - began < SOON) await this.#pause();
    }
  }

  /** The frames, or null when it is over: as with a socket that breaks, whoever uses it decides when to try again. */
  async #poll(wait) {
    const { epoch, since } = this.#position;
    try {
      const query = new URLSearchParams({ since, epoch, wait });
      const { status, after, frames } = await this.#ask(`/v1/events?${query}`, {}, wait * 1_000 + MARGIN);
      if (status === 200 && frames?.[0]?.type === "welcome") return frames;
      const said = frames?.find(({ type }) => type === "bye");
      const bye = said ?? (after && { type: "bye", code: 4006, retry_after_ms: after });
      if (bye) this.#say(bye);
      this.#fail(status === 401 ? 4007 : (bye?.code ?? 1006));
    } catch {
      this.#fail(1006);
    }
    return null;
  }

  /** Each answer begins with a `welcome`; all but the first say only whether we are still where we thought. */
  #take([welcome, ...frames]) {
    const state = welcome.conversations?.[0] ?? {};
    const { conversation, epoch, head, resumed } = state;
    const isFirst = !this.#isWelcome;
    if (isFirst) this.#say(welcome);
    else if (!resumed) this.#say({ type: "resync", conversation, epoch, head, why: "position" });
    this.#isWelcome = true;
    // Not resumed: the past is asked for page by page, and what is new begins here.
    this.#position = { conversation, epoch, since: resumed ? this.#position.since : head };
    for (const frame of frames) {
      if (frame.type === "event") this.#position.since = Math.max(this.#position.since, frame.seq);
      this.#say(frame);
    }
    if (!isFirst) this.#say({ type: "ping", n: 0, heads: { [conversation]: Math.max(head, this.#position.since) } });
    const bye = frames.find(({ type }) => type === "bye");
    if (bye) this.#fail(bye.code);
    return !resumed || frames.some(({ type }) => type === "event");
  }

  #pause() {
    return new Promise((resolve) => this.clock.after(SOON + this.clock.random() * SOON, resolve));
  }

  // ── what goes ──

  /** Every request is answered to whoever sent the frame, if only by "not now": the queue knows what to do then. */
  async #post(frame, text) {
    const failed = { type: "error", ref: frame.id, code: "unavailable", retry: true };
    try {
      const headers = { "Content-Type": "application/json" };
      const answer = await this.#ask("/v1/messages", { method: "POST", body: text, headers }, SENT_WITHIN);
      if (answer.status === 401) this.#fail(4007);
      else if (answer.frames) answer.frames.forEach((one) => this.#say({ ref: frame.id, ...one }));
      else if (answer.status === 413) this.#say({ ...failed, code: "too_large", retry: false });
      else this.#say({ ...failed, after_ms: answer.after });
    } catch {
      this.#say(failed);
    }
  }

  async #ask(path, { headers, ...options }, within) {
    const abort = new AbortController();
    const cancel = this.clock.after(within, () => abort.abort());
    this.#asking.add(abort);
    try {
      const response = await this.fetch(path, {
        ...options,
        headers: { ...headers, Authorization: `Bearer ${this.secret}` },
        signal: abort.signal,
        credentials: "omit",
        cache: "no-store",
      });
      const { status } = response;
      const after = 1_000 * (Number(response.headers.get("Retry-After")) || 0);
      const body = await response.json().catch((error) => (status === 200 ? Promise.reject(error) : null));
      return { status, after, frames: Array.isArray(body?.frames) ? body.frames : null };
    } finally {
      cancel();
      this.#asking.delete(abort);
    }
  }
}
