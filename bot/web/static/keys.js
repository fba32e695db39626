/** Which key does what. Never while somebody types in a field, and never during the composition of an input method. */

const KEYS = {
  j: "next", k: "previous", ArrowDown: "next", ArrowUp: "previous", Enter: "open", o: "open", c: "claim", r: "reply",
  n: "note", e: "close", b: "return", t: "transfer", g: "tags", p: "packet", "/": "search", "?": "help",
  1: "waiting", 2: "mine", 3: "all", 4: "closed", Escape: "back",
}; // prettier-ignore

/** What the page of keys shows: [keys, name]. */
export const SHOWN = [
  [["j", "k"], "move"], [["Enter", "o"], "open"], [["c"], "claim"], [["r"], "reply"], [["n"], "note"],
  [["t"], "transfer"], [["b"], "return"], [["e"], "close"], [["g"], "tags"], [["/"], "search"], [["p"], "packet"],
  [["1", "2", "3", "4"], "tabs"], [["Esc"], "back"], [["?"], "help"], [["↵"], "send"], [["⇧ ↵"], "newline"],
]; // prettier-ignore

/** The name of the action, or "". The place is where the key was pressed. */
export function actionOf(event, { isField, isControl, isRow }) {
  const { key, isComposing, keyCode, ctrlKey, metaKey, altKey } = event;
  if (isComposing || keyCode === 229 || ctrlKey || metaKey || altKey || event.defaultPrevented) return "";
  if (isField) return key === "Escape" ? "leave" : "";
  if (isControl && key === "Enter") return ""; // it is the control's own
  if (key.startsWith("Arrow") && !isRow) return ""; // elsewhere they scroll
  return KEYS[key.length === 1 ? key.toLowerCase() : key] ?? "";
}

/** What an element is, for `actionOf`. */
export function placeOf(element) {
  const isField = Boolean(element?.matches?.("input, textarea, select, [contenteditable]"));
  const isControl = Boolean(element?.closest?.("button, a, summary, .menu, dialog"));
  return { isField, isControl, isRow: Boolean(element?.closest?.(".row")) };
}
