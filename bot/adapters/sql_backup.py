"""All rows of a database as they were at one moment, and the way back.

A row is a JSON array of what SQLite would hold: numbers, texts, and JSON as the text it is. So a backup of one kind of
database can be restored into the other.
"""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, Column, Integer, Table, Text, cast, column, func, insert, select, table, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapters import sql_staging
from bot.adapters import tables as t
from bot.adapters.database import database_url, failure
from bot.adapters.migrate import migrate
from bot.adapters.sql_database import Database
from bot.adapters.sql_statements import clock, grouped
from bot.adapters.swap import Swap
from bot.errors import Unavailable
from bot.keeping import Archive

# What lasts for minutes, and who is logged in to the console: a session that was ended since must not come back.
PASSING = {"process", "lease", "draft", "ticket", "agent_session"}
KEPT = [one for one in t.metadata.sorted_tables if one.name not in PASSING]
TOLD = {"conversations": t.conversation, "passages": t.passage, "agents": t.agent}
ROWS = 500  # read or written at once
GONE_S = 60  # a process that was not seen for so long
STAMP = "%Y-%m-%d %H:%M:%S.%f"  # as SQLAlchemy writes a moment in SQLite


class SqlTables:
    """The Tables port over a database of either kind."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._database = Database(url)
        address = database_url(url)
        self._file = Path(address.database or "") if address.get_backend_name() == "sqlite" else None

    async def close(self) -> None:
        await self._database.close()

    # ── out ──

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator["SqlSnapshot"]:
        try:
            async with self._database.reader.connect() as connection:
                if self._file is None:
                    await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
                async with connection.begin():
                    await _take_time(connection)
                    revision = str(await connection.scalar(text("SELECT version_num FROM alembic_version")))
                    if revision != t.REVISION:
                        raise Unavailable(f"the database is at revision {revision}: run `bot migrate` first")
                    yield SqlSnapshot(connection, revision)
        except (SQLAlchemyError, OSError) as error:
            raise failure(error) from error

    # ── in ──

    async def held(self) -> Mapping[str, int | str]:
        if self._file is not None and not self._file.exists():
            return {}
        try:
            async with self._database.reading() as connection:
                counts = {
                    what: int(await connection.scalar(select(func.count()).select_from(one)) or 0)
                    for what, one in TOLD.items()
                }
        except Unavailable as error:
            if self._file is None and "bot migrate" not in str(error):
                raise
            return {} if "no tables" in str(error) else {"a database that cannot be read": str(error)}
        return {what: n for what, n in counts.items() if n}

    async def is_served(self) -> bool:
        """By a process that says so in the database; on this machine the lock is asked besides."""
        if self._file is not None:
            return False
        try:
            async with self._database.reading() as connection:
                lives = t.process.c.seen > clock(connection) - GONE_S
                return bool(await connection.scalar(select(func.count()).where(lives)))
        except Unavailable as error:
            if "bot migrate" in str(error):
                return False
            raise

    @asynccontextmanager
    async def staged(self, archive: Archive) -> AsyncIterator["StagedFile | StagedRows"]:
        """Made in a SQLite file in any case: there it is checked and brought up to date before anything is touched."""
        with sql_staging.folder(self._file) as folder:
            made = folder / "bot.sqlite"
            await sql_staging.stage(made, archive)
            if self._file is not None:
                await self.close()  # the old file must be nobody's
                yield StagedFile(made, self._file)
            else:
                await sql_staging.in_thread(migrate, self._url)
                yield StagedRows(made, self._database)


class SqlSnapshot:
    """The Snapshot port."""

    tables = tuple(one.name for one in KEPT)

    def __init__(self, connection: AsyncConnection, revision: str) -> None:
        self._connection, self.revision = connection, revision
        self.kind = connection.dialect.name

    async def live_ids(self) -> Sequence[str]:
        c = t.passage.c
        return tuple(await self._connection.scalars(select(c.id).where(c.retired_at.is_(None))))

    async def lines(self, table: str) -> AsyncIterator[bytes]:
        one = t.metadata.tables[table]
        yield _line([column.name for column in one.columns])
        # JSON as the text it is: read and written again it might be another one.
        wanted = [cast(column, Text) if isinstance(column.type, JSON) else column for column in one.columns]
        async with self._connection.stream(select(*wanted), execution_options={"yield_per": ROWS}) as rows:
            async for some in rows.partitions(ROWS):
                for row in some:
                    yield _line([_plain(value) for value in row])


def _line(values: Sequence[object]) -> bytes:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime(STAMP)
    return int(value) if isinstance(value, bool) else value


class StagedFile:
    """The Staged port: a SQLite file beside the one it replaces."""

    def __init__(self, made: Path, file: Path) -> None:
        self._made, self._file = made, file

    @asynccontextmanager
    async def put(self) -> AsyncIterator[None]:
        """With the old file goes its log: SQLite would read it as the new file's."""
        swap = Swap()
        try:
            _let_go_of(self._file)
            self._made.rename(swap.beside(self._file))
            for log in ("-wal", "-shm", "-journal"):
                swap.away(self._file.with_name(self._file.name + log))
            with swap.put():
                yield
        except OSError as error:
            raise Unavailable(f"{self._file} cannot be replaced ({error.strerror})") from error


