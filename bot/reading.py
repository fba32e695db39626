"""A passage, read once: its title, its sentences, list items and table rows, ready to be compared with."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from bot import synonyms
from bot.anaphora import spelled_out
from bot.clauses import BULLET, Unit, read
from bot.drafting import Clause
from bot.sentences import independent, sentences
from bot.tokens import clean, tokens


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """A passage, read: its title and its units, and the same as one string in which verbatim copies are found."""

    title: Unit
    units: tuple[Unit, ...]
    stretch: str
    vocabulary: frozenset[str]  # every word form and fact, to tell names that do stand here

    def has(self, key: str) -> bool:
        """Does a whole unit read like this, a run of them, or a main clause that stands for itself?"""
        return f"\x1e{key}\x1e" in self.stretch


@lru_cache(maxsize=512)
def read_passage(passage: str) -> Reading:
    heading, _, text = passage.partition("\n")
    if not text.strip():
        heading, text = "", heading
    units = list(_units(text))
    units += [read(line) for line in spelled_out([line for line in sentences(text) if not line.startswith("|")])]
    title = _answered(read(heading), units)
    if heading.rstrip().endswith((".", "!", "。", "！")):
        units.insert(0, title)
    keys = "\x1e".join(unit.key for unit in (title, *units))
    halves = "".join(f"\x1e{read(half).key}\x1e" for unit in units for half in independent(unit.text))
    return Reading(title, tuple(units), f"\x1e{keys}\x1e{halves}", _vocabulary(passage))


_YES_OR_NO = re.compile(
    r"\s*(?:(?P<no>no\b(?!\.\s*\d)|not\b|unfortunately|不|否|没有|无法)|(?P<yes>yes\b|certainly\b|可以|是的|支持|能))",
    re.I,
)


def _answered(title: Unit, units: Sequence[Unit]) -> Unit:
    """A question as title claims nothing, unless the text says no: then it is denied."""
    first = _YES_OR_NO.match(units[0].text) if units else None
    if title.is_question and first is not None and first["no"]:
        return replace(title, clauses=tuple(replace(c, is_negative=True, heads=c.words) for c in title.clauses))
    return title


def _vocabulary(passage: str) -> frozenset[str]:
    found = tokens(clean(passage))
    words = {token.low for token in found if token.kind in ("word", "code", "email", "url")}
    parts = {part for word in words for part in (word, word.replace("-", ""), *word.split("-"))}
    return frozenset(parts | {synonyms.canonical(part) for part in parts})


def _units(text: str) -> Iterator[Unit]:
    header: list[str] = []
    lead: Unit | None = None
    before: Unit | None = None
    for line in sentences(text):
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if all(set(cell) <= set("-: ") for cell in cells):
                continue
            if header:
                yield _row(header, cells, lead)
            else:
                header = cells
                yield read(" ; ".join(cells))
            continue
        header = []
        unit = before = _with_subject(read(line), before)
        is_item = bool(BULLET.match(line))
        yield replace(unit, context=lead.clauses) if is_item and lead is not None else unit
        if line.rstrip().endswith((":", "：")):
            lead = unit
        elif not is_item:
            lead = None


_PRONOUN = re.compile(r"(?:they|it|these|those|this)\b", re.IGNORECASE)


def _with_subject(unit: Unit, before: Unit | None) -> Unit:
    """ "They cannot be exchanged": they are what the sentence before began with."""
    if before is None or not before.clauses or not unit.clauses or not _PRONOUN.match(unit.text):
        return unit
    subject = before.clauses[0].words - before.clauses[0].predicate
    first = unit.clauses[0]
    first = replace(first, words=first.words | subject, near=tuple(near | subject for near in first.near))
    return replace(unit, clauses=(first, *unit.clauses[1:]))


def _row(header: Sequence[str], cells: Sequence[str], lead: Unit | None) -> Unit:
    """Each cell is a clause with its column's header and its row's label."""
    label = read(cells[0])
    clauses = list(label.clauses)
    for n, cell in enumerate(cells[1:], 1):
        column = read(header[n]) if n < len(header) else read("")
        for text in dict.fromkeys((cell, f"{column.text} {cell}", f"{cell} {column.text}")):
            clauses += [_cell(label, column, clause) for clause in read(text).clauses]
    key = " ".join(filter(None, (read(cell).key for cell in cells)))
    return Unit(" | ".join(cells), key, tuple(clauses), context=lead.clauses if lead else ())


def _cell(label: Unit, column: Unit, cell: Clause) -> Clause:
    """Read with the header before it ("Free from" €50) and after it (2-4 "business days")."""
    around = frozenset(label.order) | frozenset(column.order)
    outer = [clause for unit in (label, column) for clause in unit.clauses]
    return replace(
        cell,
        words=cell.words | label.words | column.words,
        facts=cell.facts + column.facts + label.facts,
        near=tuple(near | around for near in cell.near) + tuple(around for _ in column.facts + label.facts),
        certain=cell.certain.union(*(clause.certain for clause in outer)),
        marks=cell.marks.union(*(clause.marks for clause in outer)),
    )
