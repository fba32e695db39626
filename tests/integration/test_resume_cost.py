"""What a resume costs the database: hundreds of customers come back at once when a process dies."""

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

from bot.adapters.sql_database import Database
from bot.adapters.sql_tickets import SqlAgentTickets, SqlCustomerTickets
from bot.conversation import WINDOW, Conversation
from tests.fakes import AT, writes
from tests.site import Site, Tab, running

FAR_BACK = WINDOW + 20


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Site]:
    async with running(database_url, writes("")) as site:
        yield site


@pytest.fixture
def statements() -> Iterator[list[tuple[str, str]]]:
    """With their parameters."""
    said: list[tuple[str, str]] = []

    def note(connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        said.append((" ".join(statement.split()), str(parameters)))

    event.listen(Engine, "before_cursor_execute", note)
    yield said
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


def reading(statements: list[tuple[str, str]]) -> list[str]:
    """Those that read events."""
    return [statement for statement, _ in statements if " event " in statement]


@pytest.mark.parametrize("missed", [0, 1, WINDOW])
async def test_what_was_missed_lately_comes_with_the_conversation(
    site: Site, statements: list[tuple[str, str]], missed: int
) -> None:
    id = await talked(site)
    statements.clear()
    async with site.tab(id, ("epoch-1", FAR_BACK - missed)) as tab:
        assert tab.seen[0]["conversations"][0]["resumed"] is True
        assert await seqs(tab, missed) == list(range(FAR_BACK - missed + 1, FAR_BACK + 1))
        assert not [frame for frame in await tab.quiet() if frame["type"] == "event"]
    assert len(reading(statements)) == 1


async def test_what_was_missed_long_ago_is_read_in_full(site: Site, statements: list[tuple[str, str]]) -> None:
    id = await talked(site)
    statements.clear()
    async with site.tab(id, ("epoch-1", 1)) as tab:
        assert await seqs(tab, FAR_BACK - 1) == list(range(2, FAR_BACK + 1))
    assert len(reading(statements)) == 2


@pytest.mark.parametrize("missed", [0, WINDOW])
async def test_one_statement_issues_a_ticket_and_two_resume_where_there_are_several_processes(
    postgresql_url: str, statements: list[tuple[str, str]], missed: int
) -> None:
    """The ticket with its session, the conversation with what was missed."""
    database = Database(postgresql_url)
    tickets = {"counterfoils": SqlCustomerTickets(database), "agent_counterfoils": SqlAgentTickets(database)}
    async with running(postgresql_url, writes(""), **tickets) as site:
        id = await talked(site)
        statements.clear()
        async with site.tab(id, ("epoch-1", FAR_BACK - missed)) as tab:
            assert len(await seqs(tab, missed)) == missed
        # The ladder looks every second, for nobody in particular.
        asked = [said for said, about in statements if id in about or "'customer'" in about]
        assert [said.split()[:3] for said in asked if "ticket" in said] == [
            ["INSERT", "INTO", "ticket"], ["WITH", "gone", "AS"],
        ]  # fmt: skip
        assert len(asked) == 3, asked
    await database.close()
