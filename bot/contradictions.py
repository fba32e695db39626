"""Does a new answer contradict a passage? Pure: two questions with their texts in, a sentence for people out.

A hint for whoever publishes, so it is made for few false alarms: what the fact guard finds carried by the other side,
either way round, agrees. Of the rest, two sentences about the same thing contradict each other when they state other
facts of one kind (30 days, 14 days), or one says yes where the other says no.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bot import grounding, lexicon
from bot.clauses import Unit
from bot.drafting import Clause
from bot.facts import MONEY, Fact, carries
from bot.reading import Reading, read_passage
from bot.text import folded_terms, runs

ABOUT = 0.5  # of the shorter sentence's words, titles included: then two sentences are about the same thing
CLOSE = 0.4  # of all words of both: a negation turns only what it stands by
_NOT_COMPARED = frozenset(("url", "e-mail", "phone", "code", "place", "currency", "rate", "month", "weekday"))
_ASKING = frozenset(("who", "what", "when", "where", "why", "which", "how", "whose"))
_LONGEST = 120  # of a sentence that is shown
Text = tuple[str, str]  # the question (or title), and what is said


def asks_the_same(one: str, other: str) -> bool:
    """Word for word, but for endings, order and the words that carry nothing."""
    return _key(one) == _key(other) and bool(_key(one)[0])


def _key(question: str) -> tuple[frozenset[str], frozenset[str]]:
    return frozenset(folded_terms(question)), _ASKING & set(runs(question))


def contradiction(mine: Text, theirs: Text, *, is_near: bool) -> str:
    """Why the two cannot both be right, or an empty string. `is_near`: the questions lie near by meaning."""
    return next(_contradictions(_side(mine, theirs), _side(theirs, mine), is_near), "")


@dataclass(frozen=True, slots=True)
class _Side:
    reading: Reading
    left: tuple[Unit, ...]  # statements that the other side does not carry
    facts: tuple[Fact, ...]  # all there are


def _side(own: Text, other: Text) -> _Side:
    reading = read_passage("\n".join(own))
    passage = "\n".join(other)
    left = [unit for unit in reading.units if not unit.is_question and not _is_carried(unit, passage, own[0])]
    facts = [fact for unit in (reading.title, *reading.units) for fact in unit.facts]
    return _Side(reading, tuple(left), tuple(facts))


def _is_carried(unit: Unit, passage: str, question: str) -> bool:
    return grounding.check(unit.text, [passage], question).is_carried


def _contradictions(one: _Side, other: _Side, is_near: bool) -> Iterator[str]:
    is_other = _asks_of_others(one.reading.title, other.reading.title)
    is_same = is_near and not is_other
    if is_same:
        yield from _yes_and_no(one, other)
    pairs = [(a, b) for a in one.left for b in other.left]
    for a, b in pairs:
        if is_same or (not is_other and _is_about_the_same(a, b, one, other)):
            yield from _other_facts(a, b, one, other, is_same)
            yield from _free_or_not(a, b, is_same)
    for a, b in pairs:
        if any(_is_opposite(mine, theirs) for mine in a.clauses for theirs in b.clauses):
            yield f"It says “{_short(b)}”; here it is “{_short(a)}”."


def _asks_of_others(one: Unit, other: Unit) -> bool:
    """ "… within the EU", "… outside the EU", "… to Norway": near by meaning, and yet other questions."""
    mine, theirs = _turns(one), _turns(other)
    is_opposed = any(pair & mine - theirs and pair & theirs - mine for pair in map(frozenset, lexicon.OPPOSITES))
    return is_opposed or any(_is_elsewhere(fact, other.facts) for fact in one.facts)


def _turns(question: Unit) -> frozenset[str]:
    return question.words.union(*(clause.turns for clause in question.clauses))


def _is_elsewhere(fact: Fact, others: tuple[Fact, ...]) -> bool:
    rivals = [other for other in others if other.dimension == fact.dimension]
    return bool(rivals) and not any(_agree(fact, rival) for rival in rivals)


def _short(unit: Unit) -> str:
    return unit.text if len(unit.text) <= _LONGEST else unit.text[:_LONGEST].rstrip() + "…"


# ── yes and no ──


def _yes_and_no(one: _Side, other: _Side) -> Iterator[str]:
    mine, theirs = _answer(one.reading), _answer(other.reading)
    if mine is not None and theirs is not None and mine != theirs:
        yield f"It answers {'yes' if theirs else 'no'}; here it is {'yes' if mine else 'no'}."


def _answer(reading: Reading) -> bool | None:
    """As its first word says, or, to a question that wants yes or no, its first sentence."""
    if not reading.units or reading.units[0].answer is not None:
        return reading.units[0].answer if reading.units else None
    first = reading.units[0]
    if not reading.title.is_question or _ASKING & set(runs(reading.title.text)) or not first.clauses:
        return None
    asked = reading.title.words
    return not first.clauses[0].is_negative if _share(asked, first.clauses[0].words) >= ABOUT else None


# ── facts ──


def _other_facts(a: Unit, b: Unit, one: _Side, other: _Side, is_same: bool) -> Iterator[str]:
    for mine, about in _stated(a, other.facts):
        for theirs, about_theirs in _stated(b, one.facts):
            if _competes(mine, theirs) and (is_same or _is_said_alike(about, about_theirs, one, other)):
                yield f"It says {theirs.shown}; here it is {mine.shown}."


def _stated(unit: Unit, known: tuple[Fact, ...]) -> Iterator[tuple[Fact, frozenset[str]]]:
    """The facts nobody says on the other side, each with the words of its clause."""
    for clause in unit.everything:
        for fact in clause.facts:
            if fact.dimension not in _NOT_COMPARED and not any(_agree(fact, stated) for stated in known):
                yield fact, clause.words


def _agree(one: Fact, other: Fact) -> bool:
    return carries(one, other) or carries(other, one) or (one.value, one.unit) == (other.value, other.unit)


def _competes(one: Fact, other: Fact) -> bool:
    is_counted_alike = one.dimension != "count" or bool(one.following & other.following)
    return one.dimension == other.dimension and is_counted_alike


def _is_said_alike(mine: frozenset[str], theirs: frozenset[str], one: _Side, other: _Side) -> bool:
    """Words of the clause alone, or fewer of them between two titles that have as much in common."""
    titles = one.reading.title.words & other.reading.title.words
    return _is_alike(mine, theirs) or (bool(mine & theirs) and _share(mine, theirs) >= ABOUT and len(titles) >= 2)


def _is_alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= 2 and _share(one, other) >= ABOUT


def _is_about_the_same(a: Unit, b: Unit, one: _Side, other: _Side) -> bool:
    mine, theirs = a.words | one.reading.title.words, b.words | other.reading.title.words
    return _share(mine, theirs) >= ABOUT and bool(a.words & b.words)


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / (min(len(one), len(other)) or 1)


def _free_or_not(a: Unit, b: Unit, is_same: bool) -> Iterator[str]:
    """Free for everybody here, and for a price there."""
    if not is_same and not _is_alike(a.words, b.words):
        return
    for free, paid, says in ((a, b, "It says {}; here it is free."), (b, a, "It says free; here it is {}.")):
        prices = [fact.shown for fact in paid.facts if fact.unit in MONEY and fact.value != "0"]
        is_free = "free" in free.certain and not free.marks and not any(fact.unit in MONEY for fact in free.facts)
        if is_free and prices and "free" not in paid.certain:
            yield says.format(prices[0])


# ── the opposite ──


def _is_opposite(mine: Clause, theirs: Clause) -> bool:
    if mine.is_negative == theirs.is_negative:
        return False
    negative = mine if mine.is_negative else theirs
    common = mine.words & theirs.words
    is_close = len(common) >= 2 and len(common) >= CLOSE * len(mine.words | theirs.words)
    return is_close and bool((negative.heads or negative.words) & common)
