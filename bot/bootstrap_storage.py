"""Settings → who may serve a database, and what a backup is made of."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path

from bot.backups import Kept
from bot.errors import Unavailable
from bot.keeping import Archive, NewArchive
from bot.settings import Settings


def serving(settings: Settings) -> AbstractContextManager[None]:
    """For as long as this process serves. Raises Unavailable where it may not: SQLite has one process at a time."""
    if settings.redis_url and settings.is_sqlite:
        raise Unavailable(
            "BOT_REDIS_URL is for several processes on one PostgreSQL, and the database is SQLite: "
            "set BOT_DATABASE_URL=postgresql://…, or take BOT_REDIS_URL away"
        )
    from bot.adapters.backup_folders import UNFINISHED

    if (settings.data_dir / UNFINISHED).exists():
        raise Unavailable("a restore was cut short, and what is here does not belong together: run `bot restore` again")
    if settings.is_sqlite:
        return _lock(
            settings, alone=True,
            otherwise="`bot serve` ({who}) has this database already, and SQLite serves one process at a time: stop "
            "that one, or set BOT_DATABASE_URL=postgresql://… for several",
        )  # fmt: skip
    return _lock(settings, alone=False, otherwise="a backup is being restored here ({who}): try again when it is done")


def restoring(settings: Settings) -> AbstractContextManager[None]:
    """Nobody serves meanwhile. Raises Unavailable when somebody does."""
    return _lock(settings, alone=True, otherwise="`bot serve` ({who}) is running: stop it, then restore")


def _lock(settings: Settings, *, alone: bool, otherwise: str) -> AbstractContextManager[None]:
    from bot.adapters.database import database_url
    from bot.adapters.serving_lock import held

    file = database_url(settings.sql_url).database if settings.is_sqlite else settings.data_dir / "serving"
    return held(Path(f"{file}.lock"), alone=alone, otherwise=otherwise)


@asynccontextmanager
async def kept(settings: Settings) -> AsyncIterator[Kept]:
    from bot.adapters.backup_folders import DataFolders
    from bot.adapters.generation_files import GenerationFolder
    from bot.adapters.sql_backup import SqlTables

    data_dir, shelf = settings.data_dir, GenerationFolder(settings.index_dir)
    tables = SqlTables(settings.sql_url)
    try:
        yield Kept(tables, DataFolders(data_dir, shelf, data_dir / "uploads", settings.answers_folder))
    finally:
        await tables.close()


def new_archive(path: Path, *, over: bool) -> AbstractContextManager[NewArchive]:
    from bot.adapters.backup_archive import making

    return making(path, over=over)


def archive(path: Path) -> AbstractContextManager[Archive]:
    from bot.adapters.backup_archive import reading

    return reading(path)
