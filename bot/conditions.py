"""If, only, unless: against a draft that leaves a condition of the passage out, makes one up, or promises more."""

import re
from collections.abc import Sequence

from bot import lexicon, synonyms
from bot.alignment import Case, Match
from bot.clauses import Unit
from bot.drafting import Clause
from bot.facts import carries
from bot.items import FACT

_ADDED = frozenset(("only", "unless", "except", "even"))
_THOUGH = re.compile("(?:没有?|未|不|无)[^，。；,;]{1,8}(?:也可以?|也能|照样|仍可|仍然可)")
_TIMES = frozenset(("when", "otherwise", "even"))  # may be left out; only what they are said of is compared


def condition(case: Case, aligned: Sequence[Match]) -> str:
    """A condition of the passage that the draft leaves out, or one it makes up."""
    units = [unit for match in aligned for unit in match.units]
    for unit in units:
        for clause in unit.clauses:
            if _is_alternative(clause, case, aligned):
                return "condition: otherwise"
            for mark in sorted(clause.marks - case.claim.marks - _TIMES):
                if not _is_settled(mark, clause, unit, case, aligned) and not _is_aside(mark, clause, unit, aligned):
                    return f"condition: {mark}"
    stated = frozenset[str]().union(*(unit.marks | _implied(unit) for unit in units))
    if _THOUGH.search(case.claim.text) and not any(_THOUGH.search(unit.text) for unit in case.reading.units):
        return "condition: even"
    added = (case.claim.marks & _ADDED) - stated
    return f"condition: {min(added)}" if added else ""


def _is_alternative(clause: Clause, case: Case, aligned: Sequence[Match]) -> bool:
    """ "…; otherwise you may cancel" is told without what it is the alternative to."""
    if "otherwise" not in clause.marks or ("may" in clause.modes - {"perhaps"} and not clause.opens):
        return False
    is_said = "otherwise" in case.claim.marks or any(one.is_negative for one in case.claim.clauses)
    return not is_said and any(match.sources[:1] == (clause,) and match.clause.predicate for match in aligned)


def _implied(unit: Unit) -> frozenset[str]:
    """What else says as much: "cannot … if" is "unless"; "excluded" is "except"."""
    if not any(clause.is_negative for clause in unit.everything):
        return frozenset()
    return frozenset(("except", "unless")) if "if" in unit.marks else frozenset(("except",))


def _is_settled(mark: str, clause: Clause, unit: Unit, case: Case, aligned: Sequence[Match]) -> bool:
    """May the draft leave this condition out: does it say it in other words, or take nothing that it governs?"""
    claim = case.claim
    if len(unit.clauses) > 1 and _is_across(clause, unit, aligned):
        return True
    match mark:
        case "if":
            said = frozenset(clause.order) & (claim.said | case.asked.words)
            is_said = len(said) * 2 > len(set(clause.order)) or not claim.marks.isdisjoint(("only", "unless"))
            return is_said or _is_elsewhere(clause, unit, claim) or _governs_nothing(clause, unit, aligned)
        case "except":
            return any(one.is_negative and one.words & clause.words for one in claim.clauses)
        case "only":
            return len(unit.clauses) > 1 and clause.words.isdisjoint(claim.words)
    return False


def _is_across(condition: Clause, unit: Unit, aligned: Sequence[Match]) -> bool:
    """On the other side of a semicolon from all that the draft tells."""
    return any(one.opens for one in unit.clauses) and _governs_nothing(condition, unit, aligned)


def _governs_nothing(condition: Clause, unit: Unit, aligned: Sequence[Match]) -> bool:
    """What the draft tells stands on the other side of a semicolon, or before a Chinese topic (…的，)."""
    groups: list[list[Clause]] = [[]]
    for clause in unit.clauses:
        groups += [[]] if clause.opens else []
        groups[-1].append(clause)
    governed = next((group for group in groups if any(one is condition for one in group)), [])
    if condition.text.endswith("的"):
        governed = governed[next(n for n, one in enumerate(governed) if one is condition) :]
    return not any(source is one for match in aligned for source in match.sources for one in governed)


def _is_aside(mark: str, clause: Clause, unit: Unit, aligned: Sequence[Match]) -> bool:
    """What holds "only …" is said in one clause, and the draft tells what another clause of the sentence says."""
    if mark != "only" or not clause.scope:
        return False
    rest = frozenset[str]().union(*(one.order for one in unit.clauses if one is not clause))
    if len(unit.clauses) > 1 and all(rest.issuperset(match.clause.order) for match in aligned):
        return True
    taken = [match for match in aligned if any(one in unit.clauses and one is not clause for one in match.sources)]
    said = frozenset[str]().union(*(match.clause.order for match in aligned))
    told = frozenset[str]().union(*(match.clause.predicate for match in aligned)) or said
    is_leading = any(match.sources[:1] == (clause,) for match in aligned)
    return (bool(taken) or not is_leading) and (clause.scope.isdisjoint(said) or clause.words.isdisjoint(told))


