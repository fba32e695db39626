"""What the Overrides port promises, of the fake, of SQLite and of PostgreSQL; and what the catalogue finds there."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters import tables
from bot.adapters.sql import SqlStore
from bot.adapters.sql_catalogue import SqlCatalogue
from bot.adapters.sql_database import Database
from bot.adapters.sql_overrides import SqlOverrides
from bot.catalogue import Browse
from bot.conversation import Conversation
from bot.knowledge import Citation, Document, Passage
from bot.overrides import Kind, Override, Overrides
from bot.ports import Session
from tests.fake_overrides import FakeOverrides

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOSTILE = "100% <b>'\"\\ 退货 \u2028 __proto__"


def passage(key: str, text: str, **fields: object) -> Passage:
    return Passage(key, key, key.partition("#")[2], text, str(fields.pop("language", "en")), **fields)  # type: ignore[arg-type]


SAYS = passage("faqs/a.md#how", "Within 30 days.", phrasings=("send back", HOSTILE), url="/r", source="faqs/a.md:3",
               valid_to="2026-12-31", needs_person=True)  # fmt: skip
ONE = Override("faqs/a.md#how", "faqs/a.md#how", Kind.EDIT, (SAYS, replace(SAYS, text="And.", position=1)),
               (SAYS.id,), "How?", HOSTILE, ("a", "b"), "ana", AT)  # fmt: skip
TWO = Override("b.md#x", "b.md", Kind.DISABLE, (), ("gone",), by="ben", at=AT)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    async with database.writing() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            await connection.execute(table.delete())
    yield database
    await database.close()


@pytest.fixture(params=["fake", "sql"])
async def overrides(request: pytest.FixtureRequest, database: Database) -> Overrides:
    return FakeOverrides() if request.param == "fake" else SqlOverrides(database)


async def test_what_was_put_comes_back_as_it_was(overrides: Overrides) -> None:
    await overrides.put(ONE)
    await overrides.put(TWO)
    found = await overrides.overrides()
    assert sorted(found, key=lambda one: one.anchor) == [TWO, ONE]
    first = next(one for one in found if one.anchor == ONE.anchor)
    assert [one.id for one in first.file] == [one.id for one in ONE.file]
    assert [one.source for one in first.file] == ["faqs/a.md:3"] * 2


async def test_the_same_anchor_is_replaced(overrides: Overrides) -> None:
    await overrides.put(ONE)
    await overrides.put(replace(ONE, text="Other.", action=Kind.DISABLE))
    (one,) = await overrides.overrides()
    assert (one.text, one.action) == ("Other.", Kind.DISABLE)


async def test_settling_notes_what_files_say_and_drops_what_is_over(overrides: Overrides) -> None:
    await overrides.put(ONE)
    await overrides.put(TWO)
    await overrides.settle([replace(ONE, file=(SAYS,), text="not this")], [TWO])
    assert await overrides.overrides() == (replace(ONE, file=(SAYS,)),)


async def test_what_somebody_changed_meanwhile_is_not_settled(overrides: Overrides) -> None:
    newer = replace(ONE, at=AT + timedelta(seconds=1))
    await overrides.put(newer)
    await overrides.settle([replace(ONE, file=())], [])
    await overrides.settle([], [ONE, TWO])
    assert await overrides.overrides() == (newer,)


# ── the catalogue ──


async def publish(database: Database, *added: Passage, removed: tuple[Passage, ...] = (), at: datetime = AT) -> None:
    documents = [Document(p.document, p.title, p.kind, p.language, p.text, p.document) for p in added]
    await SqlStore(database).apply(documents, added, [one.id for one in removed], at)


def section(n: int, **fields: object) -> Passage:
    return Passage("p.md", "p.md#long", "P", f"Part {n}.", "en", "policy", position=n, **fields)  # type: ignore[arg-type]


async def test_a_page_lists_entries_by_their_first_passage(database: Database) -> None:
    gone = passage("a.md#gone", "No more.")
    await publish(database, section(0), section(1), section(2), passage("a.md#b", "B."), passage("a.md#a", "A."), gone)
    await publish(database, passage("a.md#c", "C.", language="zh"), removed=(gone,))
    catalogue = SqlCatalogue(database)
    found = await catalogue.page(Browse())
    assert (found.total, [one.text for one in found.entries]) == (4, ["A.", "B.", "C.", "Part 0."])
    paged = await catalogue.page(Browse(offset=1, limit=2))
    assert (paged.total, [one.text for one in paged.entries]) == (4, ["B.", "C."])
    assert [one.text for one in (await catalogue.page(Browse(file="p.md"))).entries] == ["Part 0."]
    assert (await catalogue.page(Browse(file="_.md"))).total == (await catalogue.page(Browse(file="a"))).total == 0
    assert [one.text for one in (await catalogue.page(Browse(language="zh"))).entries] == ["C."]
    assert await catalogue.files() == {"a.md": 3, "p.md": 3}
    assert await catalogue.languages() == ("en", "zh")
    assert [one.text for one in await catalogue.parts("p.md#long")] == ["Part 0.", "Part 1.", "Part 2."]


@pytest.mark.parametrize(
    ("window", "is_listed"),
    [({}, False), ({"valid_to": "2026-03-20"}, True), ({"valid_to": "2026-03-20T10:00"}, True),
     ({"valid_to": "2026-06-01"}, False), ({"valid_from": "2026-03-20"}, True), ({"valid_from": "2026-01-01"}, False)],
)  # fmt: skip
async def test_what_begins_or_ends_soon_can_be_listed(
    database: Database, window: dict[str, str], is_listed: bool
) -> None:
    await publish(database, passage("a.md#a", "A.", **window))
    soon = Browse(ends_before="2026-04-01", begins_after="2026-03-02")
    assert (await SqlCatalogue(database).page(soon)).total == is_listed


async def test_the_past_of_an_entry_is_what_it_said_newest_first(database: Database) -> None:
    old, new = passage("a.md#a", "30 days."), passage("a.md#a", "14 days.")
    await publish(database, old, passage("a.md#b", "B."))
    await publish(database, new, removed=(old,), at=AT + timedelta(days=1))
    past = await SqlCatalogue(database).past("a.md#a", 10)
    assert [(one.passage.text, one.action) for one in past] == [
        ("14 days.", "added"), ("30 days.", "retired"), ("30 days.", "added"),
    ]  # fmt: skip
    assert past[-1].at == AT
    assert len(await SqlCatalogue(database).past("a.md#a", 1)) == 1


async def test_citations_count_messages_of_any_wording_since_then(database: Database) -> None:
    old, new = passage("a.md#a", "30 days."), passage("a.md#a", "14 days.")
    await publish(database, old, new)
    store = SqlStore(database)
    cited = [Citation(n, p.document, p.id, p.title, p.text, p.url, 0.9) for n, p in enumerate((old, new), start=1)]
    for n, at in enumerate((AT, AT + timedelta(days=2))):
        await store.start(Conversation(f"c{n}", "v", "e"), Session(f"s{n}", "v", f"c{n}"), f"h{n}", at)
        await store.change(f"c{n}", lambda c, at=at: c.said("May I?", sender="s", cid="m", at=at))  # type: ignore[misc]
        await store.change(f"c{n}", lambda c, at=at: c.replied("Yes.", answers=1, at=at, citations=tuple(cited)))  # type: ignore[misc]
    catalogue = SqlCatalogue(database)
    assert await catalogue.cited("a.md#a", AT) == 2
    assert await catalogue.cited("a.md#a", AT + timedelta(days=1)) == 1
    assert await catalogue.cited("a.md#b", AT) == 0
