/** What charts are computed from: ticks, positions, paths. No DOM. */

export function isNumber(value) {
  return typeof value === "number" && Number.isFinite(value);
}

/** Round steps from 0 to at least `max`: at most `count` of them, whole numbers when `isWhole`. */
export function ticks(max, { count = 4, isWhole = true } = {}) {
  const top = isNumber(max) && max > 0 ? max : 1;
  const rough = top / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const rounded = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((one) => one >= rough * 0.999_999);
  const step = isWhole ? Math.max(1, Math.ceil(rounded)) : rounded;
  const steps = Math.ceil(top / step - 0.000_001);
  return Array.from({ length: steps + 1 }, (_, index) => Number((index * step).toPrecision(12)));
}

/** From [low, high] to [start, end]; a single value stands in the middle. */
export function scale([low, high], [start, end]) {
  if (high === low) return () => (start + end) / 2;
  return (value) => start + ((value - low) / (high - low)) * (end - start);
}

/** A line through [x, y]; null y breaks it: a day nothing was measured on is a gap, not a zero. */
export function linePath(points) {
  let isDrawing = false;
  const commands = points.map(([x, y]) => {
    const command = isNumber(y) ? `${isDrawing ? "L" : "M"}${round(x)} ${round(y)}` : "";
    isDrawing = isNumber(y);
    return command;
  });
  return commands.filter(Boolean).join("");
}

/** Points that no line reaches, because nothing was measured on the days beside them: drawn as dots. */
export function lonely(points) {
  const has = (index) => isNumber(points[index]?.[1]);
  return points.filter((_, index) => has(index) && !has(index - 1) && !has(index + 1));
}

/** Which of `length` positions get a label, when `room` fit: the last, and back from it in equal steps. */
export function labelled(length, room) {
  const step = Math.max(1, Math.ceil((length - 1) / Math.max(1, room - 1)));
  const chosen = [];
  for (let index = length - 1; index >= 0; index -= step) chosen.unshift(index);
  return chosen;
}

/** Parts laid end to end, as shares of `total` (or of their sum, when they overlap in time). */
export function stacked(values, total = 0) {
  const sum = values.reduce((all, value) => all + value, 0);
  const whole = Math.max(sum, total);
  let start = 0;
  return values.map((value) => {
    const part = { start, share: whole ? value / whole : 0 };
    start += part.share;
    return part;
  });
}

export function sum(values) {
  const measured = values.filter(isNumber);
  return measured.length ? measured.reduce((all, value) => all + value, 0) : null;
}

function round(value) {
  return Math.round(value * 10) / 10;
}
