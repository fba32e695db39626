"""How often would the bot answer, and how often wrongly? The curve of risk against coverage, and where to cut it.

An estimate from a few hundred questions is uncertain, so beside each share of errors stands the bound that the true
one stays under in 95 of 100 such samples (Wilson's, one-sided: Wilson 1927).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

CONFIDENT = 1.645  # standard deviations: 95 %, one-sided
LEEWAY = 0.02  # how far above the promise the truth may lie, and only in 1 sample of 20
LIKELY = 0.5  # an answer less likely right than this helps nobody
WORTH_SHOWING, WINDOW = 1 / 3, 25  # near questions are offered where one offer in three holds the right one
LEVELS = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question: how sure the bot was of its first passage, and of there being an answer at all; what was true."""

    score: float
    known: float
    is_right: bool
    is_near: bool = False  # one of the near questions it would offer is right


@dataclass(frozen=True, slots=True)
class Point:
    """What happens when everything that scores `threshold` or more is answered."""

    threshold: float
    answered: int
    wrong: int
    total: int

    @property
    def coverage(self) -> float:
        return self.answered / self.total if self.total else 0.0

    @property
    def error(self) -> float:
        return self.wrong / self.answered if self.answered else 0.0

    @property
    def bound(self) -> float:
        return upper(self.wrong, self.answered)


def upper(wrong: int, answered: int) -> float:
    """The share of errors stays below this with 95 % confidence. 1 when nothing was answered: nothing is known."""
    if not answered:
        return 1.0
    share, z = wrong / answered, CONFIDENT**2 / answered
    return min(1.0, (share + z / 2 + CONFIDENT * sqrt(share * (1 - share) / answered + z / 4 / answered)) / (1 + z))


def needed(limit: float) -> int:
    """Answered questions, all of them right, below which no one can promise an error of `limit`."""
    ceiling = limit + LEEWAY
    return ceil(CONFIDENT**2 * (1 - ceiling) / ceiling)


def curve(outcomes: Sequence[Outcome]) -> list[Point]:
    """One point for each distinct score, surest first: equal scores stand or fall together."""
    points, wrong = [], 0
    ordered = sorted(outcomes, key=lambda one: -one.score)
    for n, one in enumerate(ordered, start=1):
        wrong += not one.is_right
        if n == len(ordered) or ordered[n].score < one.score:
            points.append(Point(one.score, n, wrong, len(ordered)))
    return points


def chosen(points: Sequence[Point], limit: float) -> Point | None:
    """The point that answers most while it errs no more than `limit`, nor surely could by much more than that.

    What is likelier wrong than right is not answered, however few questions would be of that kind.
    """
    kept = [p for p in points if p.error <= limit and p.bound <= limit + LEEWAY and p.threshold >= LIKELY]
    return max(kept, key=lambda point: point.answered, default=None)


def least_cautious(points: Sequence[Point], level: float) -> Point | None:
    """The point that answers most while it errs no more than `level` on these very questions; promises nothing."""
    return max((p for p in points if p.error <= level), key=lambda point: point.answered, default=None)


def suggest(outcomes: Sequence[Outcome], answer: float) -> float:
    """How sure the bot must be that there is an answer, to offer near questions where it does not give one.

    As far down as WINDOW questions in a row are helped often enough by what they would be offered.
    """
    below = sorted((one for one in outcomes if one.score < answer), key=lambda one: -one.known)
    lowest = answer
    for n in range(min(WINDOW, len(below)), len(below) + 1):
        window = below[max(0, n - WINDOW) : n]
        if window and sum(one.is_near for one in window) >= WORTH_SHOWING * len(window):
            lowest = window[-1].known
    return lowest


def shares(outcomes: Sequence[Outcome], answer: float, offer: float) -> tuple[float, float, float]:
    """Answered, offered near questions, handed off."""
    n = len(outcomes) or 1
    answered = sum(one.score >= answer for one in outcomes)
    offered = sum(one.score < answer and one.known >= offer for one in outcomes)
    return answered / n, offered / n, (len(outcomes) - answered - offered) / n


def more_needed(point: Point, limit: float) -> int:
    """About how many more questions, answered like these, would let one promise `limit`; at least one."""
    n = point.answered
    while upper(round(point.error * n), n) > limit + LEEWAY and n < 1_000_000:
        n += max(1, n // 50)
    return max(1, ceil((n - point.answered) / (point.coverage or 1.0)))
