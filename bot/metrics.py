"""Figures of merit for retrieval, answering and phrasing: plain numbers in, plain numbers out."""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import mean, median, pstdev


def _top(ranked: Sequence[str], k: int) -> list[str]:
    """The first k ids; an id found twice counts where it stood first."""
    return list(dict.fromkeys(ranked))[:k]


def hit_at(ranked: Sequence[str], relevant: Mapping[str, int], k: int) -> float:
    return float(any(id in relevant for id in _top(ranked, k)))


def reciprocal_rank(ranked: Sequence[str], relevant: Mapping[str, int], k: int = 10) -> float:
    return next((1 / n for n, id in enumerate(_top(ranked, k), start=1) if id in relevant), 0.0)


def recall_at(ranked: Sequence[str], relevant: Mapping[str, int], k: int = 10) -> float:
    return sum(id in relevant for id in _top(ranked, k)) / len(relevant) if relevant else 0.0


def ndcg(ranked: Sequence[str], relevant: Mapping[str, int], k: int = 10) -> float:
    """Järvelin & Kekäläinen 2002, with the gain itself (not 2^gain − 1), as BEIR's trec_eval computes it."""
    gained = sum(relevant.get(id, 0) / math.log2(n + 1) for n, id in enumerate(_top(ranked, k), start=1))
    best = sorted(relevant.values(), reverse=True)[:k]
    ideal = sum(gain / math.log2(n + 1) for n, gain in enumerate(best, start=1))
    return gained / ideal if ideal else 0.0


def auroc(positive: Sequence[float], negative: Sequence[float]) -> float | None:
    """How often a positive scores above a negative (ties count half): Mann–Whitney U over n·m, by ranks."""
    if not positive or not negative:
        return None
    ordered = sorted([(score, True) for score in positive] + [(score, False) for score in negative])
    rank_sum, start = 0.0, 0
    while start < len(ordered):
        end = start
        while end < len(ordered) and ordered[end][0] == ordered[start][0]:
            end += 1
        middle = (start + end + 1) / 2  # the mean rank of a tie, ranks from 1
        rank_sum += middle * sum(is_positive for _, is_positive in ordered[start:end])
        start = end
    n = len(positive)
    return (rank_sum - n * (n + 1) / 2) / (n * len(negative))


def recall_at_false(positive: Sequence[float], negative: Sequence[float], share: float) -> float:
    """Share of the positive that score above a threshold which at most this share of the negative reaches."""
    ordered = sorted(negative, reverse=True)
    allowed = int(share * len(ordered) + 1e-9)
    if not positive:
        return 0.0
    return sum(score > ordered[allowed] for score in positive) / len(positive) if allowed < len(ordered) else 1.0


def spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean and standard deviation; 1 for values that do not vary, so that dividing by it does no harm."""
    deviation = pstdev(values)
    return mean(values), deviation if deviation > 1e-9 else 1.0


def coverage_at(precision: float, scored: Sequence[tuple[float, bool]]) -> float:
    """The largest share of all queries that could be answered, best scores first, with this share of them right.

    Equal scores stand or fall together: a threshold cannot part them.
    """
    ordered = sorted(scored, reverse=True)
    best = right = 0
    for n, (score, is_right) in enumerate(ordered, start=1):
        right += is_right
        at_edge = n == len(ordered) or ordered[n][0] != score
        if at_edge and right / n >= precision:
            best = n
    return best / len(ordered) if ordered else 0.0


def tokens(text: str) -> list[str]:
    """Lower-case words; a Chinese character is a word."""
    return re.findall(r"[\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3400-\u9fff\uf900-\ufaff]+", text.lower())


def token_f1(said: str, wanted: str) -> float:
    """Rajpurkar et al. 2016: harmonic mean of precision and recall over the bag of tokens."""
    a, b = Counter(tokens(said)), Counter(tokens(wanted))
    shared = sum((a & b).values())
    return 2 * shared / (a.total() + b.total()) if shared else 0.0


def rouge_l(said: str, wanted: str) -> float:
    """Lin 2004: F1 of the longest common subsequence of tokens."""
    a, b = tokens(said), tokens(wanted)
    if not a or not b:
        return 0.0
    row = [0] * (len(b) + 1)
    for x in a:
        diagonal = 0
        for n, y in enumerate(b, start=1):
            diagonal, row[n] = row[n], diagonal + 1 if x == y else max(row[n], row[n - 1])
    return 2 * row[-1] / (len(a) + len(b))


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(round(share * len(ordered), 9)) - 1)] if ordered else 0.0


def average(values: Sequence[float]) -> float:
    return mean(values) if values else 0.0


def middle(values: Sequence[float]) -> float:
    return median(values) if values else 0.0
