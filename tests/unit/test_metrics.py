import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import metrics

RANKED = ["a", "b", "c", "d"]
scores = st.integers(-3, 3).map(float)  # few values, so that ties are common
ids = st.lists(st.sampled_from("abcdefghijkl"), unique=True, max_size=12)
grades = st.dictionaries(st.sampled_from("abcdefghijkl"), st.integers(1, 3), max_size=8)


def test_ranking_figures_by_hand() -> None:
    relevant = {"b": 1, "d": 1, "x": 1}  # found second and fourth, one not at all
    assert [metrics.hit_at(RANKED, relevant, k) for k in (1, 2, 4)] == [0, 1, 1]
    assert metrics.reciprocal_rank(RANKED, relevant) == 1 / 2
    assert metrics.reciprocal_rank(RANKED, relevant, k=1) == 0
    assert metrics.recall_at(RANKED, relevant) == 2 / 3
    assert metrics.recall_at(RANKED, relevant, k=3) == 1 / 3
    gained, ideal = 1 / math.log2(3) + 1 / math.log2(5), 1 + 1 / math.log2(3) + 1 / math.log2(4)
    assert metrics.ndcg(RANKED, relevant) == pytest.approx(gained / ideal)


def test_ndcg_takes_the_grade_itself_as_the_gain() -> None:
    # (1/1 + 3/log2 3) / (3/1 + 1/log2 3): gains 1 and 3 in the wrong order; 2^gain - 1 would make it 0.71
    expected = (1 + 3 / math.log2(3)) / (3 + 1 / math.log2(3))
    assert metrics.ndcg(["a", "b"], {"a": 1, "b": 3}) == pytest.approx(expected)
    assert metrics.ndcg(["b", "a"], {"a": 1, "b": 3}) == 1


@pytest.mark.parametrize("measure", [metrics.recall_at, metrics.ndcg, metrics.reciprocal_rank])
def test_nothing_found_or_nothing_to_find_is_zero(measure) -> None:  # type: ignore[no-untyped-def]
    assert measure([], {"a": 1}) == 0
    assert measure(["a"], {}) == 0
    assert metrics.hit_at([], {}, 5) == 0


def test_a_document_found_twice_counts_once() -> None:
    twice = ["a", "a", "b"]
    assert metrics.recall_at(twice, {"a": 1}) == 1
    assert metrics.ndcg(twice, {"a": 1, "b": 1}) == 1
    assert metrics.reciprocal_rank(twice, {"b": 1}) == 1 / 2
    assert metrics.hit_at(twice, {"b": 1}, 2) == 1


@given(ids, grades, st.integers(1, 12))
def test_ndcg_is_what_its_definition_says(ranked: list[str], relevant: dict[str, int], k: int) -> None:
    def dcg(gains: list[int]) -> float:
        return sum(gain / math.log2(place + 2) for place, gain in enumerate(gains[:k]))

    best = dcg(sorted(relevant.values(), reverse=True))
    expected = dcg([relevant.get(id, 0) for id in ranked]) / best if best else 0.0
    assert metrics.ndcg(ranked, relevant, k) == pytest.approx(expected)
    assert 0 <= metrics.ndcg(ranked, relevant, k) <= 1 + 1e-12


# ── telling apart ──


def test_auroc_by_hand() -> None:
    assert metrics.auroc([0.9, 0.8], [0.1]) == 1
    assert metrics.auroc([0.1], [0.9]) == 0
    assert metrics.auroc([0.5], [0.5]) == 0.5
    assert metrics.auroc([0.9, 0.4], [0.5, 0.4]) == (1 + 1 + 0 + 0.5) / 4
    assert metrics.auroc([], [1.0]) is None
    assert metrics.auroc([1.0], []) is None


@given(st.lists(scores, min_size=1, max_size=20), st.lists(scores, min_size=1, max_size=20))
def test_auroc_equals_counting_all_pairs(positive: list[float], negative: list[float]) -> None:
    wins = sum(1.0 if p > n else 0.5 if p == n else 0.0 for p, n in product(positive, negative))
    assert metrics.auroc(positive, negative) == pytest.approx(wins / (len(positive) * len(negative)))


def test_coverage_by_hand() -> None:
    scored = [(0.9, True), (0.8, True), (0.7, False), (0.6, True)]
    assert metrics.coverage_at(1.0, scored) == 2 / 4
    assert metrics.coverage_at(0.75, scored) == 1  # three of four are right
    assert metrics.coverage_at(0.9, scored) == 2 / 4
    assert metrics.coverage_at(0.5, []) == 0
    assert metrics.coverage_at(0.5, [(1.0, False)]) == 0


