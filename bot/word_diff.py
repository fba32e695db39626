"""Two wordings of one thing, word by word: what stayed, what went, what came. Chinese is compared sign by sign."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Literal

Mark = Literal["same", "gone", "new"]
Run = tuple[Mark, str]

LONGEST = 4_000  # words; beyond that comparing takes too long, and one text stands against the other
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|\w+(?:[.,]\d+)*|\s+|[^\w\s]")


def word_diff(before: str, after: str) -> list[Run]:
    """Runs that make up `before` without the new ones, and `after` without the gone ones."""
    old, new = _WORD.findall(before), _WORD.findall(after)
    if max(len(old), len(new)) > LONGEST:
        return [("same", before)] if before == after else [("gone", before), ("new", after)]
    return list(_runs(old, new))


def _runs(old: list[str], new: list[str]) -> Iterator[Run]:
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            yield "same", "".join(old[a:b])
            continue
        if b > a:
            yield "gone", "".join(old[a:b])
        if d > c:
            yield "new", "".join(new[c:d])
