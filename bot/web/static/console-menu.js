/** Small panels that open under a button, and dialogs; both closed by Escape, and both give the focus back. */

import { icon } from "./icons.js";
import { build } from "./messages.js";

/** `fill()` returns the nodes of the panel, anew at each opening. Returns the element; `.toggle(open)` opens it. */
export function menu(button, fill, { side = "end", label = "" } = {}) {
  const panel = build("div", { class: `menu ${side}`, role: "dialog", "aria-label": label, hidden: true });
  const whole = build("div", { class: "has-menu" }, button, panel);
  const outside = (event) => whole.contains(event.target) || whole.toggle(false);
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-haspopup", "dialog");
  whole.toggle = (open = panel.hidden) => {
    if (open === !panel.hidden) return;
    if (open) panel.replaceChildren(...fill(whole));
    const hadFocus = panel.contains(document.activeElement);
    panel.hidden = !open;
    button.setAttribute("aria-expanded", String(open));
    document[open ? "addEventListener" : "removeEventListener"]("pointerdown", outside, true);
    if (open) panel.querySelector("[autofocus], input, textarea, select, button, a")?.focus({ preventScroll: true });
    else if (hadFocus) button.focus({ preventScroll: true });
  };
  button.addEventListener("click", () => whole.toggle());
  whole.addEventListener("keydown", (event) => {
    if (panel.hidden || event.isComposing) return;
    if (event.key === "Escape") whole.toggle(false);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") step(panel, event);
    else return;
    event.stopPropagation();
  });
  return whole;
}

/** The arrow keys go through what can be pressed. */
function step(panel, event) {
  if (event.target.matches("textarea, select")) return;
  const stops = [...panel.querySelectorAll("button:not(:disabled), a, input")];
  const at = stops.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  stops.at(at % stops.length)?.focus();
  event.preventDefault();
}

/** One line of a menu; `checked` makes it a switch. */
export function item(label, onclick, { checked, detail = "", mark = "" } = {}) {
  const words = build("span", { class: "words" }, build("span", {}, label));
  if (detail) words.append(build("span", { class: "detail" }, detail));
  const attributes = { type: "button", class: "item", onclick };
  if (checked !== undefined) Object.assign(attributes, { role: "switch", "aria-checked": String(checked) });
  const lead = checked !== undefined ? build("span", { class: "switch", "aria-hidden": "true" }) : "";
  return build("button", attributes, mark ? icon(mark, 18) : "", words, lead);
}

/** A modal dialog with a title; removed when it closes. `fill(dialog)` returns its nodes. `isLock`: it hides the page,
 * and only `close(why)` ends it. */
export function openDialog(title, fill, { close = "", wide = false, isLock = false } = {}) {
  const kind = ["dialog", wide && "wide", isLock && "lock"].filter(Boolean).join(" ");
  const dialog = build("dialog", { class: kind, "aria-label": title });
  const shut = () => dialog.close();
  const head = build("header", {}, build("h2", {}, title));
  const attributes = { type: "button", class: "icon", "aria-label": close, onclick: shut };
  if (close) head.append(build("button", attributes, icon("close")));
  dialog.append(head, ...fill(dialog));
  dialog.addEventListener("cancel", (event) => isLock && event.preventDefault());
  dialog.addEventListener("click", (event) => event.target === dialog && !isLock && shut());
  dialog.addEventListener("close", () => {
    if (isLock && !dialog.returnValue) return dialog.showModal(); // browsers let a second Escape through
    dialog.remove();
    return giveBackCaret(document.activeElement);
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Chromium gives the focus back to a field without its caret: whatever is typed then goes nowhere. */
function giveBackCaret(element) {
  if (!element?.matches("input, textarea")) return;
  element.blur();
  element.focus({ preventScroll: true });
}
