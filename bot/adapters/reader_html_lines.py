"""HTML elements → lines of our Markdown, each with the line of the file it stands on."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lxml.html import HtmlElement

from bot.adapters.reader_html_inline import BREAK, DEEPEST, DROPPED, flat, inline, said

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_BLOCKS = _HEADINGS | frozenset(
    "address article aside blockquote body center dd details dialog div dl dt fieldset figcaption figure footer form"
    " header hgroup hr html legend li main menu nav ol p pre section summary table tbody td tfoot th thead tr ul"
    " caption button label option optgroup".split()
)
_UNFOLD = re.compile(
    r"(?:(?:expand|show|read|see|view|learn)\b.{0,20}|(?:more )?(?:details|info(?:rmation)?)|more|展开.{0,6}|详情)",
    re.I,
)
_ASKING = re.compile(
    r"question|accordion[-_]*(?:title|header|heading|button|trigger|toggle)|faq[-_]*(?:title|header|q\b)", re.I
)
_QUESTION_WORDS = 40
_RULE = re.compile(r"[-=_*~#>|.•·\s]*")  # drawn with signs: no text


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    line: int  # in the file, from 1


@dataclass(slots=True)
class _Context:
    """Where the writer is: inside which lists, inside an answer (whose headings are bold lines), how deep."""

    indent: str = ""
    is_answer: bool = False
    is_cell: bool = False
    depth: int = 0

    def inside(self, **changed: bool | str) -> "_Context":
        return _Context(
            str(changed.get("indent", self.indent)), bool(changed.get("is_answer", self.is_answer)),
            bool(changed.get("is_cell", self.is_cell)), self.depth + 1,
        )  # fmt: skip


@dataclass(slots=True)
class _Writer:
    lines: list[Line] = field(default_factory=list)
    later: list[Line] = field(default_factory=list)  # questions with answers: they end where the section does

    def block(self, rows: list[Line], is_tight: bool = False) -> None:
        rows = [row for row in rows if row.text.strip()] if is_tight else rows
        if not rows:
            return
        if self.lines and not is_tight:
            self.lines.append(Line("", rows[0].line))
        self.lines += rows

    def close_section(self) -> None:
        if self.later:
            self.lines += [Line("", self.later[0].line), *self.later]
            self.later = []


def lines_of(element: HtmlElement) -> list[Line]:
    """The text of `element` in Markdown: headings, lists, tables, questions; links as text with their address."""
    writer = _Writer()
    _write(element, writer, _Context())
    writer.close_section()
    return tidy(writer.lines)


def tidy(lines: list[Line]) -> list[Line]:
    kept: list[Line] = []
    for line in lines:
        if line.text.strip() or (kept and kept[-1].text):
            kept.append(Line(line.text.rstrip(), line.line))
    while kept and not kept[-1].text:
        kept.pop()
    return kept


def _line(element: HtmlElement) -> int:
    line = element.sourceline
    return int(line) if isinstance(line, int) else 1


def _write(element: HtmlElement, writer: _Writer, context: _Context) -> None:
    """The children of a block: runs of text and inline elements are paragraphs, the others blocks of their own."""
    run: list[str] = [element.text or ""]
    at = _line(element)
    for child in element:
        if not isinstance(child.tag, str):
            run.append(child.tail or "")
            continue
        if _is_block(child, context):
            _paragraph("".join(run), at, writer, context)
            _write_block(child, writer, context)
            run, at = [child.tail or ""], _line(child)
        else:
            at = at if "".join(run).strip() else _line(child)
            run += [inline(child), child.tail or ""]
    _paragraph("".join(run), at, writer, context)


def _is_block(element: HtmlElement, context: _Context) -> bool:
    if element.tag in _BLOCKS:
        return True
    if element.tag in DROPPED or context.depth > DEEPEST:
        return False
    return any(isinstance(below.tag, str) and below.tag in _BLOCKS for below in element.iterdescendants())


def _write_block(element: HtmlElement, writer: _Writer, context: _Context) -> None:
    if element.tag in DROPPED:
        return
    if context.depth > DEEPEST:
        _paragraph(said(element), _line(element), writer, context)
        return
    _WRITERS.get(element.tag, _inner)(element, writer, context.inside())


def _inner(element: HtmlElement, writer: _Writer, context: _Context) -> None:
    if asked := _is_asked(element):
        _question(asked, _line(element), writer, context)
    elif element.tag != "button":
        _write(element, writer, context)


def _is_asked(element: HtmlElement) -> str:
    """The question of a block that is nothing but one, in bold, or in the button that opens its answer."""
    if element.tag not in ("p", "div", "dt", "button", "label", "legend") or len(element) > 3:
        return ""
    if element.tag == "button" and element.get("aria-expanded") is not None:
        return said(element)
    is_marked = element.get("itemprop") == "name" or element.tag in ("button", "label")
    is_marked = is_marked or bool(_ASKING.search(element.get("class", "")[:200]))
    text = said(element) if is_marked or _is_all_bold(element) else ""
    if "?" not in text and "？" not in text:
        return ""
    return text if text.endswith(("?", "？")) and len(text.split()) <= _QUESTION_WORDS else ""


def _is_all_bold(element: HtmlElement) -> bool:
    bold = [child for child in element if child.tag in ("b", "strong")]
    rest = [element.text, *(child.tail for child in element)]
    return len(bold) == 1 == len(element) and not any((text or "").strip() for text in rest)


def _paragraph(written: str, line: int, writer: _Writer, context: _Context) -> None:
    rows = [_plain_start(flat(row)) for row in written.split(BREAK)]
    rows = [row for row in rows if row and (context.is_cell or not _RULE.fullmatch(row))]
    writer.block([Line(context.indent + row, line) for row in rows])


def _plain_start(row: str) -> str:
    """A paragraph must not begin what in Markdown would be code, a quotation or a heading."""
    return row.lstrip("`~>#| ") if row.startswith(("```", "~~~", "> ", "# ", "## ", "### ", "|")) else row


def _heading(element: HtmlElement, writer: _Writer, context: _Context) -> None:
    text = flat(inline(element)) or said(element)
    text = text.rstrip("¶§").removesuffix(" #").strip()
    text = text.removeprefix("**").removesuffix("**") if text.count("**") == 2 else text
    if not text:
        return
    if context.is_answer or context.indent or context.is_cell:
        writer.block([Line(f"{context.indent}**{text}**", _line(element))])
        return
    writer.close_section()
    writer.block([Line("#" * int(element.tag[1]) + " " + text, _line(element))])
    writer.lines.append(Line("", _line(element)))


def _question(text: str, line: int, writer: _Writer, context: _Context) -> None:
    if context.is_answer or context.indent or context.is_cell:
        writer.block([Line(f"{context.indent}**{text}**", line)])
    else:
        writer.block([Line(f"Q: {text}", line)])


def _details(element: HtmlElement, writer: _Writer, context: _Context) -> None:
    """A question and its answer. What follows it on the page is no longer its answer, so it is written first."""
    summary = next((child for child in element if child.tag == "summary"), None)
    asked = said(summary) if summary is not None else ""
    asked = "" if _UNFOLD.fullmatch(asked) else asked
    if not asked or context.is_answer or context.indent or context.is_cell:
        if asked:
            writer.block([Line(f"{context.indent}**{asked}**", _line(element))])
        _write_without(element, summary, writer, context)
        return
    answer = _Writer()
    _write_without(element, summary, answer, context.inside(is_answer=True))
    _ask(asked, _line(element), tidy(answer.lines), writer)


def _ask(asked: str, line: int, answer: list[Line], writer: _Writer) -> None:
    if answer:
        writer.later += [Line("", line), Line(f"Q: {asked}", line), *answer]


def _write_without(element: HtmlElement, left_out: HtmlElement | None, writer: _Writer, context: _Context) -> None:
    if left_out is not None:
        left_out.tag = "template"  # written already
    _write(element, writer, context)


def _definitions(element: HtmlElement, writer: _Writer, context: _Context) -> None:
    """`<dl>`: questions with answers when its terms ask; else what is said of each term, an item a term."""
    pairs, is_first = list(_pairs(element)), True
    asking = sum(term.endswith(("?", "？")) for term, _, _ in pairs)
    nested = context.is_answer or context.indent or context.is_cell
    for term, line, parts in pairs:
        below = _Writer()
        for part in parts:
            _write(part, below, context.inside(is_answer=True, indent=""))
        said = tidy(below.lines)
        if 2 * asking >= len(pairs) and not nested:
            _ask(term, line, said, writer)
            continue
        joined = flat(" ".join(one.text for one in said))
        item = f"{context.indent}- **{term}**: {joined}" if term else f"{context.indent}- {joined}"
        writer.block([Line(item, line)], is_tight=not is_first)
        is_first = False


def _pairs(element: HtmlElement) -> Iterator[tuple[str, int, list[HtmlElement]]]:
    term, line, parts = "", _line(element), list[HtmlElement]()
    for child in element.iter("dt", "dd"):
        if any(above.tag == "dl" and above is not element for above in _up_to(child, element)):
            continue
        if child.tag == "dd":
            parts.append(child)
            continue
        if parts:
            yield term, line, parts
            term, parts = "", []
        term = f"{term} / {said(child)}" if term else said(child)
        line = _line(child)
    if parts:
        yield term, line, parts


def _up_to(element: HtmlElement, top: HtmlElement) -> Iterator[HtmlElement]:
    for above in element.iterancestors():
        if above is top:
            return
        yield above


def _list(element: HtmlElement, writer: _Writer, context: _Context) -> None:
    first = element.get("start", "1")
    number = int(first) if first.isascii() and first.isdigit() and len(first) < 6 else 1
    is_first = True
    for item in element:
        if not isinstance(item.tag, str):
            continue
        if item.tag in ("ul", "ol"):  # a list directly in a list: older editors write it so
            _list(item, writer, context.inside(indent=context.indent + "  "))
            continue
        mark = f"{number}. " if element.tag == "ol" else "- "
        if _item(item, mark, writer, context, is_first):
            number, is_first = number + 1, False


def _item(item: HtmlElement, mark: str, writer: _Writer, context: _Context, is_first: bool) -> bool:
    below = _Writer()
    _write(item, below, context.inside(indent=context.indent + "  ", is_answer=True))
    rows = [row for row in tidy(below.lines) if row.text]
    if not rows:
        return False
    if not rows[0].text.lstrip().startswith(("- ", "1. ")):
        rows[0] = Line(context.indent + mark + rows[0].text.strip(), rows[0].line)
    writer.block(rows[:1], is_tight=not is_first or bool(context.indent))
    writer.block(rows[1:], is_tight=True)
    return True


def _pre(element: HtmlElement, writer: _Writer, context: _Context) -> None:
    for br in element.iter("br"):
        br.text = "\n"
    text = "".join(element.itertext()).strip("\n")
    if not text.strip():
        return
    ticks = max((len(run) for run in re.findall(r"`{3,}", text)), default=2) + 1
    rows = [Line(context.indent + row.rstrip(), _line(element) + n) for n, row in enumerate(text.splitlines())]
    fence = Line(context.indent + "`" * ticks, _line(element))
    writer.block([fence, *rows, Line(fence.text, rows[-1].line)])


def _table(element: HtmlElement, writer: _Writer, context: _Context) -> None:
    """A data table keeps its rows and header; one that only arranges the page is unfolded."""
    rows = [row for row in element.iter("tr") if next(row.iterancestors("table"), None) is element]
    cells = [[cell for cell in row if cell.tag in ("td", "th")] for row in rows]
    width = max((sum(_span(cell, "colspan") for cell in row) for row in cells), default=0)
    if context.is_cell or width < 2 or _is_layout(element, cells):
        for row in cells:
            for cell in row:
                _write(cell, writer, context)
        return
    for caption in element.iter("caption"):
        _paragraph(said(caption), _line(caption), writer, context)
    grid = [(texts, _line(row[0] if row else element)) for texts, row in _grid(cells) if any(texts)]
    written = [Line("| " + " | ".join(texts + [""] * (width - len(texts))) + " |", line) for texts, line in grid]
    written[1:1] = [Line("|" + "---|" * width, written[0].line)] if written else []
    writer.block([Line(context.indent + one.text, one.line) for one in written])


def _grid(cells: list[list[HtmlElement]]) -> Iterator[tuple[list[str], list[HtmlElement]]]:
    """The texts of each row; a cell that goes over several rows is said in each of them."""
    over: dict[int, tuple[str, int]] = {}  # by column: what comes from above, and for how many rows more
    for row in cells:
        texts: list[str] = []
        for cell in row:
            _fill(texts, over)
            text, wide, high = _cell(cell), _span(cell, "colspan"), _span(cell, "rowspan")
            for n in range(wide):
                over |= {len(texts): (text if not n else "", high - 1)} if high > 1 else {}
                texts.append("" if n else text)
        _fill(texts, over)
        yield texts, row


def _fill(texts: list[str], over: dict[int, tuple[str, int]]) -> None:
    while len(texts) in over:
        text, rows = over.pop(len(texts))
        if rows > 1:
            over[len(texts)] = text, rows - 1
        texts.append(text)


def _span(cell: HtmlElement, name: str) -> int:
    span = cell.get(name, "1")
    return min(int(span), 50) if span.isascii() and span.isdigit() and 0 < len(span) < 4 and int(span) else 1


def _is_layout(table: HtmlElement, cells: list[list[HtmlElement]]) -> bool:
    if table.get("role") in ("presentation", "none"):
        return True
    if any(cell.tag == "th" for row in cells for cell in row):
        return False
    holds = any(next(cell.iter("table", *_HEADINGS), None) is not None for row in cells for cell in row)
    return holds or len(cells) == 1


def _cell(cell: HtmlElement) -> str:
    below = _Writer()
    _write(cell, below, _Context(is_answer=True, is_cell=True, depth=1))
    parts = [one.text.strip().removeprefix("- ") for one in tidy(below.lines) if one.text]
    text = " ".join(part if part[-1] in ".;:!?。；！？" else f"{part};" for part in parts).removesuffix(";")
    return text.replace("|", "/")


def _nothing(element: HtmlElement, writer: _Writer, context: _Context) -> None:
    pass


_WRITERS: dict[str, Callable[[HtmlElement, _Writer, _Context], None]] = {
    **dict.fromkeys(_HEADINGS, _heading), "details": _details, "dl": _definitions, "ul": _list, "ol": _list,
    "menu": _list, "pre": _pre, "table": _table, "hr": _nothing,
}  # fmt: skip