def _let_go_of(file: Path) -> None:
    """Whoever still had it open would, when closing it, take away the new file's log. Raises Unavailable.

    Leaving the log is only done by the last one. A damaged file can be left by nobody, and is replaced all the same.
    """
    if not file.exists():
        return
    try:
        with closing(sqlite3.connect(file, timeout=1, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise Unavailable("another command uses the database: try again when it is done") from error
    except sqlite3.DatabaseError:
        pass


class StagedRows:
    """The Staged port: rows that replace all others in one transaction."""

    def __init__(self, made: Path, database: Database) -> None:
        self._made, self._database = made, database

    @asynccontextmanager
    async def put(self) -> AsyncIterator[None]:
        with closing(sqlite3.connect(self._made)) as source:
            async with self._database.writing() as connection:
                await _take_time(connection)
                names = ", ".join(f'"{one.name}"' for one in t.metadata.sorted_tables)
                await connection.execute(text(f"TRUNCATE {names}"))
                for one in KEPT:
                    await _fill(connection, one, source)
                yield


async def _take_time(connection: AsyncConnection) -> None:
    """A transaction over everything may last longer than one over a message."""
    if connection.dialect.name == "postgresql":
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
            await connection.execute(text(f"SET LOCAL {limit} = 0"))


async def _fill(connection: AsyncConnection, one: Table, source: sqlite3.Connection) -> None:
    names = [column.name for column in one.columns]
    readers = [_reader(column) for column in one.columns]
    # A table of its own: JSON null and NULL are two things, and stay two.
    into = table(one.name, *(column(c.name, JSON(none_as_null=True) if _is_json(c) else c.type) for c in one.columns))
    rows = source.execute(f"SELECT {', '.join(names)} FROM {one.name}")  # noqa: S608 (our own names)
    for batch in grouped(rows, ROWS):
        read = [dict(zip(names, _read(row, readers), strict=True)) for row in batch]
        await connection.execute(insert(into), read)
    counted = [c for c in one.primary_key.columns if isinstance(c.type, Integer) and c is one.autoincrement_column]
    for c in counted:
        newest = f"SELECT setval(pg_get_serial_sequence('{one.name}', '{c.name}'), max({c.name})) FROM {one.name}"  # noqa: S608
        await connection.execute(text(f"{newest} HAVING max({c.name}) IS NOT NULL"))


def _read(row: Sequence[Any], readers: Sequence[Callable[[Any], Any]]) -> Iterator[Any]:
    return (None if value is None else read(value) for value, read in zip(row, readers, strict=True))


def _reader(column: Column[Any]) -> Callable[[Any], Any]:
    if _is_json(column):
        return lambda value: JSON.NULL if value == "null" else json.loads(value)
    if isinstance(column.type, t.Utc):
        return lambda value: datetime.strptime(value, STAMP).replace(tzinfo=UTC)
    return bool if column.type.python_type is bool else lambda value: value


def _is_json(column: Column[Any]) -> bool:
    return isinstance(column.type, JSON)
