"""Signs that can be worked out by hand, a curve that finds what made its outcomes, and what JSON keeps of it."""

import json
import random
from dataclasses import replace
from math import log1p
from typing import Any

import pytest

from bot import decision
from bot.decision import SIGNS, Curve, Curves, Model, fit, logistic, signs
from bot.dialogue import Thresholds
from bot.errors import Refused
from bot.knowledge import Hit, Passage


def hit(name: str, score: float = 0.6, text: str = "", document: str = "", **fields: float) -> Hit:
    passage = Passage(document or name, name, name, text or name, "en")
    return Hit(passage, score, **{"dense": 0.6, "lexical": 0.2, "coverage": 0.5, **fields})


FIRST, SECOND = hit("return", 0.8, "Send the parcel back."), hit("invoice", 0.5)


# ── signs ──


def test_each_sign_can_be_read_off_the_search() -> None:
    shown = signs("how do I return a broken parcel", [FIRST, SECOND])
    assert shown == {
        "dense": 0.6,
        "lexical": 0.2,
        "coverage": 0.5,
        "lead": decision.LEAD,  # 0.3, and no more than LEAD counts
        "agrees": 1.0,
        "rivals": 0.0,
        "missed": log1p(1),  # broken
        "length": log1p(3),  # return, broken, parcel
    }


def test_no_hit_shows_nothing() -> None:
    assert set(signs("parcel", []).values()) == {0.0}


def test_a_rival_in_the_same_document_is_no_rival_to_lead_over() -> None:
    same = replace(SECOND, passage=replace(SECOND.passage, document="return"))
    assert signs("return", [FIRST, same, hit("c", 0.7)])["lead"] == pytest.approx(0.1)
    assert signs("return", [FIRST])["lead"] == 0.0, "nothing to lead over is no lead"


def test_a_first_hit_that_a_reranker_put_there_has_no_negative_lead() -> None:
    assert signs("return", [SECOND, FIRST])["lead"] == 0.0


def test_hits_about_as_good_are_counted() -> None:
    close = [hit(name, 0.7) for name in "bcd"]
    assert signs("return", [FIRST, *close, SECOND])["rivals"] == 3 / 4


def test_what_lies_beyond_the_hits_of_a_conversation_changes_nothing() -> None:
    hits = [FIRST, *(hit(name, 0.5) for name in "bcde")]
    assert signs("return", [*hits, hit("f", 0.8, lexical=0.9)]) == signs("return", hits)


def test_the_lexical_retriever_agrees_only_with_its_own_best() -> None:
    assert signs("return", [FIRST, hit("b", 0.5, lexical=0.3)])["agrees"] == 0.0
    assert signs("return", [hit("a", lexical=0.0)])["agrees"] == 0.0


def test_pieces_that_point_to_the_first_hit_support_it() -> None:
    own, other = FIRST.passage.id, SECOND.passage.id
    assert signs("return", [FIRST], [(own, 0.8), (own, 0.8), (other, 0.8), (own, 0.8)])["support"] == pytest.approx(
        0.75
    )
    far = signs("return", [FIRST], [(own, 0.8), (other, 0.3)])["support"]
    assert far > 0.99, "what lies far off has next to no vote"


def test_without_pieces_there_is_no_vote_rather_than_a_vote_against() -> None:
    assert "support" not in signs("return", [FIRST])


# ── the curve ──


def made(n: int = 600, seed: int = 1) -> list[tuple[dict[str, float], bool]]:
    """Outcomes that a curve made: dense counts for much, lexical against, length for nothing."""
    rng = random.Random(seed)
    rows = []
    for _ in range(n):
        shown = {"dense": rng.random(), "lexical": rng.random(), "length": rng.random()}
        p = logistic(8 * shown["dense"] - 3 * shown["lexical"] - 2)
        rows.append((shown, rng.random() < p))
    return rows


def test_a_fit_finds_what_made_its_outcomes() -> None:
    curve = fit(made(3_000), ridge=0.01)
    slopes = {name: weight / scale for name, (_, scale, weight) in curve.terms.items()}
    assert slopes == pytest.approx({"dense": 8, "lexical": -3, "length": 0}, abs=0.8)


