"""Word documents → a page: headings, lists and tables in their order, as they look with all changes accepted."""

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.adapters.reader_text import is_shouted, unmarked
from bot.adapters.reader_zip import names_in, opened, without_doctype
from bot.content import Found, Page, Row, Table, Unreadable
from bot.faq_table import is_header

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_NOT_SHOWN = frozenset({f"{_W}del", f"{_W}moveFrom", f"{_W}instrText", f"{_W}rPr", f"{_W}pPr", f"{_W}txbxContent",
                        f"{_W}footnoteReference", f"{_W}commentReference", _FALLBACK})  # fmt: skip
_HEADING = re.compile(r"(?:heading|überschrift|titre|título|标题|überschr\.)\s?([1-9])$", re.I)
_LONGEST_HEADING = 200
_DEEPEST = 100


class Docx:
    name = "Word document (DOCX)"

    def reads(self, path: str, data: bytes) -> bool:
        return data[:4] == b"PK\3\4" and "word/document.xml" in names_in(data)

    def read(self, path: str, data: bytes) -> Iterator[Found]:
        without_doctype(path, opened(path, data))
        written = _Written(path, *_opened(data))
        written.blocks(written.body, 0)
        yield from written.tables
        lines = written.tidy()
        if lines:
            yield Page(path, "\n".join(text for text, _ in lines), {}, tuple(place for _, place in lines))
        elif not written.tables:
            raise Unreadable("there is no text in this document")


def _opened(data: bytes) -> tuple[Any, dict[str, str], dict[str, int], dict[tuple[str, str], str]]:
    """The body, the addresses of links, the levels of heading styles, and the formats of numbered lists."""
    import docx  # 0.25 s, which other files need not wait for
    from docx.opc.exceptions import PackageNotFoundError

    try:
        document = docx.Document(io.BytesIO(data))
        links = {id: rel.target_ref for id, rel in document.part.rels.items() if rel.is_external}
        styles = {style.style_id: level for style in document.styles if (level := _level(style)) is not None}
        return document.element.body, links, styles, _numberings(document)
    except (KeyError, ValueError, TypeError, AttributeError, SyntaxError, OSError, zipfile.BadZipFile, AssertionError):
        raise Unreadable("the document is damaged: open it in Word and save it again") from None
    except PackageNotFoundError:
        raise Unreadable("this is no Word document") from None


def _level(style: Any) -> int | None:
    """1 to 6 for a heading's style: by its outline level, else by its name in some languages."""
    name = str(getattr(style, "name", "") or "")
    if name.lower() in ("title", "titel", "titre", "标题"):
        return 1
    outline = style.element.find(f"{_W}pPr/{_W}outlineLvl")
    if outline is not None and str(outline.get(f"{_W}val")) in "012345":
        return int(outline.get(f"{_W}val")) + 1
    found = _HEADING.match(name)
    return min(int(found[1]), 6) if found else None


def _numberings(document: Any) -> dict[tuple[str, str], str]:
    """Of each list and level how it counts: "bullet", "decimal", …"""
    try:
        part = document.part.numbering_part.element
    except (KeyError, NotImplementedError, AttributeError):
        return {}
    kinds: dict[tuple[str, str], str] = {}
    abstract = {one.get(f"{_W}abstractNumId"): one for one in part.iter(f"{_W}abstractNum")}
    for num in part.iter(f"{_W}num"):
        refers = num.find(f"{_W}abstractNumId")
        used = abstract.get(refers.get(f"{_W}val")) if refers is not None else None
        for level in used.iter(f"{_W}lvl") if used is not None else ():
            counts = level.find(f"{_W}numFmt")
            kind = counts.get(f"{_W}val") if counts is not None else "decimal"
            kinds[str(num.get(f"{_W}numId")), str(level.get(f"{_W}ilvl"))] = str(kind)
    return kinds


