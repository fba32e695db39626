"""Two passages at a time: the same answer twice, one question with two answers, numbers that cannot both be right."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from bot.contradictions import asks_the_same, contradiction
from bot.disagreements import disagreement, is_turned
from bot.knowledge import Passage, script_of
from bot.lint import Finding, finding, plain
from bot.text import folded_terms

SAID_ALIKE, ASKED_ALIKE = 0.9, 0.75  # cosines of texts and questions from which on the words of the texts are compared
WORDED_ALIKE = 0.8  # of the pairs of words of both
WORDS = 8  # a shorter answer ("Yes, in every store.") may well be right twice
LISTED = 5  # passages named in one sentence
_NUMBER = re.compile(r"\d+")
_UNIT = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3400-\u9fff\uf900-\ufaff]+")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Near:
    """Two passages in one language, and how near their questions and their texts are by meaning (0: not near)."""

    one: Passage
    other: Passage
    asked: float = 0.0
    said: float = 0.0

    @property
    def likeness(self) -> float:
        return max(self.asked, self.said)


def pair_findings(
    passages: Sequence[Passage],
    near: Sequence[Near],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[Finding]:
    """`near` are candidates; without any, what is word for word the same is still found."""
    told = set[frozenset[str]]()
    for one in (*_same_questions(passages), *_same_answers(passages)):
        told.add(frozenset(one.passages[:2]))
        yield one
    for n, pair in enumerate(near):
        both = frozenset((pair.one.id, pair.other.id))
        if len(both) == 2 and both not in told and not _is_one_policy(pair.one, pair.other):
            yield from _of_two(pair)
        if n % 64 == 0:
            progress(n, len(near))
    progress(len(near), len(near))


def _is_one_policy(one: Passage, other: Passage) -> bool:
    """Sections of one page are about one matter, and seldom contradict each other."""
    paths = {passage.document.partition("#")[0] for passage in (one, other)}
    return len(paths) == 1 and "policy" in (one.kind, other.kind)


def _of_two(pair: Near) -> Iterator[Finding]:
    one, other = sorted((pair.one, pair.other), key=lambda passage: passage.source)
    if found := disagreement((one.title, one.text), (other.title, other.text), pair.likeness):
        sentence = f"“{found.mine}” in “{one.title}”, and “{found.theirs}” in “{other.title}” ({other.source})"
        yield finding("conflict", one, f"two numbers for the same thing: {sentence}", other)
    elif pair.said >= SAID_ALIKE and pair.asked >= ASKED_ALIKE and _is_worded_alike(one.text, other.text):
        yield finding("near-duplicate", one, f"“{one.title}” says nearly the same as {_named([other])}", other)


def _is_worded_alike(one: str, other: str) -> bool:
    """With other numbers it is another answer."""
    if Counter(_NUMBER.findall(one)) != Counter(_NUMBER.findall(other)):
        return False
    mine, theirs = _pairs(one), _pairs(other)
    return len(mine & theirs) >= WORDED_ALIKE * len(mine | theirs) > 0


def _pairs(text: str) -> frozenset[tuple[str, str]]:
    return frozenset(pairwise(_UNIT.findall(plain(text))))


# ── word for word ──


def _same_answers(passages: Sequence[Passage]) -> Iterator[Finding]:
    """Of the same file and question it is a long section, cut in pieces."""
    for group in _grouped((plain(passage.text), passage) for passage in passages):
        first, *rest = group
        rest = [other for other in rest if other.document != first.document]
        if rest and len(_UNIT.findall(first.text)) >= WORDS:
            yield finding("duplicate", first, f"“{first.title}” has word for word the answer of {_named(rest)}", *rest)


def _same_questions(passages: Sequence[Passage]) -> Iterator[Finding]:
    told = set[frozenset[str]]()
    asked = [(question, passage) for passage in passages if passage.kind == "faq" for question in _ways(passage)]
    for group in _grouped(((_key(question, passage), (question, passage)) for question, passage in asked)):
        (question, first), *rest = group
        others = [
            other
            for way, other in rest
            if other.document != first.document and asks_the_same(question, way) and not is_turned(question, way)
        ]
        for other in dict.fromkeys(others):
            both = frozenset((first.id, other.id))
            if both in told or plain(first.text) == plain(other.text):
                continue
            told.add(both)
            yield _asked_twice(question, first, other)


def _asked_twice(question: str, first: Passage, other: Passage) -> Finding:
    why = contradiction((first.title, first.text), (other.title, other.text), is_near=True)
    if why:
        sentence = f"“{question}” is answered twice, and not alike: see {_named([other])}. {why}"
        return finding("conflict", first, sentence, other)
    return finding("same-question", first, f"“{question}” has another answer in {_named([other])}", other)


def _ways(passage: Passage) -> tuple[str, ...]:
    return tuple(dict.fromkeys((passage.title, *passage.phrasings)))


def question_keys(passage: Passage) -> set[Hashable]:
    """Two FAQs that are asked word for word alike share one of these."""
    keys = {_key(question, passage) for question in _ways(passage)} if passage.kind == "faq" else set()
    return keys - {None}


def _key(question: str, passage: Passage) -> Hashable:
    terms = frozenset(folded_terms(question))
    return (script_of(passage.language), terms) if terms else None


def _grouped(keyed: Iterable[tuple[Hashable, T]]) -> Iterator[list[T]]:
    """What has one key, where several have it; None and "" are no key."""
    groups: dict[Hashable, list[T]] = defaultdict(list)
    for key, value in keyed:
        if key:
            groups[key].append(value)
    return (group for group in groups.values() if len(group) > 1)


def _named(passages: Sequence[Passage]) -> str:
    shown = ", ".join(f"“{passage.title}” ({passage.source})" for passage in passages[:LISTED])
    return shown + f" and {len(passages) - LISTED} more" * (len(passages) > LISTED)