def test_a_fitted_curve_is_calibrated_on_what_it_has_not_seen() -> None:
    curve, fresh = fit(made(seed=1)), made(2_000, seed=2)
    sure = [is_right for shown, is_right in fresh if 0.8 <= curve.probability(shown) < 0.9]
    assert sum(sure) / len(sure) == pytest.approx(0.85, abs=0.06)


def test_where_everything_was_right_the_weights_stay_finite() -> None:
    curve = fit([(shown, True) for shown, _ in made(50)])
    assert 0.9 < curve.probability({"dense": 0.5, "lexical": 0.5, "length": 0.5}) < 1.0


def test_outcomes_that_one_sign_parts_wholly_do_not_break_the_fit() -> None:
    curve = fit([({"dense": float(n > 10), "agrees": 1.0}, n > 10) for n in range(20)])
    assert (
        curve.probability({"dense": 1.0, "agrees": 1.0}) > 0.8 > 0.2 > curve.probability({"dense": 0.0, "agrees": 1.0})
    )


def test_a_few_rows_move_a_curve_and_do_not_replace_it() -> None:
    start = fit(made(3_000))
    contrary = [({"dense": 0.9, "lexical": 0.1, "length": 0.5}, False)] * 4
    moved = fit(contrary, start, ridge=20)
    sure = {"dense": 0.9, "lexical": 0.1, "length": 0.5}
    assert fit(contrary).probability(sure) < 0.25 < moved.probability(sure) < start.probability(sure)


def test_many_rows_outvote_the_curve_they_started_from() -> None:
    wrong = Curve({"dense": (0.5, 0.3, -4.0), "lexical": (0.5, 0.3, 0.0), "length": (0.5, 0.3, 0.0)}, 0.0)
    assert fit(made(3_000), wrong).terms["dense"][2] > 1.0


def test_a_sign_a_search_does_not_show_counts_as_its_mean() -> None:
    curve = Curve({"dense": (0.5, 0.1, 1.0), "support": (0.4, 0.2, 3.0)}, 0.2)
    assert curve.probability({"dense": 0.6}) == curve.probability({"dense": 0.6, "support": 0.4})


@pytest.mark.parametrize("x", [-800.0, 0.0, 800.0])
def test_a_probability_is_one_however_extreme_the_signs(x: float) -> None:
    assert 0.0 <= Curve({"dense": (0.0, 1.0, 1.0)}, 0.0).probability({"dense": x}) <= 1.0


# ── what is kept ──

KEPT = Model(
    {"en": Curves(Curve({"dense": (0.5, 0.1, 1.2)}, -0.3), Curve({}, 0.1))},
    {"en": Thresholds(0.8, 0.3)},
    {"en": {"n": 3}},
)


def test_what_json_kept_is_what_was_given() -> None:
    assert decision.model(json.loads(json.dumps(KEPT.as_mapping()))) == KEPT


def _with(**changes: Any) -> dict[str, Any]:
    return {**KEPT.as_mapping(), **changes}


@pytest.mark.parametrize(
    "held",
    [
        {},
        _with(format=2),
        _with(curves={"en": {"right": {"bias": 0.0, "terms": {}}}}),
        _with(curves={"en": {"right": {"bias": "0", "terms": {}}, "known": {"bias": 0.0, "terms": {}}}}),
        _with(curves={"en": {"right": {"bias": 0.0, "terms": {"dense": [0.0, 0.0, 1.0]}}, "known": {}}}),
        _with(thresholds={"en": [0.5]}),
        _with(thresholds={"en": [float("nan"), 0.5]}),
        _with(about=None),
    ],
)
def test_what_was_not_written_here_is_refused_with_what_to_do(held: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="bot calibrate"):
        decision.model(held)


def test_every_sign_has_a_name_in_the_list() -> None:
    compared = replace(FIRST, words=0.7, weakest=0.2)
    assert set(signs("return", [compared], [(FIRST.passage.id, 0.5)])) == set(SIGNS)


def test_a_search_that_compared_no_words_shows_nothing_about_them() -> None:
    assert not {"words", "weakest"} & set(signs("return", [FIRST], [(FIRST.passage.id, 0.5)]))
