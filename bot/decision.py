"""Does the first hit answer the query? Signs read off one search, and a small calibrated curve over them.

The signs are few, cheap and between fixed bounds, so that a curve fitted on one shop's questions says something about
another's. The curve is a logistic regression: it gives a probability, not just a score, and it can be read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import exp, isfinite, log1p, sqrt
from typing import Any

from bot.dialogue import Thresholds
from bot.errors import Refused
from bot.knowledge import Hit, Passage
from bot.text import folded_terms

CONSIDERED = 5  # hits: what a conversation fetches, so that an evaluation that fetches more decides alike
LEAD = 0.25  # a lead beyond this says nothing more
NEAR = 0.85  # of the best score: a rival as good as this could as well be meant
PIECES = 20  # nearest ones that vote
SHARPNESS = 0.1  # a piece so much farther off than the nearest one has 1/e of its vote
RIDGE = 1.0  # how many rows' worth of evidence it takes to move a weight by one standard deviation
ROUNDS, SETTLED = 40, 1e-7  # of Newton's method, which settles within ten
FORMAT = 1

SIGNS = (
    "dense",  # cosine of the best piece of the first hit
    "lexical",  # its BM25 share
    "coverage",  # share of the query's topic words that it carries
    "lead",  # over the best hit of another document
    "agrees",  # 1 when no other hit has a higher BM25 share
    "rivals",  # other hits about as good, 0..1
    "missed",  # topic words it lacks, on a log scale
    "support",  # share of the nearest pieces that are its own, near ones counting more
    "length",  # topic words of the query, on a log scale
    "words",  # how near it comes to each topic word, on average
    "weakest",  # and to the one it is farthest from
)

Nearest = Sequence[tuple[str, float]]  # pieces near the query, best first: their passage's id, and the cosine


def signs(query: str, hits: Sequence[Hit], nearest: Nearest = ()) -> dict[str, float]:
    """What one search shows. `query` is what was searched for; only the first CONSIDERED hits are looked at."""
    if not hits:
        return dict.fromkeys(SIGNS, 0.0)
    hits = hits[:CONSIDERED]
    best, rest = hits[0], hits[1:]
    wanted = frozenset(folded_terms(query))
    return {
        "dense": best.dense,
        "lexical": best.lexical,
        "coverage": best.coverage,
        "lead": _lead(hits),
        "agrees": float(0.0 < best.lexical >= max(hit.lexical for hit in hits)),
        "rivals": sum(hit.score >= NEAR * best.score for hit in rest) / (CONSIDERED - 1),
        "missed": log1p(len(wanted - _held(best.passage))),
        "length": log1p(len(wanted)),
        **({"support": _support(best.passage.id, nearest[:PIECES])} if nearest else {}),
        **({"words": best.words, "weakest": best.weakest} if best.words else {}),
    }


@lru_cache(maxsize=2_048)  # cutting a page into words takes longer than all the rest
def _held(passage: Passage) -> frozenset[str]:
    return frozenset(folded_terms("\n".join((passage.title, *passage.phrasings, passage.text))))


def _lead(hits: Sequence[Hit]) -> float:
    """Over the best hit of another document: two passages of one page do not contradict each other."""
    best = hits[0]
    rival = next((hit.score for hit in hits[1:] if hit.passage.document != best.passage.document), best.score)
    return min(max(best.score - rival, 0.0), LEAD)


def _support(passage: str, nearest: Nearest) -> float:
    """A vote among the nearest pieces: do several ways of asking point to this passage, or each to another?"""
    votes = [(owner == passage, exp((cosine - nearest[0][1]) / SHARPNESS)) for owner, cosine in nearest]
    return sum(vote for is_own, vote in votes if is_own) / sum(vote for _, vote in votes) if votes else 0.0


# ── the curve ──


@dataclass(frozen=True, slots=True)
class Curve:
    """A logistic regression over standardised signs; each sign carries its mean, its scale and its weight."""

    terms: Mapping[str, tuple[float, float, float]]
    bias: float

    def probability(self, shown: Mapping[str, float]) -> float:
        """That the first hit answers. A sign the curve knows and the search does not show counts as its mean."""
        total = self.bias
        for name, (mean, scale, weight) in self.terms.items():
            total += weight * (shown.get(name, mean) - mean) / scale
        return logistic(total)


def logistic(x: float) -> float:
    return 1.0 / (1.0 + exp(-x)) if x >= 0 else exp(x) / (1.0 + exp(x))


def by_hand(shown: Mapping[str, float]) -> float:
    """Without any fit: weights rounded from four sets of questions, for an embedder with cosines like MiniLM's.

    Without a cosine (a language the embedder does not read) the lexical share takes its place.
    """
    lexical, coverage, lead = shown["lexical"], shown["coverage"], shown["lead"]
    if shown["dense"] == 0.0:
        return logistic(12.0 * lexical + 1.0 * coverage + 7.0 * lead - 2.2)
    return logistic(11.5 * shown["dense"] + 7.0 * lead + 0.7 * shown["agrees"] + 0.5 * coverage - 7.1)


Labelled = tuple[Mapping[str, float], bool]


def fit(rows: Sequence[Labelled], start: Curve | None = None, ridge: float = RIDGE) -> Curve:
    """The curve that makes these outcomes likeliest, its weights held near those of `start` (or near 0).

    So a shop with a hundred judged questions moves a curve that was fitted on thousands, and does not replace it.
    """
    seen = [name for name in SIGNS if any(shown.get(name) for shown, _ in rows)]
    spread = {name: (*_spread([shown.get(name, 0.0) for shown, _ in rows]), 0.0) for name in seen}
    terms = dict(start.terms) if start else spread
    held = [0.0 if start is None else start.bias, *(weight for _, _, weight in terms.values())]
    matrix = [[1.0, *((shown.get(n, m) - m) / s for n, (m, s, _) in terms.items())] for shown, _ in rows]
    weights = _newton(matrix, [float(is_right) for _, is_right in rows], held, ridge)
    return Curve({name: (m, s, w) for (name, (m, s, _)), w in zip(terms.items(), weights[1:], strict=True)}, weights[0])


def _spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation; a sign that never varies gets the scale 1, and so a weight of nothing."""
    mean = sum(values) / len(values)
    deviation = sqrt(sum((value - mean) ** 2 for value in values) / len(values))
    return mean, deviation if deviation > 1e-9 else 1.0


