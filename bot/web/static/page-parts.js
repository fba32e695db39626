/** What the pages for evidence, answers and numbers are put together from. */

import { header, locale, requireLogin } from "./console-shell.js";
import { textsFor as consoleTextsFor } from "./console-texts.js";
import { icon } from "./icons.js";
import { plain } from "./markup.js";
import { build } from "./messages.js";
import { pageTextsFor, whyFailed } from "./page-texts.js";
import { localeOf } from "./texts.js";

/** Log in, then the bar and an empty main; `show({me, main, texts, language, dates, days})` fills it. */
export function startPage(name, textsFor, show) {
  const root = document.querySelector("#page");
  requireLogin(root, (me) => {
    const language = locale();
    const texts = { ...consoleTextsFor(language), ...pageTextsFor(language), ...textsFor(language) };
    const main = build("main", { class: `page ${name}`, id: "main" });
    document.title = texts.title;
    root.replaceChildren(header(me, name), main);
    const day = { day: "numeric", month: "short", year: "numeric" };
    const dates = datesOf(language, { ...day, hour: "2-digit", minute: "2-digit" });
    show({ me, main, texts, language, dates, days: datesOf(language, day) });
  });
}

/** Writes a time, by what of it is wanted; "" when there is none. */
function datesOf(language, wanted) {
  const format = new Intl.DateTimeFormat(localeOf(language) === "zh" ? "zh-CN" : "en-GB", wanted);
  return (iso) => {
    const date = new Date(iso ?? NaN);
    return Number.isNaN(date.getTime()) ? "" : format.format(date);
  };
}

/** Fills `place` with what `load()` brings; says so while it takes long, and what to do when it fails. */
export async function fill(place, texts, load, show) {
  const slow = setTimeout(() => place.replaceChildren(loading(texts)), 200);
  try {
    const found = await load();
    clearTimeout(slow);
    place.replaceChildren(...show(found));
  } catch (error) {
    clearTimeout(slow);
    const again = () => fill(place, texts, load, show);
    place.replaceChildren(trouble(texts, error, [403, 404].includes(error?.status) ? null : again));
  }
}

export function loading(texts) {
  const bars = ["", "", ""].map(() => build("i"));
  return build("div", { class: "loading", role: "status" }, build("span", { class: "unseen" }, texts.loading), ...bars);
}

export function trouble(texts, error, again) {
  if (typeof error?.status !== "number") console.error(error); // a fault of this page, not of the request
  const button = again ? build("button", { type: "button", onclick: again }, texts.again) : "";
  return build("div", { class: "fault", role: "alert" }, build("p", {}, plain(whyFailed(texts, error))), button);
}

/** A friendly place where there is nothing. */
export function nothing(mark, title, words, ...more) {
  const about = [build("h2", {}, title), build("p", {}, words), ...more];
  return build("div", { class: "nothing" }, icon(mark, 32), ...about);
}

export function section(title, ...children) {
  return build("section", { class: "block" }, build("h2", {}, title), ...children);
}

/** One of a few, as radio buttons side by side. `options` are [value, words]. */
export function segments(label, options, current, choose) {
  const group = `segments-${label}`;
  const option = ([value, words]) => {
    const input = build("input", { type: "radio", name: group, value, checked: value === current });
    input.addEventListener("change", () => choose(value));
    return build("label", {}, input, build("span", {}, words));
  };
  return build("fieldset", { class: "segments" }, build("legend", { class: "unseen" }, label), ...options.map(option));
}

/** `columns` are {name, isNumber}; a cell is text or a node. On phones each cell says its column. */
export function dataTable(caption, columns, rows, { classes = "", isCaptionShown = false } = {}) {
  const heads = columns.map(({ name, isNumber }) =>
    build("th", { scope: "col", class: isNumber ? "number" : "" }, name),
  );
  const cell = (value, index) => {
    const { name, isNumber } = columns[index];
    const attributes = { "data-label": name, class: isNumber ? "number" : "" };
    if (index) return build("td", attributes, value);
    return build("th", { ...attributes, scope: "row" }, value);
  };
  const body = rows.map((row) => build("tr", {}, ...row.map(cell)));
  return build(
    "table",
    { class: `data ${classes}`.trim() },
    build("caption", { class: isCaptionShown ? "" : "unseen" }, caption),
    build("thead", {}, build("tr", {}, ...heads)),
    build("tbody", {}, ...body),
  );
}

/** Something that opens in place. */
export function foldable(summary, ...children) {
  const words = build("summary", {}, icon("next", 16), build("span", {}, summary));
  return build("details", { class: "fold" }, words, ...children);
}

export function conversationLink(id, words, seq = 0) {
  const at = seq ? `&seq=${encodeURIComponent(seq)}` : "";
  return build("a", { class: "to", href: `/console?conversation=${encodeURIComponent(id)}${at}` }, ...[words].flat());
}

/** How near something is, 0 to 1, as a short bar with its number. */
export function scoreBar(score, words) {
  const bar = build("span", { class: "bar", "aria-hidden": "true" }, build("i"));
  const share = Math.min(1, Math.max(0, Number(score) || 0));
  bar.firstChild.style.setProperty("inline-size", `${share * 100}%`);
  return build("span", { class: "score-bar" }, bar, build("span", { class: "number" }, words));
}
