"""Token buckets and counters, with a clock of our own."""

from contextlib import suppress

import pytest

from bot.limits import Allowance, Buckets, Counters, Draw, OwnLimits, Quota
from bot.settings import Settings
from bot.web.limits import Rules, after_ms, household, is_limited
from tests.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


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
            clock.now += after_ms(wait) / 1_000  # what a client is told
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


def test_places_of_all_keys_are_counted_together() -> None:
    counters = Counters()
    with counters.hold("a", 2), counters.hold("b", 2), counters.hold("b", 1):
        assert counters.total == 2, "the third was refused"
    assert counters.total == 0


# ── quotas ──


def test_a_quota_begins_with_its_first_use_and_comes_back_whole(clock: Clock) -> None:
    buckets = Buckets(Quota(3, window_s=100.0), clock)
    clock.now += 1_000
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 0]
    clock.now += 40
    assert buckets.take("a") == 60
    clock.now += 60
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 100]


def test_no_window_holds_more_than_twice_a_quota_and_no_quota_is_lost(clock: Clock) -> None:
    buckets = Buckets(Quota(5, window_s=60.0), clock)
    taken = []
    for _ in range(1_000):
        if not buckets.take("a"):
            taken.append(clock.now)
        clock.now += 1.7
    assert max(sum(start <= at < start + 60 for at in taken) for start in taken) <= 10
    assert len(taken) >= 1_000 * 1.7 / 60 * 5 * 0.9


@pytest.mark.parametrize("of", [Allowance(10, 1.0), Quota(10, 60.0)])
def test_several_at_once_are_all_or_none(clock: Clock, of: Allowance | Quota) -> None:
    buckets = Buckets(of, clock)
    assert buckets.take("a", 7) == 0
    assert buckets.take("a", 4) > 0
    assert buckets.take("a", 3) == 0


@pytest.mark.parametrize("of", [Allowance(10, 1.0), Quota(10, 60.0)])
def test_what_is_given_back_can_be_taken_again_and_never_more(clock: Clock, of: Allowance | Quota) -> None:
    buckets = Buckets(of, clock)
    buckets.give_back("a", 5)
    assert buckets.take("a", 10) == 0
    buckets.give_back("a", 4)
    assert buckets.take("a", 4) == 0
    buckets.give_back("a", 99)
    assert buckets.take("a", 11) > 0


# ── what a process counts by itself ──


async def test_a_flood_of_one_kind_makes_nothing_of_another_kind_forgotten(clock: Clock) -> None:
    limits = OwnLimits(clock, most_keys=10)
    budget = Draw("tokens", "all", Quota(5), 5)
    assert await limits.take(budget) == 0
    for n in range(1_000):
        await limits.take(Draw("messages", f"c{n}", Allowance(1, 1.0)))
    assert await limits.take(budget) > 0


# ── addresses ──


@pytest.mark.parametrize(
    ("address", "household_of"),
    [("8.8.8.8", "8.8.8.8"), ("::ffff:8.8.8.8", "8.8.8.8"), ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64")],
)
def test_who_has_two_to_the_sixty_four_addresses_has_one_allowance(address: str, household_of: str) -> None:
    assert household(address) == household_of


def test_without_settings_the_figures_are_those_of_the_settings() -> None:
    assert Rules() == Rules.of(Settings(_env_file=None))  # type: ignore[call-arg]


def test_the_shops_settings_are_what_holds() -> None:
    settings = Settings.model_validate(
        {"messages_at_once": 3, "message_seconds": 9, "messages_per_day": 7, "conversations_per_hour": 6,
         "sockets": 11, "sockets_per_address": 12, "sockets_per_session": 2}
    )  # fmt: skip
    assert Rules.of(settings) == Rules(Allowance(6, 600), Allowance(3, 9), Quota(7), 11, 12, 2)
