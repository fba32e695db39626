/** The count in the title, a short sound, a desktop notification: for who starts to wait, and who writes to me. */

import { item, menu } from "./console-shell.js";
import { icon } from "./icons.js";
import { plain } from "./markup.js";
import { build } from "./messages.js";

const QUIET = 2_000; // ms between two sounds
const NOTES = [[659, 0], [880, 0.12]]; // Hz, seconds: two soft tones, no file

export class Alerts {
  #heardAt = 0;
  #audio;

  /** `open(conversation)` when a notification is clicked. */
  constructor({ texts, prefs, open }) {
    Object.assign(this, { texts, prefs, open });
    const attributes = { type: "button", class: "icon bell", "aria-label": texts.alerts, title: texts.alerts };
    this.element = menu(build("button", attributes, icon("bell")), () => this.#items(), { label: texts.alerts });
  }

  title(count) {
    document.title = this.texts.titled(count, this.texts.inbox);
  }

  /** `what` is newWaiting or newMessage. What was written is shown only to who wants it. */
  tell(what, row) {
    if (this.prefs.is("sound")) this.#sound();
    if (this.prefs.is("desktop")) this.#notify(this.texts[what], row);
  }

  #sound() {
    const now = Date.now();
    if (now - this.#heardAt < QUIET) return;
    this.#heardAt = now;
    this.#audio ??= new AudioContext();
    this.#audio.resume();
    for (const [pitch, delay] of NOTES) tone(this.#audio, pitch, this.#audio.currentTime + delay);
  }

  #notify(title, row) {
    if (globalThis.Notification?.permission !== "granted" || document.hasFocus()) return;
    const body = this.prefs.is("content") && row.last ? `${plain(row.name)}: ${plain(row.last.text)}` : "";
    const shown = new Notification(title, { body, tag: row.conversation, silent: true });
    shown.onclick = () => {
      window.focus();
      this.open(row.conversation);
      shown.close();
    };
  }

  // ── the menu ──

  #items() {
    const { texts } = this;
    const isBlocked = !globalThis.Notification || Notification.permission === "denied";
    const blocked = isBlocked ? texts.desktopBlocked : "";
    const desktop = this.#switch("desktop", texts.desktop, blocked, (on) => on && this.#ask());
    desktop.disabled = isBlocked;
    return [
      this.#switch("sound", texts.sound, texts.soundWhat, (on) => on && this.#sound()),
      desktop,
      this.#switch("content", texts.content, texts.contentWhat),
    ];
  }

  #switch(name, label, detail, changed = () => {}) {
    const toggle = () => {
      const on = !this.prefs.is(name);
      this.prefs.set(name, on);
      made.setAttribute("aria-checked", String(on));
      changed(on);
    };
    const made = item(label, toggle, { checked: this.prefs.is(name), detail });
    return made;
  }

  async #ask() {
    if ((await Notification.requestPermission()) !== "granted") this.prefs.set("desktop", false);
  }
}

function tone(audio, pitch, start) {
  const oscillator = new OscillatorNode(audio, { frequency: pitch, type: "sine" });
  const volume = new GainNode(audio, { gain: 0 });
  volume.gain.setValueAtTime(0, start);
  volume.gain.linearRampToValueAtTime(0.12, start + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, start + 0.35);
  oscillator.connect(volume).connect(audio.destination);
  oscillator.start(start);
  oscillator.stop(start + 0.4);
}
