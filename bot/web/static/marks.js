/** Which words of a passage a reply used, so that the customer sees at a glance what the answer rests on. */

const WORD = /\p{Script=Han}+|[\p{L}\p{N}]+(?:[.,:'’][\p{L}\p{N}]+)*/gu;
const HAN = /^\p{Script=Han}/u;
const SMALL = new Set(
  (
    "a an and are as at be but by can do for from has have i if in is it its me my no not of on or our so that the " +
    "their then there they this to up was we were what when which who will with you your"
  ).split(" "),
);

function pairs(run) {
  const characters = [...run];
  return characters.slice(1).map((character, index) => characters[index] + character);
}

function used(reply) {
  const words = new Set();
  for (const [word] of reply.matchAll(WORD)) {
    if (HAN.test(word)) pairs(word).forEach((pair) => words.add(pair));
    else words.add(word.toLowerCase());
  }
  return words;
}

/** The spans of one run of Chinese characters that stand in the reply, by pairs: Chinese has no spaces to go by. */
function hanSpans(run, start, words) {
  const spans = [];
  let offset = start;
  for (const pair of pairs(run)) {
    if (words.has(pair)) spans.push({ start: offset, end: offset + pair.length, weight: 1 });
    offset += [...pair][0].length;
  }
  return spans;
}

/** Two plain words together are worth a mark; alone only a figure or a long word is. */
function weightOf(word) {
  if (SMALL.has(word)) return 0;
  return (/\d/.test(word) && word.length > 1) || word.length > 7 ? 2 : 1;
}

function spans(text, words) {
  return [...text.matchAll(WORD)].flatMap(({ 0: word, index }) => {
    if (HAN.test(word)) return hanSpans(word, index, words);
    const key = word.toLowerCase();
    return words.has(key) ? [{ start: index, end: index + word.length, weight: weightOf(key) }] : [];
  });
}

/** Neighbours become one mark: only spaces or a comma may stand between. */
function merged(text, found) {
  const runs = [];
  for (const span of found) {
    const last = runs.at(-1);
    if (last && /^[\s,，、€$£¥%-]{0,3}$/.test(text.slice(last.end, span.start))) {
      last.end = Math.max(last.end, span.end);
      last.weight += span.weight;
    } else {
      runs.push({ ...span });
    }
  }
  return runs.filter((run) => run.weight >= 2);
}

/** `split(text)` cuts a text into [part, isMarked] pairs. */
export function marker(reply) {
  const words = used(reply);
  return function split(text) {
    const parts = [];
    let end = 0;
    for (const run of merged(text, spans(text, words))) {
      if (run.start > end) parts.push([text.slice(end, run.start), false]);
      parts.push([text.slice(run.start, run.end), true]);
      end = run.end;
    }
    if (end < text.length) parts.push([text.slice(end), false]);
    return parts;
  };
}
