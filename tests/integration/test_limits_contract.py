"""The Limits port: what one process counts by itself and what several count in Redis must come to the same."""

import random
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress

import pytest

from bot.adapters.redis_limits import RedisLimits
from bot.limits import Allowance, Draw, Guess, Limits, OwnLimits, Quota
from bot.shared_limits import SharedLimits
from bot.tries import LONGEST_S, WINDOW_S
from tests.clock import Clock
from tests.redis_server import RedisServer


@pytest.fixture
def clock() -> Clock:
    return Clock(1_700_000_000.0)


@pytest.fixture(params=["own", "redis"])
async def limits(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[Limits]:
    if request.param == "own":
        yield OwnLimits(clock)
        return
    server: RedisServer = request.getfixturevalue("redis_server")
    shared = SharedLimits(RedisLimits(server.url, clock, patience_s=5), OwnLimits(clock), clock)
    yield shared
    await shared.close()


@pytest.fixture
def key() -> str:
    return uuid.uuid4().hex


def allowance(key: str, n: int = 1) -> Draw:
    return Draw("messages", key, Allowance(3, 2.0), n)


def quota(key: str, n: int = 1) -> Draw:
    return Draw("day", key, Quota(5, 100.0), n)


# ── allowances and quotas ──


async def test_a_burst_passes_and_then_one_at_a_time(limits: Limits, clock: Clock, key: str) -> None:
    assert [await limits.take(allowance(key)) for _ in range(4)] == [0, 0, 0, 2.0]
    clock.now += 1.5
    assert await limits.take(allowance(key)) == pytest.approx(0.5)
    clock.now += 0.5
    assert await limits.take(allowance(key)) == 0
    assert await limits.take(allowance(key)) > 0


async def test_a_quota_comes_back_whole_when_its_window_is_over(limits: Limits, clock: Clock, key: str) -> None:
    assert [await limits.take(quota(key)) for _ in range(5)] == [0] * 5
    clock.now += 40
    assert await limits.take(quota(key)) == pytest.approx(60)
    clock.now += 60
    assert await limits.take(quota(key, 5)) == 0


async def test_a_refusal_costs_nothing(limits: Limits, clock: Clock, key: str) -> None:
    for _ in range(3):
        await limits.take(allowance(key))
    for _ in range(50):
        assert await limits.take(allowance(key)) > 0
    clock.now += 2
    assert await limits.take(allowance(key)) == 0


async def test_all_of_them_or_none(limits: Limits, key: str) -> None:
    for _ in range(3):
        assert await limits.take(allowance(key), quota(key)) == 0
    assert await limits.take(allowance(key), quota(key)) == 2.0
    assert await limits.take(quota(key, 2)) == 0, "what was refused by one took nothing of the other"
    assert await limits.take(quota(key)) > 0


async def test_the_longest_wait_is_told(limits: Limits, key: str) -> None:
    for draw in (allowance(key, 3), quota(key, 5)):
        await limits.take(draw)
    assert await limits.take(allowance(key), quota(key)) == pytest.approx(100)


async def test_keys_and_kinds_do_not_share(limits: Limits, key: str) -> None:
    await limits.take(allowance(key, 3))
    assert await limits.take(allowance(f"{key}2", 3)) == 0
    assert await limits.take(Draw("other", key, Allowance(3, 2.0), 3)) == 0


async def test_what_is_given_back_can_be_taken_and_never_more(limits: Limits, key: str) -> None:
    await limits.give_back(quota(key, 5))
    assert await limits.take(quota(key, 5)) == 0
    await limits.give_back(quota(key, 2))
    assert await limits.take(quota(key, 2)) == 0
    await limits.give_back(quota(key, 99))
    assert await limits.take(quota(key, 6)) > 0


@pytest.mark.parametrize("strange", ["", "退货", "a\nb", "\x00", "\ud800", "x" * 5_000, "{a}", "answerdesk:limits:*"])
async def test_a_key_may_be_any_text(limits: Limits, strange: str, key: str) -> None:
    draw = Draw(key, strange, Allowance(1, 60.0))
    assert await limits.take(draw) == 0
    assert await limits.take(draw) > 0


async def test_both_come_to_the_same_whatever_is_done(redis_server: RedisServer) -> None:
    """By chance, with one clock: each answer of Redis is what the memory of one process says."""
    clock, chance, key = Clock(1_700_000_000.0), random.Random(6), uuid.uuid4().hex
    own, shared = OwnLimits(clock), RedisLimits(redis_server.url, clock, patience_s=5)
    draws = [Draw("a", key, Allowance(4, 3.0)), Draw("b", key, Quota(6, 30.0), 2), Draw("c", key, Allowance(9, 0.5), 4)]
    for _ in range(400):
        clock.now += chance.choice([0, 0.1, 1.0, 7.0])
        some = chance.sample(draws, chance.randint(1, 3))
        if chance.random() < 0.2:
            await own.give_back(*some)
            await shared.give_back(*some)
        else:
            assert await shared.take(*some) == pytest.approx(await own.take(*some), abs=1e-4)
    await shared.close()


# ── places ──


async def test_places_are_given_back_however_the_block_ends(limits: Limits, key: str) -> None:
    async with AsyncExitStack() as stack:
        waits = [await stack.enter_async_context(limits.hold("session", key, 2)) for _ in range(3)]
        assert [wait == 0 for wait in waits] == [True, True, False]
    with suppress(KeyError):
        async with limits.hold("session", key, 2):
            raise KeyError

    async def is_free() -> bool:
        async with limits.hold("session", key, 1) as wait:
            return not wait

    await _eventually(is_free)


async def _eventually(happened: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(500):
        if await happened():
            return
    raise AssertionError("it did not happen")


# ── tries at a password ──


async def test_tries_are_used_up_and_each_wait_is_twice_as_long(limits: Limits, clock: Clock, key: str) -> None:
    guess, waits = Guess("account", key, 5), []
    for _ in range(4):
        made = 0
        while not (wait := await limits.guess(guess)):
            made += 1
        assert 1 <= made <= 5
        waits.append(wait)
        clock.now += wait
    assert waits == pytest.approx([WINDOW_S, 2 * WINDOW_S, LONGEST_S, LONGEST_S])


async def test_a_try_counts_for_all_or_for_none(limits: Limits, key: str) -> None:
    account, network = Guess("account", key, 5), Guess("network", key, 8)
    assert sum([not await limits.guess(account, network) for _ in range(20)]) == 5
    assert sum([not await limits.guess(network) for _ in range(20)]) == 3


async def test_a_right_password_costs_nothing(limits: Limits, key: str) -> None:
    guess = Guess("account", key, 5)
    for _ in range(100):
        assert await limits.guess(guess) == 0
        await limits.unguess(guess)
    assert sum([not await limits.guess(guess) for _ in range(10)]) == 5
    await limits.unguess(guess)
    assert await limits.guess(guess) == 0, "the fifth was right, and lifts the wait it began"


async def test_both_count_the_same_tries_whatever_is_done(redis_server: RedisServer) -> None:
    clock, chance, key = Clock(1_700_000_000.0), random.Random(9), uuid.uuid4().hex
    own, shared = OwnLimits(clock), RedisLimits(redis_server.url, clock, patience_s=5)
    guesses = [Guess("account", key, 5), Guess("network", key, 9)]
    for _ in range(600):
        clock.now += chance.choice([0, 1.0, 60.0, 200.0, 2_000.0])
        some = chance.sample(guesses, chance.randint(1, 2))
        wait = await own.guess(*some)
        assert await shared.guess(*some) == pytest.approx(wait, abs=1e-3)
        if not wait and chance.random() < 0.3:
            await own.unguess(*some)
            await shared.unguess(*some)
    await shared.close()
