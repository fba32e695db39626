/**
 * Text from the shop's pages → DOM nodes. A small Markdown: paragraphs, lists, **bold**, tables, links; everything
 * else stays the text that it is. Nothing here parses HTML, so no message can become an element or a script.
 */

const BULLET = /^\s*[-*•]\s+(.*)$/;
const NUMBER = /^\s*(\d{1,3})[.)]\s+(.*)$/;
const HEADING = /^\s*#{1,6}\s+(.*)$/;
const ROW = /^\s*\|.*\|\s*$/;
const RULE = /^\s*\|[\s:|-]*-[\s:|-]*\|\s*$/;
const INLINE = new RegExp(
  [
    /\*\*(?=\S)(?<bold>.+?)\*\*/,
    /\[(?<label>[^\][\n]{1,300})\]\((?<href>[^()\s]{1,2000})\)/,
    /(?<url>https?:\/\/[^\s<>"'`|）】」》，。；、！？]+)/,
    /(?<![\w.+-])(?<mail>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63})+)/,
  ]
    .map((part) => part.source)
    .join("|"),
  "giu",
);
// Controls and direction overrides: they let a text look like another one ("€59" as "€95", "exe.pdf").
const DECEPTIVE = /[\u0000-\u0008\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g;

export function plain(text) {
  return String(text ?? "").replace(DECEPTIVE, "");
}

/** `split` (see marks.js) decides which parts of the text are marked. */
export function render(text, split = null) {
  const fragment = document.createDocumentFragment();
  const lines = plain(text).split("\n");
  while (lines.length) fragment.append(...block(lines, split));
  return fragment;
}

/** Takes one block off the front of `lines`. */
function block(lines, split) {
  const heading = HEADING.exec(lines[0]);
  if (!lines[0].trim()) return void lines.shift() ?? [];
  if (heading) return lines.shift() && [element("p", element("strong", ...inline(heading[1], split)))];
  const take = (pattern) => takeWhile(lines, (line) => pattern.test(line));
  if (ROW.test(lines[0]) && RULE.test(lines[1] ?? "")) return [table(take(ROW), split)];
  if (BULLET.test(lines[0])) return [list("ul", take(BULLET), BULLET, split)];
  if (NUMBER.test(lines[0])) return [list("ol", take(NUMBER), NUMBER, split)];
  return [paragraph(takeWhile(lines, isProse), split)];
}

function isProse(line) {
  return line.trim() !== "" && ![HEADING, BULLET, NUMBER].some((other) => other.test(line));
}

function takeWhile(lines, test) {
  const end = lines.findIndex((line, index) => index > 0 && !test(line));
  return lines.splice(0, end < 0 ? lines.length : end);
}

function paragraph(lines, split) {
  const nodes = lines.flatMap((line, index) => (index ? [element("br")] : []).concat(inline(line, split)));
  return element("p", ...nodes);
}

function list(tag, lines, pattern, split) {
  const items = lines.map((line) => element("li", ...inline(pattern.exec(line).at(-1), split)));
  const made = element(tag, ...items);
  if (tag === "ol") made.start = Number(NUMBER.exec(lines[0])[1]);
  return made;
}

function table(lines, split) {
  const cells = lines.map((line) => line.trim().slice(1, -1).split("|"));
  const cell = (tag, value) => element(tag, ...inline(value.trim(), split));
  const row = (tag) => (values) => element("tr", ...values.map((value) => cell(tag, value)));
  const head = element("thead", row("th")(cells[0]));
  const scroller = element("div", element("table", head, element("tbody", ...cells.slice(2).map(row("td")))));
  scroller.className = "table";
  return scroller;
}

function inline(text, split) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const made = span(match, split);
    nodes.push(...words(text.slice(end, match.index), split), ...made.nodes);
    end = match.index + made.length;
  }
  return nodes.concat(words(text.slice(end), split));
}

function span({ 0: whole, groups }, split) {
  const { bold, label, href, url, mail } = groups;
  if (bold !== undefined) return { nodes: [element("strong", ...inline(bold, split))], length: whole.length };
  const address = url?.replace(/[.,;:!?)\]*]+$/, "") ?? mail;
  const made = url ? link(address, address) : mail ? link(address, `mailto:${address}`) : link(label, href);
  return { nodes: made ? [made].flat() : words(address ?? whole, split), length: (address ?? whole).length };
}

function words(text, split) {
  if (!text) return [];
  if (!split) return [document.createTextNode(text)];
  return split(text).map(([part, isMarked]) => (isMarked ? element("mark", part) : document.createTextNode(part)));
}

/** The address as a URL, when it is one a customer may be sent to. */
export function safeUrl(address) {
  try {
    const url = new URL(address);
    const isAllowed = ["https:", "http:", "mailto:"].includes(url.protocol) && !url.username && !url.password;
    return isAllowed ? url : null;
  } catch {
    return null;
  }
}

/** A link that shows where it really goes, or null when the address is not one to follow. */
export function link(label, address) {
  const url = safeUrl(address);
  if (!url) return null;
  const anchor = element("a", label);
  anchor.href = url.href;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer nofollow";
  const target = url.host || url.pathname;
  const shown = safeUrl(label)?.host ?? label;
  if (shown === target || label === address) return anchor;
  const host = element("span", ` (${target})`);
  host.className = "host";
  anchor.append(host);
  return anchor;
}

export function element(tag, ...children) {
  const made = document.createElement(tag);
  made.append(...children);
  return made;
}
