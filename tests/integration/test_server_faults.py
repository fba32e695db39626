"""A server whose database goes away, whose clock is wrong, or that is told to stop in the middle of everything."""

import asyncio
import glob
import json
import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import httpx
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from bot import bootstrap
from bot.access import Role
from bot.adapters.migrate import migrate
from bot.adapters.sql_database import Database
from bot.login import add_agent
from bot.settings import Settings
from tests.fakes import stock, writes
from tests.integration.conftest import Server as Postgresql
from tests.integration.test_store_faults import stopped
from tests.quick_server import quick
from tests.running import Server, Visitor
from tests.site import PASSWORD, Agent, Site, Tab, running
from tests.talking import talking

POOL = 10
FAKETIME = sorted(glob.glob("/usr/lib/*/faketime/libfaketime.so.1"))


# ── PostgreSQL ──


@asynccontextmanager
async def site_over(url: str) -> AsyncIterator[tuple[Site, Tab]]:
    async with running(url, writes("You can return unused items within 30 days.")) as site:
        await stock(site.bot)
        async with site.tab(await site.customer()) as tab:
            yield site, tab


async def said(tab: Tab, cid: str) -> dict[str, Any]:
    """The ack, as a client gets it that tries again with the same id when told to."""
    while True:
        await tab.say(cid, cid=cid, id=cid)
        frame = await tab.next(ref=cid)
        if frame["type"] == "ack":
            return frame
        assert (frame["code"], frame["retry"]) == ("storage_unavailable", True)
        await asyncio.sleep(frame["after_ms"] / 1_000)


async def sessions(url: str, state: str = "") -> int:
    connection = await asyncpg.connect(url)
    try:
        wanted = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'answerdesk' AND state LIKE $1"
        return int(await connection.fetchval(wanted, f"{state}%"))
    finally:
        await connection.close()


async def texts(site: Site, tab: Tab) -> list[str]:
    events = await site.events(tab.conversation)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    return [event.text for event in events if event.author == "customer"]


@pytest.fixture
def database(own_postgresql: Postgresql) -> str:
    migrate(url := own_postgresql.create("faults"))
    return url


def test_a_customer_talks_on_after_postgresql_was_restarted(own_postgresql: Postgresql, database: str) -> None:
    async def live_through_it() -> None:
        async with site_over(database) as (site, tab):
            acks = [await said(tab, cid) for cid in ("a", "b")]
            await asyncio.to_thread(own_postgresql.stop)
            await tab.say("c", cid="c", id="c")
            assert (await tab.next("error", ref="c"))["code"] == "storage_unavailable"
            begun = await site.http.post("/v1/session", json={})
            assert (begun.status_code, begun.json()) == (503, {"error": "storage_unavailable"})
            await asyncio.to_thread(own_postgresql.start)
            started = time.monotonic()
            assert (await site.http.post("/v1/session", json={})).status_code == 201
            assert time.monotonic() - started < 5
            acks += [await said(tab, cid) for cid in ("c", "d")]
            await site.worker.idle()
            assert [ack["duplicate"] for ack in acks] == [False] * 4
            assert await texts(site, tab) == ["a", "b", "c", "d"]
            assert await sessions(database) <= POOL
            assert await sessions(database, "idle in transaction") == 0

    asyncio.run(live_through_it())


def test_a_postgresql_that_hangs_costs_time_and_no_message(own_postgresql: Postgresql, database: str) -> None:
    async def live_through_it() -> None:
        async with site_over(database) as (site, tab):
            await said(tab, "a")
            await site.worker.idle()
            base = await sessions(database)
            with stopped(own_postgresql):
                await tab.say("b", cid="b", id="b")
                assert not [frame for frame in await tab.quiet(2) if frame["type"] == "ack"]
            started = time.monotonic()
            assert (await said(tab, "b"))["cid"] == "b"  # a retry, while the first try may have been stored meanwhile
            assert time.monotonic() - started < 5
            await site.worker.idle()
            assert await texts(site, tab) == ["a", "b"]
            assert await sessions(database) <= max(base, POOL)
            assert await sessions(database, "idle in transaction") == 0

    asyncio.run(live_through_it())


def test_a_connection_of_ours_holds_no_lock_for_ever(database: str) -> None:
    async def look() -> list[str]:
        ours = Database(database)
        limits = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        async with ours.reading() as connection:
            found = [str((await connection.exec_driver_sql(f"SHOW {limit}")).scalar()) for limit in limits]
        await ours.close()
        return found

    assert asyncio.run(look()) == ["10s"] * 3


