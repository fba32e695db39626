"""Tickets for sockets in PostgreSQL: any process redeems what any other issued, once. Only hashes are kept.

Hundreds of customers ask for one at the same moment when a process dies, so theirs are issued and redeemed together
with their session: one statement each.
"""

from contextlib import suppress
from time import monotonic
from typing import Any

from sqlalchemy import ColumnElement, Select, String, delete, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningDelete

from bot.adapters import tables as t
from bot.adapters.rows import as_session
from bot.adapters.sql_database import Database, whole
from bot.adapters.sql_statements import clock
from bot.errors import Unavailable
from bot.ports import Session

SWEEP_S = 60.0  # how often those nobody redeemed go
KEPT_S = 60.0  # beyond their time
COLUMNS = ["hash", "kind", "secret_hash", "until"]


class _Tickets:
    """Of one kind. Times are the database's: two machines' clocks need not agree."""

    _kind: str

    def __init__(self, database: Database) -> None:
        self.database = database
        self._swept = monotonic()

    def _row(self, ticket_hash: str, secret_hash: str, until: ColumnElement[float]) -> Select[str, str, str, float]:
        """The row to keep, or none."""
        return select(literal(ticket_hash, String), literal(self._kind, String), literal(secret_hash, String), until)

    @whole()
    async def keep(self, ticket_hash: str, secret_hash: str, lifetime_s: float) -> bool:
        async with self.database.writing() as connection:
            row = self._row(ticket_hash, secret_hash, clock(connection) + lifetime_s)
            kept = insert(t.ticket).from_select(COLUMNS, row).returning(t.ticket.c.hash)
            is_kept = (await connection.execute(kept)).first() is not None
        if monotonic() - self._swept >= SWEEP_S:
            self._swept = monotonic()
            with suppress(Unavailable):  # the next one does it
                await self.sweep()
        return is_kept

    def _torn(self, connection: AsyncConnection, ticket_hash: str) -> ReturningDelete[*tuple[Any, ...]]:
        """Late ones go too."""
        c = t.ticket.c
        gone = delete(t.ticket).where(c.hash == ticket_hash, c.kind == self._kind)
        return gone.returning(c.secret_hash, (c.until >= clock(connection)).label("in_time"))

    async def sweep(self) -> None:
        async with self.database.writing() as connection:
            await connection.execute(delete(t.ticket).where(t.ticket.c.until < clock(connection) - KEPT_S))


class SqlAgentTickets(_Tickets):
    """The Counterfoils port. Whether the session lasts is its roster's to say."""

    _kind = "agent"

    @whole()
    async def tear(self, ticket_hash: str) -> str | None:
        async with self.database.writing() as connection:
            row = (await connection.execute(self._torn(connection, ticket_hash))).first()
        return str(row.secret_hash) if row is not None and row.in_time else None


class SqlCustomerTickets(_Tickets):
    """The Counterfoils port."""

    _kind = "customer"

    def _row(self, ticket_hash: str, secret_hash: str, until: ColumnElement[float]) -> Select[str, str, str, float]:
        return super()._row(ticket_hash, secret_hash, until).where(t.session.c.secret_hash == secret_hash)

    @whole()
    async def tear(self, ticket_hash: str) -> Session | None:
        async with self.database.writing() as connection:
            gone = self._torn(connection, ticket_hash).cte("gone")
            whose = select(t.session).join(gone, gone.c.secret_hash == t.session.c.secret_hash).where(gone.c.in_time)
            row = (await connection.execute(whose)).first()
        return as_session(row) if row is not None else None
