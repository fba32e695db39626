/**
 * Charts as SVG, by DOM calls: their colours are classes (charts.css), so they follow the theme. Each comes with a
 * table of the same numbers. Where a pointer or the arrow keys stand, the legend reads out the values.
 */

import { build, setText } from "./messages.js";
import { dataTable, foldable } from "./page-parts.js";
import { isNumber, labelled, linePath, lonely, scale, stacked, sum, ticks } from "./scales.js";

const SVG = "http://www.w3.org/2000/svg";

function draw(tag, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function words(text, x, y, attributes = {}) {
  return draw("text", { x, y, ...attributes }, text);
}

function canvas(width, height, ...children) {
  return draw("svg", { viewBox: `0 0 ${width} ${height}`, width, height, "aria-hidden": "true" }, ...children);
}

/** Draws again whenever the place gets another width, so that text keeps its size. */
function redrawn(place, paint) {
  let width = 0;
  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now === width || now < 1) return;
    width = now;
    place.replaceChildren(paint(width));
  }).observe(place);
}

function titled(title, table, texts, ...children) {
  const figure = build("figure", { class: "chart" }, build("figcaption", {}, title), ...children);
  figure.append(
    foldable(
      texts.asTable,
      build("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": title }, table),
    ),
  );
  return figure;
}

// ── lines over days ──

const HEIGHT = 220;
const EDGE = { top: 12, right: 26, bottom: 28, left: 40 };
const LABEL = 64; // px of a day's label with air

/** `lines` are {name, values}; one value, or null, for each of `days`. `formats` writes numbers and days. */
export function lineChart({ title, days, lines, formats, texts }) {
  const rows = days.map((day, index) => [
    formats.day(day),
    ...lines.map(({ values }) => formats.value("count", values[index])),
  ]);
  const columns = [{ name: texts.day }, ...lines.map(({ name }) => ({ name, isNumber: true }))];
  const legend = new Legend(lines, days, formats, texts);
  const plot = build("div", { class: "plot" });
  const reader = new Reader(plot, { title, days, lines, formats, legend });
  redrawn(plot, (width) => reader.drawn(linesOf(width, days, lines, formats)));
  return titled(title, dataTable(title, columns, rows), texts, legend.element, plot);
}

function linesOf(width, days, lines, formats) {
  const measured = lines.flatMap(({ values }) => values).filter(isNumber);
  const steps = ticks(Math.max(0, ...measured));
  const x = scale([0, Math.max(0, days.length - 1)], [EDGE.left, width - EDGE.right]);
  const y = scale([0, steps.at(-1)], [HEIGHT - EDGE.bottom, EDGE.top]);
  const cursor = draw("line", { class: "cursor", y1: EDGE.top, y2: HEIGHT - EDGE.bottom, visibility: "hidden" });
  const svg = canvas(width, HEIGHT, ...grid(steps, y, width, formats), ...dayLabels(days, x, width, formats), cursor);
  lines.forEach(({ values }, index) =>
    svg.append(
      ...line(
        values.map((value, at) => [x(at), isNumber(value) ? y(value) : null]),
        index,
      ),
    ),
  );
  return { svg, x, y, cursor };
}

function grid(steps, y, width, formats) {
  return steps.flatMap((step) => [
    draw("line", { class: step ? "grid" : "axis", x1: EDGE.left, x2: width - EDGE.right, y1: y(step), y2: y(step) }),
    words(formats.value("count", step), EDGE.left - 8, y(step) + 4, { "text-anchor": "end" }),
  ]);
}

function dayLabels(days, x, width, formats) {
  const room = Math.floor((width - EDGE.left - EDGE.right) / LABEL) + 1;
  return labelled(days.length, room).map((index) =>
    words(formats.day(days[index]), x(index), HEIGHT - 8, { "text-anchor": "middle" }),
  );
}

function line(points, index) {
  const dots = lonely(points).map(([cx, cy]) => draw("circle", { class: `dot line-${index}`, cx, cy, r: 2.5 }));
  return [draw("path", { class: `line line-${index}`, d: linePath(points) || "M0 0" }), ...dots];
}

