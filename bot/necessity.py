"""What is needed, said in another of three ways: "not … until", "only … once", "must … before".

"Nothing is printed until you approve" and "we print only when you approve" turn no fact round, though one denies and
the other does not.
"""

import re

from bot.alignment import Case
from bot.clauses import Unit

_UNTIL = re.compile(r"\b(?:until|unless|without|before)\b|之前|以前|除非|前(?=不|无法)")
_FIRST = re.compile(r"\b(?:before|first)\b|先|前")
_ONCE = re.compile(r"\b(?:if|when|once|after|with|against|on|upon|provided)\b|后|[时才]|凭")


def is_said_otherwise(case: Case) -> bool:
    """Does one sentence here tie the same things together, in another of the three ways?"""
    mine = _tie(case.claim)
    return mine != "" and any(
        _tie(unit) not in ("", mine) and len(case.claim.words & unit.words) * 4 >= len(case.claim.words) * 3
        for unit in case.place.units
    )


def _tie(unit: Unit) -> str:
    if sum(bool(clause.words) for clause in unit.clauses) > 2:
        return ""
    if any(clause.is_negative for clause in unit.clauses):
        return "denied" if _UNTIL.search(unit.text.lower()) and sum(c.negations for c in unit.clauses) == 1 else ""
    if "only" in unit.marks and not any(clause.shaded for clause in unit.clauses):
        return "only" if _ONCE.search(unit.text.lower()) else ""
    is_duty = any("must" in clause.modes for clause in unit.clauses) and _FIRST.search(unit.text.lower())
    return "must" if is_duty else ""