# ── clocks ──


def clock(by: str) -> dict[str, str]:
    if not FAKETIME:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("faketime is not installed: make system")
    # Files keep their own times: with others every compiled module would be compiled anew.
    own = {"FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return {"LD_PRELOAD": FAKETIME[0], "FAKETIME": by, **own}


async def hire(var: Path) -> None:
    async with bootstrap.staff(Settings(_env_file=None, data_dir=var)) as desk:  # type: ignore[call-arg]
        await add_agent(desk, "ana", "Ana", PASSWORD, Role.AGENT)


def test_a_clock_that_goes_back_two_days_changes_no_order_and_ends_no_session(tmp_path: Path) -> None:
    asyncio.run(hire(tmp_path / "var"))
    asyncio.run(two_days_back(tmp_path / "var"))


async def two_days_back(var: Path) -> None:
    async with AsyncExitStack() as stack:
        with quick(var, **clock("+1d")) as server:
            visitor = await asyncio.to_thread(Visitor.arriving, server.url)
            async with talking(visitor) as talk:
                assert [(await talk.say(cid))["type"] for cid in ("a", "b")] == ["ack"] * 2
                seen = (await talk.events())[-1]
            http = await stack.enter_async_context(httpx.AsyncClient(base_url=server.url, trust_env=False))
            agent = Agent(SimpleNamespace(address=server.url.removeprefix("http://")), http)  # type: ignore[arg-type]
            await agent.log_in("ana")
        with quick(var, **clock("-1d")) as server:
            async with talking(visitor, server.url, seen["seq"]) as talk:
                assert talk.seen[0]["conversations"][0]["resumed"] is True
                assert (await talk.say("c"))["seq"] > seen["seq"]
                assert await talk.mine() == ["a", "b", "c"]
                at = [event["at"] for event in await talk.events()]
                assert at[-1] < at[0]
            agent.http = await stack.enter_async_context(httpx.AsyncClient(base_url=server.url, trust_env=False))
            assert (await agent.get("me"))["agent"]["login"] == "ana"


# ── stopping ──


async def stalled(server: Server, stack: AsyncExitStack) -> None:
    """A customer's page that asks for much and reads none of it."""
    visitor = await asyncio.to_thread(Visitor.arriving, server.url)
    async with talking(visitor) as talk:
        for n in range(9):
            await talk.say(f"long-{n}", "x" * 3_900)
    opened = connect(f"{server.url.replace('http', 'ws')}/v1/socket", subprotocols=[Subprotocol("bot.v1")], max_queue=1)
    socket = await stack.enter_async_context(opened)
    await socket.send(json.dumps(await asyncio.to_thread(visitor.hello)))
    asking = {"type": "sync", "conversation": visitor.conversation, "since": 0, "limit": 100}
    for n in range(300):  # 35 kB each: more than any buffer on the way holds
        await socket.send(json.dumps({**asking, "id": str(n)}))
    socket.transport.pause_reading()


@dataclass
class Customer:
    visitor: Visitor
    acked: list[str] = field(default_factory=list)
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def talk(self) -> int | None:
        """Until the end; returns the code of the close."""
        async with talking(self.visitor) as talk:
            try:
                for n in range(1_000):
                    if (await talk.say(f"m{n}"))["type"] == "ack":
                        self.acked.append(f"m{n}")
                        self.has_begun.set()
            except ConnectionClosed:
                return talk.socket.close_code
        return None


async def test_told_to_stop_under_load_it_says_goodbye_within_ten_seconds_and_keeps_what_it_acknowledged(
    tmp_path: Path,
) -> None:
    var = tmp_path / "var"
    async with AsyncExitStack() as stack:
        with quick(var) as server:
            customers = [Customer(await asyncio.to_thread(Visitor.arriving, server.url)) for _ in range(4)]
            await stalled(server, stack)
            busy = [asyncio.create_task(customer.talk()) for customer in customers]
            await asyncio.gather(*(customer.has_begun.wait() for customer in customers))
            server.process.send_signal(signal.SIGTERM)
            started = time.monotonic()
            await asyncio.to_thread(server.process.wait, 15)
            assert time.monotonic() - started < 10
            assert {await task for task in busy} == {4001}
        assert "Traceback" not in (var / "serve.log").read_text()
        with quick(var) as server:
            for customer in customers:
                async with talking(customer.visitor, server.url) as talk:
                    kept = await talk.mine()
                    assert kept[: len(customer.acked)] == customer.acked
                    assert len(kept) <= len(customer.acked) + 1
