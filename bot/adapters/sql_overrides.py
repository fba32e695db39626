"""The Overrides port in SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, select, update

from bot.adapters import tables as t
from bot.adapters.sql_database import Database, whole
from bot.adapters.sql_statements import upsert
from bot.knowledge import Passage
from bot.overrides import Kind, Override

c = t.override.c


class SqlOverrides:
    def __init__(self, database: Database) -> None:
        self.database = database

    @whole()
    async def overrides(self) -> Sequence[Override]:
        async with self.database.reading() as connection:
            return tuple(_override(row) for row in await connection.execute(select(t.override).order_by(c.anchor)))

    @whole()
    async def put(self, override: Override) -> None:
        async with self.database.writing() as connection:
            await upsert(connection, t.override, [_row(override)])

    @whole()
    async def settle(self, kept: Sequence[Override], dropped: Sequence[Override]) -> None:
        async with self.database.writing() as connection:
            for one in sorted((*kept, *dropped), key=lambda one: one.anchor):
                mine = (c.anchor == one.anchor, c.at == one.at)
                if one in dropped:
                    await connection.execute(delete(t.override).where(*mine))
                else:
                    await connection.execute(update(t.override).where(*mine).values(file=_passages(one.file)))


def _row(one: Override) -> dict[str, Any]:
    return {
        "anchor": one.anchor, "document": one.document, "action": one.action.value, "title": one.title,
        "text": one.text, "phrasings": list(one.phrasings), "seen": list(one.seen), "file": _passages(one.file),
        "by": one.by, "at": one.at,
    }  # fmt: skip


def _passages(passages: Sequence[Passage]) -> list[dict[str, Any]]:
    return [{name: value for name, value in asdict(one).items() if name != "id"} for one in passages]


def _override(row: Row[Any]) -> Override:
    return Override(
        row.anchor, row.document, Kind(row.action), tuple(map(_passage, row.file)), tuple(row.seen), row.title,
        row.text, tuple(row.phrasings), row.by, row.at,
    )  # fmt: skip


def _passage(said: Mapping[str, Any]) -> Passage:
    return Passage(**{**said, "phrasings": tuple(said["phrasings"])})
