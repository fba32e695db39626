"""Labelled lines and items: what a passage says of one plan, card or room must not be said of another.

"Pebble S: 8 GB, cancel any time" and "Pebble M: 25 GB, 12 months" are rows of a table that nobody drew, and so are the
items of "竹卡（年费0元）、松卡（年费198元）".
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from bot import synonyms
from bot.alignment import Case
from bot.clauses import Unit, read
from bot.reading import Reading

_ITEMS = re.compile(r"[;；]\s*|(?<=[)）])[、,，]\s*(?:and |or |和|或)?")
_LABEL = re.compile(r"\s*(?:[-*•]\s*)?([^\W\d_][^:：(（,，.。;；]{0,30}?)\s*(?P<mark>[:：(（])\s*(?=\S)")
_GENERAL = synonyms.light() | frozenset(map(synonyms.canonical, "cost take last have include need".split()))
Row = tuple[frozenset[str], frozenset[str]]  # the words of its label, and all it says


def other_row(case: Case) -> str:
    """Something of another row, beside the name of one."""
    rows = _rows(case.reading)
    said = case.claim.said
    named = [row for row in rows if row[0] & said]
    if not named or len(named) == len(rows):
        return ""
    told = frozenset[str]().union(*(row[1] for row in named), case.reading.title.said, case.asked.said)
    others = frozenset[str]().union(*(row[1] for row in rows if row not in named))
    elsewhere = _outside(case.reading)
    stray = (said & others) - told - elsewhere - _GENERAL
    return f"spliced: {min(stray)}" if stray else ""


@lru_cache(maxsize=512)
def _rows(reading: Reading) -> list[Row]:
    """Each with what of its label no other label has."""
    found = [(read(label), read(text)) for label, text in _labelled(reading)]
    if len(found) < 2:
        return []
    own = [label.said - frozenset[str]().union(*(other.said for other, _ in found if other is not label))
           for label, _ in found]  # fmt: skip
    return [(words, label.said | text.said) for words, (label, text) in zip(own, found, strict=True)]


def _labelled(reading: Reading) -> Iterator[tuple[str, str]]:
    for unit in reading.units:
        items = [(match, item) for item in _ITEMS.split(unit.text) if (match := _LABEL.match(item))]
        in_brackets = [one for one in items if one[0]["mark"] in "(（"]
        if len(in_brackets) < 2:  # "Shore Road 3 (next to the kiosk)" is no row
            items = [one for one in items if one[0]["mark"] in ":："]
        for match, item in items:
            yield match[1], item


@lru_cache(maxsize=512)
def _outside(reading: Reading) -> frozenset[str]:
    """What is said in sentences without a label."""
    labelled = {label for label, _ in _labelled(reading)}
    free: list[Unit] = [unit for unit in reading.units if not any(label in unit.text for label in labelled)]
    return frozenset[str]().union(*(unit.said for unit in free))
