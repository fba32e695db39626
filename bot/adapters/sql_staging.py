"""A SQLite file made of what an archive holds: each value looked at, the schema brought up to date, epochs anew."""

import asyncio
import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

from bot.adapters import disk
from bot.adapters.migrate import migrate, revisions
from bot.adapters.sql_statements import grouped
from bot.adapters.swap import MARK
from bot.archived import table_part
from bot.errors import Refused, Unavailable
from bot.keeping import Archive

ROWS = 500
LONGEST_LINE = 64 * 2**20  # bytes
DAMAGED = "the backup holds rows that no database of ours has: nothing was changed"
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6}")


@contextmanager
def folder(file: Path | None) -> Iterator[Path]:
    """On the file system of the database's file; gone afterwards."""
    place = file.parent if file is not None else None
    if place is not None:
        place.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f"{MARK}rows-", dir=place) as made:
        yield Path(made)


async def in_thread(work: Callable[..., None], *arguments: Any) -> None:
    """Migrations run a loop of their own."""
    await asyncio.to_thread(work, *arguments)


async def stage(file: Path, archive: Archive) -> None:
    """Raises Refused for rows that do not belong there; then nobody was hurt but `file`."""
    about = archive.manifest
    if about.revision not in revisions():
        raise Refused(f"the backup is of another version (schema {about.revision:.40}): update the bot first")
    await in_thread(migrate, f"sqlite:///{file}", about.revision)
    await in_thread(_filled, file, archive)
    await in_thread(migrate, f"sqlite:///{file}")
    await in_thread(_finished, file)


def _filled(file: Path, archive: Archive) -> None:
    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=OFF")  # synced as a whole at the end
            connection.execute("BEGIN")
            for name, n in archive.manifest.rows.items():
                with archive.opened(table_part(name)) as lines:
                    if _fill(connection, name, lines) != n:
                        raise Refused(DAMAGED)
            connection.execute("COMMIT")
            if connection.execute("PRAGMA foreign_key_check").fetchone():
                raise Refused(DAMAGED)
    except (sqlite3.Error, OverflowError, UnicodeError) as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_FULL":
            raise Unavailable("there is no room on the disk to restore: nothing was changed") from error
        raise Refused(DAMAGED) from error
    except OSError as error:
        raise Unavailable(f"the backup cannot be read ({error.strerror}): nothing was changed") from error


def _fill(connection: sqlite3.Connection, table: str, lines: BinaryIO) -> int:
    kinds = _columns(connection, table)
    rows = _rows(lines)
    names = next(rows, None)
    if not isinstance(names, list) or len(set(map(str, names))) != len(names) or not set(map(str, names)) <= set(kinds):
        raise Refused(DAMAGED)
    checks = [kinds[name] for name in names]
    marks = ", ".join("?" * len(names))
    into = f'INSERT INTO "{table}" ({", ".join(names)}) VALUES ({marks})'  # noqa: S608 (names of our own tables)
    n = 0
    for batch in grouped(rows, ROWS):
        for row in batch:
            if not isinstance(row, list) or len(row) != len(checks) or not all(map(_fits, checks, row)):
                raise Refused(DAMAGED)
        connection.executemany(into, batch)
        n += len(batch)
    return n


def _columns(connection: sqlite3.Connection, table: str) -> Mapping[str, str]:
    """The declared type of each column; of a table there is not, or that is not the archive's to fill, none."""
    if table.startswith(("sqlite_", "alembic_")):
        return {}
    return {row[1]: row[2].partition("(")[0] for row in connection.execute(f'PRAGMA table_info("{table}")')}


def _rows(lines: BinaryIO) -> Iterator[Any]:
    while line := lines.readline(LONGEST_LINE):
        try:
            yield json.loads(line)
        except (ValueError, RecursionError):
            raise Refused(DAMAGED) from None


def _fits(kind: str, value: Any) -> bool:
    """SQLite itself takes anything anywhere."""
    if value is None:
        return True  # where there must be something SQLite does refuse
    match kind:
        case "INTEGER" | "BOOLEAN":
            return isinstance(value, int)
        case "FLOAT":
            return isinstance(value, int | float)
        case "DATETIME":
            return isinstance(value, str) and bool(_MOMENT.fullmatch(value))
        case "JSON":
            return isinstance(value, str) and _is_json(value)
        case _:
            return isinstance(value, str)


def _is_json(value: str) -> bool:
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return False
    return True


def _finished(file: Path) -> None:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for table in ("conversation", "feed"):  # a position in the old epoch says nothing about the new one
            connection.execute(f"UPDATE {table} SET epoch = lower(hex(randomblob(8)))")  # noqa: S608
        if connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise Unavailable("the restored database came out damaged: nothing was changed; look at the disk")
        connection.execute("PRAGMA journal_mode=DELETE")  # one file, to be renamed as one
    disk.sync(file)
