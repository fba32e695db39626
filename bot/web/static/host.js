/** The chat's side of the talk with the loader on the shop's page. A hostile frame must not be able to drive it. */

export class Host {
  #listeners = new Map();

  /** `origin` is the shop's, from the frame's address. Somebody who lies about it is not delivered our messages. */
  constructor(origin, { window = globalThis.window } = {}) {
    this.isFramed = window.parent !== window && Boolean(origin);
    this.origin = origin;
    this.window = window;
    if (this.isFramed) window.addEventListener("message", (event) => this.#receive(event));
  }

  on(type, listener) {
    this.#listeners.set(type, listener);
  }

  tell(type, detail = {}) {
    if (this.isFramed) this.window.parent.postMessage({ ...detail, answerdesk: type }, this.origin);
  }

  #receive({ source, origin, data }) {
    if (source !== this.window.parent || origin !== this.origin) return;
    this.#listeners.get(data?.answerdesk)?.(data);
  }
}
