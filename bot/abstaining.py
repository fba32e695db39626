"""Which signs tell a question that cannot be answered, and how well. Pure.

A higher sign says "hand off"; which way each of several points that are told together is found out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

from bot import metrics
from bot.decision import Curve, fit

FALSE_ALARMS = 0.05  # of the answerable questions that may be handed off
FOLDS = 5
LEAST = 2 * FOLDS  # rows of a kind, to part them into folds that say anything
COMBINED = "together"
_CERTAIN = 1e-6

Shown = tuple[Mapping[str, float], bool]  # the signs of one question, and whether nothing answers it


@dataclass(frozen=True, slots=True)
class Told:
    """`recall`: share of the unanswerable that is handed off when at most FALSE_ALARMS of the answerable are."""

    sign: str
    auroc: float | None
    recall: float


def log_odds(probability: float) -> float:
    bounded = min(max(probability, _CERTAIN), 1 - _CERTAIN)
    return log(bounded / (1 - bounded))


def told(rows: Sequence[Shown], groups: Mapping[str, Sequence[str]] | None = None) -> list[Told]:
    """Each group of signs (else each sign by itself), and all of them together; nothing for too few rows.

    Signs that not every row has are left out, and so is a group with which nothing is left that was not told before.
    """
    if min(sum(is_none for _, is_none in rows), sum(not is_none for _, is_none in rows)) < LEAST:
        return []
    names = [name for name in rows[0][0] if all(name in signs for signs, _ in rows)]
    groups = groups or {name: (name,) for name in names}
    kept = {group: tuple(name for name in of if name in names) for group, of in (*groups.items(), (COMBINED, names))}
    first = {of: group for group, of in reversed(kept.items()) if of}
    return [_told(group, _scored(rows, of)) for group, of in kept.items() if first.get(of) == group]


def _told(sign: str, scored: Sequence[tuple[float, bool]]) -> Told:
    none = [score for score, is_none in scored if is_none]
    some = [score for score, is_none in scored if not is_none]
    return Told(sign, metrics.auroc(none, some), metrics.recall_at_false(none, some, FALSE_ALARMS))


def _scored(rows: Sequence[Shown], names: Sequence[str]) -> list[tuple[float, bool]]:
    """A single sign as it is. Of several, each row is scored by a curve that was fitted without it and its fold; both
    kinds are in each fold alike."""
    if len(names) == 1:
        return [(signs[names[0]], is_none) for signs, is_none in rows]
    of_kind = {True: 0, False: 0}
    folds = []
    for _, is_none in rows:
        folds.append(of_kind[is_none] % FOLDS)
        of_kind[is_none] += 1
    curves = [
        _fitted([row for row, fold in zip(rows, folds, strict=True) if fold != left], names) for left in range(FOLDS)
    ]
    return [(curves[fold].probability(signs), is_none) for (signs, is_none), fold in zip(rows, folds, strict=True)]


def _fitted(rows: Sequence[Shown], names: Sequence[str]) -> Curve:
    spread = {name: metrics.spread([signs[name] for signs, _ in rows]) for name in names}
    return fit(rows, Curve({name: (mean, deviation, 0.0) for name, (mean, deviation) in spread.items()}, 0.0))
