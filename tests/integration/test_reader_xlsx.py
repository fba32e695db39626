import io
import time
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from datetime import time as clock
from typing import Any

import openpyxl
import pytest

from bot import faq_table
from bot.adapters.reader_xlsx import Xlsx
from bot.content import Found, Problem, Table, Unreadable

HEADER = ("question", "answer")


def workbook(*rows: Sequence[object], change: Callable[[Any], object] = lambda book: None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def found(data: bytes) -> list[Found]:
    return list(Xlsx().read("faq.xlsx", data))


def table(data: bytes) -> Table:
    (one,) = (one for one in found(data) if isinstance(one, Table))
    return one


def problems(data: bytes) -> list[str]:
    return [str(one) for one in found(data) if isinstance(one, Problem)]


def test_rows_are_entries_with_their_cells_as_places() -> None:
    parsed = faq_table.parse_table(table(workbook(HEADER, ("How?\nIn what way?", "So."), (), ("Why?", "Thus."))))
    assert [(one.title, one.text, one.phrasings, one.source) for one in parsed.passages] == [
        ("How?", "So.", ("In what way?",), "faq.xlsx:Sheet!A2"), ("Why?", "Thus.", (), "faq.xlsx:Sheet!A4"),
    ]  # fmt: skip


def test_a_header_may_stand_below_empty_rows_and_in_chinese() -> None:
    made = table(workbook((), (), ("编号", "问题", "答案"), (7, "怎么退货？", "联系客服。")))
    assert made.header == ("编号", "问题", "答案")
    assert made.rows[0].cells == ("7", "怎么退货？", "联系客服。")
    assert made.rows[0].place == "faq.xlsx:Sheet!A4"


def _in_per_cent(book: Any) -> None:
    book.active["B2"].number_format = "0%"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (30, "30"), (30.0, "30"), (2.5, "2.5"), (True, "true"), (date(2026, 12, 31), "2026-12-31"),
        (datetime(2026, 12, 31), "2026-12-31"), (datetime(2026, 12, 31, 18, 30), "2026-12-31 18:30"),
        (clock(9, 30), "09:30"), ("'=no formula", "'=no formula"),
    ],
)  # fmt: skip
def test_values_are_written_as_a_person_would(value: object, shown: str) -> None:
    assert table(workbook(HEADER, ("How?", value))).rows[0].cells == ("How?", shown)


def test_per_cent_are_shown_as_such() -> None:
    assert table(workbook(HEADER, ("How?", 0.155), change=_in_per_cent)).rows[0].cells[1] == "15.5%"


def test_a_formula_without_its_value_is_a_problem_with_its_cell() -> None:
    data = workbook(HEADER, ("How?", '="So"&"."'), ("Why?", "Thus."), ('="What"', '="ever"'))
    assert [row.cells for row in table(data).rows] == [("Why?", "Thus.")]
    assert problems(data) == [
        f"faq.xlsx:Sheet!{cell}: this cell holds a formula whose value was never saved: open the file in Excel and save"
        " it; the row is left out" for cell in ("B2", "A4")
    ]  # fmt: skip


def test_a_formula_with_its_value_is_the_value_and_an_error_is_a_problem() -> None:
    data = changed(workbook(HEADER, ("How?", "=1+1"), ("Why?", "Thus.")), "<f>1+1</f><v></v>", "<f>1+1</f><v>2</v>")
    data = changed(data, "<f>1+1</f><v/>", "<f>1+1</f><v>2</v>")
    assert [row.cells for row in table(data).rows] == [("How?", "2"), ("Why?", "Thus.")]
    assert problems(workbook(HEADER, ("How?", "#REF!"), ("Why?", "Thus."))) == [
        "faq.xlsx:Sheet!B2: this cell holds the error #REF!; the row is left out"
    ]


def _more_sheets(book: Any) -> None:
    notes = book.create_sheet("Notes")
    notes.append(["Please do not edit"])
    more = book.create_sheet("More questions")
    for row in (HEADER, ("How?", "Otherwise.")):
        more.append(row)
    hidden = book.create_sheet("Old")
    for row in (HEADER, ("How?", "Formerly.")):
        hidden.append(row)
    hidden.sheet_state = "hidden"
    book.create_sheet("Empty")
    lists = book.create_sheet("Lists")
    lists.append(["yes"])
    lists.sheet_state = "veryHidden"


def test_each_sheet_is_a_table_or_a_problem() -> None:
    data = workbook(HEADER, ("How?", "So."), change=_more_sheets)
    first, second = (one for one in found(data) if isinstance(one, Table))
    assert (first.path, second.path) == ("faq.xlsx", "faq.xlsx#More-questions")
    assert second.rows[0].place == "faq.xlsx:More questions!A2"
    assert problems(data) == [
        "faq.xlsx:Notes!A1: this sheet has no columns question and answer (or 问题 and 答案) in its first row, and is"
        " left out",
        "faq.xlsx:Old: this sheet is hidden, and is left out",
    ]


def changed(data: bytes, old: str, new: str, name: str = "xl/worksheets/sheet1.xml") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as was, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in was.namelist():
            written = was.read(entry)
            archive.writestr(entry, written.replace(old.encode(), new.encode()) if entry == name else written)
    return out.getvalue()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<dimension ref=\"A1:B2\"", "<dimension ref=\"A1:XFD1048576\""),
        ("</sheetData>", '<row r="999999999"><c r="A999999999"><v>1</v></c></row></sheetData>'),
        ("</sheetData>", "".join(f'<row r="{n}"/>' for n in range(3, 400_000)) + "</sheetData>"),
        ("</sheetData>", '<row r="3"><c r="XFD3"><v>1</v></c></row></sheetData>'),
    ],
)  # fmt: skip
def test_a_sheet_is_no_larger_than_what_it_holds(old: str, new: str) -> None:
    started = time.process_time()
    assert [row.cells for row in table(changed(workbook(HEADER, ("How?", "So.")), old, new)).rows][:1] == [
        ("How?", "So.")
    ]
    assert time.process_time() - started < 10


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (workbook(), "all sheets of this workbook are empty"),
        (workbook(HEADER)[:-300], "damaged"),
        (changed(workbook(HEADER), "<workbook", "<!DOCTYPE x><workbook", "xl/workbook.xml"), "declares entities"),
        (changed(workbook(HEADER), "<workbook", "<no", "xl/workbook.xml"), "damaged"),
    ],
)
def test_what_cannot_be_read_is_said_plainly(data: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence):
        found(data)


def test_a_damaged_sheet_is_left_out_and_told() -> None:
    data = changed(workbook(HEADER, ("How?", "So.")), "</sheetData>", "<<<")
    assert problems(data) == ["faq.xlsx:Sheet: this sheet is damaged, and is left out"]
