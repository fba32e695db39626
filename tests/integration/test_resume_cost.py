"""What a resume costs the database: hundreds of customers come back at once when a process dies."""

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.conversation import WINDOW, Conversation
from tests.fakes import AT, writes
from tests.site import Site, Tab, running

FAR_BACK = WINDOW + 20


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Site]:
    async with running(database_url, writes("")) as site:
        yield site


@pytest.fixture
def readings() -> Iterator[list[str]]:
    """Statements that read events."""
    read: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        if "FROM event" in statement:
            read.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield read
    event.remove(Engine, "before_cursor_execute", note)


async def talked(site: Site) -> str:
    """Much was said, all of it with a person."""
    id = await site.customer()

    def step(c: Conversation) -> Conversation:
        c = c.claimed("a1", at=AT)
        for n in range(FAR_BACK - 1):
            c = c.said(f"Message {n}", sender="ann", cid=str(n), at=AT)
        return c

    await site.bot.store.change(id, step)
    return id


async def seqs(tab: Tab, n: int) -> list[int]:
    return [(await tab.next("event"))["seq"] for _ in range(n)]


@pytest.mark.parametrize("missed", [0, 1, WINDOW])
async def test_what_was_missed_lately_comes_with_the_conversation(site: Site, readings: list[str], missed: int) -> None:
    id = await talked(site)
    readings.clear()
    async with site.tab(id, ("epoch-1", FAR_BACK - missed)) as tab:
        assert tab.seen[0]["conversations"][0]["resumed"] is True
        assert await seqs(tab, missed) == list(range(FAR_BACK - missed + 1, FAR_BACK + 1))
        assert not [frame for frame in await tab.quiet() if frame["type"] == "event"]
    assert len(readings) == 1


async def test_what_was_missed_long_ago_is_read_in_full(site: Site, readings: list[str]) -> None:
    id = await talked(site)
    readings.clear()
    async with site.tab(id, ("epoch-1", 1)) as tab:
        assert await seqs(tab, FAR_BACK - 1) == list(range(2, FAR_BACK + 1))
    assert len(readings) == 2