def _is_elsewhere(clause: Clause, unit: Unit, claim: Unit) -> bool:
    """The condition belongs to the last of several parts ("costs €5 and arrives tomorrow if …"), which is left out."""
    place = unit.clauses.index(clause)
    chunks = unit.clauses[place - 1].chunks if place else ()
    is_figure = any(chunk & claim.said and _has_fact(chunk & claim.said) for chunk in chunks[:-1])
    tail = chunks[-1] if is_figure else unit.clauses[place - 1].tail if place else frozenset[str]()
    return bool(tail) and tail.isdisjoint(claim.order)


def _has_fact(words: frozenset[str]) -> bool:
    return any(word.startswith(FACT) for word in words)


# ── promises ──

_WIDE = frozenset(("any", "all"))


def promised_more(case: Case, aligned: Sequence[Match]) -> str:
    if reason := _any_for_one(case):
        return reason
    for match in aligned:
        if over := _over_certain(match):
            return f"certainty: {min(over)}"
        if "free" in match.clause.certain and (limit := _limit_of_free(case, match)):
            return f"condition: {limit}"
        modes = frozenset[str]().union(*(source.modes for source in match.sources))
        if "must" in match.clause.modes - modes and "may" in modes:
            return "certainty: must"
        if "will" in match.clause.modes - modes and "perhaps" in modes:
            return "certainty: will"
        if match.clause.facts and match.sources and "usual" in match.sources[0].modes - _hedges(case.claim):
            return "certainty: usually"
    return ""


_ANY = re.compile(r"\bany (?:other )?([a-z]{3,})", re.IGNORECASE)


def _any_for_one(case: Case) -> str:
    """ "Any season" where the passage says "the same season"."""
    told = " ".join(unit.text for unit in case.place.units).lower()
    found = (match[1].lower() for match in _ANY.finditer(case.claim.text))
    return next((f"certainty: any {noun}" for noun in found if re.search(rf"\b(?:the same|one) {noun}", told)), "")


def _hedges(claim: Unit) -> frozenset[str]:
    """ "May take" hedges as "usually takes" does."""
    modes = frozenset[str]().union(*(clause.modes for clause in claim.clauses))
    return modes | (frozenset(("usual",)) if modes & {"perhaps", "part"} else frozenset())


def _over_certain(match: Match) -> frozenset[str]:
    """Promises of the clause that its sentences do not make; "any" and "all" are one, and none in "not any"."""
    stated = frozenset[str]().union(*(_certain(unit, match, is_first=n == 0) for n, unit in enumerate(match.units)))
    is_open = match.clause.is_negative or "if" in match.clause.marks
    is_wide = is_open or bool(stated & _WIDE) or any(_is_general(source, match.clause) for source in match.sources)
    return match.clause.certain - stated - (_WIDE if is_wide else frozenset())


def _certain(unit: Unit, match: Match, *, is_first: bool) -> frozenset[str]:
    """What a sentence promises of this: of a further one, only what it says in the same breath as something else."""
    if is_first:
        return unit.certain
    own = match.clause.words - {synonyms.canonical(word) for word in lexicon.CERTAINTY}
    return frozenset[str]().union(*(one.certain for one in unit.everything if one.words & own))


def _is_general(source: Clause, clause: Clause) -> bool:
    """ "Unused remainders lapse" speaks of any of them, once nothing that narrows it down is left out."""
    is_limited = any(
        (fact.bound or fact.unit == "%") and not any(carries(fact, one) for one in clause.facts)
        for fact in source.facts
    )
    return bool(source.words) and source.words <= clause.words and "part" not in source.modes and not is_limited


def _limit_of_free(case: Case, match: Match) -> str:
    """What is free for some is not free for all: "orders over €75", "in our stores"."""
    known = (case.claim, case.asked, case.reading.title)
    words = frozenset[str]().union(*(unit.words for unit in known))
    facts = [fact for unit in known for fact in unit.facts]
    for source in match.sources:
        if "free" not in source.certain or "fre" in source.shaded:
            continue
        for fact in source.facts:
            if fact.bound and not any(carries(fact, one) for one in facts):
                return fact.shown
        here = next((chunk for chunk in source.chunks if "fre" in chunk and len(chunk) > 2), source.words)
        left = (here & source.words) - words - synonyms.light() - lexicon.MORE
        if len(left) * (2 if case.claim.is_chinese else 4) > len(source.words):
            return min(left)
    return ""
