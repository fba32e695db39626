/** What changed between two texts, by words: a longest common subsequence, found between what both ends share. */

const WORD = String.raw`(?:(?!\p{Script=Han})[\p{L}\p{N}])+`;
const TOKEN = new RegExp(String.raw`\s+|${WORD}(?:[.,:'’/\-]${WORD})*|.`, "gsu"); // a Chinese character by itself
const MOST = 4_000_000; // cells of the table; beyond that all between the shared ends counts as changed

/** [{kind: "same" | "gone" | "new", text}], in order; what is gone stands before what is new. */
export function wordDiff(before, after) {
  const [old, now] = [tokens(before), tokens(after)];
  const start = shared(old, now, (list, index) => list[index]);
  const [oldRest, nowRest] = [old.slice(start), now.slice(start)];
  const end = shared(oldRest, nowRest, (list, index) => list[list.length - 1 - index]);
  const middle = between(oldRest.slice(0, oldRest.length - end), nowRest.slice(0, nowRest.length - end));
  const parts = [part("same", old.slice(0, start)), ...middle, part("same", oldRest.slice(oldRest.length - end))];
  return gathered(parts.filter(({ text }) => text));
}

function tokens(text) {
  return String(text ?? "").match(TOKEN) ?? [];
}

function part(kind, words) {
  return { kind, text: words.join("") };
}

function shared(old, now, at) {
  const most = Math.min(old.length, now.length);
  let count = 0;
  while (count < most && at(old, count) === at(now, count)) count += 1;
  return count;
}

function between(old, now) {
  if (!old.length || !now.length || old.length * now.length > MOST) return [part("gone", old), part("new", now)];
  const table = lengths(old, now);
  const parts = [];
  let [i, j] = [0, 0];
  while (i < old.length && j < now.length) {
    if (old[i] === now[j]) {
      parts.push(part("same", [old[i]]));
      i += 1;
      j += 1;
    } else if (table[i + 1][j] >= table[i][j + 1]) parts.push(part("gone", [old[i++]]));
    else parts.push(part("new", [now[j++]]));
  }
  return [...parts, part("gone", old.slice(i)), part("new", now.slice(j))];
}

/** table[i][j]: how many tokens the rests from i and from j have in common. */
function lengths(old, now) {
  const table = Array.from({ length: old.length + 1 }, () => new Uint16Array(now.length + 1));
  for (let i = old.length - 1; i >= 0; i -= 1) {
    for (let j = now.length - 1; j >= 0; j -= 1) {
      table[i][j] = old[i] === now[j] ? table[i + 1][j + 1] + 1 : Math.max(table[i + 1][j], table[i][j + 1]);
    }
  }
  return table;
}

/** Runs of one kind become one part; blanks between two changes belong to both, so that a phrase reads as one. */
function gathered(parts) {
  const made = [];
  let [gone, fresh] = ["", ""];
  const flush = () => {
    if (gone) made.push({ kind: "gone", text: gone });
    if (fresh) made.push({ kind: "new", text: fresh });
    [gone, fresh] = ["", ""];
  };
  parts.forEach(({ kind, text }, index) => {
    if (kind === "gone") gone += text;
    else if (kind === "new") fresh += text;
    else if (!text.trim() && (gone || fresh) && parts[index + 1] && parts[index + 1].kind !== "same") {
      gone += text;
      fresh += text;
    } else {
      flush();
      if (made.at(-1)?.kind === "same") made.at(-1).text += text;
      else made.push({ kind: "same", text });
    }
  });
  flush();
  return made;
}
