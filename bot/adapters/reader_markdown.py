"""Markdown → a page as it is written, but for the HTML and the pictures in it."""

import re
from collections.abc import Iterator
from html import unescape

from bot import markdown
from bot.adapters.reader_encoding import beginning, decoded
from bot.adapters.reader_html_inline import inline
from bot.adapters.reader_html_lines import Line, lines_of
from bot.adapters.reader_html_tree import fragment
from bot.content import Found, Page, Unreadable

_SUFFIXES = (".md", ".markdown", ".mdown", ".mkd", ".mdx")
_MARKED = re.compile(r"^(?:#{1,6}[ \t]+\S|---[ \t]*$|\[[^\]\n]{1,200}\]: |[*-] \S.{0,200}\]\(http)", re.M)
_BLOCK = re.compile(
    r"\s{0,3}</?(table|ul|ol|dl|details|pre|div|p|h[1-6]|figure|center|section|article|blockquote|hr|iframe|video|img"
    r"|style|script)(?=[\s/>])",
    re.I,
)
_WHOLE = frozenset({"table", "ul", "ol", "dl", "details", "pre", "figure", "style", "script", "video"})
_FENCE = re.compile(r"\s{0,40}(`{3,}|~{3,})")
_TAG = re.compile(
    r"</?(?:a|b|strong|i|em|kbd|code|sup|sub|br|span|u|small|big|font|mark|img|div|p|center|ins|abbr|cite|tt|samp|var"
    r"|figure|figcaption|iframe|video|source|hr|wbr|del|s|strike|q)(?:\s[^<>]{0,2000})?/?>",
    re.I,
)
_PICTURE = re.compile(
    r"!\[(?:[^\[\]]|\[[^\[\]]{0,200}\]){0,1000}\](?:\([^()\n]{0,2000}\)|\[[^\[\]]{0,200}\])(?:\{[^{}\n]{0,200}\})?"
)
_ALERT = re.compile(r"(\s{0,12})> ?\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*(.*)$", re.I)
_AUTOLINK = re.compile(r"<((?:https?://|mailto:)[^<>\s]{1,2000}|[\w.+-]{1,100}@[\w.-]{1,100})>")
_FRAGMENT = r"#(?:[^()\s]|\([^()\s]{0,200}\)){0,500}"
_NOWHERE = re.compile(
    rf"(?<!!)\[([^\[\]\n]{{0,1000}})\]\((?:{_FRAGMENT}|\{{\{{[^{{}}()\n]{{0,200}}\}}\}}|\s{{0,9}})\)"
)  # no address to open
_EMPTY_LINK = re.compile(r"(?<!!)\[\s{0,9}\]\([^()\n]{0,2000}\)")
_ATTRIBUTES = re.compile(r"(?:(?<=[)\]*_`\ue001])\s?|^\s{0,3})\{:?\s?[.#][^{}\n]{0,200}\}|\{%[^{}\n]{0,500}%\}")
_NOTE = re.compile(r"^\[\^[\w.-]{1,60}\]:\s*|\[\^[\w.-]{1,60}\]")
_CODE = re.compile(r"(?<!`)`[^`\n]{1,2000}`(?!`)")
_CONTENTS = re.compile(r"\s{0,12}(?:[-*+]|\d{1,3}[.)])\s+\[[^\[\]\n]{0,1000}\]\(" + _FRAGMENT + r"\)\s*$")
_CONTENTS_BELOW = re.compile(
    r"[*_#\s]{0,9}(?:in this (?:article|guide|section)|on this page|(?:table of )?contents|目录)[:：*_\s]{0,9}$", re.I
)
_TO_TOP = re.compile(r"\s{0,12}\[?(?:back|return) to (?:the )?top\]?(?:\(#[^()\s]{0,500}\))?\s*$", re.I)
_BREAK = re.compile(r" {0,3}(?:-[ \t]*){3,}$| {0,3}(?:_[ \t]*){3,}$| {0,3}(?:\*[ \t]*){3,}$")


class Markdown:
    name = "Markdown"

    def reads(self, path: str, data: bytes) -> bool:
        return path.lower().endswith(_SUFFIXES) or bool(_MARKED.search(beginning(data)))

    def read(self, path: str, data: bytes) -> Iterator[Found]:
        yield page(path, decoded(path, data))


def page(path: str, text: str) -> Page:
    """Its lines keep their places even where a table in HTML becomes one of ours, of another length."""
    was = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    lines = list(without_html(was))
    if [line.line for line in lines] == list(range(1, len(was) + 1)):
        return Page(path, "\n".join(line.text for line in lines))
    return Page(path, "\n".join(line.text for line in lines), {}, tuple(f"{path}:{line.line}" for line in lines))


def without_html(was: list[str]) -> Iterator[Line]:
    """Blocks of HTML as Markdown, tags within lines gone, alerts (`> [!NOTE]`) as paragraphs; code stays as it is."""
    n = markdown.front_matter(was).length
    shown = markdown.without_comments("\n".join(was)).split("\n")  # a comment may say something of its entry: it stays
    yield from (Line(text, at) for at, text in enumerate(was[:n], start=1))
    fence, in_alert = "", False
    while n < len(was):
        line = was[n] if not shown[n].strip() else shown[n]
        if not line.strip() and not was[n].strip():
            in_alert, n = False, n + 1
            yield Line("", n)
            continue
        fence_was, fence = fence, _fence_after(line, fence)
        if fence or fence_was:
            # In a list a fence may stand further in than our own Markdown looks for one.
            yield Line("   " + was[n].lstrip() if fence != fence_was and was[n].startswith("    ") else was[n], n + 1)
        elif line != shown[n]:
            yield Line(line, n + 1)
        elif (found := _BLOCK.match(line)) and (block := _block(was, n, found[1].lower())):
            yield from _converted(was[n : n + block], n)
            n += block
            continue
        else:
            in_alert, text = _alert("" if _is_furniture(was, n) else line, in_alert)
            taken = _picture_lines(was, n) if "![" in text else 1
            yield Line(_without_tags(" ".join([text, *map(str.strip, was[n + 1 : n + taken])])), n + 1)
            yield from (Line("", at) for at in range(n + 2, n + taken + 1))
            n += taken - 1
        n += 1


