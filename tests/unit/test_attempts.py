"""Whose tries are counted, with a clock in hand."""

import pytest

from bot.attempts import PER_ACCOUNT, PER_NETWORK, Attempts
from bot.limits import OwnLimits
from tests.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock(1_000.0)


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    return Attempts(OwnLimits(clock))


async def test_a_thousand_guesses_at_one_account_are_five(attempts: Attempts) -> None:
    allowed = [not (await attempts.count("ann", network=f"10.0.{n}.1")).wait for n in range(1_000)]
    assert sum(allowed) == PER_ACCOUNT


async def test_a_thousand_guesses_from_one_network_are_twenty(attempts: Attempts) -> None:
    allowed = [not (await attempts.count(f"agent{n}", network="10.0.0.1")).wait for n in range(1_000)]
    assert sum(allowed) == PER_NETWORK


async def test_without_a_network_only_the_account_counts(attempts: Attempts) -> None:
    assert not any([(await attempts.count(f"agent{n}")).wait for n in range(100)])


async def test_a_refused_try_counts_nowhere(attempts: Attempts) -> None:
    for _ in range(PER_ACCOUNT + 100):
        await attempts.count("ann", network="10.0.0.1")
    allowed = [not (await attempts.count(f"agent{n}", network="10.0.0.1")).wait for n in range(100)]
    assert sum(allowed) == PER_NETWORK - PER_ACCOUNT


async def test_a_known_device_has_tries_of_its_own(attempts: Attempts) -> None:
    for n in range(100):
        await attempts.count("ann", network="10.0.0.1")
        await attempts.count(f"agent{n}", network="10.0.0.1")
    own = [not (await attempts.count("ann", device="laptop", network="10.0.0.1")).wait for _ in range(10)]
    assert sum(own) == PER_ACCOUNT


async def test_what_is_given_back_is_given_back_to_account_and_network(attempts: Attempts) -> None:
    for _ in range(100):
        tried = await attempts.count("ann", network="10.0.0.1")
        assert not tried.wait
        await tried.give_back()


async def test_a_refusal_gives_nothing_back(attempts: Attempts) -> None:
    for _ in range(PER_ACCOUNT):
        await attempts.count("ann")
    await (await attempts.count("ann")).give_back()
    assert (await attempts.count("ann")).wait > 0
