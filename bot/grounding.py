"""The fact guard: is a sentence of a draft carried by a passage?

A sentence passes when one passage has a place (a sentence, up to three in a row, or a table row with its header) that
says it: enough of its words, all of its facts, the same polarity, the same conditions, and no greater promise. No
model is asked. When in doubt it refuses, because the passage itself can always be shown instead; a passage's own
sentences always pass.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from unicodedata import category

from bot import openings
from bot.alignment import Case, best_places
from bot.clauses import Unit, read
from bot.objections import objection
from bot.reading import Reading, read_passage
from bot.sentences import complete_sentences, independent, sentences
from bot.synonyms import LIGHT_HAN
from bot.tokens import CJK_CHARACTER, has_controls

__all__ = ["Verdict", "check", "complete_sentences", "sentences"]

NARROWER = 0.1  # how much less of the words a further place may hold
LONGEST = 400  # words of one sentence; a longer one is no answer, and comparing it takes its square


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is empty when carried, `courtesy` when nothing is claimed, else a code and what offended."""

    sentence: str
    is_carried: bool
    passage: int | None  # the passage that carries it best
    reason: str = ""
    support: float = 0.0  # share of content words carried


@dataclass(frozen=True, slots=True)
class Claim:
    """A draft sentence, read: what it claims once courtesies are off, and whether it began with yes or no."""

    unit: Unit
    whole_key: str
    yes: bool | None = None


def check(sentence: str, passages: Sequence[str], question: str = "") -> Verdict:
    """Is `sentence` carried by one of `passages` (each a title, a line break, a text)?"""
    if has_controls(sentence):
        return Verdict(sentence, False, None, "characters")
    parts = sentences(sentence)
    if len(parts) > 1:
        return _combined(sentence, [check(part, passages, question) for part in parts])
    claim = _claim(sentence)
    if not claim.unit.key and claim.yes is None:
        is_plain = bool(claim.whole_key) or all(c.isspace() or category(c).startswith("P") for c in sentence)
        return Verdict(sentence, is_plain, None, "courtesy" if is_plain else "characters")  # ✘ says no
    asked = read(question)
    readings = [read_passage(passage) for passage in passages]
    judged = [replace(_judge(claim, n, readings, asked), sentence=sentence, passage=n) for n in range(len(readings))]
    nothing = Verdict(sentence, False, None, "words: 0.00")
    fullest = max((verdict.support for verdict in judged), default=0.0)
    near = [verdict for verdict in judged if verdict.support >= fullest - NARROWER]  # as in one passage, so in several
    best = max(near, key=lambda verdict: (verdict.is_carried, verdict.support), default=nothing)
    halves = [] if best.is_carried else independent(sentence)
    told = [check(half, passages, question) for half in halves]
    return _combined(sentence, told) if told and all(one.is_carried for one in told) else best


def _combined(sentence: str, verdicts: Sequence[Verdict]) -> Verdict:
    """Several sentences at once: all must be carried; the first that is not gives the reason."""
    for verdict in verdicts:
        if not verdict.is_carried:
            return replace(verdict, sentence=sentence)
    claims = [verdict for verdict in verdicts if verdict.passage is not None]
    if not claims:
        return Verdict(sentence, True, None, "courtesy")
    return replace(claims[0], sentence=sentence, support=min(verdict.support for verdict in claims))


# ── what the draft claims ──

_STOPS = ",.!?:;–—，。！？、~"


@lru_cache(maxsize=1024)
def _claim(sentence: str) -> Claim:
    """Peel "Happy to help!", "Sure," and "Yes," off the front; what is left must be carried."""
    rest, yes = sentence.strip(), None
    while rest:
        head, tail = _first_piece(rest)
        bare = _bare(head)
        if yes is None and (bare in openings.AFFIRMATIONS or bare in openings.DENIALS):
            yes = bare in openings.AFFIRMATIONS
        elif bare not in openings.COURTESY:
            break
        rest = tail
    return Claim(read(rest if _bare(rest) else ""), read(sentence).key, yes)