/** What each line is called, and its value: of all days, or of the one that is looked at. */
class Legend {
  constructor(lines, days, formats, texts) {
    Object.assign(this, { lines, days, formats, texts });
    this.when = build("span", { class: "when" });
    this.values = lines.map(() => build("b"));
    const keys = lines.map(({ name }, index) =>
      build("span", { class: "key" }, swatch(index), name, " ", this.values[index]),
    );
    this.element = build("div", { class: "legend" }, ...keys, this.when);
    this.show(null);
  }

  show(index) {
    const value = ({ values }) => this.formats.value("count", index === null ? sum(values) : values[index]);
    this.lines.forEach((line, at) => setText(this.values[at], value(line)));
    setText(this.when, index === null ? this.texts.inAll : this.formats.day(this.days[index], true));
  }

  /** The same, as one sentence. */
  said(index) {
    const parts = this.lines.map(({ name, values }) => `${name} ${this.formats.value("count", values[index])}`);
    return `${this.formats.day(this.days[index], true)}: ${parts.join(", ")}`;
  }
}

function swatch(index) {
  const line = draw("path", { class: `line line-${index}`, d: "M1 6H23" });
  return draw("svg", { viewBox: "0 0 24 12", width: 24, height: 12, "aria-hidden": "true" }, line);
}

/** The day that is looked at: by pointer, by touch, or by arrow keys (to a screen reader it is a slider). */
class Reader {
  #chart = null;
  #at = null;

