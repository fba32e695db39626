/** The customer's session, by HTTP: a secret that opens one conversation, and tickets for the socket. */

const KEY = "answerdesk.session";
const WAIT = 15_000; // for any answer by HTTP

/** A refusal or a failure; `retryAfter` in milliseconds when the server named one. */
class HttpError extends Error {
  constructor(response) {
    super(`HTTP ${response.status}`);
    this.status = response.status;
    this.retryAfter = 1_000 * (Number(response.headers.get("Retry-After")) || 0);
  }
}

export class Session {
  /** `about()` says what a new session is told: {locale, page, user_token?}. */
  constructor({ storage, about, fetch = globalThis.fetch.bind(globalThis) }) {
    Object.assign(this, { storage, about, fetch });
  }

  #unstored = null; // the session that a full storage did not take

  /** {secret, conversation, epoch, subject}, or null. Read anew each time: another tab may have started it. */
  get current() {
    try {
      return JSON.parse(this.storage.getItem(KEY)) ?? this.#unstored;
    } catch {
      return this.#unstored;
    }
  }

  drop() {
    this.#unstored = null;
    this.storage.removeItem(KEY);
  }

  config(locale) {
    return this.#ask("GET", `/v1/config?locale=${encodeURIComponent(locale)}`);
  }

  /** A fresh ticket for the session, which is started when there is none and replaced when the server forgot it. */
  async ticket() {
    const session = this.current ?? (await this.#begin());
    try {
      return await this.#exchange(session);
    } catch (error) {
      if (error.status !== 401) throw error;
      if (this.current?.secret === session.secret) this.drop();
      return this.#exchange(this.current ?? (await this.#begin()));
    }
  }

  async #exchange(session) {
    const headers = { Authorization: `Bearer ${session.secret}` };
    const { ticket } = await this.#ask("POST", "/v1/ticket", { headers });
    return { ticket, session };
  }

  async #begin() {
    const about = this.about();
    const begun = await this.#post(about);
    const session = {
      secret: begun.session,
      conversation: begun.conversation,
      epoch: begun.epoch,
      subject: subjectOf(about.user_token),
    };
    try {
      this.storage.setItem(KEY, JSON.stringify(session));
    } catch {
      this.#unstored = session;
    }
    return session;
  }

  async #post(about) {
    const headers = { "Content-Type": "application/json" };
    try {
      return await this.#ask("POST", "/v1/session", { headers, body: JSON.stringify(about) });
    } catch (error) {
      if (error.status !== 400 || !about.user_token) throw error;
      // The shop's token is not valid: a customer whom nobody knows is still a customer.
      const { user_token: _, ...anonymous } = about;
      return this.#ask("POST", "/v1/session", { headers, body: JSON.stringify(anonymous) });
    }
  }

  async #ask(method, path, { headers = {}, body } = {}) {
    const signal = AbortSignal.timeout(WAIT);
    const response = await this.fetch(path, { method, headers, body, signal, credentials: "omit", cache: "no-store" });
    if (!response.ok) throw new HttpError(response);
    return response.json();
  }
}

/** Whom a token is about, unverified: only to notice that somebody else is signed in. The server checks the token. */
export function subjectOf(token) {
  if (!token) return "";
  try {
    const claims = JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/")));
    return String(claims.external_user_id ?? claims.sub ?? "");
  } catch {
    return "";
  }
}
