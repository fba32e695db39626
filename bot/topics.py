"""What it is said of: against a draft that says one for several, or one Chinese topic's words of another."""

import re
from collections.abc import Sequence

from bot import lexicon, synonyms
from bot.alignment import Case, Match
from bot.clauses import Unit
from bot.drafting import Clause
from bot.facts import carries

# ── one of them, where the passage counts several ──

_ONE = re.compile(r"\b(?:one|(?:a|one) single) (?=[a-z])((?:[a-z-]+ ?){1,2})", re.IGNORECASE)
_CLASSIFIERS = "张位名台种项份笔箱款双条本封家人层套步个束件次节瓶桌间"
_CHINESE_ONE = re.compile(rf"(?<![第每同任唯统之十百])一([{_CLASSIFIERS}])")


def one_for_several(case: Case) -> str:
    """ "After one failed attempt" where the passage speaks of two."""
    texts = " ".join(unit.text for unit in case.place.units)
    if case.claim.is_chinese:
        for match in _CHINESE_ONE.finditer(case.claim.text):
            several = re.search(rf"(?:[二两三四五六七八九十]|\d) ?{match[1]}", texts)
            if several and not re.search(f"[一每单任同另首某整]{match[1]}|一[天次]", texts):
                return f"number: {match[0]}"
        return ""
    for match in _ONE.finditer(case.claim.text):
        counted = {synonyms.canonical(word) for word in match[1].lower().split() if word not in lexicon.STOP}
        if counted and _counts_several(counted, case.place.units) and not _has_one(counted, texts):
            return f"number: {match[0].strip()}"
    return ""


def _counts_several(counted: set[str], units: Sequence[Unit]) -> bool:
    return any(
        fact.kind == "number" and fact.value != "1" and not fact.unit and fact.following & counted
        for unit in units
        for fact in unit.facts
    )


def _has_one(counted: set[str], text: str) -> bool:
    found = re.findall(r"\b(?:a|an|one|1|each|every|per|single|any|another) ((?:[a-z-]+ ?){1,2})", text.lower())
    return any(synonyms.canonical(word) in counted for run in found for word in run.split())


# ── a Chinese topic ──


def other_topic(case: Case, aligned: Sequence[Match]) -> str:
    """ "郊区免配送费" out of "市区免配送费，郊区加收18元": it begins with another clause than the rest is from."""
    said = case.claim.said | case.asked.said | case.reading.title.said
    for match in aligned:
        if not match.clause.text or not match.sources or not match.clause.order or not match.sources[0].order:
            continue
        opening, source = match.clause.order[0], match.sources[0]
        if opening in source.words and (other := _borrowed_fact(match, said)):
            return f"spliced: {other}"
        if opening[0] in "#未" or opening in source.words or source.order[0] in said:
            continue
        if any(_opens_otherwise(opening, source, unit) for unit in case.reading.units):
            return f"spliced: {opening}"
    return ""


def _borrowed_fact(match: Match, said: frozenset[str]) -> str:
    """A figure that only a clause about something else has: 节日期间加收18元 out of 郊区加收18元."""
    first, *others = match.sources
    for fact in match.clause.facts:
        if any(carries(stated, fact) for stated in first.facts):
            continue
        having = [one for one in others if any(carries(stated, fact) for stated in one.facts)]
        having = having if not any(_is_led_up_to(one, first, match) for one in having) else []
        if having and all(one.order[0][0] != "#" and not said & set(one.order[:2]) for one in having):
            return fact.shown
    return ""


def _is_led_up_to(clause: Clause, first: Clause, match: Match) -> bool:
    """Do both stand in one sentence?"""
    return any(clause in unit.clauses and first in unit.clauses for unit in match.units)


def _opens_otherwise(opening: str, source: Clause, unit: Unit) -> bool:
    """Does a clause that does not lead up to `source` begin with it?"""
    for clause in unit.clauses:
        if clause is source:
            return any(one.order[:1] == (opening,) for one in unit.clauses if one is not source) and not any(
                one.order[:1] == (opening,) for one in unit.clauses[: unit.clauses.index(source)]
            )
    return any(clause.order[:1] == (opening,) for clause in unit.clauses)
