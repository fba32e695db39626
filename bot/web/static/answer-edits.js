/**
 * The text of an answer between typing and saving. What was typed is in the browser's storage from the first key until
 * the server has it, and is saved in the order it was typed: a slow request is never overtaken. No DOM.
 */

const FIELDS = ["question", "answer", "language", "phrasings", "category"];

export function fieldsOf(draft) {
  return {
    question: String(draft?.question ?? ""),
    answer: String(draft?.answer ?? ""),
    language: String(draft?.language ?? "en"),
    phrasings: [...(draft?.phrasings ?? [])].map(String),
    category: String(draft?.category ?? ""),
  };
}

export function isSame(one, other) {
  const normal = (fields) => JSON.stringify(FIELDS.map((field) => fieldsOf(fields)[field]));
  return normal(one) === normal(other);
}

/** One phrasing a line; empty lines and repetitions fall out. */
export function phrasingsOf(text) {
  const seen = new Map();
  for (const line of String(text).split(/\r?\n/)) {
    const phrasing = line.trim();
    if (phrasing && !seen.has(phrasing.toLowerCase())) seen.set(phrasing.toLowerCase(), phrasing);
  }
  return [...seen.values()];
}

/** What was typed and not saved, by the answer's id, with what it started from. */
export class Kept {
  constructor(storage) {
    this.storage = storage;
  }

  keep(id, fields, base) {
    try {
      this.storage.setItem(`answer.${id}`, JSON.stringify({ fields, base }));
    } catch {
      // full: the text is still in the page, and saved from there
    }
  }

  /** `{fields, base}`, or null. */
  of(id) {
    try {
      const kept = JSON.parse(this.storage.getItem(`answer.${id}`));
      return kept?.fields ? { fields: fieldsOf(kept.fields), base: fieldsOf(kept.base) } : null;
    } catch {
      return null;
    }
  }

  forget(id) {
    this.storage.removeItem(`answer.${id}`);
  }
}

const PAUSE_MS = 900; // after the last key
const AGAIN_MS = 5_000; // after a failure that may pass

/**
 * Saves one answer: a pause after the last key, one request at a time. `put(fields)` resolves to the saved answer or
 * rejects with an error that has `status` (none: no connection). `on.state(state, error)` hears "saved", "waiting",
 * "saving", "failed" (tried again by itself) or "refused" (only another edit helps); `on.saved(draft)` each success.
 */
export class Saving {
  state = "saved";
  #cancel = null;
  #running = null;

  constructor({ draft, put, kept, on, after }) {
    Object.assign(this, { id: draft.id, put, kept, on, after });
    this.saved = fieldsOf(draft);
    this.fields = this.saved;
  }

  get isDirty() {
    return !isSame(this.fields, this.saved);
  }

  /** Something was typed. */
  edit(fields) {
    this.fields = fieldsOf(fields);
    this.#settle();
    if (!this.isDirty) return this.#tell("saved");
    this.#tell("waiting");
    this.#later(PAUSE_MS);
  }

  /** Saves what there is now. Resolves to whether everything is saved. */
  async flush() {
    this.#stop();
    while (this.#running) await this.#running;
    if (!this.isDirty) return true;
    this.#running = this.#save(this.fields);
    await this.#running;
    return !this.isDirty;
  }

  /** The page shows another answer: nothing more is tried. What is unsaved stays kept. */
  stop() {
    this.#stop();
    this.on = { state() {}, saved() {} };
  }

  async #save(fields) {
    this.#tell("saving");
    try {
      const draft = await this.put(fields);
      this.saved = fields;
      this.#settle();
      this.on.saved(draft);
      this.#tell(this.isDirty ? "waiting" : "saved");
      if (this.isDirty && !this.#cancel) this.#later(PAUSE_MS); // typed back to what was saved before this request
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#running = null;
    }
  }

  #fail(error) {
    const mayPass = !error?.status || error.status >= 500 || error.status === 429 || error.status === 401;
    this.#tell(mayPass ? "failed" : "refused", error);
    if (mayPass && !this.#cancel) this.#later(AGAIN_MS);
  }

  #settle() {
    if (this.isDirty) this.kept.keep(this.id, this.fields, this.saved);
    else this.kept.forget(this.id);
  }

  #later(ms) {
    this.#stop();
    this.#cancel = this.after(ms, () => {
      this.#cancel = null;
      void this.flush();
    });
  }

  #stop() {
    this.#cancel?.();
    this.#cancel = null;
  }

  #tell(state, error = null) {
    this.state = state;
    this.on.state(state, error);
  }
}
