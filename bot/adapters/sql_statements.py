"""Statements that SQLite and PostgreSQL spell alike, through SQLAlchemy."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Float, Table, cast, extract, func
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

T = TypeVar("T")
BATCH = 500  # ids in one statement; SQLite takes 32,766


async def upsert(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]], *keep: str) -> None:
    """Insert, or replace what has the same key but for the columns to `keep`."""
    if not rows:
        return
    statement = dialect(connection).insert(table)
    key = list(table.primary_key.columns)
    new = {c.name: statement.excluded[c.name] for c in table.columns if c not in key and c.name not in keep}
    await connection.execute(statement.on_conflict_do_update(index_elements=key, set_=new), rows)


def dialect(connection: AsyncConnection) -> Any:
    return sqlite if connection.dialect.name == "sqlite" else postgresql


def batches(ids: Iterable[str]) -> Iterator[list[str]]:
    every = list(dict.fromkeys(ids))
    for start in range(0, len(every), BATCH):
        yield every[start : start + BATCH]


def grouped(rows: Iterable[T], n: int) -> Iterator[list[T]]:
    """So many at a time, read as they are needed."""
    left = iter(rows)
    while group := list(islice(left, n)):
        yield group


def clock(connection: AsyncConnection) -> ColumnElement[float]:
    """Seconds since 1970, as the database sees it, at this very moment (not when the transaction began)."""
    if connection.dialect.name == "sqlite":
        return (cast(func.julianday("now"), Float) - 2440587.5) * 86_400  # `unixepoch` has no fractions before 3.42
    return cast(extract("epoch", func.clock_timestamp()), Float)