def _first_piece(text: str) -> tuple[str, str]:
    """What stands before the first stop, and the rest."""
    end = next((n for n, character in enumerate(text) if character in _STOPS), len(text))
    return text[:end], text[end:].lstrip(f" {_STOPS}")


def _bare(text: str) -> str:
    kept = "".join(c for c in text.replace("’", "'") if c.isalnum() or c in " '%€$£¥")
    return " ".join(kept.lower().split())


# ── one passage ──


def _judge(claim: Claim, n: int, readings: Sequence[Reading], asked: Unit) -> Verdict:
    reading = readings[n]
    if reading.has(claim.whole_key):
        return Verdict("", True, None, "", 1.0)
    if claim.unit.key and reading.has(claim.unit.key):
        same = [unit for unit in reading.units if unit.key == claim.unit.key]
        reason = _answers_otherwise(claim, same, reading, asked)
        return Verdict("", not reason, None, reason, 1.0)
    if not 0 < len(claim.unit.forms) <= LONGEST:
        return Verdict("", False, None, "words: 0.00")
    return _judge_places(claim, reading, readings, asked)


def _judge_places(claim: Claim, reading: Reading, readings: Sequence[Reading], asked: Unit) -> Verdict:
    best = Verdict("", False, None, "words: 0.00")
    for place in best_places(claim.unit, reading, asked):
        if place.support < best.support - NARROWER:
            break  # what is told beyond it stands elsewhere in the passage, and there something spoke against it
        case = Case(claim.unit, place, reading, readings, asked)
        reason = objection(case) or _answers_otherwise(claim, place.units, reading, asked)
        verdict = Verdict("", not reason, None, reason, round(place.support, 4))
        if verdict.is_carried:
            return verdict
        best = max(best, verdict, key=lambda one: one.support)
    return best


def _answers_otherwise(claim: Claim, place: Sequence[Unit], reading: Reading, asked: Unit) -> str:
    """ "Yes," before a denial, "No," before a promise, or either about what the passage does not speak of."""
    if claim.yes is None:
        return ""
    is_contrary = any(unit.answer is (not claim.yes) for unit in place)
    if (
        is_contrary
        or (_is_denied(claim, asked) if claim.yes else not _has_limit(claim))
        or (_is_beside(asked, reading) and not _is_about(claim, asked))
    ):
        return f"certainty: {'yes' if claim.yes else 'no'}"
    return ""


_LIMITED = re.compile(r"but\b|except\b|only\b|不过|但|只是|除了", re.IGNORECASE)


def _is_denied(claim: Claim, asked: Unit) -> bool:
    """ "Yes, … cannot …", where the question did not ask whether it cannot."""
    asks_negatively = any(clause.is_negative for clause in asked.clauses)
    if _LIMITED.match(claim.unit.text) and not claim.unit.clauses[0].words <= asked.words:
        return False  # "Yes, but … cannot …": of something else than what was asked
    return not asks_negatively and any(clause.is_negative for clause in claim.unit.clauses[:1])


def _has_limit(claim: Claim) -> bool:
    clauses = claim.unit.clauses
    return any(one.is_negative or one.marks or one.certain or one.shaded or "must" in one.modes for one in clauses)


def _is_about(claim: Claim, asked: Unit) -> bool:
    """A denial that takes up what was asked."""
    if asked.is_chinese:
        return claim.yes is False and len(_ideographs(claim.unit.words) & _ideographs(asked.words)) >= _ALIKE
    return claim.yes is False and not claim.unit.said.isdisjoint(asked.said)


_ALIKE = 2  # ideographs that a denial and what was asked have in common


def _ideographs(words: Iterable[str]) -> frozenset[str]:
    return frozenset("".join(words)) - LIGHT_HAN


def _is_beside(asked: Unit, reading: Reading) -> bool:
    """Does the passage speak of less than half of what was asked?"""
    about = reading.title.said.union(*(unit.said for unit in reading.units))
    if CJK_CHARACTER.search(asked.text):  # pairs of ideographs seldom meet; the characters do
        wanted = _ideographs(asked.words)
        return len(wanted & _ideographs(about)) * 3 < len(wanted)
    return len(asked.said & about) * 2 < len(asked.said)
