"""Tickets in PostgreSQL: two processes, one of which redeems, once and in time; customers' and agents'."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from sqlalchemy import delete, event, func, select, update
from sqlalchemy.engine import Engine

from bot.adapters import tables as t
from bot.adapters.sql import SqlStore
from bot.adapters.sql_database import Database
from bot.adapters.sql_tickets import KEPT_S, SqlAgentTickets, SqlCustomerTickets
from bot.conversation import Conversation
from bot.errors import Unavailable
from bot.ports import Session
from bot.tickets import TICKET_S, SharedTickets, Tickets
from tests.fakes import AT

KINDS = {"customer": SqlCustomerTickets, "agent": SqlAgentTickets}
Both = list[Tickets[Any]]


@pytest.fixture
async def databases(postgresql_url: str) -> AsyncIterator[list[Database]]:
    """Two processes' connections to one database."""
    both = [Database(postgresql_url), Database(postgresql_url)]
    yield both
    for one in both:
        await one.close()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def tickets(kind: str, databases: list[Database]) -> Both:
    return [SharedTickets(KINDS[kind](database)) for database in databases]


async def arrived(database: Database, id: str = "") -> Session:
    """A customer whose secret's hash is the conversation's name."""
    id = id or uuid.uuid4().hex
    session = Session(f"s-{id}", "ann", id, is_verified=True)
    await SqlStore(database).start(Conversation(id, "ann", "epoch"), session, id, AT)
    return session


@pytest.fixture
async def session(databases: list[Database]) -> Session:
    return await arrived(databases[0])


@pytest.fixture
def mine(session: Session) -> str:
    return session.conversation


@pytest.fixture
def whose(kind: str, session: Session, mine: str) -> Session | str:
    """What a ticket of this kind says when it is redeemed."""
    return session if kind == "customer" else mine


@pytest.fixture
def statements() -> Iterator[list[str]]:
    said: list[str] = []

    def note(connection: object, cursor: object, statement: str, *_: object) -> None:
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield said
    event.remove(Engine, "before_cursor_execute", note)


async def issued(tickets: Tickets[Any], secret_hash: str) -> str:
    ticket = await tickets.issue(secret_hash)
    assert ticket is not None
    return ticket


async def expire(database: Database, secret_hash: str, by: float) -> None:
    async with database.writing() as connection:
        own = update(t.ticket).where(t.ticket.c.secret_hash == secret_hash)
        await connection.execute(own.values(until=t.ticket.c.until - by))


async def n_kept(database: Database, secret_hash: str) -> int:
    async with database.reading() as connection:
        counted = select(func.count()).select_from(t.ticket).where(t.ticket.c.secret_hash == secret_hash)
        return int(await connection.scalar(counted) or 0)


async def test_what_one_process_issued_the_other_redeems_once(tickets: Both, mine: str, whose: object) -> None:
    ticket = await issued(tickets[0], mine)
    assert await tickets[1].redeem(ticket) == whose
    assert [await one.redeem(ticket) for one in tickets] == [None, None]


async def test_of_many_who_redeem_at_once_one_wins(tickets: Both, mine: str, whose: object) -> None:
    for _ in range(10):
        ticket = await issued(tickets[0], mine)
        won = await asyncio.gather(*(one.redeem(ticket) for _ in range(4) for one in tickets))
        assert sorted(won, key=bool) == [None] * 7 + [whose]


async def test_a_ticket_is_good_for_thirty_seconds(
    tickets: Both, databases: list[Database], mine: str, whose: object
) -> None:
    in_time = await issued(tickets[0], mine)
    await expire(databases[0], mine, TICKET_S - 10)
    late = await issued(tickets[0], mine)
    assert await tickets[1].redeem(in_time) == whose
    await expire(databases[0], mine, TICKET_S + 1)
    assert await tickets[1].redeem(late) is None
    assert await n_kept(databases[0], mine) == 0, "a late one is gone too"


async def test_a_ticket_of_one_kind_opens_no_socket_of_the_other(databases: list[Database], session: Session) -> None:
    customers, agents = (SharedTickets(kind(databases[0])) for kind in (SqlCustomerTickets, SqlAgentTickets))
    mine = session.conversation
    for_agents, for_customers = await issued(agents, mine), await issued(customers, mine)
    assert await customers.redeem(for_agents) is None
    assert await agents.redeem(for_customers) is None
    assert await agents.redeem(for_agents) == mine
    assert await customers.redeem(for_customers) == session


async def test_who_has_no_session_gets_no_ticket(databases: list[Database]) -> None:
    nobodys = uuid.uuid4().hex
    assert await SharedTickets(SqlCustomerTickets(databases[0])).issue(nobodys) is None
    assert await n_kept(databases[0], nobodys) == 0


async def test_a_session_that_ended_meanwhile_opens_nothing(databases: list[Database], mine: str) -> None:
    one, other = (SharedTickets(SqlCustomerTickets(database)) for database in databases)
    ticket = await issued(one, mine)
    async with databases[0].writing() as connection:
        await connection.execute(delete(t.session).where(t.session.c.secret_hash == mine))
    assert await other.redeem(ticket) is None
    await arrived(databases[0], mine + "-again")
    async with databases[0].writing() as connection:
        back = update(t.session).where(t.session.c.conversation_id == mine + "-again")
        await connection.execute(back.values(secret_hash=mine))
    assert await other.redeem(ticket) is None, "it was torn all the same"


async def test_a_ticket_is_issued_by_one_statement_and_redeemed_by_one(
    tickets: Both, mine: str, whose: object, statements: list[str]
) -> None:
    ticket = await issued(tickets[0], mine)
    assert len(statements) == 1
    assert await tickets[0].redeem(ticket) == whose
    assert len(statements) == 2


@pytest.mark.parametrize("made_up", ["", "x", "é", "\x00", "' OR 1=1 --", "a" * 128])
async def test_a_made_up_ticket_is_nobody(tickets: Both, made_up: str, mine: str) -> None:
    await issued(tickets[0], mine)
    assert await tickets[1].redeem(made_up) is None


async def test_what_nobody_redeemed_is_swept_away(
    tickets: Both, databases: list[Database], mine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.adapters.sql_tickets.SWEEP_S", -1.0)
    await issued(tickets[0], mine)
    await expire(databases[0], mine, TICKET_S + KEPT_S + 1)
    await issued(tickets[1], (await arrived(databases[0])).conversation)
    assert await n_kept(databases[0], mine) == 0


async def test_the_ticket_itself_is_not_kept(tickets: Both, databases: list[Database], mine: str) -> None:
    ticket = await issued(tickets[0], mine)
    async with databases[0].reading() as connection:
        rows = (await connection.execute(select(t.ticket).where(t.ticket.c.secret_hash == mine))).all()
    assert len(rows) == 1
    assert ticket not in str(rows)


async def test_a_database_that_is_away_is_said_so(kind: str) -> None:
    database = Database("postgresql://postgres:unused@/nowhere?host=/tmp/nobody-is-here")
    with pytest.raises(Unavailable):
        await SharedTickets(KINDS[kind](database)).issue("mine")
    await database.close()
