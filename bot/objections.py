"""What speaks against taking a draft sentence from a place in a passage.

Each objection is a pure function of a Case that returns an empty string, or a code with what offended.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain

from bot import openings, synonyms
from bot.alignment import Case, Match, align
from bot.clauses import Name, Unit
from bot.conditions import condition, promised_more
from bot.deadlines import dropped_factor, dropped_limit, dropped_state, other_beginning
from bot.drafting import Clause
from bot.facts import MONEY, Fact, carries
from bot.items import pseudo
from bot.labels import misquoted
from bot.necessity import is_said_otherwise
from bot.polarity import opposite, turned
from bot.reading import Reading
from bot.roles import other_agent
from bot.rows import other_row
from bot.splices import spliced
from bot.strangers import stranger
from bot.substitutions import other_thing, replaced, slip
from bot.topics import one_for_several, other_topic

ENOUGH = 0.6  # of the content words
ENOUGH_CHINESE = 0.5  # a word of two ideographs that changes spoils up to three pairs
CHARACTERS = 0.6  # what a character in common weighs, where a pair of them weighs 1
ENOUGH_ECHO = 0.75  # when a draft says nothing that the question did not


def objection(case: Case) -> str:
    """The first objection; the cheap ones come first, and only a claim that passes them is aligned."""
    for against in (
        _missing_fact,
        _missing_name,
        misquoted,
        _too_few_words,
        _mixed_up,
        other_row,
        slip,
        replaced,
        stranger,
        one_for_several,
    ):
        if reason := against(case):
            return reason
    aligned = align(case.claim, case.place, case.reading)
    on_the_face: tuple[Callable[[Case, Sequence[Match]], str], ...] = (turned, condition)
    for against_matches in (
        *(() if is_said_otherwise(case) else on_the_face),
        opposite,
        other_thing,
        promised_more,
        other_agent,
        other_beginning,
        dropped_factor,
        dropped_limit,
        dropped_state,
        other_topic,
        spliced,
    ):
        if reason := against_matches(case, aligned):
            return reason
    return ""


# ── facts and names ──

_CODES = {"range": "number", "rate": "number", "currency": "name", "place": "name"}


def _missing_fact(case: Case) -> str:
    stated = [fact for unit in (*case.place.units, case.reading.title) for fact in unit.facts]
    for fact in case.claim.facts:
        if not any(carries(one, fact) or _is_minimum(one, fact, case.claim) for one in stated):
            return f"{_CODES.get(fact.kind, fact.kind)}: {fact.shown}"
    return ""


def _is_minimum(stated: Fact, drafted: Fact, claim: Unit) -> bool:
    """ "You must give 14 days' notice" says "at least 14 days": a duty is no ceiling."""
    if drafted.bound or not stated.is_minimum or not carries(replace(stated, bound=""), drafted):
        return False
    clauses = [clause for clause in claim.clauses if drafted in clause.facts]
    return any("must" in clause.modes or clause.agent[0] == "you" for clause in clauses)


def _missing_name(case: Case) -> str:
    for name in case.claim.names:
        is_opening = name.is_opening and _may_open(name)
        if not is_opening and not _stands_in(name, case.reading):
            return f"name: {name.shown}"
    return ""


def _may_open(name: Name) -> bool:
    """A capital that says no more than that a sentence begins: "Probably", "Don't"."""
    low = name.shown.lower()
    return (
        low in openings.STARTS
        or name.word in _openings()
        or "'" in low
        or (
            len(low) > 5
            and (low.endswith(("ly", "ing")) or (low.endswith("s") and not low.endswith(("ss", "us", "is", "as"))))
        )
    )


def _stands_in(name: Name, reading: Reading) -> bool:
    low = name.shown.lower()
    parts = low.split("-")
    return not reading.vocabulary.isdisjoint((low.replace("-", ""), name.word)) or (
        len(parts) > 1 and reading.vocabulary.issuperset(parts)
    )


@lru_cache(maxsize=1)
def _openings() -> frozenset[str]:
    return frozenset(map(synonyms.canonical, openings.STARTS))


def _too_few_words(case: Case) -> str:
    claim, asked = case.claim, case.asked
    enough = ENOUGH_CHINESE if claim.is_chinese else ENOUGH
    if asked.words and claim.words <= asked.words and not claim.facts:
        enough = ENOUGH_ECHO
    is_claimed = any(_shares(claim, unit) for unit in case.place.units if not unit.is_question)
    support = max(case.place.support, _characters_told(case)) if claim.is_chinese else case.place.support
    is_enough = support >= enough and (is_claimed or _names_title(case))
    return "" if is_enough else f"words: {case.place.support:.2f}"


def _characters_told(case: Case) -> float:
    """By the characters of a Chinese claim that stand in the place: told in other words, few pairs of them meet."""
    told = frozenset("".join(form for unit in (*case.place.units, case.reading.title) for form in unit.forms))
    mine = [form for form in case.claim.forms if len(form) == 1 and form not in synonyms.LIGHT_HAN]
    return CHARACTERS * sum(form in told for form in mine) / len(mine) if mine else 0.0


def _shares(claim: Unit, unit: Unit) -> bool:
    return not claim.words.isdisjoint(unit.words) or any(carries(s, f) for s in unit.facts for f in claim.facts)


def _names_title(case: Case) -> bool:
    """ "You'll find more in “Returns and refunds”." claims nothing else."""
    title = case.reading.title
    return bool(title.key) and not title.is_question and title.key in case.claim.key and case.claim.words <= title.words


# ── the right fact for the right thing ──


_NOT_COMPARED = frozenset(("url", "e-mail", "phone", "place", "currency", "rate"))


def _mixed_up(case: Case) -> str:
    """A fact that stands beside other words, while the claim's words stand beside another fact of its kind."""
    found = list(_spots([case.claim]))
    for spot in found:
        # What the draft says of it: its part of the clause, or, when that says next to nothing, its whole clause.
        others = frozenset[str]().union(*(other.near | {pseudo(other.fact)} for other in found if other is not spot))
        context = (spot.near if len(spot.near) > 1 else spot.clause - others) | _told_of(case.claim, spot.fact)
        rest = [other for other in found if other is not spot]
        if spot.fact.dimension not in _NOT_COMPARED and _is_beaten(spot.fact, context, rest, case):
            return f"{_CODES.get(spot.fact.kind, spot.fact.kind)}: {spot.fact.shown}"
    return ""


