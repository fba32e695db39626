/** Evidence in plain words: why a sentence was refused, which of its words the passage has, where time went. No DOM. */

import { isNumber } from "./scales.js";

/** "number: 30" → ["number", "30"] */
function codeOf(reason) {
  const [code, ...rest] = String(reason ?? "").split(":");
  return [code.trim(), rest.join(":").trim()];
}

/** Why a sentence stands or falls, as a sentence. A code from a newer server is shown as it is. */
export function reasonOf({ is_carried: isCarried, reason, passage }, texts) {
  const [code, what] = codeOf(reason);
  if (isCarried) return passage === null || passage === undefined || code === "courtesy" ? texts.courtesy : "";
  const say = Object.hasOwn(texts.refused, code) ? texts.refused[code] : null;
  if (code && !say) return texts.refusedOther(String(reason));
  return (say ?? texts.refused.words)(what);
}

const LETTER = "(?!\\p{Script=Han})[\\p{L}\\p{N}]"; // of a script that parts its words
const FREE = `(?<!${LETTER})`;
const END = `(?!${LETTER})`;
const HAN = /\p{Script=Han}/u;

/** A word between its borders; Chinese has none. */
function pattern(word) {
  const escaped = word.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
  const first = [...word][0];
  const last = [...word].at(-1);
  const isLetter = (one) => /[\p{L}\p{N}]/u.test(one) && !HAN.test(one);
  return `${isLetter(first) ? FREE : ""}${escaped}${isLetter(last) ? END : ""}`;
}

/** The sentence as [part, isMarked] pairs; neighbours with nothing but blanks between them become one mark. */
export function markWords(sentence, words) {
  const wanted = (words ?? []).map((word) => String(word).trim()).filter(Boolean);
  const spans = wanted
    .flatMap((word) => [...sentence.matchAll(new RegExp(pattern(word), "giu"))])
    .map(({ 0: found, index }) => ({ start: index, end: index + found.length }))
    .sort((one, other) => one.start - other.start);
  return cut(sentence, merged(sentence, spans));
}

function merged(sentence, spans) {
  const runs = [];
  for (const span of spans) {
    const last = runs.at(-1);
    if (last && !sentence.slice(last.end, span.start).trim()) last.end = Math.max(last.end, span.end);
    else runs.push({ ...span });
  }
  return runs;
}

function cut(text, runs) {
  const parts = [];
  let end = 0;
  for (const run of runs) {
    if (run.start > end) parts.push([text.slice(end, run.start), false]);
    parts.push([text.slice(run.start, run.end), true]);
    end = run.end;
  }
  if (end < text.length) parts.push([text.slice(end), false]);
  return parts;
}

const STAGES = ["embed", "search", "fuse", "rerank", "excerpt", "generate", "guard"];
const MOMENTS = ["first_sentence", "total"]; // points in time, not stretches of it

/** Where the time went: stretches in the order they happen, what is left over as "rest", and the moments. */
export function timingsOf(timings) {
  const known = Object.entries(timings ?? {}).filter(([, ms]) => isNumber(ms) && ms >= 0);
  const order = (stage) => (STAGES.includes(stage) ? STAGES.indexOf(stage) : STAGES.length);
  const stages = known
    .filter(([stage]) => !MOMENTS.includes(stage))
    .sort(([one], [other]) => order(one) - order(other))
    .map(([stage, ms]) => ({ stage, ms }));
  const { total = null, first_sentence: firstSentence = null } = Object.fromEntries(known);
  const rest = (total ?? 0) - stages.reduce((all, { ms }) => all + ms, 0);
  if (total !== null && stages.length && rest >= 0.5) stages.push({ stage: "rest", ms: rest });
  return { stages, total, firstSentence };
}

/** Where a score stands against the two thresholds: "answer", "suggest" or "below"; "" when there is no score. */
export function zoneOf(score, thresholds) {
  const { answer, suggest } = thresholds ?? {};
  if (![score, answer, suggest].every(isNumber)) return "";
  return score >= answer ? "answer" : score >= suggest ? "suggest" : "below";
}
