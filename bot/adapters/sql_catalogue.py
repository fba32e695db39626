"""The Catalogue port in SQL."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from bot.adapters import tables as t
from bot.adapters.rows import as_document, as_passage
from bot.adapters.sql_database import Database, whole
from bot.catalogue import Browse, Change, Listing
from bot.knowledge import Document, Passage

p, h, x, e = (table.c for table in (t.passage, t.passage_history, t.citation, t.event))
MOST_FILES = 5_000


class SqlCatalogue:
    def __init__(self, database: Database) -> None:
        self.database = database

    @whole()
    async def page(self, wanted: Browse) -> Listing:
        entries = select(t.passage).where(*_wanted(wanted))
        some = entries.order_by(p.document, p.position, p.id).offset(wanted.offset).limit(wanted.limit)
        async with self.database.reading() as connection:
            total = await connection.scalar(select(func.count()).select_from(t.passage).where(*_wanted(wanted)))
            return Listing(total or 0, tuple(as_passage(row) for row in await connection.execute(some)))

    @whole()
    async def files(self) -> Mapping[str, int]:
        found: dict[str, int] = {}
        async with self.database.reading() as connection:
            file = _file(connection.dialect.name)
            counted = select(file, func.count()).where(p.retired_at.is_(None)).group_by(file).order_by(file)
            found.update((row[0], row[1]) for row in await connection.execute(counted.limit(MOST_FILES)))
        return found

    @whole()
    async def languages(self) -> Sequence[str]:
        async with self.database.reading() as connection:
            spoken = select(p.language).where(p.retired_at.is_(None)).distinct().order_by(p.language)
            return tuple(await connection.scalars(spoken))

    @whole()
    async def parts(self, anchor: str) -> Sequence[Passage]:
        live = select(t.passage).where(p.anchor == anchor, p.retired_at.is_(None)).order_by(p.position, p.id)
        async with self.database.reading() as connection:
            return tuple(as_passage(row) for row in await connection.execute(live))

    @whole()
    async def document(self, key: str) -> Document | None:
        async with self.database.reading() as connection:
            row = (await connection.execute(select(t.document).where(t.document.c.key == key))).first()
            return as_document(row) if row else None

    @whole()
    async def past(self, anchor: str, limit: int) -> Sequence[Change]:
        done = select(t.passage, h.action, h.at).join(t.passage_history, h.passage_id == p.id)
        newest = done.where(p.anchor == anchor).order_by(h.at.desc(), h.id.desc()).limit(limit)
        async with self.database.reading() as connection:
            return tuple(Change(as_passage(row), row.action, row.at) for row in await connection.execute(newest))

    @whole()
    async def cited(self, anchor: str, since: datetime) -> int:
        said = select(x.conversation_id, x.seq).join(t.passage, p.id == x.passage_id)
        said = said.join(t.event, and_(e.conversation_id == x.conversation_id, e.seq == x.seq))
        recent = said.where(p.anchor == anchor, e.created_at >= since).distinct().subquery()
        async with self.database.reading() as connection:
            return await connection.scalar(select(func.count()).select_from(recent)) or 0


def _wanted(wanted: Browse) -> list[ColumnElement[bool]]:
    conditions = [p.retired_at.is_(None), _is_first()]
    if wanted.file:
        conditions.append(or_(p.document == wanted.file, p.document.startswith(f"{wanted.file}#", autoescape=True)))
    if wanted.language:
        conditions.append(p.language == wanted.language)
    if wanted.ends_before:
        ends = and_(p.valid_to != "", p.valid_to < wanted.ends_before)
        conditions.append(or_(ends, p.valid_from > wanted.begins_after))
    return conditions


def _is_first() -> ColumnElement[bool]:
    """Of a section in several passages only the first is listed."""
    other = t.passage.alias()
    o = other.c
    before = or_(o.position < p.position, and_(o.position == p.position, o.id < p.id))
    return ~exists().where(o.document == p.document, o.anchor == p.anchor, o.retired_at.is_(None), before)


def _file(dialect: str) -> ColumnElement[Any]:
    """A document's key without its `#entry`."""
    if dialect == "sqlite":
        return func.substr(p.document, 1, func.instr(p.document.concat("#"), "#") - 1)
    return func.split_part(p.document, "#", 1)
