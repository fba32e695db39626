"""kill -9 between INSERT and COMMIT, and between COMMIT and telling: what was rolled back nobody ever saw, what was
committed reaches everybody who comes back, and the question has one answer."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.client import Client
from tests.failing_serve import DEADLY
from tests.faulty_shop import QUESTION, Arrived, Shop, shop, visited
from tests.running import serving

ASKED = f"{QUESTION} It is a {DEADLY} question."


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop(tmp_path_factory.mktemp("failpoints")) as one:
        yield one


@pytest.fixture
async def here(closed: Shop) -> AsyncIterator[Shop]:
    async with visited(closed) as one:
        yield one


async def dies(here: Shop, arrived: Arrived, writer: Client, reader: Client) -> None:
    """Both are connected, one asks, and the server is gone."""
    async with writer, reader:
        await asyncio.gather(writer.welcomed(), reader.welcomed())
        writer.post(text=ASKED, cid="c-1")
        assert here.server is not None
        await asyncio.to_thread(here.server.process.wait, 60)
        await asyncio.sleep(0.05)  # what was sent before it died arrives


@pytest.mark.parametrize(
    ("by", "place", "n_kept"),
    [("customer", "committing", 0), ("customer", "committed", 1), ("bot", "committing", 1), ("bot", "committed", 2)],
)
async def test_what_was_committed_reaches_everybody_and_what_was_not_nobody(
    here: Shop, by: str, place: str, n_kept: int
) -> None:
    deadly = {"FAIL_AT": place, "FAIL_BY": by}
    with serving(here.data, "tests.failing_serve", **here.settings, **deadly) as here.server:
        arrived = await here.arrive()
        writer, reader = arrived.client(), arrived.client()
        await dies(here, arrived, writer, reader)
        assert here.server.process.returncode == -9, "it died by itself"
    rows = arrived.check(writer, reader)
    assert len(rows) == n_kept
    assert len(reader.events) <= (by == "bot"), "nobody hears of what is not committed, or what died before telling"
    assert not writer.acks or by == "bot"
    with serving(here.data, **here.settings) as here.server:
        again, other = arrived.client(), arrived.client()
        again.position, other.position = writer.position, reader.position
        async with again, other:
            again.post(text=ASKED, cid="c-1")
            await again.reaches(2)
            await other.reaches(2)
            await again.until(lambda: again.acks)
    assert again.acks["c-1"][0]["duplicate"] is (n_kept > 0)
    rows = arrived.check(again, other)
    assert [(row.author, row.cid) for row in rows] == [("customer", "c-1"), ("bot", None)]
