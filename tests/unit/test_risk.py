"""Bounds from a table of statistics, and cuts that can be checked by counting."""

from math import comb

import pytest

from bot import risk
from bot.risk import Outcome, Point


def outcomes(*marks: tuple[float, bool]) -> list[Outcome]:
    return [Outcome(score, score, is_right, is_right) for score, is_right in marks]


@pytest.mark.parametrize(
    ("wrong", "answered", "bound"), [(0, 52, 0.0495), (5, 100, 0.0975), (50, 100, 0.581), (3, 3, 1.0)]
)
def test_the_bound_is_wilsons(wrong: int, answered: int, bound: float) -> None:
    assert risk.upper(wrong, answered) == pytest.approx(bound, abs=0.002)


def test_of_nothing_nothing_is_known() -> None:
    assert risk.upper(0, 0) == 1.0


def test_the_bound_holds_in_most_samples_of_a_known_truth() -> None:
    truth, n = 0.05, 120
    below = sum(comb(n, k) * truth**k * (1 - truth) ** (n - k) for k in range(n + 1) if risk.upper(k, n) < truth)
    assert below < 0.07


@pytest.mark.parametrize("limit", [0.01, 0.05, 0.2])
def test_so_many_right_answers_are_needed_and_not_one_less(limit: float) -> None:
    n = risk.needed(limit)
    assert risk.upper(0, n) <= limit + risk.LEEWAY < risk.upper(0, n - 1)


def test_equal_scores_stand_or_fall_together() -> None:
    points = risk.curve(outcomes((0.9, True), (0.5, True), (0.5, False)))
    assert points == [Point(0.9, 1, 0, 3), Point(0.5, 3, 1, 3)]
    assert [round(point.error, 3) for point in points] == [0.0, 0.333]
    assert points[0].coverage == pytest.approx(1 / 3)


def test_no_questions_make_no_curve() -> None:
    assert risk.curve([]) == []
    assert risk.shares([], 0.5, 0.2) == (0.0, 0.0, 0.0)


def test_the_most_is_answered_that_keeps_the_limit() -> None:
    marks = [(1 - n / 2_000, n % 50 != 7) for n in range(500)] + [(0.7 - n / 1_000, n % 2 == 0) for n in range(100)]
    point = risk.chosen(risk.curve(outcomes(*marks)), 0.05)
    assert point is not None
    assert 500 < point.answered < 560
    assert point.error <= 0.05
    assert point.bound <= 0.07


def test_what_is_likelier_wrong_than_right_is_not_answered_though_it_would_keep_the_limit() -> None:
    point = risk.chosen(risk.curve(outcomes(*((1 - n / 1_000, True) for n in range(990)))), 0.05)
    assert point is not None
    assert point.threshold == 0.5


def test_a_handful_of_right_answers_promises_nothing() -> None:
    assert risk.chosen(risk.curve(outcomes(*((n / 30, True) for n in range(30)))), 0.05) is None


def test_near_questions_are_offered_as_far_down_as_one_offer_in_three_helps() -> None:
    helpful = [(0.7 - n / 1_000, n % 2 == 0) for n in range(100)]
    useless = [(0.3 - n / 1_000, n % 10 == 0) for n in range(100)]
    assert 0.28 < risk.suggest(outcomes((0.9, True), *helpful, *useless), 0.8) < 0.61


def test_where_no_offer_helps_none_is_made() -> None:
    assert risk.suggest(outcomes((0.9, True), (0.5, False)), 0.8) == 0.8
    assert risk.suggest([], 0.8) == 0.8
    assert risk.suggest(outcomes((0.5, True), (0.4, True)), 0.8) == 0.4, "a few questions are one window"


def test_the_three_shares_make_up_the_whole() -> None:
    marks = outcomes((0.9, True), (0.6, True), (0.5, False), (0.1, False))
    assert risk.shares(marks, 0.8, 0.5) == (0.25, 0.5, 0.25)


def test_more_questions_are_asked_for_until_the_bound_would_hold() -> None:
    short = Point(0.8, 60, 2, 100)
    more = risk.more_needed(short, 0.05)
    n = 60 + round(more * short.coverage)
    assert risk.upper(round(short.error * n), n) <= 0.07 + 0.005
    assert more > 30
