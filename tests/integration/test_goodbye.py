"""A server that is told to stop first finishes what it has in its hands: what it stores, it acknowledges."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.fakes import writes
from tests.site import Site, Tab, running

SLOW_S = 0.3


@pytest.fixture
async def site(sqlite_url: str) -> AsyncIterator[Site]:
    async with running(sqlite_url, writes("")) as site:
        yield site


@pytest.fixture
def slow_store(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    change = site.bot.store.change

    async def slowly(*arguments: Any, **options: Any) -> Any:
        await asyncio.sleep(SLOW_S)
        return await change(*arguments, **options)

    monkeypatch.setattr(site.bot.store, "change", slowly)


async def types(tab: Tab) -> list[str]:
    await tab.closed()
    return [frame["type"] for frame in tab.seen]


@pytest.mark.usefixtures("slow_store")
async def test_what_is_being_stored_when_the_server_goes_is_acknowledged(site: Site) -> None:
    async with site.tab(await site.customer()) as tab:
        await tab.say("How do I return a lamp?")
        await asyncio.sleep(SLOW_S / 3)
        site.doors.shut()
        seen = await types(tab)
    assert "ack" in seen, "it was stored, and nobody was told"
    assert seen[-1] == "bye"
    assert tab.socket.close_code == 4001


async def test_who_says_nothing_at_that_moment_is_told_at_once(site: Site) -> None:
    async with site.tab(await site.customer()) as tab:
        site.doors.shut()
        async with asyncio.timeout(SLOW_S):
            assert (await types(tab))[-1] == "bye"
    assert tab.socket.close_code == 4001


@pytest.mark.usefixtures("slow_store")
async def test_what_is_sent_after_that_is_not_stored(site: Site) -> None:
    async with site.tab(await site.customer()) as tab:
        await tab.say("How do I return a lamp?")
        await tab.say("And a sofa?")
        await asyncio.sleep(SLOW_S / 3)
        site.doors.shut()
        await types(tab)
    assert [event.text for event in await site.events(tab.conversation) if event.author == "customer"] == [
        "How do I return a lamp?"
    ]
