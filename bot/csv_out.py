"""Rows → CSV that a spreadsheet opens as text, whatever a customer wrote into it.

A cell that begins like a formula gets an apostrophe in front (CWE-1236), and every text is quoted: a spreadsheet that
cuts at semicolons must not find a cell's beginning in the middle of a text.
"""

import csv
import io
import unicodedata
from collections.abc import Iterable, Sequence

BOM = "\ufeff"  # without it Excel takes UTF-8 for something else
FORMULA = frozenset("=+-@＝＋－＠﹢﹣﹦﹫−")  # full-width and small forms are folded by some programs
BREAKS = frozenset("\t\r\n")

Cell = str | int | float | None


def lines(rows: Iterable[Sequence[Cell]]) -> str:
    """Some rows, each ended by CRLF as RFC 4180 has it."""
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_NONNUMERIC).writerows([[guarded(cell) for cell in row] for row in rows])
    return written.getvalue()


def encoded(text: str) -> bytes:
    """UTF-8; half a surrogate pair becomes a question mark instead of the end of the file."""
    return text.encode(errors="replace")


def guarded(cell: Cell) -> Cell:
    """Numbers are what they are; a text is never a formula."""
    return f"'{cell}" if isinstance(cell, str) and is_formula(cell) else cell


def is_formula(text: str) -> bool:
    """Programs skip blanks and unseen characters before they look; a tab or a break starts a cell of its own."""
    for character in text:
        if character in FORMULA or character in BREAKS:
            return True
        if not character.isspace() and unicodedata.category(character) not in ("Cc", "Cf"):
            return False
    return False
