/** What this browser remembers of its agent's taste. */

import { storageOr } from "./outbox.js";

const PREFIX = "answerdesk.console.";

export class Prefs {
  constructor(storage = storageOr(() => localStorage)) {
    this.storage = storage;
  }

  of(name, otherwise = "") {
    return this.storage.getItem(PREFIX + name) ?? otherwise;
  }

  is(name) {
    return this.of(name) === "1";
  }

  set(name, value) {
    try {
      this.storage.setItem(PREFIX + name, value === true ? "1" : value === false ? "0" : value);
    } catch {
      // storage is full: it holds until the page is closed
    }
  }
}
