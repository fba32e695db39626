"""CSV and TSV → a table. Blank lines may stand above the header; every row knows the line it begins on."""

import csv
import io
from collections.abc import Iterator, Sequence

from bot.adapters.reader_encoding import beginning, decoded
from bot.content import COMMAS, CsvFormat, Found, Problem, Row, Table, Unreadable
from bot.faq_table import is_header

_SUFFIXES = (".csv", ".tsv", ".tab")
_DELIMITERS = (",", ";", "\t", "|")
_LOOKED_AT = 20  # rows


class Csv:
    name = "table (CSV, TSV)"

    def __init__(self, csv_format: CsvFormat = COMMAS) -> None:
        self._format = csv_format

    def reads(self, path: str, data: bytes) -> bool:
        if path.lower().endswith(_SUFFIXES):
            return True
        start = beginning(data).lstrip("\r\n\t ,;")
        first = start.split("\n", 1)[0].rstrip("\r")
        return any(is_header(_first_row(first, delimiter)) for delimiter in _DELIMITERS[:3])

    def read(self, path: str, data: bytes) -> Iterator[Found]:
        text = decoded(path, data)
        delimiter = _delimiter(text, self._format)
        rows, problem = _rows(text, path, delimiter)
        if not rows and problem is None:
            raise Unreadable("the file is empty", f"{path}:1")
        header = rows.pop(0).cells if self._format.has_header and rows else ("question", "answer")
        yield Table(path, header, tuple(rows))
        if problem is not None:
            yield problem


def _rows(text: str, path: str, delimiter: str) -> tuple[list[Row], Problem | None]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[Row] = []
    line = 1
    try:
        for cells in reader:
            if rows or any(cell.strip() for cell in cells):
                rows.append(Row(tuple(cells), f"{path}:{line}"))
            line = reader.line_num + 1
    except csv.Error as error:
        sentence = f"this row is not valid CSV ({error}); it and what follows is left"
        return rows, Problem(f"{path}:{line}", sentence)
    return rows, None


def _delimiter(text: str, written: CsvFormat) -> str:
    """As the shop says; else the one whose header we know, or that parts the first rows into most cells."""
    if written.delimiter != COMMAS.delimiter:
        return written.delimiter
    start = text.lstrip("\r\n")[:20_000]
    firsts = {delimiter: _first_row(start, delimiter) for delimiter in _DELIMITERS}
    if written.has_header:
        return next((one for one, row in firsts.items() if is_header(row)), _widest(firsts))
    return max(_DELIMITERS, key=lambda one: _n_pairs(start, one))


def _widest(firsts: dict[str, Sequence[str]]) -> str:
    return max(firsts, key=lambda one: len(firsts[one]))


def _first_row(text: str, delimiter: str) -> Sequence[str]:
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        return next((row for row in rows if any(cell.strip(" ,;|\t") for cell in row)), [])
    except csv.Error:
        return []


def _n_pairs(text: str, delimiter: str) -> int:
    """How many of the first rows are a question and an answer."""
    found = 0
    try:
        for n, row in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)):
            found += len([cell for cell in row if cell.strip()]) >= 2
            if n >= _LOOKED_AT:
                break
    except csv.Error:
        pass
    return found
