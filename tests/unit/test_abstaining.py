"""Signs that nothing answers: each alone, and together, without ever judging a row by itself."""

import random

import pytest

from bot.abstaining import COMBINED, LEAST, Shown, log_odds, told


def rows(n: int, *, apart: float, seed: int = 0) -> list[Shown]:
    """Two weak signs whose sum tells what neither tells alone."""
    drawn = random.Random(seed)
    found: list[Shown] = []
    for k in range(n):
        is_none = k % 2 == 0
        noise, shift = drawn.gauss(0, 3), apart if is_none else 0.0
        found.append(({"one": noise + shift, "other": -noise + shift + drawn.gauss(0, 0.3)}, is_none))
    return found


def test_each_sign_is_told_by_itself_and_two_together_as_well() -> None:
    one, other, both = told(rows(200, apart=1.0))
    assert [one.sign, other.sign, both.sign] == ["one", "other", COMBINED]
    assert both.recall > 0.9 > max(one.recall, other.recall)
    assert both.auroc is not None
    assert both.auroc > 0.97


def test_signs_that_say_nothing_say_nothing_together() -> None:
    """Fitted on the very rows it is judged by, a curve would find something in noise."""
    noise = told(rows(200, apart=0.0))
    assert all(one.auroc == pytest.approx(0.5, abs=0.12) for one in noise)
    assert noise[-1].recall < 0.2


def test_signs_can_be_told_in_groups_whichever_way_they_point() -> None:
    turned = [({"one": signs["one"], "other": -signs["other"]}, is_none) for signs, is_none in rows(200, apart=1.0)]
    turned = [({**signs, "noise": float(n % 3)}, is_none) for n, (signs, is_none) in enumerate(turned)]
    pair, noise, every = told(turned, {"pair": ("one", "other"), "beside": ("noise",)})
    assert [pair.sign, noise.sign, every.sign] == ["pair", "beside", COMBINED]
    assert min(pair.recall, every.recall) > 0.9 > noise.recall


def test_a_group_whose_signs_were_told_already_is_not_told_again() -> None:
    groups = {"one": ("one",), "mine": ("one", "missing"), "yours": ("missing",)}
    single = [({"one": float(is_none)}, is_none) for _, is_none in rows(40, apart=1.0)]
    assert [one.sign for one in told(single, groups)] == ["one"]


def test_one_sign_has_nothing_to_be_combined_with() -> None:
    single = [({"one": float(is_none)}, is_none) for _, is_none in rows(40, apart=1.0)]
    [only] = told(single)
    assert (only.sign, only.auroc, only.recall) == ("one", 1.0, 1.0)


def test_a_sign_that_some_rows_lack_is_left_out() -> None:
    ragged = rows(40, apart=1.0)
    ragged[3] = ({"one": 0.0}, ragged[3][1])
    assert [one.sign for one in told(ragged)] == ["one"]


def test_too_few_rows_of_either_kind_tell_nothing() -> None:
    few = rows(2 * (LEAST - 1), apart=1.0)
    assert told(few) == []
    assert told([]) == []


def test_a_probability_becomes_odds_that_are_never_infinite() -> None:
    assert log_odds(0.5) == 0.0
    assert log_odds(0.0) < -10
    assert log_odds(1.0) == pytest.approx(-log_odds(0.0))
