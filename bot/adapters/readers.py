"""Any file → what is in it. The reader is chosen by what the file holds, by its name only where that cannot tell."""

from collections.abc import Iterator
from dataclasses import replace

from bot.adapters.reader_csv import Csv
from bot.adapters.reader_docx import Docx
from bot.adapters.reader_encoding import beginning
from bot.adapters.reader_html import Html
from bot.adapters.reader_json import Json
from bot.adapters.reader_json_articles import has_html, lines_of_text
from bot.adapters.reader_markdown import Markdown
from bot.adapters.reader_pdf import Pdf
from bot.adapters.reader_refused import looks_like
from bot.adapters.reader_text import PlainText
from bot.adapters.reader_xlsx import Xlsx
from bot.adapters.reader_zip import Zip, is_nested, names_in
from bot.content import COMMAS, CsvFormat, Found, Member, Page, Problem, Reader, Row, Table, Unreadable

READABLE = "Markdown, HTML, plain text, PDF, DOCX, XLSX, CSV, TSV, JSON, JSON Lines, and ZIP archives of these"


def readers(csv_format: CsvFormat = COMMAS) -> tuple[Reader, ...]:
    """In the order they are asked: what begins with a mark of its own first, what anything may be last."""
    return (Pdf(), Docx(), Xlsx(), Zip(), Html(), Json(), Csv(csv_format), Markdown(), PlainText())


def found(path: str, data: bytes, csv_format: CsvFormat = COMMAS) -> Iterator[Found]:
    """What is in the file, in order. Raises Unreadable, saying what it seems to be and what can be read."""
    if not data.strip(b" \t\r\n\0") or not beginning(data, 65536).strip("\ufeff \t\r\n"):
        raise Unreadable("the file is empty", f"{path}:1")
    reader = _reader(path, data, csv_format)
    for one in reader.read(path, data):
        if isinstance(one, Member) and is_nested(one.data):
            yield Problem(one.path, "is an archive within an archive, which is not read; it is left out")
        else:
            yield _clean(one)


def _reader(path: str, data: bytes, csv_format: CsvFormat) -> Reader:
    what = looks_like(path, data, names_in(data) if data[:4] == b"PK\3\4" else frozenset())
    if not what:
        for reader in readers(csv_format):
            if reader.reads(path, data):
                if isinstance(reader, PlainText) and _is_binary(data):
                    break
                return reader
    raise Unreadable(
        f"this is {what}" if what else f"this is of a format that is not read; what can be read: {READABLE}"
    )


def _is_binary(data: bytes) -> bool:
    start = beginning(data)
    odd = sum(character < " " and character not in "\t\n\r\v\f\x1b" for character in start)
    return "\0" in start or 20 * odd > len(start)


def _clean(one: Found) -> Found:
    """No lone surrogates and no NULs: no database stores them, and no page shows them."""
    if isinstance(one, Page):
        fields = {name: _storable(value) for name, value in one.fields.items()}
        return replace(one, path=_storable(one.path), text=_storable(one.text), fields=fields)
    if isinstance(one, Table):
        rows = tuple(Row(tuple(map(_cell, row.cells)), _storable(row.place)) for row in one.rows)
        return replace(one, path=_storable(one.path), header=tuple(map(_storable, one.header)), rows=rows)
    if isinstance(one, Problem):
        return Problem(_storable(one.source), _storable(one.sentence))
    return one


def _cell(text: str) -> str:
    """Tables are exported with HTML in their answers."""
    if has_html(text):
        text = "\n".join(line.text for line in lines_of_text(text))
    return _storable(text)


def _storable(text: str) -> str:
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
