"""Token buckets and counters, with a clock of our own."""

from contextlib import suppress

import pytest

from bot.web.limits import Allowance, Buckets, Counters, is_limited


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_a_burst_passes_and_then_one_at_a_time(clock: Clock) -> None:
    buckets = Buckets(Allowance(burst=3, every_s=2.0), clock)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 2.0]
    clock.now += 1.5
    assert buckets.take("a") == pytest.approx(0.5)
    clock.now += 0.5
    assert buckets.take("a") == 0
    assert buckets.take("a") > 0


def test_whoever_waits_as_long_as_told_may_go_ahead(clock: Clock) -> None:
    buckets = Buckets(Allowance(burst=10, every_s=2.0), clock)
    for _ in range(200):
        if wait := buckets.take("a"):
            clock.now += (int(wait * 1_000) + 1) / 1_000  # what a client is told
            assert buckets.take("a") == 0
        clock.now += 0.1


def test_a_refusal_costs_nothing(clock: Clock) -> None:
    buckets = Buckets(Allowance(burst=1, every_s=1.0), clock)
    buckets.take("a")
    for _ in range(50):
        assert buckets.take("a") > 0
    clock.now += 1.0
    assert buckets.take("a") == 0


def test_idle_time_never_saves_up_more_than_a_burst(clock: Clock) -> None:
    buckets = Buckets(Allowance(burst=2, every_s=1.0), clock)
    clock.now += 3_600
    assert [buckets.take("a") == 0 for _ in range(3)] == [True, True, False]


def test_keys_do_not_share(clock: Clock) -> None:
    buckets = Buckets(Allowance(burst=1, every_s=1.0), clock)
    assert [buckets.take(key) for key in "ab"] == [0, 0]
    assert buckets.take("a") > 0


def test_the_longest_idle_keys_are_forgotten_first(clock: Clock) -> None:
    buckets = Buckets(Allowance(burst=1, every_s=60.0), clock, most_keys=2)
    for key in ("a", "b", "a", "c"):
        buckets.take(key)
    assert buckets.take("a") > 0, "a was used after b, so b went"
    assert buckets.take("b") == 0


def test_places_are_given_back_however_the_block_ends() -> None:
    counters = Counters()
    with counters.hold("a", 2) as one, counters.hold("a", 2) as two, counters.hold("a", 2) as three:
        assert (one, two, three) == (True, True, False)
        with counters.hold("b", 2) as other:
            assert other
    with suppress(KeyError), counters.hold("a", 1):
        raise KeyError
    with counters.hold("a", 1) as again:
        assert again


def test_a_refused_place_is_not_given_back() -> None:
    counters = Counters()
    with counters.hold("a", 1):
        with counters.hold("a", 1) as refused:
            assert not refused
        with counters.hold("a", 1) as still_refused:
            assert not still_refused


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "", "testclient"])
def test_loopback_and_what_is_no_address_are_not_limited(address: str) -> None:
    assert not is_limited(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "192.168.1.4", "2001:db8::1", "::ffff:8.8.8.8", "0.0.0.0"])
def test_any_other_address_is(address: str) -> None:
    assert is_limited(address)