def _told_of(claim: Unit, fact: Fact) -> frozenset[str]:
    """The countries and the models that it is said of, in whatever part of the sentence they stand."""
    return frozenset(pseudo(one) for one in claim.facts if one.kind in ("place", "code") and one.kind != fact.kind)


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a fact stands: what its part of the clause says, and what was said in the sentence before."""

    fact: Fact
    near: frozenset[str]
    lent: frozenset[str]
    clause: frozenset[str]

    @property
    def whole(self) -> frozenset[str]:
        return self.near | self.lent


def _spots(units: Sequence[Unit]) -> Iterator[_Spot]:
    return chain.from_iterable(map(_unit_spots, units))


@lru_cache(maxsize=4096)
def _unit_spots(unit: Unit) -> tuple[_Spot, ...]:
    found, before = [], frozenset[str]()
    for clause in unit.clauses:
        before = frozenset() if clause.opens and clause.text else before
        for fact, near in zip(clause.facts, clause.near, strict=True):
            word = pseudo(fact)
            earlier = _lent(clause, fact) if word in clause.order else frozenset()
            found.append(_Spot(fact, near - {word}, before.union(earlier), frozenset(clause.order) - {word}))
        is_of_one = any(fact.kind == "code" for fact in clause.facts)  # P1 does not cost what was said of P2
        before |= frozenset(clause.order) - {pseudo(fact) for fact in clause.facts if is_of_one and fact.unit in MONEY}
    return tuple(found)


def _lent(clause: Clause, fact: Fact) -> frozenset[str]:
    """What stands before a fact in its clause: not what another of its kind has behind it, up to the next "and"."""
    place = clause.order.index(pseudo(fact))
    taken = frozenset[str]()
    for other, near in zip(clause.facts, clause.near, strict=True):
        word = pseudo(other)
        if other.dimension == fact.dimension and word in clause.order[:place]:
            taken |= near & frozenset(clause.order[clause.order.index(word) + 1 : place])
    return frozenset(clause.order[:place]) - taken


def _is_beaten(fact: Fact, context: frozenset[str], rest: Sequence["_Spot"], case: Case) -> bool:
    """Nearby, a rival wins that has more words of its own; elsewhere, in any passage, only one that has all of ours."""
    spots = list(_spots(case.place.units))
    mine = [spot for spot in spots if carries(spot.fact, fact)]
    here = [spot for spot in spots if _competes(spot.fact, fact) and fact.kind != "weekday"]
    if fact.kind == "code":  # "rooms A and B … and room C": told one beside another
        here = [spot for spot in here if not any(carries(spot.fact, other.fact) for other in rest)]
    far = [
        spot.near & context for reading in case.readings for spot in _spots(reading.units) if _competes(spot.fact, fact)
    ]
    return bool(mine) and all(
        any(_fits_better(rival, own, context) and not _is_told_too(rival, own, context, rest) for rival in here)
        or any(rival > (own.whole & context) - _PAID for rival in far if len(rival) > 1)
        for own in mine
    )


def _fits_better(rival: _Spot, own: _Spot, context: frozenset[str]) -> bool:
    theirs, ours = rival.whole & context, own.whole & context
    if rival.fact.kind == "code":
        theirs, ours = theirs | (rival.clause & context), ours | (own.clause & context)
    if theirs == ours:
        theirs, ours = rival.near & context, own.near & context
    return _weight(theirs - ours) >= max(1, _weight(ours - theirs))


def _is_told_too(rival: _Spot, own: _Spot, context: frozenset[str], rest: Sequence[_Spot]) -> bool:
    """The draft states the rival as well, and the two are not exchanged."""
    for other in rest:
        if carries(rival.fact, other.fact):
            straight = len(context & own.near) + len(other.near & rival.near)
            return len(context & rival.near) + len(other.near & own.near) <= straight
    return False


_PAID = frozenset(("cost",))
_SPENDING = frozenset(map(synonyms.canonical, ("take", "last", "need", "run")))  # verbs of any period


def _weight(words: frozenset[str]) -> int:
    """A fact tells more than a word."""
    return sum(2 if word.startswith("#") else 1 for word in words - _SPENDING)


def _competes(stated: Fact, drafted: Fact) -> bool:
    is_age = {stated.dimension, drafted.dimension} == {"age", "count"}  # "at least 18", "from the age of 16"
    return (stated.dimension == drafted.dimension or is_age) and not carries(stated, drafted)
