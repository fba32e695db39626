"""What wakes the other processes, over a real Redis."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from redis.asyncio import Redis

from bot.adapters.redis_bus import CHANNEL, RedisBus
from bot.errors import Refused, Unavailable
from bot.shared import News, What
from tests.fakes import eventually
from tests.redis_server import RedisServer, redis_server


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@asynccontextmanager
async def listening(url: str, own: str) -> AsyncIterator[tuple[RedisBus, list[News]]]:
    bus, heard = RedisBus(url, own), list[News]()
    running = asyncio.create_task(bus.run(heard.append))
    try:
        await eventually(lambda: bus.is_up)
        yield bus, heard
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_the_others_hear_in_order_and_whoever_told_does_not(redis: RedisServer) -> None:
    async with listening(redis.url, "one") as (one, own), listening(redis.url, "two") as (_, heard):
        told = [News(What.EVENT, "c1", n) for n in range(500)] + [News(What.TYPING, "c1", 1, "customer")]
        for news in told:
            one.tell(news)
        await eventually(lambda: len(heard) == len(told))
        assert heard == told
        assert own == []


async def test_nothing_that_is_published_holds_a_customers_words(redis: RedisServer) -> None:
    async with Redis.from_url(redis.url, driver_info=None).pubsub() as listener:
        await listener.subscribe(CHANNEL)
        async with listening(redis.url, "one") as (one, _):
            seen: list[str] = []
            while not any("draft" in text for text in seen):
                one.tell(News(What.DRAFT, "c1", 1))  # again: a bus may lose news
                message = await listener.get_message(ignore_subscribe_messages=True, timeout=0.5)
                if message:
                    seen.append(message["data"].decode())
    assert set(seen) <= {'["one", "probe"]', '["one", "draft", "c1", 1, ""]'}


async def test_a_subscription_that_redis_cut_is_made_again(redis: RedisServer) -> None:
    async with listening(redis.url, "one") as (one, _), listening(redis.url, "two") as (two, heard):
        async with Redis.from_url(redis.url, driver_info=None) as client:
            await client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")
        await eventually(lambda: not two.is_up)
        await eventually(lambda: one.is_up and two.is_up)

        def is_heard() -> bool:
            one.tell(News(What.EVENT, "c1", 7))
            return News(What.EVENT, "c1", 7) in heard

        await eventually(is_heard)


async def test_a_redis_that_hangs_is_noticed_within_two_seconds(redis: RedisServer) -> None:
    async with listening(redis.url, "one") as (one, _):
        loop = asyncio.get_running_loop()
        with redis.hanging():
            since = loop.time()
            await eventually(lambda: not one.is_up)
            assert loop.time() - since < 2
            one.tell(News(What.EVENT, "c1", 1))  # takes no time, and is dropped
        await eventually(lambda: one.is_up)


async def test_an_address_that_is_none_is_refused_and_one_that_does_not_answer_is_told() -> None:
    with pytest.raises(Refused, match="BOT_REDIS_URL"):
        RedisBus("localhost:6379", "one")
    with pytest.raises(Unavailable, match="does not answer"):
        await RedisBus("redis://127.0.0.1:1", "one").check()


async def test_the_doctor_is_told_which_redis_it_is(redis: RedisServer) -> None:
    assert (await RedisBus(redis.url, "one").check()).startswith("Redis ")
