"""Excel workbooks → a table for each sheet with the columns question and answer. Values, never formulas."""

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from bot.adapters.reader_zip import names_in, opened, without_doctype
from bot.content import Found, Problem, Row, Table, Unreadable
from bot.faq_table import is_header

_FORMULA = re.compile(rb"<(?:\w{1,20}:)?f[ >/]")
MAX_COLUMNS = 64  # a sheet may claim 16,384 of them for each row
MAX_EMPTY = 10_000  # rows one after the other; below them a sheet is over, whatever it claims
_MOST_ROWS = 1_048_576
NO_HEADER = "this sheet has no columns question and answer (or 问题 and 答案) in its first row, and is left out"


class Xlsx:
    name = "Excel workbook (XLSX)"

    def reads(self, path: str, data: bytes) -> bool:
        return data[:4] == b"PK\3\4" and "xl/workbook.xml" in names_in(data)

    def read(self, path: str, data: bytes) -> Iterator[Found]:
        archive = opened(path, data)
        without_doctype(path, archive)
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
        has_formulas = any(_FORMULA.search(archive.read(name)) for name in sheets)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl remarks on every extension of Excel's that it passes over
            found = _sheets(path, data, has_formulas)
        if not found:
            raise Unreadable("all sheets of this workbook are empty")
        yield from _named_apart(found, path)


def _sheets(path: str, data: bytes, has_formulas: bool) -> list[Found]:
    values = _workbook(data, data_only=True)
    formulas = _workbook(data, data_only=False) if has_formulas else None
    found: list[Found] = []
    for sheet in values.worksheets:
        found += _sheet(path, sheet, formulas[sheet.title] if formulas else None)
    return found


def _named_apart(found: Sequence[Found], path: str) -> Iterator[Found]:
    """The first table is named by its file, the others by their sheets, too: the same may be asked in both."""
    is_first = True
    for one in found:
        if isinstance(one, Table):
            yield replace(one, path=path) if is_first else one
            is_first = False
        else:
            yield one


def _workbook(data: bytes, data_only: bool) -> Any:
    import openpyxl  # 0.4 s, which other files need not wait for

    try:
        return openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=data_only, keep_links=False)
    except (KeyError, ValueError, TypeError, AttributeError, SyntaxError, OSError, IndexError, zipfile.BadZipFile):
        raise Unreadable("the workbook is damaged: open it in a spreadsheet program and save it again") from None


def _sheet(path: str, sheet: Any, formulas: Any) -> list[Found]:
    try:
        return list(_table(f"{path}:{sheet.title}", path, sheet, formulas))
    except (KeyError, ValueError, TypeError, AttributeError, SyntaxError, IndexError, OverflowError):
        return [Problem(f"{path}:{sheet.title}", "this sheet is damaged, and is left out")]


def _table(place: str, path: str, sheet: Any, formulas: Any) -> Iterator[Found]:
    counted = {n: _formulas(cells) for n, cells in _rows(formulas, {})} if formulas is not None else {}
    rows = _rows(sheet, counted)
    n_header, cells = next(rows, (0, ()))
    if not n_header:
        return
    header = [_text(cell) for cell in cells]
    if not is_header(header):
        if sheet.sheet_state == "visible":
            yield Problem(f"{place}!A{n_header}", NO_HEADER)
        return
    if sheet.sheet_state != "visible":
        yield Problem(place, "this sheet is hidden, and is left out")
        return
    while header and not header[-1]:
        header.pop()
    taken: list[Row] = []
    for n, row in rows:
        if wrong := _wrong_with(row[: len(header)], counted.get(n, frozenset())):
            column, sentence = wrong
            yield Problem(f"{place}!{_letter(column)}{n}", f"{sentence}; the row is left out")
        else:
            taken.append(Row(tuple(_text(cell) for cell in row[: len(header)]), f"{place}!A{n}"))
    yield Table(f"{path}#{_named(sheet.title)}", tuple(header), tuple(taken))


def _named(title: str) -> str:
    return re.sub(r"[\s#/\\]+", "-", title.strip())


def _rows(sheet: Any, also: Mapping[int, object]) -> Iterator[tuple[int, Sequence[Any]]]:
    """The rows that hold something, with their numbers; what a sheet claims of its size is not believed."""
    if not hasattr(sheet, "reset_dimensions"):
        return  # a chart
    sheet.reset_dimensions()
    empty = 0
    for n, cells in enumerate(islice(sheet.iter_rows(max_col=MAX_COLUMNS), _MOST_ROWS), start=1):
        if n in also or any(cell.value not in (None, "") for cell in cells):
            empty = 0
            yield n, cells
        elif (empty := empty + 1) > MAX_EMPTY:
            return


def _formulas(cells: Sequence[Any]) -> frozenset[int]:
    return frozenset(n for n, cell in enumerate(cells) if getattr(cell, "data_type", "") == "f")


def _wrong_with(row: Sequence[Any], formulas: frozenset[int]) -> tuple[int, str] | None:
    for n, cell in enumerate(row):
        if getattr(cell, "data_type", "") == "e":
            return n, f"this cell holds the error {cell.value}"
        if n in formulas and cell.value is None:
            return n, "this cell holds a formula whose value was never saved: open the file in Excel and save it"
    return None


def _letter(n: int) -> str:
    return chr(65 + n) if n < 26 else f"{chr(64 + n // 26)}{chr(65 + n % 26)}"


def _text(cell: Any) -> str:
    """As a person would write it: no “.0”, ISO dates, per cent where the sheet shows them."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return _number(value, str(getattr(cell, "number_format", "") or ""))
    if isinstance(value, datetime):
        is_day = (value.hour, value.minute, value.second) == (0, 0, 0)
        return value.date().isoformat() if is_day else value.isoformat(sep=" ", timespec="minutes")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.isoformat(timespec="minutes")
    return str(value) if not isinstance(value, timedelta) else _span(value)


def _number(value: float, shown_as: str) -> str:
    if "%" in shown_as.split(";")[0]:
        return f"{round(value * 100, 6):.6f}".rstrip("0").rstrip(".") + "%"
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return repr(value)


def _span(value: timedelta) -> str:
    hours, seconds = divmod(round(value.total_seconds()), 3600)
    return f"{hours}:{seconds // 60:02}"
