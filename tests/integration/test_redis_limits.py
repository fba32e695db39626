"""Limits shared in a real Redis: that hangs, dies, comes back, and holds what somebody wrote into it."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from redis.asyncio import Redis

from bot import bootstrap
from bot.adapters import redis_limits
from bot.adapters.redis_limits import PATIENCE_S, PREFIX, RedisLimits
from bot.errors import Refused, Unavailable
from bot.limits import Allowance, Draw, Guess, OwnLimits, Quota
from bot.settings import Settings
from bot.shared_limits import Place, SharedLimits
from tests.redis_server import RedisServer

PATIENT_S = 10.0  # where it is not about that
SOON_S = 1.0  # calm machines need a tenth; what hangs would take for ever


@asynccontextmanager
async def processes(
    server: RedisServer, n: int = 2, keep_s: float = 60.0, patience_s: float = PATIENT_S
) -> AsyncIterator[list[SharedLimits]]:
    """As many as share the server."""
    made = [SharedLimits(RedisLimits(server.url, None, patience_s), OwnLimits(), keep_s=keep_s) for _ in range(n)]
    try:
        yield made
    finally:
        for one in made:
            await one.close()


def some(n: int = 1, most: int = 5) -> Draw:
    return Draw("messages", uuid.uuid4().hex, Quota(most, 1_000.0), n)


async def n_allowed(limits: list[SharedLimits], draw: Draw, tries: int = 20) -> int:
    return sum([not await one.take(draw) for _ in range(tries) for one in limits])


async def until(happened: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await happened():  # noqa: ASYNC110 (what is waited for offers no event)
            await asyncio.sleep(0.02)


# ── together ──


async def test_two_processes_have_one_allowance_by_redis_own_clock(redis_server: RedisServer) -> None:
    async with processes(redis_server) as both:
        assert await n_allowed(both, some(most=7)) == 7
        fast = Draw("fast", uuid.uuid4().hex, Allowance(2, 0.05))
        assert await n_allowed(both, fast, tries=1) == 2
        await asyncio.sleep(0.06)
        assert await both[0].take(fast) == 0


async def test_many_at_once_take_exactly_what_there_is(redis_server: RedisServer) -> None:
    async with processes(redis_server, 3) as all_of_them:
        draw = some(most=40)
        waits = await asyncio.gather(*(one.take(draw) for _ in range(50) for one in all_of_them))
    assert sum(not wait for wait in waits) == 40


async def test_tries_at_one_account_are_five_for_two_processes(redis_server: RedisServer) -> None:
    guess = Guess("account", uuid.uuid4().hex, 5)
    async with processes(redis_server) as both:
        assert sum([not await one.guess(guess) for _ in range(20) for one in both]) == 5


async def test_the_day_has_one_budget_for_two_processes(redis_server: RedisServer) -> None:
    draw = some(n=96, most=1_000)
    async with processes(redis_server) as both:
        assert await n_allowed(both, draw) == 10


async def test_places_of_a_process_that_was_killed_free_themselves(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.shared_limits.LEASE_S", 0.5)
    key = uuid.uuid4().hex
    killed, living = RedisLimits(redis_server.url), RedisLimits(redis_server.url)
    assert await killed.occupy(Place("session", key, "a"), 1, 0.5)
    await killed.close()  # and nobody keeps the place any more
    assert not await living.occupy(Place("session", key, "b"), 1, 0.5)
    await until(lambda: living.occupy(Place("session", key, "b"), 1, 0.5))
    await living.close()


async def test_a_place_that_is_kept_stays_taken_for_as_long_as_it_is_held(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.shared_limits.LEASE_S", 1.0)
    key = uuid.uuid4().hex
    async with processes(redis_server, keep_s=0.1) as (one, other):
        async with one.hold("session", key, 1):
            await asyncio.sleep(1.5)
            async with other.hold("session", key, 1) as wait:
                assert wait

        async def is_free() -> bool:
            async with other.hold("session", key, 1) as wait:
                return not wait

        await until(is_free)


# ── nothing is left behind, and nothing tells on anybody ──


async def test_keys_name_nobody_and_go_by_themselves(own_redis: RedisServer) -> None:
    canary = "ann@example.com"
    async with processes(own_redis, 1) as (limits,):
        await limits.take(Draw("day", canary, Quota(5)), Draw("messages", canary, Allowance(5, 2.0)))
        await limits.guess(Guess("account", canary, 5))
        async with limits.hold("session", canary, 5), Redis.from_url(own_redis.url, driver_info=None) as redis:
            keys = [key.decode() async for key in redis.scan_iter()]
            assert len(keys) == 4
            assert all(key.startswith(f"{PREFIX}:") and canary not in key for key in keys)
            for key in keys:
                assert 0 < await redis.ttl(key) <= 24 * 3_600 + 10, key


@pytest.mark.parametrize("junk", [b"", b"nan nan", b"1e999 5", b"x y z", b"-5 0", b"\xff\xfe", b"1 99999999999999"])
async def test_what_somebody_writes_there_breaks_nothing(redis_server: RedisServer, junk: bytes) -> None:
    draw, guess = some(), Guess("account", uuid.uuid4().hex, 5)
    async with processes(redis_server, 1) as (limits,), Redis.from_url(redis_server.url, driver_info=None) as redis:
        for thing in (draw, guess):
            await redis.set(redis_limits._keys([thing])[0], junk)
        assert await limits.take(draw) >= 0
        assert await limits.guess(guess) >= 0
        await redis.delete(redis_limits._keys([draw])[0])
        await redis.lpush(redis_limits._keys([draw])[0], "a list")
        assert await limits.take(draw) >= 0


# ── it hangs, it dies, it comes back ──


async def test_a_redis_that_hangs_costs_a_tenth_of_a_second_once(own_redis: RedisServer) -> None:
    async with processes(own_redis, 1, patience_s=PATIENCE_S) as (limits,):
        draw = some(most=1_000)
        assert await limits.take(draw) == 0
        with own_redis.hanging():
            started = time.monotonic()
            for _ in range(100):
                assert await limits.take(draw) == 0
            assert time.monotonic() - started < PATIENCE_S + SOON_S
            async with limits.hold("session", "s1", 1) as wait:
                assert wait == 0


async def test_hanging_each_process_counts_for_itself_and_afterwards_together(own_redis: RedisServer) -> None:
    async with processes(own_redis, patience_s=PATIENCE_S) as both:
        with own_redis.hanging():
            assert await n_allowed(both, some(most=5)) == 10

        async def is_together() -> bool:
            return await n_allowed(both, some(most=5), tries=6) == 5

        await until(is_together)


async def test_a_redis_that_was_killed_is_used_again_when_it_is_back(own_redis: RedisServer) -> None:
    async with processes(own_redis, keep_s=0.1, patience_s=PATIENCE_S) as (one, other), AsyncExitStack() as stack:
        key = uuid.uuid4().hex
        await stack.enter_async_context(one.hold("session", key, 1))
        own_redis.kill()
        started = time.monotonic()
        draw = some(most=5)
        assert await n_allowed([one], draw) == 5
        assert time.monotonic() - started < PATIENCE_S + SOON_S
        own_redis.start()

        async def is_full_again() -> bool:
            async with other.hold("session", key, 1) as wait:
                return bool(wait)

        await until(is_full_again)  # what was held is told to a Redis that had forgotten everything


async def test_stopping_while_it_hangs_does_not_hang(own_redis: RedisServer) -> None:
    async with processes(own_redis, 1, patience_s=PATIENCE_S) as (limits,):
        async with limits.hold("session", "s1", 5), limits.hold("session", "s2", 5):
            pass
        async with limits.hold("session", "s3", 5):
            with own_redis.hanging():
                started = time.monotonic()
                await limits.close()
                assert time.monotonic() - started < 2.0 + SOON_S


async def test_nobody_there_at_all_is_said_in_words_without_the_address() -> None:
    limits = RedisLimits("redis://user:geheim@127.0.0.1:1/0")
    with pytest.raises(Unavailable) as wrong:
        await limits.take(some())
    assert "geheim" not in str(wrong.value)
    await limits.close()


# ── which of them ──


async def test_without_redis_each_process_counts_for_itself() -> None:
    assert isinstance(bootstrap.make_limits(Settings(_env_file=None)), OwnLimits)  # type: ignore[call-arg]


async def test_with_redis_they_count_together(redis_server: RedisServer) -> None:
    settings = Settings.model_validate({"redis_url": redis_server.url})
    both = bootstrap.make_limits(settings), bootstrap.make_limits(settings)

    async def is_together() -> bool:
        draw = some(most=1)
        return [await limits.take(draw) > 0 for limits in both] == [False, True]

    await until(is_together)
    for limits in both:
        await limits.close()


@pytest.mark.parametrize("address", ["nonsense", "http://localhost", "redis://localhost:port"])
def test_an_address_that_is_none_stops_the_start_with_a_sentence(address: str) -> None:
    with pytest.raises(Refused, match="BOT_REDIS_URL"):
        bootstrap.make_limits(Settings.model_validate({"redis_url": address}))
