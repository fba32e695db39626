"""Tickets in PostgreSQL: two processes, one of which redeems, once and in time."""

import asyncio
import uuid
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select, update

from bot.adapters import tables as t
from bot.adapters.sql_database import Database
from bot.adapters.sql_tickets import KEPT_S, SqlTickets
from bot.errors import Unavailable
from bot.tickets import TICKET_S, SharedTickets


@pytest.fixture
async def databases(postgresql_url: str) -> AsyncIterator[list[Database]]:
    """Two processes' connections to one database."""
    both = [Database(postgresql_url), Database(postgresql_url)]
    yield both
    for one in both:
        await one.close()


async def itself(secret_hash: str) -> str | None:
    return secret_hash


@pytest.fixture
def tickets(databases: list[Database]) -> list[SharedTickets[str]]:
    return [SharedTickets(SqlTickets(database), "customer", itself) for database in databases]


@pytest.fixture
def mine() -> str:
    return uuid.uuid4().hex


async def expire(database: Database, secret_hash: str, by: float) -> None:
    async with database.writing() as connection:
        own = update(t.ticket).where(t.ticket.c.secret_hash == secret_hash)
        await connection.execute(own.values(until=t.ticket.c.until - by))


async def n_kept(database: Database, secret_hash: str) -> int:
    async with database.reading() as connection:
        counted = select(func.count()).select_from(t.ticket).where(t.ticket.c.secret_hash == secret_hash)
        return int(await connection.scalar(counted) or 0)


async def test_what_one_process_issued_the_other_redeems_once(tickets: list[SharedTickets[str]], mine: str) -> None:
    ticket = await tickets[0].issue("", mine)
    assert await tickets[1].redeem(ticket) == mine
    assert [await one.redeem(ticket) for one in tickets] == [None, None]


async def test_of_many_who_redeem_at_once_one_wins(tickets: list[SharedTickets[str]], mine: str) -> None:
    for _ in range(10):
        ticket = await tickets[0].issue("", mine)
        won = await asyncio.gather(*(one.redeem(ticket) for _ in range(4) for one in tickets))
        assert sorted(won, key=bool) == [None] * 7 + [mine]


async def test_a_ticket_is_good_for_thirty_seconds(
    tickets: list[SharedTickets[str]], databases: list[Database], mine: str
) -> None:
    in_time = await tickets[0].issue("", mine)
    await expire(databases[0], mine, TICKET_S - 10)
    late = await tickets[0].issue("", mine)
    assert await tickets[1].redeem(in_time) == mine
    await expire(databases[0], mine, TICKET_S + 1)
    assert await tickets[1].redeem(late) is None
    assert await n_kept(databases[0], mine) == 0, "a late one is gone too"


async def test_an_agents_ticket_opens_no_customers_socket(databases: list[Database], mine: str) -> None:
    kept = SqlTickets(databases[0])
    ticket = await SharedTickets(kept, "agent", itself).issue("", mine)
    assert await SharedTickets(kept, "customer", itself).redeem(ticket) is None
    assert await SharedTickets(kept, "agent", itself).redeem(ticket) == mine


@pytest.mark.parametrize("made_up", ["", "x", "é", "\x00", "' OR 1=1 --", "a" * 128])
async def test_a_made_up_ticket_is_nobody(tickets: list[SharedTickets[str]], made_up: str, mine: str) -> None:
    await tickets[0].issue("", mine)
    assert await tickets[1].redeem(made_up) is None


async def test_what_nobody_redeemed_is_swept_away(
    tickets: list[SharedTickets[str]], databases: list[Database], mine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.sql_tickets.SWEEP_S", -1.0)
    await tickets[0].issue("", mine)
    await expire(databases[0], mine, TICKET_S + KEPT_S + 1)
    await tickets[1].issue("", uuid.uuid4().hex)
    assert await n_kept(databases[0], mine) == 0


async def test_the_ticket_itself_is_not_kept(
    tickets: list[SharedTickets[str]], databases: list[Database], mine: str
) -> None:
    ticket = await tickets[0].issue("", mine)
    async with databases[0].reading() as connection:
        rows = (await connection.execute(select(t.ticket).where(t.ticket.c.secret_hash == mine))).all()
    assert len(rows) == 1
    assert ticket not in str(rows)


async def test_a_database_that_is_away_is_said_so(mine: str) -> None:
    database = Database("postgresql://postgres:unused@/nowhere?host=/tmp/nobody-is-here")
    with pytest.raises(Unavailable):
        await SharedTickets(SqlTickets(database), "customer", itself).issue("", mine)
    await database.close()