  constructor(plot, { title, days, lines, legend }) {
    Object.assign(this, { plot, days, lines, legend });
    if (!days.length) return;
    const attributes = {
      role: "slider",
      tabindex: "0",
      "aria-label": title,
      "aria-valuemin": "0",
      "aria-valuemax": String(days.length - 1),
    };
    for (const [name, value] of Object.entries(attributes)) plot.setAttribute(name, value);
    this.#say(days.length - 1);
    plot.addEventListener("pointermove", (event) => this.#point(event));
    plot.addEventListener("pointerdown", (event) => this.#point(event));
    plot.addEventListener("pointerleave", () => this.look(null));
    plot.addEventListener("keydown", (event) => this.#key(event));
    plot.addEventListener("blur", () => this.look(null));
  }

  drawn(chart) {
    this.#chart = chart;
    this.look(this.#at);
    return chart.svg;
  }

  look(index) {
    this.#at = index;
    this.legend.show(index);
    if (index !== null) this.#say(index);
    const { svg, x, y, cursor } = this.#chart ?? {};
    if (!svg) return;
    svg.querySelectorAll(".point").forEach((point) => point.remove());
    cursor.setAttribute("visibility", index === null ? "hidden" : "visible");
    if (index === null) return;
    for (const name of ["x1", "x2"]) cursor.setAttribute(name, x(index));
    this.lines.forEach(({ values }, at) => {
      if (isNumber(values[index]))
        svg.append(draw("circle", { class: `point line-${at}`, cx: x(index), cy: y(values[index]), r: 4 }));
    });
  }

  #say(index) {
    this.plot.setAttribute("aria-valuenow", String(index));
    this.plot.setAttribute("aria-valuetext", this.legend.said(index));
  }

  #point(event) {
    if (!this.#chart) return;
    const { left, width } = this.plot.getBoundingClientRect();
    const share = (event.clientX - left - EDGE.left) / Math.max(1, width - EDGE.left - EDGE.right);
    this.look(clamp(Math.round(share * (this.days.length - 1)), this.days.length));
  }

  #key(event) {
    const last = this.days.length - 1;
    const at = this.#at ?? last + 1;
    const to = {
      ArrowLeft: at - 1,
      ArrowRight: this.#at === null ? last : at + 1,
      ArrowDown: at - 1,
      ArrowUp: at + 1,
      PageUp: at - 7,
      PageDown: at + 7,
      Home: 0,
      End: last,
    }[event.key];
    if (event.key === "Escape") return this.look(null);
    if (to === undefined) return;
    event.preventDefault();
    this.look(clamp(to, this.days.length));
  }
}

function clamp(index, length) {
  return Math.min(length - 1, Math.max(0, index));
}

// ── bars ──

const ROW = 48;

/** `bars` are {name, value}, biggest first. */
export function barChart({ title, bars, columns, formats, texts }) {
  const plot = build("div", { class: "plot" });
  redrawn(plot, (width) => barsOf(width, bars, formats));
  const rows = bars.map(({ name, value }) => [name, formats.value("count", value)]);
  return titled(title, dataTable(title, columns, rows), texts, plot);
}

function barsOf(width, bars, formats) {
  const length = scale([0, Math.max(1, ...bars.map(({ value }) => value))], [0, width]);
  const all = sum(bars.map(({ value }) => value)) || 1;
  const rows = bars.flatMap(({ name, value }, index) => {
    const top = index * ROW;
    const share = formats.value("rate", value / all);
    return [
      words(name, 0, top + 16, { class: "name" }),
      words(`${formats.value("count", value)} · ${share}`, width, top + 16, { class: "value", "text-anchor": "end" }),
      draw("rect", { class: "track", x: 0, y: top + 24, width, height: 10, rx: 5 }),
      draw("rect", {
        class: "bar",
        x: 0,
        y: top + 24,
        width: Math.max(value ? 4 : 0, length(value)),
        height: 10,
        rx: 5,
      }),
    ];
  });
  return canvas(width, Math.max(1, bars.length * ROW - 8), ...rows);
}

/** Parts end to end: `parts` are numbers, `total` the whole when something else may be in it. */
export function stackedBar(parts, total) {
  const plot = build("div", { class: "plot stack" });
  redrawn(plot, (width) => {
    const rects = stacked(parts, total).map(({ start, share }, index) => {
      const room = Math.max(share ? 1 : 0, share * width - 2); // two pixels apart
      return draw("rect", { class: `part part-${index % 7}`, x: start * width, y: 0, width: room, height: 20, rx: 3 });
    });
    return canvas(width, 20, ...rects);
  });
  return plot;
}

export function partSwatch(index) {
  const square = draw("rect", { class: `part part-${index % 7}`, width: 12, height: 12, rx: 3 });
  return draw("svg", { class: "swatch", viewBox: "0 0 12 12", width: 12, height: 12, "aria-hidden": "true" }, square);
}

// ── a score against two thresholds ──

/** From 0 to 1: what the bot does in each zone, the thresholds as lines, the score as a mark. */
export function scoreScale({ score, suggest, answer, label, names, formats }) {
  const plot = build("div", { class: "plot score-scale", role: "img", "aria-label": label });
  redrawn(plot, (width) => {
    const x = scale([0, 1], [6, width - 6]);
    const zone = (name, from, to) =>
      draw("rect", { class: `zone ${name}`, x: x(from), y: 30, width: Math.max(0, x(to) - x(from)), height: 12 });
    const at = Math.min(1, Math.max(0, score));
    const mark = [
      draw("line", { class: "score", x1: x(at), x2: x(at), y1: 24, y2: 48 }),
      draw("circle", { class: "score", cx: x(at), cy: 24, r: 5 }),
      words(formats(score), x(at), 13, { class: "score", "text-anchor": anchorAt(at) }),
    ];
    return canvas(
      width,
      84,
      zone("below", 0, suggest),
      zone("suggest", suggest, answer),
      zone("answer", answer, 1),
      ...threshold(x, suggest, names.suggest(formats(suggest)), 63),
      ...threshold(x, answer, names.answer(formats(answer)), 80),
      ...mark,
    );
  });
  return plot;
}

function threshold(x, value, name, y) {
  const line = draw("line", { class: "threshold", x1: x(value), x2: x(value), y1: 26, y2: y - 11 });
  return [line, words(name, x(value), y, { "text-anchor": anchorAt(value) })];
}

function anchorAt(share) {
  return share < 0.2 ? "start" : share > 0.8 ? "end" : "middle";
}
