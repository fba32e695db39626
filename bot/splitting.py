"""Sections in passages: cut between blocks, then sentences, then words, so that each is about one thing."""

import re
from collections.abc import Iterator, Sequence

from bot import markdown

PASSAGE_WORDS = 120
_RULE = re.compile(r"\s*([-*_])(?:\s*\1){2,}\s*")  # a line across the page: it says nothing
_WORD = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|[^\s\u3400-\u9fff\uf900-\ufaff]+")


def split(lines: Sequence[str], most: int = PASSAGE_WORDS) -> Iterator[str]:
    """A section in passages of at most `most` words, cut between blocks; a table stays whole, however long."""
    held: list[str] = []
    used = 0.0
    for block in markdown.blocks(lines):
        if _RULE.fullmatch(block):
            continue
        for part in [block] if markdown.is_table(block) else _fitting(block, most):
            weight = _load(part)
            if held and used + weight > most:
                yield _joined(held)
                held, used = [], 0.0
            held.append(part)
            used += weight
    if held:
        yield _joined(held)


def _joined(blocks: Sequence[str]) -> str:
    """Blocks as they were written: list items on following lines, anything else apart."""
    text = ""
    for block in blocks:
        is_item = re.match(r"^\s{0,3}(?:[-*+]|\d+[.)])\s+", block)
        text += ("\n" if is_item and text else "\n\n" if text else "") + block
    return text


def _fitting(block: str, most: int) -> Iterator[str]:
    """A paragraph cut between sentences; a sentence longer than the limit between words."""
    held, used = "", 0.0
    for sentence in re.findall(r".+?(?:[.!?](?=\s)|[。！？]|$)\s*", block, re.S):
        for run in _runs(sentence, most):
            weight = _load(run)
            if held and used + weight > most:
                yield held.strip()
                held, used = "", 0.0
            held += run
            used += weight
    if held.strip():
        yield held.strip()


def _runs(text: str, most: int) -> Iterator[str]:
    """`text` in runs of at most `most` words."""
    start, used = 0, 0.0
    for found in _WORD.finditer(text):
        used += _weight(found[0])
        if used > most:
            yield text[start : found.start()]
            start, used = found.start(), _weight(found[0])
    yield text[start:]


def count_words(text: str) -> int:
    """Words; Chinese has no blanks, and about three characters carry what two English words do."""
    return round(_load(text))


def _load(text: str) -> float:
    return sum(map(_weight, _WORD.findall(text)))


def _weight(token: str) -> float:
    return 0.6 if "\u3400" <= token <= "\u9fff" or "\uf900" <= token <= "\ufaff" else 1.0
