"""Each scenario once, small: what must never be wrong is asserted, how fast it was is not."""

import asyncio
from typing import Any

import pytest

from tests.load import autobahn, crashes, crowd, endings, hostile, resumes, retries
from tests.load.figures import Figure, table

SMALL: dict[Any, tuple[float, dict[str, Any]]] = {
    crashes: (16, {"N_CUSTOMERS": 8}),
    retries: (40, {"N_CUSTOMERS": 10}),
    resumes: (40, {"N_CUSTOMERS": 6, "GOAL": 20, "ROUNDS": 1}),
    crowd: (0, {"N_WARM": 5, "N_IDLE": 40, "N_BUSY": 5, "BUSY_S": 3.0, "N_STORM": 40}),
    hostile: (0, {"N_HEALTHY": 5, "N_STALLED": 4, "N_HALF_OPEN": 100, "CALM_S": 3.0, "ROUNDS": 1}),
    endings: (0, {"N_CUSTOMERS": 10, "TIMES": 4, "AT_ONCE": 10, "N_BUSY": 8}),
    autobahn: (0, {}),
}


@pytest.mark.parametrize("scenario", SMALL, ids=lambda scenario: scenario.__name__.rpartition(".")[2])
def test_a_small_run_finds_nothing_that_must_not_be(scenario: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds, sizes = SMALL[scenario]
    for name, value in sizes.items():
        monkeypatch.setattr(scenario, name, value)
    figures: list[Figure] = asyncio.run(scenario.measure(seconds))
    wrong = [one for one in figures if one.is_reached is False and not one.is_speed]
    assert not wrong, table(wrong)
    assert any(one.is_reached for one in figures) or scenario is autobahn, "nothing was judged"
