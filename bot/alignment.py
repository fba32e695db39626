"""Where a claim may stand in a passage, and which passage clauses each of its clauses is taken from."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.clauses import Unit
from bot.drafting import Clause
from bot.facts import carries
from bot.items import pseudo
from bot.reading import Reading

ASKED = 0.5  # what a word weighs that only the question has
WINDOW = 3  # sentences in a row that may carry one draft sentence together
PLACES = 3  # how many of the best places are looked at closely
_PER_SENTENCE, _PER_FACT = 0.02, 0.05  # among places of equal support, the shorter one and the one with the facts


@dataclass(frozen=True, slots=True)
class Place:
    """A sentence, up to three in a row, or a table row; `support` is the share of the claim's words that stand here."""

    units: tuple[Unit, ...]
    support: float


def best_places(claim: Unit, reading: Reading, asked: Unit) -> list[Place]:
    """The few places that share most with the claim; of equals, the shorter and the earlier."""
    words = [claim.words & unit.words for unit in reading.units]
    carried = [_carried(claim, unit) for unit in reading.units]
    title = claim.words & reading.title.words, _carried(claim, reading.title)
    ranked = []
    told: dict[tuple[int, int], tuple[frozenset[str], frozenset[int]]] = {}
    for size in range(1, WINDOW + 1):
        for start in range(len(reading.units) - size + 1):
            window = slice(start, start + size)
            found = title[0].union(*words[window]), title[1].union(*carried[window])
            told[start, size] = found
            if found in (told.get((start, size - 1)), told.get((start + 1, size - 1))):
                continue  # a sentence more that tells nothing of it can only hide what speaks against it
            support = _support(claim, *found, asked)
            is_whole = len(found[1]) == len(claim.facts)  # where a fact is missing, the claim is refused
            rank = is_whole + support - _PER_SENTENCE * size + _PER_FACT * len(found[1] - title[1])
            ranked.append((rank, -size, -start, Place(reading.units[window], support)))
    ranked.sort(key=lambda entry: entry[:3], reverse=True)
    return [place for *_, place in ranked[:PLACES]]


def _carried(claim: Unit, unit: Unit) -> frozenset[int]:
    """Which of the claim's facts stand in this unit, by number."""
    return frozenset(n for n, fact in enumerate(claim.facts) if any(carries(stated, fact) for stated in unit.facts))


def _support(claim: Unit, words: frozenset[str], facts: frozenset[int], asked: Unit) -> float:
    """A word the customer brought weighs half when it does not stand here, unless the claim is all echo."""
    given = asked.words if claim.words - asked.words else frozenset[str]()
    missing = claim.words - words
    lost = len(missing - given) + ASKED * len(missing & given)
    found = len(words) + len(facts)
    return found / (found + lost) if found else 0.0


@dataclass(frozen=True, slots=True)
class Case:
    """A claim, the place it may come from, and what else was found and asked."""

    claim: Unit
    place: Place
    reading: Reading
    readings: Sequence[Reading]
    asked: Unit


@dataclass(frozen=True, slots=True)
class Match:
    """A clause of the draft, and the passage clauses its words come from, the fullest first."""

    clause: Clause
    sources: tuple[Clause, ...]
    units: tuple[Unit, ...]


Pool = list[tuple[Clause, Unit]]


def align(claim: Unit, place: Place, reading: Reading) -> list[Match]:
    near = [(source, unit) for unit in place.units if not unit.is_question for source in unit.everything]
    asked = frozenset[str]().union(*(unit.words for unit in place.units if unit.is_question))
    far = [
        (source, unit)
        for unit in reading.units
        if unit not in place.units and not unit.is_question
        for source in unit.everything
    ]
    clauses = [clause for clause in claim.clauses if clause.words or clause.facts]
    return [_match(clause, near, far, reading.title, asked) for clause in clauses]


def _match(clause: Clause, near: Pool, far: Pool, title: Unit, asked: frozenset[str]) -> Match:
    """Greedy cover: the clause that shares most, then those that add words. What is left over may stand further off,
    in a clause that shares two words and says the opposite: then the draft has turned it round."""
    left = set(_wanted(clause)) - _said_of_figures(clause)
    found = _cover(clause, near, left)
    left -= asked  # "Missed a lesson? Make it up …" speaks of missed lessons
    found += _cover(clause, [pair for pair in far if pair[0].is_negative != clause.is_negative], left, least=2)
    sources, units = [source for source, _ in found], [unit for _, unit in found]
    if left & title.words:
        denied = [one for one in title.clauses if one.is_negative and title.is_question and one.words & left]
        sources += denied if found else list(title.clauses)
        units += [] if found else [title]
    return Match(clause, tuple(sources), tuple(dict.fromkeys(units)))


def _said_of_figures(clause: Clause) -> frozenset[str]:
    """ "A day costs £61": a table gives the price alone, and the verb would be looked for where others are."""
    kinds = {fact.dimension for fact in clause.facts} if len(clause.words) > 1 else set()
    return frozenset(
        word for word, kind in (("cost", "money"), ("tak", "duration"), ("last", "duration")) if kind in kinds
    )


def _cover(clause: Clause, pool: Pool, left: set[str], least: int = 1) -> Pool:
    """Takes from `left` what the chosen clauses offer."""
    offers = [(source, unit, _offered(source, clause)) for source, unit in pool]
    offers = [offer for offer in offers if len(offer[2]) >= least]
    chosen: Pool = []
    while left and offers:
        best = max(offers, key=lambda offer: _fit(offer[0], offer[2], clause, left))
        if not best[2] & left:
            break
        left -= best[2]
        chosen.append(best[:2])
        if not clause.is_negative:  # one ideograph is too little to tell a clause by
            left -= {word for word in left if len(word) == 1 and not word.isascii()}
    return chosen


def _fit(source: Clause, offered: frozenset[str], clause: Clause, left: set[str]) -> tuple[int, int, bool, int, int]:
    """New words, words in all, as much denied, the same before and after, little else."""
    is_alike = clause.is_negative and source.is_negative and not clause.text
    return len(offered & left), len(offered), is_alike, len(source.turns & clause.turns), -len(source.words)


def _wanted(clause: Clause) -> frozenset[str]:
    return clause.words.union(pseudo(fact) for fact in clause.facts)


def _offered(source: Clause, clause: Clause) -> frozenset[str]:
    """What of the draft's clause this passage clause has."""
    facts = (pseudo(fact) for fact in clause.facts if any(carries(stated, fact) for stated in source.facts))
    return (clause.words & source.words).union(facts)
