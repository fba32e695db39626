"""One sentence's beginning with another's end: what a passage says of one thing must not be said of the other."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise

from bot import synonyms
from bot.alignment import Case, Match
from bot.clauses import Unit, read
from bot.drafting import Clause
from bot.items import FACT
from bot.reading import Reading


def spliced(case: Case, aligned: Sequence[Match]) -> str:
    if reason := _crossed(case):
        return reason
    for match in aligned:
        if reason := _joined_wrongly(match.clause, case):
            return reason
    return _other_order(case) or _other_condition(case) or _comma_splice(case, aligned)


_FIRST_THEN = re.compile(
    r"先(?![生前进行锋])(?P<a>.+?)(?:再|然后|之后)(?P<b>.+)|\bfirst\b(?P<c>.+?)\b(?:then|afterwards)\b(?P<d>.+)", re.I
)


def _other_order(case: Case) -> str:
    """ "First A, then B" where the passage has B first."""
    mine = _FIRST_THEN.search(case.claim.text)
    for unit in case.reading.units if mine else ():
        if mine and (theirs := _FIRST_THEN.search(unit.text)):
            one, other = (read((found["a"] or found["c"]).strip()).said for found in (mine, theirs))
            later = read((theirs["b"] or theirs["d"]).strip()).said
            if len(one & later) > len(one & other):
                return f"spliced: {min(one & later)}"
    return ""


# ── two sentences ──


def _joined_wrongly(clause: Clause, case: Case) -> str:
    """Words of a second sentence stand where the first one had its own subject, and neither is told whole."""
    units = _statements(case.reading)
    if len(units) < 2:
        return ""
    everywhere = frozenset[str]().union(*(unit.said for unit in units))
    words = frozenset(clause.order) & everywhere - synonyms.light()
    first = max(units, key=lambda unit: len(words & unit.said))
    missing = words - first.said
    said = frozenset(case.claim.order) | case.reading.title.words
    subject = _subject(first)
    if not missing or not words & first.said or not subject - said - synonyms.light():
        return ""
    for second in units:
        if second is first or not missing <= second.said or not second.said - said:
            continue
        if not _comes_late(missing, clause) or _takes_over(missing, first, second, said):
            return f"spliced: {min(missing)}"
    return ""


@lru_cache(maxsize=512)
def _statements(reading: Reading) -> list[Unit]:
    """Sentences, and the halves that a semicolon makes of one."""
    found: list[Unit] = []
    for part in (part for unit in reading.units if not unit.is_question for part in _halves(unit)):
        if found and _PRONOUN.search(part.text):
            subject = _subject(found[-1])
            part = replace(part, context=(*part.context, Clause(words=subject, order=tuple(subject))))
        found.append(part)
    return found


_PRONOUN = re.compile(r"\b(?:they|them|it|its|this|these|those|their)\b", re.I)


def _halves(unit: Unit) -> Iterator[Unit]:
    places = [0, *(n for n, clause in enumerate(unit.clauses) if n and clause.opens), len(unit.clauses)]
    if len(places) < 3:
        yield unit
        return
    for start, end in pairwise(places):
        yield replace(unit, clauses=unit.clauses[start:end])


def _subject(unit: Unit) -> frozenset[str]:
    """What stands before the first verb that is known as one, or the first words."""
    for clause in unit.clauses:
        if clause.is_subordinate or not clause.order:
            continue
        words = clause.order
        if not words[0].isascii():
            return frozenset(words if len(unit.clauses) > 1 else words[:3])
        verb = next((n for n, word in enumerate(words) if word in clause.predicate), 1)
        return frozenset(words[: max(1, verb)])
    return frozenset()


def _takes_over(missing: frozenset[str], first: Unit, second: Unit, said: frozenset[str]) -> bool:
    """The first sentence's subject with nothing of what it says, and the second one's predicate without its subject."""
    mine, theirs = _predicate(first), _predicate(second)
    is_other = bool(mine and missing & theirs and _subject(second) - said) and not mine & said
    return is_other or (missing <= _subject(second) and len(missing) == len(_subject(second)))


def _predicate(unit: Unit) -> frozenset[str]:
    return frozenset[str]().union(*(clause.predicate for clause in unit.clauses))


def _comes_late(missing: frozenset[str], clause: Clause) -> bool:
    """In the second half of the clause: something added, not what it speaks of."""
    places = [n for n, word in enumerate(clause.order) if word in missing]
    return min(places) * 2 >= len(clause.order)


def _other_condition(case: Case) -> str:
    """ "If A, then B", where the passage says A of something else: no sentence holds as much of both as two do."""
    units = _statements(case.reading)
    everywhere = frozenset[str]().union(*(unit.said for unit in units))
    known = everywhere - synonyms.light() - case.reading.title.words
    clauses = [clause for clause in case.claim.clauses if clause.order]
    for n, clause in enumerate(clauses):
        others = [one for one in (clauses[n + 1 : n + 2] if n == 0 else clauses[n - 1 : n]) if not _is_condition(one)]
        if len(units) < 2 or not _is_condition(clause) or not others:
            continue
        condition, told = frozenset(clause.order) & known, frozenset(others[0].order) & known
        best = sum(max(len(words & unit.said) for unit in units) for words in (condition, told))
        if max(len(condition & words) + len(told & words) for words in _together(units)) < best:
            return f"spliced: {clause.order[0]}"
    return ""


_LEANING = re.compile(
    r"(?:after|before|until) (?:that|this|then)|then|afterwards|otherwise|if not|逾期|此后|之后|否则|届时", re.I
)


def _together(units: Sequence[Unit]) -> Iterator[frozenset[str]]:
    """Each sentence, with the one before where it leans on it: "After that, …"."""
    before = frozenset[str]()
    for unit in units:
        yield unit.said | (before if _LEANING.match(unit.text) else frozenset())
        before = unit.said


def _is_condition(clause: Clause) -> bool:
    return not clause.marks.isdisjoint(("if", "unless", "when")) or clause.text.endswith("的")


def _comma_splice(case: Case, aligned: Sequence[Match]) -> str:
    """A Chinese clause taken from behind a topic that is left out, and put behind another."""
    said = case.claim.said | case.asked.said | case.reading.title.said
    halves = [half for unit in case.reading.units for half in _halves(unit)]
    before: Unit | None = None
    for match in aligned:
        if not match.clause.text or not match.sources:
            continue
        unit = next((one for one in halves if match.sources[0] in one.clauses), None)
        topic = _topic(match.sources[0], unit) if unit is not None else frozenset()
        if before is not None and unit is not before and topic and len(topic & said) * 2 < len(topic):
            return f"spliced: {match.clause.order[0]}"
        before = unit
    return ""


def _topic(clause: Clause, unit: Unit) -> frozenset[str]:
    """What the part of the sentence began with in which `clause` stands."""
    topic = frozenset[str]()
    for n, one in enumerate(unit.clauses):
        if n == 0 or one.opens:
            topic = frozenset() if one is clause else frozenset(one.order)
        if one is clause:
            return topic
    return frozenset()


# ── within one sentence ──


def _crossed(case: Case) -> str:
    """ "X is required, Y is optional" turned into "X is optional, Y is required": each part takes from both."""
    mine = [chunk - synonyms.light() for clause in case.claim.clauses for chunk in clause.chunks]
    for unit in case.place.units:
        theirs = [chunk for clause in unit.clauses for chunk in clause.chunks]
        for n, one in enumerate(theirs):
            for other in theirs[n + 1 :]:
                mixed = [chunk for chunk in mine if chunk & (one - other) and chunk & (other - one)]
                if _is_half_crossed(case.claim, one, other) or _is_others_figure(case.claim, one, other):
                    return f"spliced: {min(other & case.claim.words)}"
                if len(mixed) > 1 and _exchange(mixed[0], mixed[1], one - other, other - one):
                    return f"spliced: {min(mixed[0] & (other - one))}"
    return ""


def _is_half_crossed(claim: Unit, one: frozenset[str], other: frozenset[str]) -> bool:
    """ "For a side ingredient we credit the whole meal", where $5 is said of it and the meal of the main one."""
    told, further = one - other, other - one
    lost = told - claim.said
    return bool(
        one & other - synonyms.light()
        and told & claim.words
        and further & claim.words
        and any(word.startswith(FACT) for word in lost)
        and further - claim.said
        and not any(word.startswith(FACT) for word in claim.said)
    )


def _is_others_figure(claim: Unit, one: frozenset[str], other: frozenset[str]) -> bool:
    """ "The box for four: 42 元" out of "双人盒+42元、四人盒+70元": one's name with the figure of the other."""
    for own, rival in ((one, other), (other, one)):
        figures = [word for word in (own - rival) & claim.said if word.startswith("#") and " " in word]
        names, theirs = _only_words(own - rival), _only_words(rival - own)
        for figure in figures:
            unit = figure.partition(" ")[2]
            has_own = any(word.endswith(f" {unit}") and word not in claim.said for word in rival if word[0] == "#")
            if has_own and theirs and theirs <= claim.said and names - claim.said:
                return True
    return False


def _only_words(chunk: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in chunk if word[0] != "#" or " " not in word) - synonyms.light()


def _exchange(first: frozenset[str], second: frozenset[str], one: frozenset[str], other: frozenset[str]) -> bool:
    """Nothing is in both, and each takes from either side what the other leaves."""
    return not (first & second & (one | other)) and not (one | other) - first - second - synonyms.light()
