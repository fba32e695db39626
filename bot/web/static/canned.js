/** Canned replies: found by what is typed after "/", with their placeholders filled in. No DOM. */

const CALL = /(?:^|\s)\/([^\s/]{0,40})$/;
const MOST = 8;

/** What stands behind the "/" before the caret, or null when no canned reply is asked for. */
export function asked(text, caret) {
  return CALL.exec(text.slice(0, caret))?.[1] ?? null;
}

/** The ones that fit, best first: by shortcut, by title, by text; the customer's language before others. */
export function fitting(canned, word, language) {
  const wanted = word.toLowerCase();
  const ranked = canned.map((one, index) => ({ one, index, rank: rankOf(one, wanted) }));
  const away = ({ one }) => (one.language === language ? 0 : 1);
  return ranked
    .filter(({ rank }) => rank < 3)
    .sort((a, b) => a.rank - b.rank || away(a) - away(b) || a.index - b.index)
    .slice(0, MOST)
    .map(({ one }) => one);
}

function rankOf({ shortcut, title, text }, wanted) {
  if (shortcut.toLowerCase().startsWith(wanted)) return 0;
  if (title.toLowerCase().includes(wanted)) return 1;
  return text.toLowerCase().includes(wanted) ? 2 : 3;
}

/** `names` are {customer, agent, shop}; a placeholder nobody knows stays as it is. */
export function filled(text, names) {
  return text.replace(/\{(customer|agent|shop)\}/g, (whole, name) => names[name] || whole);
}

/** The text with the call before the caret replaced: {text, caret}. */
export function put(text, caret, reply) {
  const start = caret - asked(text, caret).length - 1;
  const before = text.slice(0, start) + reply;
  return { text: before + text.slice(caret), caret: before.length };
}