def _newton(
    matrix: Sequence[Sequence[float]], wanted: Sequence[float], held: Sequence[float], ridge: float
) -> list[float]:
    """Penalised maximum likelihood. The bias is held as well, a hundred times more loosely."""
    pull = [ridge / 100, *([ridge] * (len(held) - 1))]
    weights = list(held)
    for _ in range(ROUNDS):
        slope = [p * (h - w) for p, h, w in zip(pull, held, weights, strict=True)]
        curvature = [[p if i == j else 0.0 for j in range(len(held))] for i, p in enumerate(pull)]
        for row, y in zip(matrix, wanted, strict=True):
            p = logistic(sum(w * x for w, x in zip(weights, row, strict=True)))
            steepness = max(p * (1 - p), 1e-6)
            for i, x in enumerate(row):
                slope[i] += (y - p) * x
                line, bent = curvature[i], steepness * x
                for j in range(i + 1):
                    line[j] += bent * row[j]
        step = _solved(curvature, slope)
        longest = max(map(abs, step))
        shrink = min(1.0, 4.0 / longest) if longest else 1.0  # far from the summit a full step may overshoot
        weights = [w + shrink * s for w, s in zip(weights, step, strict=True)]
        if longest < SETTLED:
            break
    return weights


def _solved(lower: Sequence[Sequence[float]], right: Sequence[float]) -> list[float]:
    """x of A·x = right, for a symmetric positive definite A given by its lower half: Cholesky."""
    n = len(right)
    root = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            rest = lower[i][j] - sum(root[i][k] * root[j][k] for k in range(j))
            root[i][j] = sqrt(max(rest, 1e-12)) if i == j else rest / root[j][j]
    half = list[float]()
    for i in range(n):
        half.append((right[i] - sum(root[i][k] * half[k] for k in range(i))) / root[i][i])
    found = [0.0] * n
    for i in reversed(range(n)):
        found[i] = (half[i] - sum(root[k][i] * found[k] for k in range(i + 1, n))) / root[i][i]
    return found


# ── what is kept with an index ──


@dataclass(frozen=True, slots=True)
class Curves:
    """`right`: the first hit answers. `known`: anything here does, whatever stands first."""

    right: Curve
    known: Curve


@dataclass(frozen=True, slots=True)
class Model:
    """Curves and thresholds for each language that was calibrated, and what they were fitted on."""

    curves: Mapping[str, Curves]
    thresholds: Mapping[str, Thresholds] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)

    def as_mapping(self) -> dict[str, Any]:
        """Only what JSON knows."""
        return {
            "format": FORMAT,
            "curves": {
                language: {"right": _held_curve(pair.right), "known": _held_curve(pair.known)}
                for language, pair in self.curves.items()
            },
            "thresholds": {language: [cut.answer, cut.suggest] for language, cut in self.thresholds.items()},
            "about": dict(self.about),
        }


def model(held: Mapping[str, Any]) -> Model:
    """The inverse of `as_mapping`. Raises Refused for what it did not write."""
    try:
        if held["format"] != FORMAT:
            raise ValueError(held["format"])
        curves = {language: curves_of(pair) for language, pair in held["curves"].items()}
        cuts = {language: Thresholds(*map(_number, cut)) for language, cut in held["thresholds"].items()}
        return Model(curves, cuts, dict(held["about"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise Refused("the calibration kept with the index cannot be read: run `bot calibrate` again") from None


def _held_curve(curve: Curve) -> dict[str, Any]:
    return {"bias": curve.bias, "terms": {name: list(term) for name, term in curve.terms.items()}}


def curves_of(held: Mapping[str, Any]) -> Curves:
    return Curves(_curve(held["right"]), _curve(held["known"]))


def _curve(held: Mapping[str, Any]) -> Curve:
    terms = {}
    for name, (mean, scale, weight) in held["terms"].items():
        if not _number(scale) > 0:
            raise ValueError(name)
        terms[name] = (_number(mean), _number(scale), _number(weight))
    return Curve(terms, _number(held["bias"]))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isfinite(value):
        raise ValueError(value)
    return float(value)
