"""Bring a database's schema up or down, in one transaction that fails whole."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.adapters.database import database_url, postgresql_engine, sentence, sqlite_engine
from bot.errors import Unavailable

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"  # next to bot/ in a source checkout
LOCK = 0x616E7377  # any number, but the same in every process


def migrate(url: str, to: str = "head", scripts: Path = SCRIPTS) -> None:
    """Bring the schema to revision `to`: "head", "base", or one by name, up or down. Blocks.

    Runs its own event loop, so call it where none runs. Raises Unavailable; then nothing was changed.
    """
    if not (scripts / "env.py").is_file():
        raise Unavailable("the migrations are not installed here: run `bot migrate` from a source checkout")
    address = database_url(url)
    try:
        _make_folder(address)
        asyncio.run(migrating(address, partial(_move, _config(scripts), to)))
    except CommandError as error:
        raise Unavailable(f"there is no way to revision {to!r} of the database's schema") from error
    except (SQLAlchemyError, OSError) as error:
        raise Unavailable(sentence(error)) from error


def revisions(scripts: Path = SCRIPTS) -> frozenset[str]:
    """Every schema there is a way from."""
    return frozenset(one.revision for one in ScriptDirectory(str(scripts)).walk_revisions())


async def migrating(address: URL, work: Callable[[Connection], object]) -> None:
    """Run `work` in one transaction that no other migration overlaps, and commit only if every reference holds.

    To change a column SQLite copies the table and drops the old one; with foreign keys on, the drop would delete
    every row that refers to it. So they are off here, and checked at the end.
    """
    is_sqlite = address.get_backend_name() == "sqlite"
    engine = (
        sqlite_engine(address, "BEGIN IMMEDIATE", 1, foreign_keys=False) if is_sqlite else postgresql_engine(address)
    )
    try:
        async with engine.begin() as connection:
            if not is_sqlite:
                await connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
                await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({LOCK})")
            await connection.run_sync(work)
            if is_sqlite:
                await connection.run_sync(_check_references)
    finally:
        await engine.dispose()


def _check_references(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        tables = ", ".join(sorted({row[0] for row in broken}))
        raise Unavailable(f"the migration would leave rows without what they refer to in {tables}: nothing was changed")


def _move(config: Config, to: str, connection: Connection) -> None:
    config.attributes["connection"] = connection
    current = MigrationContext.configure(connection).get_current_revision()
    (command.downgrade if _is_down(config, current, to) else command.upgrade)(config, to)


def _is_down(config: Config, current: str | None, to: str) -> bool:
    if to.startswith("-") or to == "base":
        return True
    if current is None or to in ("head", current) or to.startswith("+"):
        return False
    earlier = ScriptDirectory.from_config(config).iterate_revisions(current, "base")
    return to in {revision.revision for revision in earlier}


def _config(scripts: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    return config


def _make_folder(address: URL) -> None:
    if address.get_backend_name() == "sqlite" and address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
