"""Do two passages give other numbers for the same thing? Made for few false alarms over a whole knowledge base.

Two passages that lie near often hold other numbers for good reasons: other products, other countries, another step of
the same matter. So a pair of numbers counts only when nobody says it on the other side, when they measure the same,
when their sentences are worded alike, and when neither is about something that the other does not know.
`contradictions` asks the same of one new answer, and more loosely: there a person reads what it says.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot import lexicon
from bot.clauses import Unit
from bot.facts import Fact, carries
from bot.reading import Reading, read_passage
from bot.text import normalised

# Found on the sample shop with one number of a pair changed, and on 2,869 FAQs of 33 hotels that never disagree.
AGREED = 1.05  # what the likeness of the passages and the wording of the sentences add up to
WORDED = 0.2  # the least that two sentences have in common (Dice)
BESIDE = 0.34  # of the words beside the number
PARALLEL, PARALLEL_TITLES = 0.7, 0.6  # worded so much alike, what each has for itself is what they differ in
MOST = 60  # units of a passage that are compared
_NOT_COMPARED = frozenset(
    ("url", "e-mail", "phone", "code", "place", "currency", "rate", "month", "weekday", "date")
)  # fmt: skip
_EXAMPLE = re.compile(r"\b(?:examples?|e\.g|for instance|such as|suppose)\b|例如|比如|举例|譬如", re.I)
_TABLE_HEAD, _TABLE_ROW = " ; ", " | "  # as `reading` writes them
_PHRASAL = re.compile(
    r"\b(check|log|sign|opt|drop|turn|switch|move|trade|clock|book)(?:s|ed|ing)?[- ]?(in|out|up|down|on|off)\b"
)
_NUMBER = re.compile(
    r"\d+(?:[.,:]\d+)*|[一二两三四五六七八九十百]+"
    r"|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|fifteen|twenty|thirty|sixty|ninety)\b",
    re.I,
)

Text = tuple[str, str]  # the question (or title), and what is said


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two numbers as they are written, each with its sentence."""

    mine: str
    theirs: str
    my_sentence: str
    their_sentence: str


@dataclass(frozen=True, slots=True)
class _Stated:
    fact: Fact
    unit: Unit
    beside: frozenset[str]


def has_numbers(text: str) -> bool:
    """Whether another text can disagree with it at all."""
    return bool(_NUMBER.search(text))


def disagreement(mine: Text, theirs: Text, likeness: float) -> Disagreement | None:
    """The first two numbers that cannot both be right. `likeness` is a cosine: of the questions, or of the texts,
    whichever is nearer."""
    numbers, others = set(_NUMBER.findall(mine[1])), set(_NUMBER.findall(theirs[1]))
    if not (numbers - others and others - numbers):  # most pairs end here, long before anything is understood
        return None
    one, other = read_passage("\n".join(mine)), read_passage("\n".join(theirs))
    left = _lonely(other, one)
    for a in _lonely(one, other) if left else ():
        for b in left:
            if _competes(a.fact, b.fact) and _is_worded_alike(a, b, likeness) and not _is_elsewhere(a, b, one, other):
                return Disagreement(a.fact.shown, b.fact.shown, a.unit.text, b.unit.text)
    return None


def _lonely(one: Reading, other: Reading) -> list[_Stated]:
    """The numbers of `one` that nobody says on the other side, titles included."""
    known = [fact for unit in (other.title, *other.units[:MOST]) for fact in unit.facts]
    return [
        stated
        for unit in one.units[:MOST]
        if _is_statement(unit)
        for stated in _stated(unit)
        if not any(_agree(stated.fact, fact) for fact in known)
    ]


def _is_statement(unit: Unit) -> bool:
    return not unit.is_question and _TABLE_HEAD not in unit.text and not _EXAMPLE.search(unit.text)


