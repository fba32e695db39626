"""FAQ tables → passages: one row, one entry. What the columns are called, in English and Chinese."""

from collections.abc import Mapping, Sequence

from bot import fields
from bot.content import Problem, Row, Table
from bot.faq import Anchors, Entry, Parsed, entry
from bot.invisible import counted, without_invisible

QUESTION, ANSWER = "question", "answer"
QUESTIONS = frozenset({"question", "questions", "q", "问题", "标准问题", "标准问", "提问"})
ANSWERS = frozenset({"answer", "a", "reply", "答案", "回答", "标准答案", "回复"})


def column(written: str) -> str:
    """What a column holds: question, answer, a field, or something that is passed over."""
    name = written.strip().lstrip("\ufeff").lower()
    if name in QUESTIONS:
        return QUESTION
    return ANSWER if name in ANSWERS else fields.name_of(name)


def is_header(cells: Sequence[str]) -> bool:
    return {QUESTION, ANSWER} <= {column(cell) for cell in cells}


def parse_table(table: Table) -> Parsed:
    """The question cell may hold several phrasings, one a line; the first is the question."""
    header = [column(cell) for cell in table.header]
    if not {QUESTION, ANSWER} <= set(header):
        found = ", ".join(cell.strip() for cell in table.header)
        sentence = f"a header with the columns question and answer (or 问题 and 答案) is needed; found: {found}"
        return Parsed(problems=(Problem(f"{table.path}:1", sentence),), is_unread=True)
    anchors = Anchors(table.path)
    entries: list[Entry] = []
    problems, notes = list[Problem](), list[Problem]()
    seen: dict[tuple[str, str], str] = {}
    for row in table.rows:
        cells = _cells(row, header, notes)
        if not any(cells.values()):
            continue
        try:
            entries += _entry(row, cells, len(header), anchors, seen)
        except ValueError as error:
            problems.append(Problem(row.place, str(error)))
    documents, passages = tuple(one.document for one in entries), tuple(one.passage for one in entries)
    return Parsed(documents, passages, tuple(problems), tuple(notes))


def _cells(row: Row, header: Sequence[str], notes: list[Problem]) -> dict[str, str]:
    """By column; of two columns with one name the first that is filled."""
    cells: dict[str, str] = {}
    for name, cell in zip(header, row.cells, strict=False):
        clean, removed = without_invisible(cell)
        if removed:
            notes.append(Problem(row.place, "removed " + counted(removed)))
        cells[name] = cells.get(name) or clean.strip()
    return cells


def _entry(
    row: Row, cells: Mapping[str, str], width: int, anchors: Anchors, seen: dict[tuple[str, str], str]
) -> list[Entry]:
    """None for a row that is switched off. Raises ValueError with what is wrong."""
    filled = len(row.cells)
    while filled > width and not row.cells[filled - 1].strip():  # spreadsheets pad rows with empty cells
        filled -= 1
    if filled > width:
        raise ValueError(f"{filled} cells, but the header has {width}: is a comma inside a cell not quoted?")
    for name in (QUESTION, ANSWER):
        if not cells.get(name):
            raise ValueError(f"the {name} is missing")
    own = fields.fields({name: value for name, value in cells.items() if name not in (QUESTION, ANSWER)})
    asked = [line.strip() for line in cells[QUESTION].splitlines() if line.strip()]
    same = asked[0].casefold(), cells[ANSWER]
    if first := seen.get(same):
        raise ValueError(f"the same question and answer as in {first}; this row is left out")
    seen[same] = row.place
    if not own.is_enabled:
        return []
    return [entry(anchors.take(asked[0]), asked[0], cells[ANSWER], own, row.place, asked[1:])]