def _fence_after(line: str, fence: str) -> str:
    found = _FENCE.match(line)
    if not found:
        return fence
    if not fence:
        return "" if "`" in line[found.end() :] else found[1]
    return "" if found[1].startswith(fence) and not line[found.end() :].strip() else fence


def _block(lines: list[str], start: int, tag: str) -> int:
    """How many lines the block of HTML takes: to its end where it must stay whole, else to the next blank line."""
    depth = 0
    tags = re.compile(rf"<(/?){tag}(?=[\s/>])", re.I)
    for n in range(start, len(lines)):
        if tag in _WHOLE:
            depth += sum(-1 if found[1] else 1 for found in tags.finditer(lines[n]))
            if depth <= 0:
                return n - start + 1
        elif not lines[n].strip() or (n > start and lines[n].startswith("#")):
            return n - start
    return 1 if tag in _WHOLE else len(lines) - start


def _converted(block: list[str], before: int) -> Iterator[Line]:
    """A block that is only an opening or closing tag leaves an empty line."""
    if not any(_TAG.sub("", line).strip() for line in block):
        yield from (Line("", before + n) for n, _ in enumerate(block, start=1))
        return
    try:
        made = lines_of(fragment("\n".join(block)))
    except Unreadable:  # nested without end: as it is written, then
        made = [Line(line, n) for n, line in enumerate(block, start=1)]
    if not made:
        yield from (Line("", before + n) for n, _ in enumerate(block, start=1))
        return
    yield Line("", before + 1)
    yield from (Line(line.text, before + min(line.line, len(block))) for line in made)
    yield Line("", before + len(block))


def _alert(line: str, is_inside: bool) -> tuple[bool, str]:
    """GitHub's `> [!NOTE]` is a remark for the reader; our quotations under a question are other ways to ask it."""
    if found := _ALERT.match(line):
        return True, f"{found[1]}**{found[2].capitalize()}:** {found[3]}".rstrip()
    if is_inside and line.lstrip().startswith(">"):
        blanks = line[: len(line) - len(line.lstrip())]
        return True, blanks + line.lstrip()[1:].removeprefix(" ")
    return False, line


def _without_tags(line: str) -> str:
    """Code within the line is put aside meanwhile: what stands in it is meant as it is written."""
    if "`" not in line or "\ue000" in line:
        return _bare(line)
    codes: list[str] = []

    def aside(found: re.Match[str]) -> str:
        codes.append(found[0])
        return f"\ue000{len(codes) - 1}\ue001"

    return re.sub("\ue000(\\d+)\ue001", lambda found: codes[int(found[1])], _bare(_CODE.sub(aside, line)))


def _bare(text: str) -> str:
    """A run of a line that is no code, without what is meant for a browser."""
    for sign, pattern, instead in _TAKEN_OFF:
        if sign in text:
            text = pattern.sub(instead, text)
    if "<" in text and _TAG.search(text):
        start, end = len(text) - len(text.lstrip()), len(text.rstrip())
        try:
            body = fragment(_escaped(text[start:end]))
        except Unreadable:
            return text
        return text[:start] + " ".join(inline(body).split()) + text[end:]
    text = unescape(text) if "&" in text else text
    return text.replace("\\<", "<").replace("\\>", ">") if "\\" in text else text


_TAKEN_OFF = (
    ("![", _PICTURE, ""), ("](", _EMPTY_LINK, ""), ("](", _NOWHERE, r"\1"), ("<", _AUTOLINK, r"\1"),
    ("{", _ATTRIBUTES, ""), ("[^", _NOTE, ""),
)  # fmt: skip


def _is_furniture(lines: list[str], n: int) -> bool:
    """A drawn line, a table of contents, a way back to the top: nothing that answers anybody."""
    line = lines[n]
    if _BREAK.match(line):
        return n == 0 or not lines[n - 1].strip()  # else it makes a heading of the line above
    if _CONTENTS_BELOW.match(line):
        below = next((one for one in lines[n + 1 : n + 4] if one.strip()), "")
        return bool(_CONTENTS.match(below))
    return bool(_CONTENTS.match(line) or _TO_TOP.match(line))


def _picture_lines(lines: list[str], n: int) -> int:
    """How many lines a picture's description goes over."""
    for taken in range(1, 5):
        if "![" not in _PICTURE.sub("", " ".join(lines[n : n + taken])):
            return taken
    return 1


def _escaped(text: str) -> str:
    """What only looks like a tag (`<name>`, `<port>`) is text and stays."""
    shown, at = list[str](), 0
    for found in _TAG.finditer(text):
        shown += [text[at : found.start()].replace("<", "&lt;"), found[0]]
        at = found.end()
    return "".join([*shown, text[at:].replace("<", "&lt;")])
