"""What processes keep for each other in the database: leases, drafts, and who is where."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from bot.adapters.sql import SqlStore
from bot.adapters.sql_database import Database
from bot.adapters.sql_shared import SqlShared
from bot.conversation import Conversation
from bot.errors import Conflict
from bot.hub import Draft
from bot.knowledge import Citation
from bot.ports import Session
from bot.shared import Here
from tests.fakes import AT

DRAFT = Draft(3, 0, "Within 30 days.", (Citation(1, "d", "p", "Returns", "Within 30 days.", "/r", 0.5),))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def both(url: str) -> AsyncIterator[tuple[SqlShared, SqlShared]]:
    """Two processes on one database."""
    one, other = SqlShared(Database(url), "one"), SqlShared(Database(url), "other")
    store = SqlStore(one.database)
    with suppress(Conflict):  # the tests of this module share a database
        await store.start(Conversation("c1", "ann", "epoch"), Session("s1", "ann", "c1"), "hash", AT)
    yield one, other
    for process in (one, other):
        await process.leave()
        for name in ("answer c1", "answer c2", "post"):
            await process.release(name)
    await one.database.close()
    await other.database.close()


Both = tuple[SqlShared, SqlShared]


async def test_a_lease_is_one_process_at_a_time(both: Both) -> None:
    one, other = both
    assert await one.take("answer c1", 60)
    assert await one.take("answer c1", 60), "ours lasts longer"
    assert not await other.take("answer c1", 60)
    assert await other.take("answer c2", 60), "another is free"
    await other.release("answer c1")
    assert not await other.take("answer c1", 60), "nobody gives back what is not theirs"
    await one.release("answer c1")
    assert await other.take("answer c1", 60)


async def test_a_lease_that_ran_out_is_taken_over_and_its_holder_finds_out(both: Both) -> None:
    one, other = both
    assert await one.take("post", 0.05)
    await asyncio.sleep(0.1)
    assert await other.take("post", 60)
    assert not await one.take("post", 60)


async def test_of_many_who_ask_at_once_one_gets_the_lease(both: Both) -> None:
    one, other = both
    more = [SqlShared(both[n % 2].database, f"process {n}") for n in range(20)]
    assert sum(await asyncio.gather(*(process.take("race", 60) for process in (one, other, *more)))) == 1


async def test_a_draft_is_read_whole_by_another_process_until_it_is_taken_away(both: Both) -> None:
    one, other = both
    assert await other.draft("c1") is None
    await one.put_draft("c1", Draft(3, 0, "Within"))
    await one.put_draft("c1", DRAFT)
    assert await other.draft("c1") == DRAFT
    await one.drop_draft("c1")
    assert await other.draft("c1") is None


async def test_heads_of_conversations_that_are_there(both: Both) -> None:
    assert dict(await both[0].heads(["c1", "nobody", *map(str, range(1_000))])) == {"c1": 0}


async def test_who_is_at_a_process_is_known_to_the_others_while_it_lives(both: Both) -> None:
    one, other = both
    here = Here({"ana": (True, 2)}, {"c1"})
    await one.say(Here())
    await one.say(here)
    assert list(await other.others(30)) == [here]
    assert list(await one.others(30)) == [], "our own is no other"
    await asyncio.sleep(0.05)
    assert list(await other.others(0.01)) == [], "it was not heard of for a while"
    await one.leave()
    assert list(await other.others(30)) == []