@dataclass(slots=True)
class _Written:
    """The document as far as it has been read: lines with their places."""

    path: str
    body: Any
    links: Mapping[str, str]
    levels: Mapping[str, int]
    numberings: Mapping[tuple[str, str], str]
    lines: list[tuple[str, str]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    n_paragraphs: int = 0
    n_tables: int = 0
    was_item: bool = False
    counters: Counter[tuple[str, str]] = field(default_factory=Counter)

    def blocks(self, parent: Any, depth: int) -> None:
        for element in parent:
            if element.tag == f"{_W}p":
                self.n_paragraphs += 1
                self.paragraph(element, f"{self.path}:paragraph {self.n_paragraphs}")
            elif element.tag == f"{_W}tbl":
                self.n_tables += 1
                self.table(element, f"{self.path}:table {self.n_tables}")
            elif element.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml") and depth < _DEEPEST:
                self.blocks(element, depth + 1)  # content controls and what was inserted

    def paragraph(self, element: Any, place: str) -> None:
        text = " ".join(self.text(element).replace("\v", " \v ").split(" ")).strip()
        rows = [unmarked(" ".join(row.split())) for row in text.split("\v")]
        if not any(rows):
            self.was_item = False
            return
        if mark := self._heading(element, rows):
            self.add([f"{mark} {' '.join(rows)}"], place)
        elif mark := self._item(element):
            self.add([mark + rows[0], *(" " * len(mark) + row for row in rows[1:] if row)], place, is_item=True)
        else:
            self.add([row for row in rows if row], place)

    def add(self, rows: list[str], place: str, is_item: bool = False) -> None:
        if self.lines and not (is_item and self.was_item):
            self.lines.append(("", place))
        self.lines += [(row, place) for row in rows]
        self.was_item = is_item

    def _heading(self, element: Any, rows: list[str]) -> str:
        text = " ".join(rows)
        if len(text) > _LONGEST_HEADING:
            return ""
        style = element.find(f"{_W}pPr/{_W}pStyle")
        level = self.levels.get(style.get(f"{_W}val")) if style is not None else None
        own = element.find(f"{_W}pPr/{_W}outlineLvl")
        if own is not None and str(own.get(f"{_W}val")) in "012345":
            level = int(own.get(f"{_W}val")) + 1
        if level is None and _is_bold(element) and len(rows) == 1:
            # Who writes without styles makes headings bold; only a question or capitals are surely meant as one.
            return "##" if text.endswith(("?", "？")) else "#" if is_shouted(text) else ""
        return "#" * level if level else ""

    def _item(self, element: Any) -> str:
        number = element.find(f"{_W}pPr/{_W}numPr")
        style = element.find(f"{_W}pPr/{_W}pStyle")
        name = str(style.get(f"{_W}val")) if style is not None else ""
        if number is None:
            return "- " if name.lower().startswith(("listbullet", "listnumber", "aufzhlung")) else ""
        list_id, level = (_value(number, "numId"), _value(number, "ilvl") or "0")
        if list_id == "0":
            return ""
        indent = "  " * min(int(level) if level.isdigit() else 0, 8)
        if self.numberings.get((list_id, level), "bullet") in ("bullet", "none"):
            return f"{indent}- "
        self.counters[list_id, level] += 1
        for deeper in [key for key in self.counters if key[0] == list_id and key[1] > level]:
            del self.counters[deeper]
        return f"{indent}{self.counters[list_id, level]}. "

    def text(self, element: Any, depth: int = 0) -> str:
        """What is shown of an element: no deleted text, no field codes, nothing hidden."""
        parts: list[str] = []
        for child in element:
            if child.tag in _NOT_SHOWN or depth > _DEEPEST:
                continue
            if child.tag == f"{_W}t":
                parts.append(child.text or "")
            elif child.tag in (f"{_W}tab", f"{_W}br", f"{_W}cr"):
                parts.append(" " if child.tag == f"{_W}tab" or child.get(f"{_W}type") == "page" else "\v")
            elif child.tag == f"{_W}noBreakHyphen":
                parts.append("-")
            elif child.tag == f"{_W}hyperlink":
                parts.append(self._link(child, depth))
            elif not (child.tag == f"{_W}r" and _is_hidden(child)):
                parts.append(self.text(child, depth + 1))
        return "".join(parts)

    def _link(self, element: Any, depth: int) -> str:
        shown, address = self.text(element, depth + 1), self.links.get(str(element.get(f"{_R}id")), "")
        plain = address.removeprefix("mailto:").rstrip("/")
        is_safe = address.startswith(("http://", "https://", "mailto:", "tel:")) and not re.search(r"[\s()<>]", address)
        if not is_safe or not shown.strip() or plain in shown or shown.strip() in plain.split("://"):
            return shown
        return f"[{shown.replace('[', '(').replace(']', ')')}]({address})"

    def table(self, element: Any, place: str) -> None:
        rows = [self._cells(row) for row in element.iter(f"{_W}tr") if _table_of(row) is element]
        rows = [row for row in rows if any(row)] or [[]]
        if is_header(rows[0]):
            taken = tuple(Row(tuple(row), f"{place}, row {n}") for n, row in enumerate(rows[1:], start=2))
            self.tables.append(Table(f"{self.path}#table-{self.n_tables}", tuple(rows[0]), taken))
            return
        width = max(map(len, rows))
        if width < 2 or len(rows) < 2:  # a frame around text
            for cell in (cell for row in rows for cell in row if cell):
                self.add([part for part in cell.split("\n") if part], f"{place}, row 1")
            return
        self.was_item = False
        self.lines.append(("", place))
        for n, row in enumerate(rows, start=1):
            cells = [cell.replace("|", "/").replace("\n", " ") for cell in row] + [""] * (width - len(row))
            self.lines.append(("| " + " | ".join(cells) + " |", f"{place}, row {n}"))
            if n == 1:
                self.lines.append(("|" + "---|" * width, f"{place}, row 1"))

    def _cells(self, row: Any) -> list[str]:
        cells: list[str] = []
        for cell in row.iter(f"{_W}tc"):
            if next((above for above in cell.iterancestors(f"{_W}tr")), None) is not row:
                continue
            paragraphs = (" ".join(self.text(one).replace("\v", "\n").split(" ")) for one in cell.iter(f"{_W}p"))
            span = cell.find(f"{_W}tcPr/{_W}gridSpan")
            wide = str(span.get(f"{_W}val")) if span is not None else "1"
            cells.append("\n".join(filter(None, map(str.strip, paragraphs))))
            cells += [""] * (min(int(wide), 50) - 1 if wide.isdigit() and len(wide) < 4 else 0)
        return cells

    def tidy(self) -> list[tuple[str, str]]:
        lines = self.lines
        while lines and not lines[0][0]:
            lines.pop(0)
        return lines


def _value(element: Any, name: str) -> str:
    child = element.find(f"{_W}{name}")
    return str(child.get(f"{_W}val") or "") if child is not None else ""


def _table_of(row: Any) -> Any:
    return next(row.iterancestors(f"{_W}tbl"), None)


def _is_hidden(run: Any) -> bool:
    hidden = run.find(f"{_W}rPr/{_W}vanish")
    return hidden is not None and hidden.get(f"{_W}val") not in ("0", "false")


def _is_bold(paragraph: Any) -> bool:
    runs = [run for run in paragraph.iter(f"{_W}r") if any((t.text or "").strip() for t in run.iter(f"{_W}t"))]
    return bool(runs) and all(
        (bold := run.find(f"{_W}rPr/{_W}b")) is not None and bold.get(f"{_W}val") not in ("0", "false") for run in runs
    )
