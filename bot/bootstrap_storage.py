"""Settings → who may serve a database, and what a backup is made of."""

from contextlib import AbstractContextManager
from pathlib import Path

from bot.errors import Unavailable
from bot.settings import Settings


def serving(settings: Settings) -> AbstractContextManager[None]:
    """For as long as this process serves. Raises Unavailable where it may not: SQLite has one process at a time."""
    if settings.redis_url and settings.is_sqlite:
        raise Unavailable(
            "BOT_REDIS_URL is for several processes on one PostgreSQL, and the database is SQLite: "
            "set BOT_DATABASE_URL=postgresql://…, or take BOT_REDIS_URL away"
        )
    return _lock(
        settings, alone=settings.is_sqlite,
        otherwise="`bot serve` ({who}) has this database already, and SQLite serves one process at a time: stop that "
        "one, or set BOT_DATABASE_URL=postgresql://… for several"
        if settings.is_sqlite else "a backup is being restored into this data folder: try again when it is done",
    )  # fmt: skip


def _lock(settings: Settings, *, alone: bool, otherwise: str) -> AbstractContextManager[None]:
    from bot.adapters.database import database_url
    from bot.adapters.serving_lock import held

    file = database_url(settings.sql_url).database if settings.is_sqlite else settings.data_dir / "serving"
    return held(Path(f"{file}.lock"), alone=alone, otherwise=otherwise)