def _stated(unit: Unit) -> Iterator[_Stated]:
    measures = [measure for measure, _ in {(_measure(fact), fact.value) for fact in unit.facts}]
    for clause in unit.everything:
        for fact, near in zip(clause.facts, clause.near, strict=True):
            is_one_of_a_row = _TABLE_ROW in unit.text and measures.count(_measure(fact)) > 1
            if fact.dimension not in _NOT_COMPARED and not is_one_of_a_row:
                yield _Stated(fact, unit, frozenset(word for word in near if not word.startswith("#")))


def _agree(one: Fact, other: Fact) -> bool:
    return carries(one, other) or carries(other, one) or (one.value, one.unit) == (other.value, other.unit)


def _measure(fact: Fact) -> tuple[str, str]:
    return fact.dimension, fact.unit.removeprefix("business ")


def _competes(one: Fact, other: Fact) -> bool:
    """Of one measure (days and months rarely say the same thing), and not a least here and a most there."""
    if _measure(one) != _measure(other) or {one.bound, other.bound} == {lexicon.UP, lexicon.DOWN}:
        return False
    is_name = one.dimension == "count" and not re.search(r"\d", one.shown + other.shown)  # "Restaurant Two Two"
    return one.dimension != "count" or (bool(one.following & other.following) and not is_name)


def _is_worded_alike(a: _Stated, b: _Stated, likeness: float) -> bool:
    common = a.beside & b.beside
    is_beside = bool(common) and len(common) >= BESIDE * min(len(a.beside), len(b.beside))
    wording = _dice(a.unit.words, b.unit.words)
    return is_beside and wording >= WORDED and wording + likeness >= AGREED


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other) or 1)


# ── about something else ──


def _is_elsewhere(a: _Stated, b: _Stated, one: Reading, other: Reading) -> bool:
    """Another country or product, the next line of a list, a special case of the other, or its opposite."""
    if _places(a, one) != _places(b, other) or _are_opposed(a, b, one, other):
        return True
    known, known_there = _vocabulary(one), _vocabulary(other)
    mine, theirs = a.unit.words - known_there, b.unit.words - known
    titled, titled_there = one.title.words - known_there, other.title.words - known
    if mine & titled or theirs & titled_there:  # what one title is about, and its sentence too
        return True
    is_next_line = bool(mine and theirs) and _dice(a.unit.words, b.unit.words) >= PARALLEL
    is_next_title = bool(titled and titled_there) and _dice(one.title.words, other.title.words) >= PARALLEL_TITLES
    are_named = bool(_names(a, one) - known_there) and bool(_names(b, other) - known)
    return is_next_line or is_next_title or are_named


def _vocabulary(reading: Reading) -> frozenset[str]:
    return reading.title.words.union(*(unit.words for unit in reading.units))


def _names(stated: _Stated, reading: Reading) -> frozenset[str]:
    return frozenset(name.word for name in (*reading.title.names, *stated.unit.names))


def _places(stated: _Stated, reading: Reading) -> frozenset[str]:
    return frozenset(fact.value for fact in (*reading.title.facts, *stated.unit.facts) if fact.kind == "place")


def _are_opposed(a: _Stated, b: _Stated, one: Reading, other: Reading) -> bool:
    """Titles with "inside" and "outside", "domestic" and "international"; "check in" and "check out" anywhere."""
    mine, theirs = _turns(one.title), _turns(other.title)
    if any(pair & mine - theirs and pair & theirs - mine for pair in map(frozenset, lexicon.OPPOSITES)):
        return True
    return is_turned(f"{one.title.text} {a.unit.text}", f"{other.title.text} {b.unit.text}")


def _turns(title: Unit) -> frozenset[str]:
    return title.words.union(*(clause.turns for clause in title.clauses))


def is_turned(mine: str, theirs: str) -> bool:
    """ "Check in" here, "check out" there: words that carry nothing elsewhere, and everything behind some verbs."""
    turned, back = _particles(mine), _particles(theirs)
    return any(verb in back and not back[verb] & particles for verb, particles in turned.items())


def _particles(text: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for verb, particle in _PHRASAL.findall(normalised(text)):
        found.setdefault(verb, set()).add(particle)
    return found
