/** The figures of the numbers page: how each is read, written and compared. No DOM. */

import { isNumber } from "./scales.js";
import { localeOf } from "./texts.js";

/** `better`: whether more or less of it is good news; "" when it is neither. `of` and `n` are what it rests on. */
export const FIGURES = [
  { key: "conversations", kind: "count", better: "" },
  { key: "handled_by_bot_rate", kind: "rate", better: "more", of: ["handled_by_bot", "conversations"] },
  { key: "auto_resolved_rate", kind: "rate", better: "more", of: ["auto_resolved"] },
  { key: "durable_rate", kind: "rate", better: "more", of: ["durable"] },
  { key: "handoff_rate", kind: "rate", better: "less", of: ["handoffs", "conversations"] },
  { key: "first_response_s.median", kind: "duration", better: "less", n: "first_response_s.n" },
  { key: "first_response_s.p95", kind: "duration", better: "less", n: "first_response_s.n" },
  { key: "waiting_s.median", kind: "duration", better: "less", n: "waiting_s.n" },
  { key: "waiting_s.p95", kind: "duration", better: "less", n: "waiting_s.n" },
  { key: "reopen_rate", kind: "rate", better: "less", of: ["reopened"] },
  { key: "csat_bot.mean", kind: "score", better: "more", n: "csat_bot.n" },
  { key: "csat_human.mean", kind: "score", better: "more", n: "csat_human.n" },
  { key: "thumbs_up", kind: "count", better: "more" },
  { key: "thumbs_down", kind: "count", better: "less" },
  { key: "questions", kind: "count", better: "" },
  { key: "answered", kind: "count", better: "more", of: ["answered", "questions"] },
  { key: "unanswered", kind: "count", better: "less", of: ["unanswered", "questions"] },
];

/** The row at the top; the rest is in the table below it. */
export const HEADLINE = [
  "conversations",
  "handled_by_bot_rate",
  "durable_rate",
  "handoff_rate",
  "first_response_s.median",
  "csat_bot.mean",
  "csat_human.mean",
];

export function figureOf(key) {
  return FIGURES.find((figure) => figure.key === key);
}

/** A figure by its path, or null: nothing to measure is not 0. */
export function read(figures, path) {
  const value = path.split(".").reduce((found, key) => found?.[key], figures);
  return isNumber(value) ? value : null;
}

/** The sentence that says how a figure is counted: of the figure itself, or of what it is a rate or a median of. */
export function definitionOf(definitions, key) {
  const name = key.split(".")[0];
  const candidates = [key, name, name.replace(/_rate$/, ""), name.replace(/_rate$/, "s"), name.replace(/_s$/, "")];
  return candidates.map((one) => definitions?.[one]).find((one) => typeof one === "string" && one) ?? "";
}

const NOTHING = "–";

/** Numbers as the page's language writes them. */
export class Formats {
  constructor(locale, texts) {
    const language = localeOf(locale) === "zh" ? "zh-CN" : "en-GB";
    this.texts = texts;
    this.whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
    this.one = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    this.percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
    this.finePercent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
    this.dayMonth = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", timeZone: "UTC" });
    this.longDay = new Intl.DateTimeFormat(language, {
      weekday: "long",
      day: "numeric",
      month: "long",
      timeZone: "UTC",
    });
  }

  value(kind, value) {
    if (!isNumber(value)) return NOTHING;
    if (kind === "rate") return this.#rate(value);
    if (kind === "duration") return this.duration(value);
    return (kind === "score" ? this.one : this.whole).format(value);
  }

  /** A small rate is not none. */
  #rate(value) {
    if (value > 0 && value < 0.001) return `<${this.finePercent.format(0.001)}`;
    return (value > 0 && value < 0.1 ? this.finePercent : this.percent).format(value);
  }

  /** "45 s", "3 min 20 s", "2 h 5 min", "1 d 3 h": two units say enough. */
  duration(seconds) {
    const { s, min, h, d } = this.texts.units;
    const whole = Math.round(seconds);
    const pair = (size, part, big, small) => {
      const rest = Math.floor((whole % size) / part);
      return `${Math.floor(whole / size)} ${big}${rest ? ` ${rest} ${small}` : ""}`;
    };
    if (whole < 60) return `${seconds > 0 && seconds < 10 ? Number(seconds.toFixed(1)) : whole} ${s}`;
    if (whole < 3_600) return pair(60, 1, min, s);
    return whole < 86_400 ? pair(3_600, 60, h, min) : pair(86_400, 3_600, d, h);
  }

  /** "2026-03-01" is a day of the shop's calendar: no time zone may shift it. */
  day(iso, isLong = false) {
    const date = new Date(`${String(iso).slice(0, 10)}T00:00:00Z`);
    if (Number.isNaN(date.getTime())) return String(iso ?? "");
    return (isLong ? this.longDay : this.dayMonth).format(date);
  }

  /** What changed since the period before: `{text, tone}` with tone better, worse, same, or "" for neither. */
  change({ kind, better }, now, before) {
    if (!isNumber(now)) return { text: "", tone: "" };
    if (!isNumber(before)) return { text: this.texts.noBefore, tone: "" };
    const difference = now - before;
    const size = this.#size(kind, Math.abs(difference), before);
    if (/^[^1-9]*$/.test(size)) return { text: this.texts.asBefore, tone: "same" };
    const isMore = difference > 0;
    const tone = better ? (isMore === (better === "more") ? "better" : "worse") : "";
    return { text: `${isMore ? "+" : "−"}${size}`, tone, isMore };
  }

  /** A rate changes by points, a count by a share of what it was; from nothing there is no share. */
  #size(kind, size, before) {
    if (kind === "rate") return this.texts.points(this.one.format(size * 100));
    if (kind === "duration") return this.duration(size);
    if (kind === "score") return this.one.format(size);
    return before > 0 ? this.percent.format(size / before) : this.whole.format(size);
  }
}