def test_coverage_does_not_part_equal_scores() -> None:
    assert metrics.coverage_at(1.0, [(0.9, True), (0.9, False)]) == 0
    assert metrics.coverage_at(0.5, [(0.9, False), (0.9, True), (0.1, False)]) == 2 / 3


@given(st.lists(st.tuples(scores, st.booleans()), max_size=25), st.sampled_from([0.5, 0.75, 0.9, 0.95, 1.0]))
def test_coverage_equals_trying_every_threshold(scored: list[tuple[float, bool]], precision: float) -> None:
    best = 0
    for threshold in {score for score, _ in scored}:
        answered = [is_right for score, is_right in scored if score >= threshold]
        if sum(answered) / len(answered) >= precision:
            best = max(best, len(answered))
    assert metrics.coverage_at(precision, scored) == (best / len(scored) if scored else 0)


def test_recall_at_a_share_of_false_alarms_by_hand() -> None:
    usual = [n / 100 for n in range(100)]  # 0.00 … 0.99
    assert metrics.recall_at_false([0.935, 0.945, 0.955, 2.0], usual, 0.05) == 3 / 4  # five of the usual lie above 0.94
    assert metrics.recall_at_false([0.94], usual, 0.05) == 0.0  # what is level with the sixth is below
    assert metrics.recall_at_false([0.1], [0.9] * 10, 0.05) == 0.0  # of ten none may be wrong
    assert metrics.recall_at_false([], usual, 0.05) == 0.0
    assert metrics.recall_at_false([0.1], [], 0.05) == 1.0


def test_values_that_do_not_vary_are_spread_by_one() -> None:
    assert metrics.spread([2.0, 4.0]) == (3.0, 1.0)
    assert metrics.spread([3.0, 3.0]) == (3.0, 1.0)


# ── texts ──


def test_tokens_are_words_and_single_chinese_characters() -> None:
    assert metrics.tokens("Ship to Köln, 3-5 days!") == ["ship", "to", "köln", "3", "5", "days"]
    assert metrics.tokens("退货 in 30天") == ["退", "货", "in", "30", "天"]
    assert metrics.tokens("snake_case \x00 …") == ["snake", "case"]


def test_token_f1_by_hand() -> None:
    # 3 shared of 4 said and 5 wanted: 2·3 / (4 + 5)
    assert metrics.token_f1("you have 30 days", "you may have 30 nights") == pytest.approx(6 / 9)
    assert metrics.token_f1("a a a", "a") == pytest.approx(2 * 1 / 4)
    assert metrics.token_f1("", "a") == metrics.token_f1("a", "b") == 0
    assert metrics.token_f1("30天内", "30 天 内") == 1


def test_rouge_l_by_hand() -> None:
    # the longest common subsequence of these is "police … gunman": 2 of 3 and 4
    assert metrics.rouge_l("police kill gunman", "police ended the gunman") == pytest.approx(2 * 2 / 7)
    assert metrics.rouge_l("b a", "a b") == 0.5
    assert metrics.rouge_l("", "a") == metrics.rouge_l("a", "") == 0


words = st.lists(st.sampled_from("abc"), max_size=7)


@given(words, words)
def test_rouge_l_equals_the_recursive_definition(said: list[str], wanted: list[str]) -> None:
    def common(a: list[str], b: list[str]) -> int:
        if not a or not b:
            return 0
        if a[0] == b[0]:
            return 1 + common(a[1:], b[1:])
        return max(common(a[1:], b), common(a, b[1:]))

    expected = 2 * common(said, wanted) / (len(said) + len(wanted)) if said and wanted else 0
    assert metrics.rouge_l(" ".join(said), " ".join(wanted)) == pytest.approx(expected)
    assert (
        metrics.rouge_l(" ".join(said), " ".join(wanted)) <= metrics.token_f1(" ".join(said), " ".join(wanted)) + 1e-9
    )


# ── summaries ──


def test_percentile_is_the_nearest_rank() -> None:
    values = [15, 20, 35, 40, 50]
    assert [metrics.percentile(values, share) for share in (0.05, 0.3, 0.4, 0.5, 1.0)] == [15, 20, 20, 35, 50]
    assert metrics.percentile([], 0.95) == 0
    assert metrics.percentile([7], 0.0) == 7


@pytest.mark.parametrize("share", [0.07, 0.14, 0.28, 0.55, 0.56, 0.57, 0.95, 0.99])
def test_percentile_is_not_moved_by_rounding(share: float) -> None:
    """0.07 * 100 is 7.000000000000001 in floating point."""
    assert metrics.percentile(list(range(1, 101)), share) == round(share * 100)


def test_averages_of_nothing_are_zero() -> None:
    assert metrics.average([]) == metrics.middle([]) == 0
    assert metrics.average([1, 2]) == metrics.middle([1, 2]) == 1.5
