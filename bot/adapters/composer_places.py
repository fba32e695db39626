"""Where the sentences of a prompt's passages stand, token by token, and which of them the reply says."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.prompt import PASSAGE
from bot.sentences import sentences

LIKE = 0.7  # of the words of a reply's first sentence and a passage's, taken together, to be the same sentence

_SECTION = re.compile(re.escape(PASSAGE) + r"(.*?)(?=<\|)", re.S)
_LEAD = re.compile(r"^(?:yes|no)[,.!]\s+", re.I)
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Places:
    """`starts[i]` is the first token of the sentence that token i belongs to, or -1 outside the passages. The reply
    says the sentence of the tokens `first` to before `last`, and repeats its first `exact` tokens one by one."""

    starts: tuple[int, ...]
    first: int = 0
    last: int = 0
    exact: int = 0


def find_places(prompt: str, offsets: Sequence[tuple[int, int]], ids: Sequence[int], reply: str) -> Places:
    """`offsets` are the characters of each token of `prompt`; `ids` are the tokens of prompt and reply together."""
    spans = list(_sentence_spans(prompt))
    answer = _said([prompt[begin:end] for begin, end in spans], reply)
    starts, first, last = _tokens_of(offsets, spans, answer)
    copied = zip(ids[len(offsets) :], ids[first:last], strict=False)
    exact = next((n for n, (one, other) in enumerate(copied) if one != other), last - first)
    return Places(tuple(starts), first, last, min(exact, len(ids) - len(offsets)))


def _sentence_spans(prompt: str) -> Iterator[tuple[int, int]]:
    """Characters of each title and of each sentence below it."""
    for section in _SECTION.finditer(prompt):
        at = section.start(1)
        title, _, body = section[1].partition("\n")
        for piece in (title, *sentences(body)):
            if piece.strip():
                begin = prompt.index(piece, at)
                at = begin + len(piece)
                yield begin, at


def _said(stated: Sequence[str], reply: str) -> int | None:
    """The sentence that the reply's first one repeats."""
    said = sentences(_LEAD.sub("", reply))
    if not said:
        return None
    likeness = [_likeness(said[0], one) for one in stated]
    best = max(likeness, default=0.0)
    return likeness.index(best) if best >= LIKE else None


def _likeness(one: str, other: str) -> float:
    mine, theirs = (Counter(_WORD.findall(text.lower())) for text in (one, other))
    return 2 * (mine & theirs).total() / max(1, mine.total() + theirs.total())


def _tokens_of(
    offsets: Sequence[tuple[int, int]], spans: Sequence[tuple[int, int]], answer: int | None
) -> tuple[list[int], int, int]:
    starts, found, at = [-1] * len(offsets), (0, 0), 0
    for number, (begin, end) in enumerate(spans):
        while at < len(offsets) and offsets[at][1] <= begin:
            at += 1
        first = at
        while at < len(offsets) and offsets[at][0] < end:
            starts[at] = first
            at += 1
        if number == answer:
            found = (first, at)
    return starts, *found
