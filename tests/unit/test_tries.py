"""Tries at a password, with a clock in hand."""

import pytest

from bot.tries import FORGOTTEN_S, LONGEST_S, WINDOW_S, Tries
from tests.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000.0)


@pytest.fixture
def tries(clock: Clock) -> Tries:
    return Tries(5, clock)


def use_up(tries: Tries, key: str = "ann") -> float:
    """All tries until the first refusal; how long the wait is."""
    while not (wait := tries.wait(key)):
        tries.count(key)
    return wait


def test_five_tries_and_then_a_wait(tries: Tries) -> None:
    for _ in range(5):
        assert tries.wait("ann") == 0
        tries.count("ann")
    assert tries.wait("ann") == WINDOW_S
    assert tries.wait("bob") == 0


def test_no_quarter_of_an_hour_has_more_than_five_however_they_are_spread(tries: Tries, clock: Clock) -> None:
    made = []
    for _ in range(2_000):
        if not tries.wait("ann"):
            tries.count("ann")
            made.append(clock.now)
        clock.now += 7.3
    assert len(made) > 10, "the wait ends"
    for start in made:
        assert sum(start <= at < start + WINDOW_S for at in made) <= 5


def test_who_forgets_a_letter_now_and_then_never_waits(tries: Tries, clock: Clock) -> None:
    for _ in range(500):
        assert tries.wait("ann") == 0
        tries.count("ann")
        clock.now += WINDOW_S / 4 + 1


def test_each_wait_is_twice_as_long_and_none_is_for_ever(tries: Tries, clock: Clock) -> None:
    waits = []
    for _ in range(12):
        waits.append(use_up(tries))
        clock.now += waits[-1]
    assert waits[:3] == [WINDOW_S, 2 * WINDOW_S, 4 * WINDOW_S]
    assert set(waits[3:]) == {LONGEST_S}


def test_whoever_waits_as_long_as_told_may_go_ahead(tries: Tries, clock: Clock) -> None:
    clock.now += use_up(tries) - 0.001
    assert tries.wait("ann") > 0
    clock.now += 0.001
    assert tries.wait("ann") == 0


def test_after_a_quiet_day_the_first_wait_is_short_again(tries: Tries, clock: Clock) -> None:
    for _ in range(4):
        clock.now += use_up(tries)
    clock.now += FORGOTTEN_S + 1
    assert use_up(tries) == WINDOW_S


def test_a_try_that_was_right_costs_nothing(tries: Tries) -> None:
    for _ in range(100):
        assert tries.wait("ann") == 0
        tries.count("ann")
        tries.give_back("ann")
    assert use_up(tries) == WINDOW_S


def test_the_fifth_try_lifts_the_wait_it_began_when_it_was_right(tries: Tries, clock: Clock) -> None:
    use_up(tries)
    tries.give_back("ann")
    assert tries.wait("ann") == 0
    tries.count("ann")
    assert tries.wait("ann") == WINDOW_S, "the four wrong ones still count, and the wait did not double"


def test_what_was_never_counted_cannot_be_given_back(tries: Tries) -> None:
    tries.give_back("ann")
    assert use_up(tries) == WINDOW_S


def test_the_keys_that_tried_longest_ago_are_forgotten_first(clock: Clock) -> None:
    tries = Tries(1, clock, most_keys=3)
    for key in ("a", "b", "c", "d"):
        tries.count(key)
    assert [bool(tries.wait(key)) for key in "abcd"] == [False, True, True, True]
