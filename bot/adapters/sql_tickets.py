"""Tickets for sockets in PostgreSQL: any process redeems what any other issued, once. Only hashes are kept."""

from contextlib import suppress
from time import monotonic
from typing import Any

from sqlalchemy import ColumnElement, Float, cast, delete, func, insert

from bot.adapters import tables as t
from bot.adapters.sql_database import Database, whole
from bot.errors import Unavailable

SWEEP_S = 60.0  # how often those nobody redeemed go
KEPT_S = 60.0  # beyond their time


class SqlTickets:
    """The Counterfoils port. Times are the database's: two machines' clocks need not agree."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._swept = monotonic()

    @whole()
    async def keep(self, kind: str, ticket_hash: str, secret_hash: str, lifetime_s: float) -> None:
        row = {"hash": ticket_hash, "kind": kind, "secret_hash": secret_hash, "until": _now() + lifetime_s}
        async with self.database.writing() as connection:
            await connection.execute(insert(t.ticket).values(row))
        if monotonic() - self._swept >= SWEEP_S:
            self._swept = monotonic()
            with suppress(Unavailable):  # the next one does it
                await self.sweep()

    @whole()
    async def tear(self, kind: str, ticket_hash: str) -> str | None:
        c = t.ticket.c
        gone = delete(t.ticket).where(c.hash == ticket_hash, c.kind == kind)
        async with self.database.writing() as connection:
            row = (await connection.execute(gone.returning(c.secret_hash, c.until >= _now()))).first()
        return str(row[0]) if row is not None and row[1] else None

    async def sweep(self) -> None:
        async with self.database.writing() as connection:
            await connection.execute(delete(t.ticket).where(t.ticket.c.until < _now() - KEPT_S))


def _now() -> ColumnElement[Any]:
    return cast(func.extract("epoch", func.clock_timestamp()), Float)
