"""The breaker: too many failures at once open it, a trial that succeeds closes it, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.breaker import Breaker, Rules, State

RULES = Rules(failures=3, window_s=30, pause_s=5, longest_pause_s=60, trial_s=120)


def opened(at: float = 0.0) -> Breaker:
    breaker = Breaker(RULES)
    for n in range(RULES.failures):
        breaker = breaker.failed(at + n * 0.001)
    return breaker


def trying(breaker: Breaker, at: float) -> Breaker:
    assert breaker.allows(at)
    return breaker.called(at)


def test_calls_pass_while_few_fail() -> None:
    breaker = Breaker(RULES).failed(0).failed(1)
    assert breaker.state(1) is State.CLOSED
    assert breaker.allows(1)


def test_failures_in_a_row_open_it_for_a_while() -> None:
    breaker = opened()
    assert breaker.state(1) is State.OPEN
    assert not breaker.allows(1)
    assert breaker.wait_s(1) > 3.9


def test_failures_far_apart_do_not() -> None:
    breaker = Breaker(RULES)
    for n in range(20):
        breaker = breaker.failed(n * 20.0)
    assert breaker.state(400) is State.CLOSED


def test_a_success_forgets_the_failures_before_it() -> None:
    breaker = Breaker(RULES).failed(0).failed(1).succeeded(2).failed(3).failed(4)
    assert breaker.state(4) is State.CLOSED


def test_after_the_pause_one_call_may_try_and_no_other() -> None:
    breaker = opened()
    assert breaker.state(6) is State.HALF_OPEN
    breaker = trying(breaker, 6)
    assert not breaker.allows(7)
    assert breaker.succeeded(8).state(8) is State.CLOSED


def test_a_trial_that_fails_doubles_the_pause_up_to_a_minute() -> None:
    breaker, at, pauses = opened(), 0.0, list[float]()
    for _ in range(6):
        at += breaker.wait_s(at)
        breaker = trying(breaker, at).failed(at)
        pauses.append(breaker.wait_s(at))
    assert pauses == pytest.approx([10, 20, 40, 60, 60, 60])


def test_a_trial_nobody_wanted_any_more_leaves_the_next_one_to_try() -> None:
    breaker = trying(opened(), 6).given_up()
    assert breaker.state(7) is State.HALF_OPEN
    assert breaker.allows(7)


def test_a_trial_nobody_told_the_end_of_does_not_close_the_door_for_ever() -> None:
    breaker = trying(opened(), 6)
    assert not breaker.allows(100)
    assert breaker.allows(6 + RULES.trial_s)


def test_what_went_out_before_changes_nothing_while_it_is_open() -> None:
    breaker = opened()
    assert breaker.succeeded(1) == breaker
    assert breaker.failed(1) == breaker


def test_a_server_that_asks_for_a_pause_gets_it_at_once_but_no_longer_than_a_minute() -> None:
    assert Breaker(RULES).failed(0, after_s=20).wait_s(0) == 20
    assert Breaker(RULES).failed(0, after_s=9_999).wait_s(0) == 60
    assert Breaker(RULES).failed(0, after_s=1).wait_s(0) == 5


@given(st.lists(st.tuples(st.sampled_from(["call", "good", "bad", "none"]), st.floats(0, 40)), max_size=60))
def test_whatever_happens_a_call_may_go_out_within_the_longest_waits(steps: list[tuple[str, float]]) -> None:
    breaker, at = Breaker(RULES), 0.0
    for what, later in steps:
        at += later
        match what:
            case "call":
                breaker = breaker.called(at) if breaker.allows(at) else breaker
            case "good":
                breaker = breaker.succeeded(at)
            case "bad":
                breaker = breaker.failed(at)
            case _:
                breaker = breaker.given_up()
        assert len(breaker.failed_at) < RULES.failures
        assert breaker.allows(at + RULES.longest_pause_s + RULES.trial_s)
