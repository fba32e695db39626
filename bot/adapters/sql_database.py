"""One database, shared by the adapters that keep things in it: its connections, and work that runs to its end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Row, Select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapters.database import database_url, postgresql_engine, sqlite_engine, to_the_end, transaction
from bot.errors import NotFound, StorageBroken

DEADLINE_S = 30.0  # for one transaction
P = ParamSpec("P")
T = TypeVar("T")


class Database:
    """SQLite with one writing connection, or PostgreSQL. Connects on first use; close it on the loop that used it.

    `broken` is told when the disk did not keep what was written. From then on nothing is written.
    """

    def __init__(
        self,
        url: str,
        deadline_s: float = DEADLINE_S,
        broken: Callable[[StorageBroken], None] = lambda error: None,
    ) -> None:
        address = database_url(url)
        self.deadline_s = deadline_s
        self._broken: StorageBroken | None = None
        self._tell = broken
        self.running: set[asyncio.Task[Any]] = set()
        if address.get_backend_name() == "sqlite":
            self.writer = sqlite_engine(address, "BEGIN IMMEDIATE", connections=1)  # the pool is the writers' queue
            self.reader = sqlite_engine(address, "BEGIN", connections=4)
        else:
            self.writer = self.reader = postgresql_engine(address)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with transaction(self.writer) as connection:
                if self._broken is not None:  # asked here, not before: others may have waited for this connection
                    raise StorageBroken(str(self._broken))
                yield connection
        except StorageBroken as error:
            if self._broken is None:
                self._broken = error
                self._tell(error)
            raise

    def reading(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return transaction(self.reader)

    async def close(self) -> None:
        if self.running:
            await asyncio.wait(self.running, timeout=self.deadline_s)
        await self.writer.dispose()
        await self.reader.dispose()


class Kept(Protocol):
    """An adapter that keeps its things in a database."""

    @property
    def database(self) -> Database: ...


K = TypeVar("K", bound=Kept)
Method = Callable[Concatenate[K, P], Coroutine[Any, Any, T]]


def whole(patience: float = 1) -> Callable[[Method[K, P, T]], Method[K, P, T]]:
    """Decorates what must run to its end even when its caller is cancelled."""

    def decorate(method: Method[K, P, T]) -> Method[K, P, T]:
        @wraps(method)
        async def run(self: K, /, *arguments: P.args, **named: P.kwargs) -> T:
            database = self.database
            return await to_the_end(method(self, *arguments, **named), database.running, patience * database.deadline_s)

        return run

    return decorate


async def one(connection: AsyncConnection, query: Select[Any], what: str) -> Row[Any]:
    """The first row. Raises NotFound."""
    row: Row[Any] | None = (await connection.execute(query)).first()
    if row is None:
        raise NotFound(f"there is no such {what}")
    return row
