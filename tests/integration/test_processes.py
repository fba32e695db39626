"""Two processes on one PostgreSQL: with Redis between them, without, and while it is away or hangs."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from time import monotonic

import pytest
from redis.asyncio import Redis

from bot.adapters.sql_database import Database
from bot.adapters.sql_shared import SqlShared
from bot.conversation import Author, Kind
from bot.settings import Settings
from tests.fakes import HANG, FakeGenerator, eventually, plays, stock, writes
from tests.redis_server import RedisServer, redis_server
from tests.site import Site, running

QUESTION = "How do I return a lamp?"
TRUE = "You can return unused items within 30 days."
LATE_S = 2.0  # what a lost bus may cost


@pytest.fixture(scope="module")
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


def bus_is_up(site: Site) -> bool:
    return bool(site.server.config.app.state.bus.is_up)  # type: ignore[union-attr]


async def two(stack: AsyncExitStack, url: str, redis_url: str, generator: FakeGenerator) -> tuple[Site, Site]:
    settings = Settings(database_url=url, redis_url=redis_url)
    one = await stack.enter_async_context(running(url, generator, settings))
    other = await stack.enter_async_context(running(url, generator, settings))
    for site in (one, other):
        await stock(site.bot)
    if redis_url:
        await eventually(lambda: bus_is_up(one) and bus_is_up(other))
    return one, other


@pytest.fixture(params=["redis", "no redis"])
async def sites(
    request: pytest.FixtureRequest, postgresql_url: str, redis: RedisServer
) -> AsyncIterator[tuple[Site, Site]]:
    async with AsyncExitStack() as stack:
        yield await two(stack, postgresql_url, redis.url if request.param == "redis" else "", writes(TRUE))


Sites = tuple[Site, Site]


async def test_what_is_said_at_one_process_is_read_at_the_other(sites: Sites) -> None:
    here, there = sites
    id = await here.customer()
    async with here.tab(id) as tab, there.tab(id) as second:
        await tab.say(QUESTION)
        for one in (tab, second):
            assert (await one.event(author="customer"))["seq"] == 1
            assert (await one.event(author="bot"))["body"]["answers"] == 1
        await second.say("Thanks, and how long does delivery take?")
        assert (await tab.event(author="customer"))["seq"] == 3
        await tab.event(author="bot")
    assert [event.seq for event in await here.events(id)] == [1, 2, 3, 4]


async def test_one_question_is_answered_once_however_many_processes_are_woken(sites: Sites) -> None:
    id = await sites[0].customer()
    async with sites[0].tab(id) as tab:
        await tab.say(QUESTION)
        for site in sites:
            for _ in range(5):
                site.worker.wake(id)
        await tab.event(author="bot")
    for site in sites:
        await site.worker.idle()
    replies = [event for event in await sites[0].events(id) if event.author is Author.BOT]
    assert len(replies) == 1


async def test_an_agent_at_one_process_serves_a_customer_at_the_other(sites: Sites) -> None:
    here, there = sites
    id = await here.customer()
    async with here.tab(id) as tab, there.agent() as agent, agent.console(id) as console:
        await tab.tell("handoff", id="1", cid="h1")
        await tab.event(Kind.HANDED_OFF)
        await console.next("inbox", reset=False)
        await console.tell("claim", id="2", cid="k1", expect_version=(await agent.row(id))["version"])
        await tab.event(Kind.CLAIMED)
        await console.tell("open", id="3")
        await console.tell("send", id="4", cid="s1", text="Hello, this is Ana.")
        assert (await tab.event(author="agent"))["body"]["text"] == "Hello, this is Ana."
        await tab.say("Hi Ana")
        assert (await console.event(author="customer"))["body"]["text"] == "Hi Ana"


async def test_who_is_at_one_process_is_seen_at_the_other(sites: Sites) -> None:
    here, there = sites
    async with here.agent() as agent:
        ana = (await here.bot.roster.agents())[0].id
        async with agent.console() as console:
            await eventually(lambda: there.bot.presence.is_online(ana))
            await console.tell("away", on=True)
            await eventually(lambda: there.bot.presence.is_away(ana))
            async with there.agent() as again, again.console() as second:
                await second.tell("away", on=False)
                await eventually(lambda: not here.bot.presence.is_away(ana))
        await eventually(lambda: not there.bot.presence.is_online(ana))


async def test_the_other_process_answers_when_the_one_that_began_is_gone(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.neighbours.OWED_S", 0.5)
    async with AsyncExitStack() as stack:
        here, there = await two(stack, postgresql_url, "", writes(TRUE))
        id = await here.customer()
        killed = SqlShared(Database(postgresql_url), "killed")
        assert await killed.take(f"answer {id}", 2.0)
        async with there.tab(id) as tab:
            await tab.say(QUESTION)
            assert not any(event.author is Author.BOT for event in await there.events(id))
            await tab.event(author="bot")
        await killed.database.close()


async def test_sentences_are_shown_at_the_other_process_while_the_reply_is_written(
    postgresql_url: str, redis: RedisServer
) -> None:
    gate = threading.Event()
    async with AsyncExitStack() as stack:
        here, there = await two(stack, postgresql_url, redis.url, plays(f"{TRUE} Bring", gate, " the receipt."))
        id = await here.customer()
        async with here.tab(id) as tab, there.tab(id) as second:
            await tab.say(QUESTION)
            draft = await second.next("draft")
            assert draft["text"] == TRUE
            assert draft["citations"]
            async with there.tab(id) as late:
                assert (await late.next("draft"))["text"] == TRUE
            gate.set()
            assert (await second.event(author="bot"))["body"]["answers"] == draft["answers"]
            assert not [frame for frame in await second.quiet() if frame["type"] == "draft"]
        for site in (here, there):
            await asyncio.sleep(0.1)  # the row is taken away beside everything else
            assert await site.bot.shared.draft(id) is None


async def test_typing_crosses_without_any_text(postgresql_url: str, redis: RedisServer) -> None:
    async with AsyncExitStack() as stack:
        here, there = await two(stack, postgresql_url, redis.url, writes(TRUE))
        id = await here.customer()
        async with here.tab(id) as tab, there.agent() as agent, agent.console(id) as console:
            await tab.tell("handoff", id="1", cid="h1")
            await console.tell("open", id="2")
            await console.next("ack", ref="2")
            await tab.tell("typing", on=True)
            assert (await console.next("typing", author="customer"))["on"] is True
            await console.tell("claim", id="3", cid="k1", expect_version=(await agent.row(id))["version"])
            await tab.event(Kind.CLAIMED)
            await console.tell("typing", on=True)
            assert (await tab.next("typing", author="agent"))["on"] is True


@pytest.mark.parametrize("fault", ["killed", "hanging"])
async def test_redis_that_is_away_costs_two_seconds_and_comes_back_by_itself(postgresql_url: str, fault: str) -> None:
    with redis_server() as redis:
        async with AsyncExitStack() as stack:
            here, there = await two(stack, postgresql_url, redis.url, writes(TRUE))
            id = await here.customer()
            tab = await stack.enter_async_context(here.tab(id))
            second = await stack.enter_async_context(there.tab(id))
            with redis.hanging() if fault == "hanging" else _killed(redis):
                for n in (1, 3):
                    await tab.say(f"{QUESTION} {n}")
                    await tab.event(author="bot")
                    told = monotonic()
                    assert (await second.event(author="bot"))["seq"] == n + 1
                    assert monotonic() - told < LATE_S + 1  # a busy machine's second
            await eventually(lambda: bus_is_up(here) and bus_is_up(there))
            await tab.say(f"{QUESTION} 5")
            assert (await second.event(author="bot"))["seq"] == 6


class _killed:
    def __init__(self, redis: RedisServer) -> None:
        self._redis = redis

    def __enter__(self) -> None:
        self._redis.kill()

    def __exit__(self, *_: object) -> None:
        self._redis.start()


async def test_what_anybody_publishes_on_the_bus_shows_nothing_and_breaks_nothing(
    postgresql_url: str, redis: RedisServer
) -> None:
    async with AsyncExitStack() as stack:
        here, there = await two(stack, postgresql_url, redis.url, writes(TRUE))
        id = await here.customer()
        tab = await stack.enter_async_context(there.tab(id))
        forged = [
            "", "{", "[]", "null", "[" * 900, '["x"]', '["x", "probe"]', '["x", "event", 1, 2, 3]', "\x00", "x" * 5_000,
            f'["x", "event", "{id}", 99, ""]', f'["x", "event", "{id}", -1, ""]', f'["x", "draft", "{id}", 1, ""]',
            f'["x", "typing", "{id}", 1, "agent"]', f'["x", "typing", "{id}", 1, "<script>"]',
            '["x", "people", "", 0, ""]', f'["x", "event", "{id}", 1e400, ""]', '["x", "event", "nobody", 1, ""]',
            '["x", "nothing", "", 0, ""]',
        ]  # fmt: skip
        async with Redis.from_url(redis.url) as client:
            for text in forged:
                await client.publish("answerdesk", text)
        await tab.say(QUESTION)
        await tab.event(author="bot")
        assert {frame["type"] for frame in tab.seen} <= {"welcome", "event", "ack", "typing", "draft"}
        assert [frame["seq"] for frame in tab.seen if frame["type"] == "event"] == [1, 2]
        assert not [frame for frame in tab.seen if frame["type"] == "typing" and frame["author"] == "agent"]
        assert bus_is_up(here)


async def test_a_claim_at_one_process_stops_a_draft_at_the_other(postgresql_url: str, redis: RedisServer) -> None:
    async with AsyncExitStack() as stack:
        here, there = await two(stack, postgresql_url, redis.url, plays(f"{TRUE} Bring", HANG))
        id = await here.customer()
        async with here.tab(id) as tab, there.agent() as agent, agent.console(id) as console:
            await tab.say(QUESTION)
            await tab.next("draft")
            await console.tell("claim", id="1", cid="k1", expect_version=(await agent.row(id))["version"])
            await tab.event(Kind.CLAIMED)
            await here.worker.idle()
        assert not [event for event in await here.events(id) if event.author is Author.BOT]
