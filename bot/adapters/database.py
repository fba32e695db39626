"""Connections to SQLite and PostgreSQL, and what goes wrong with them said in the product's own errors."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from time import monotonic, sleep
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.util import await_

from bot.errors import Conflict, Refused, StorageBroken, StorageFull, Unavailable

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}
T = TypeVar("T")
WAIT_S = 10  # for a lock, a free connection, or a connection to be made
NO_TEXT = "22021"  # what PostgreSQL says to a NUL in a parameter
UNSYNCED = "the disk did not take what was written to the database (fsync failed): look at it before you start again"
KINDS: dict[str, type[Unavailable]] = {
    **dict.fromkeys(("53100", "SQLITE_FULL", "SQLITE_IOERR_SHMSIZE"), StorageFull),
    # After it nobody knows what is on the disk, and a second fsync that succeeds proves nothing.
    **dict.fromkeys(("SQLITE_IOERR_FSYNC", "SQLITE_IOERR_DIR_FSYNC"), StorageBroken),
}
SENTENCES = {  # by SQLSTATE or SQLite's name for it
    "53100": "the database's disk is full: nothing was stored",
    "SQLITE_FULL": "the database's disk is full: nothing was stored",
    "SQLITE_IOERR_SHMSIZE": "the database's disk is full: nothing was stored",
    "SQLITE_IOERR_FSYNC": UNSYNCED,
    "SQLITE_IOERR_DIR_FSYNC": UNSYNCED,
    "42P01": "the database has no tables yet: run `bot migrate`",
    "42703": "the database has older tables: run `bot migrate`",
    "SQLITE_CANTOPEN": "the database file cannot be opened: does its folder exist, and may we write there?",
    "SQLITE_READONLY": "the database file may not be written",
    "SQLITE_CORRUPT": "the database file is damaged: restore a backup",
    "SQLITE_NOTADB": "the database file is something else than a database",
}


class Taken(Conflict):
    """A constraint refused what was written: somebody wrote it before."""


def database_url(url: str) -> URL:
    """`sqlite:///var/bot.db` or `postgresql://…`, with the driver used here."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise Unavailable("the database URL cannot be read: write sqlite:///FILE or postgresql://…") from None
    driver = DRIVERS.get(parsed.drivername.partition("+")[0])
    if driver is None:
        raise Unavailable("only SQLite and PostgreSQL databases are supported: write sqlite:///FILE or postgresql://…")
    if driver == "sqlite+aiosqlite" and parsed.database in (None, "", ":memory:"):
        raise Unavailable("a SQLite database in memory would forget every message: write sqlite:///FILE")
    return parsed.set(drivername=driver)


def sqlite_engine(address: URL, begin: str, connections: int, *, foreign_keys: bool = True) -> AsyncEngine:
    """`begin` is the statement every transaction starts with.

    A transaction that reads and then wants to write fails at once when another has written, whatever the timeout, so
    writers say BEGIN IMMEDIATE.
    """
    engine = create_async_engine(
        address,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=WAIT_S,
        connect_args={"timeout": WAIT_S, "isolation_level": None},  # the driver begins nothing by itself
        json_serializer=to_json,
        hide_parameters=True,  # they hold what customers said, and errors are logged
    )
    switches = f"foreign_keys={'ON' if foreign_keys else 'OFF'}", "synchronous=FULL", "mmap_size=0"

    @event.listens_for(engine.sync_engine, "do_connect")
    def before_connect(dialect: object, record: object, arguments: Sequence[str], named: Mapping[str, Any]) -> None:
        await_(asyncio.to_thread(_try_to_open, arguments[0], bool(named.get("uri"))))

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, record: object) -> None:
        cursor = connection.cursor()
        for switch in switches:
            cursor.execute(f"PRAGMA {switch}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _try_to_open(file: str, uri: bool) -> None:
    """Fail here, where the driver has not yet started a thread that may outlive the event loop.

    The file is told to keep a write-ahead log here too. While another connection writes to a file that has none yet,
    SQLite refuses that at once, whatever the timeout, so the waiting is ours.
    """
    end = monotonic() + WAIT_S
    with closing(sqlite3.connect(file, uri=uri, timeout=WAIT_S)) as connection:
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or monotonic() > end:
                    raise
                sleep(0.01)


def postgresql_engine(address: URL) -> AsyncEngine:
    milliseconds = str(WAIT_S * 1000)
    return create_async_engine(
        address,
        pool_size=10,
        max_overflow=10,
        pool_timeout=WAIT_S,
        pool_pre_ping=True,  # a server that was restarted costs a reconnect, not an error
        isolation_level="READ COMMITTED",
        connect_args={
            "timeout": WAIT_S,
            "server_settings": {
                "application_name": "answerdesk",
                "statement_timeout": milliseconds,
                "lock_timeout": milliseconds,
                "idle_in_transaction_session_timeout": milliseconds,
                "jit": "off",  # it costs more than any query here
            },
        },
        json_serializer=to_json,
        hide_parameters=True,
    )


async def to_the_end(work: Coroutine[Any, Any, T], running: set[asyncio.Task[Any]], seconds: float) -> T:
    """Await `work` in a task of its own, kept in `running`: a caller that is cancelled does not cut it short.

    Cutting through a statement leaves SQLite locked until the half-read cursor is collected, and PostgreSQL with a
    connection to throw away. A database that hangs must not hang us either, so the wait for it has an end.
    """
    task = asyncio.create_task(work)
    running.add(task)
    task.add_done_callback(running.discard)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())  # heard, even if nobody waits any more
    try:
        async with asyncio.timeout(seconds):
            return await asyncio.shield(task)
    except TimeoutError as error:
        task.cancel()
        raise Unavailable("the database did not answer in time") from error


@asynccontextmanager
async def transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One transaction, committed if the block ends well."""
    try:
        async with engine.begin() as connection:
            yield connection
    except IntegrityError as error:
        raise Taken("it is there already, or what it belongs to is not") from error
    except (DataError, UnicodeError) as error:
        raise Refused("this cannot be stored: it holds characters that are not text") from error
    except (SQLAlchemyError, OSError) as error:
        if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", "") == NO_TEXT:
            raise Refused("this cannot be stored: it holds characters that are not text") from error
        raise failure(error) from error


def failure(error: BaseException) -> Unavailable:
    """The product's own error for a database's."""
    kind = next((KINDS[code] for code in _codes(error) if code in KINDS), Unavailable)
    return kind(sentence(error))


def sentence(error: BaseException) -> str:
    """What to tell whoever runs this; never the statement, its parameters, or an address."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if "no such table" in str(cause):
        return SENTENCES["42P01"]
    if "no such column" in str(cause):
        return SENTENCES["42703"]
    return next((SENTENCES[code] for code in _codes(error) if code in SENTENCES), "the database cannot be used now")


def _codes(error: BaseException) -> list[str]:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return [getattr(e, name, "") for e in (cause, getattr(cause, "driver_exception", None)) for name in CODES]


CODES = ("sqlstate", "sqlite_errorname")


def to_json(value: object) -> str:
    """JSON that every database takes: evidence may hold NaN, which is not JSON, and any mapping."""
    try:
        return json.dumps(value, default=_plain, allow_nan=False)
    except ValueError:
        finite = json.loads(json.dumps(value, default=_plain), parse_constant=lambda name: None)
        return json.dumps(finite, allow_nan=False)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if callable(item := getattr(value, "item", None)):  # a NumPy number
        return item()
    return str(value)
