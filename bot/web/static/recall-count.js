/** How many customers wait for a correction, beside the link in the bar. It is asked for now and then, not followed. */

import { api } from "./console-http.js";
import { build, setText } from "./messages.js";

const EVERY = 60_000;
const GONE = 300_000; // after so long without a key or a touch nothing is asked: it would keep the session alive
const MOST = 99;

/** Dispatch it on `document` when the number may have changed; with a number as its detail nothing is asked. */
export const CHANGED = "recall-changed";

export function countInto(link, words) {
  const shown = build("span", { class: "nav-count", "aria-hidden": "true", hidden: true });
  const spoken = build("span", { class: "unseen" });
  link.append(shown, spoken);
  const show = (count) => {
    shown.hidden = !count;
    setText(shown, count > MOST ? `${MOST}+` : String(count));
    setText(spoken, count ? ` (${words(count)})` : "");
  };
  follow(async () => {
    const found = await api("GET", "recall/count").catch(() => null);
    if (found) show(found.count);
  }, show);
}

function follow(ask, show) {
  let touchedAt = Date.now();
  let askedAt = 0;
  const look = (least) => {
    if (document.hidden || Date.now() - touchedAt > GONE || Date.now() - askedAt < least) return;
    askedAt = Date.now();
    ask();
  };
  const touched = () => {
    touchedAt = Date.now();
    look(EVERY);
  };
  for (const sign of ["pointerdown", "keydown", "focus"]) globalThis.addEventListener(sign, touched, { passive: true });
  document.addEventListener("visibilitychange", () => look(EVERY / 10));
  document.addEventListener(CHANGED, ({ detail }) => (typeof detail === "number" ? show(detail) : look(0)));
  setInterval(() => look(EVERY / 2), EVERY);
  look(0);
}
