"""The Recalled port in SQL. From a retired passage to the messages that rest on it leads the table `citation`."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.access import Agent
from bot.adapters import tables as t
from bot.adapters.rows import as_conversation, as_event, as_passage
from bot.adapters.sql_database import Database, whole
from bot.adapters.sql_statements import dialect
from bot.conversation import Event, Status
from bot.desk import Row
from bot.knowledge import Passage
from bot.recalled import Gone, Told

BATCH = 200  # keys in one statement
T = TypeVar("T")
c, e, p, x, r, h = (
    table.c for table in (t.conversation, t.event, t.passage, t.citation, t.recall, t.passage_history)
)  # fmt: skip


class SqlRecall:
    def __init__(self, database: Database) -> None:
        self.database = database

    @whole()
    async def told(self, since: datetime, conversation: str = "") -> Sequence[Told]:
        is_current = or_(c.status != Status.CLOSED.value, c.updated_at >= since)
        settled = exists().where(
            r.conversation_id == x.conversation_id, r.passage_id == x.passage_id, r.retired_at == p.retired_at
        )
        query = (
            select(x.conversation_id, x.seq, e.created_at, x.passage_id, p.retired_at)
            .join(t.passage, p.id == x.passage_id)
            .join(t.conversation, c.id == x.conversation_id)
            .join(t.event, and_(e.conversation_id == x.conversation_id, e.seq == x.seq))
            .where(p.retired_at.is_not(None), c.id == conversation if conversation else is_current, ~settled)
            .order_by(e.created_at.desc(), x.conversation_id, x.seq.desc(), x.passage_id)
        )
        async with self.database.reading() as connection:
            return tuple(Told(*row) for row in await connection.execute(query))

    @whole()
    async def messages(self, told: Sequence[Told]) -> Sequence[tuple[Row, Event]]:
        found: dict[tuple[str, int], tuple[Row, Event]] = {}
        rows: dict[str, Row] = {}
        async with self.database.reading() as connection:
            for some in _batches([(one.conversation, one.seq) for one in told]):
                ids = [id for id, _ in some]
                for row in await connection.execute(select(t.conversation).where(c.id.in_(ids))):
                    rows[row.id] = Row(as_conversation(row), row.inbox_seq, row.updated_at)
                said = select(t.event).where(tuple_(e.conversation_id, e.seq).in_(some))
                for row in await connection.execute(said):
                    found[row.conversation_id, row.seq] = rows[row.conversation_id], as_event(row)
        return [found[one.conversation, one.seq] for one in told]

    @whole()
    async def heirs(self, gone: Sequence[Gone]) -> Sequence[Passage]:
        found: dict[str, Passage] = {}
        async with self.database.reading() as connection:
            for some in _batches([one.passage.document for one in gone]):
                found.update(await _live(connection, p.document.in_(some)))
            anchors = {passage.anchor for passage in found.values()}
            lost = [one for one in gone if one.passage.anchor not in anchors]
            for part in _batches(lost):
                found.update(await _live(connection, _elsewhere(connection, part)))
        return tuple(found.values())

    @whole()
    async def dismiss(self, told: Told, agent: Agent, at: datetime) -> None:
        async with self.database.writing() as connection:
            row = dialect(connection).insert(t.recall).values(
                conversation_id=told.conversation, passage_id=told.passage, retired_at=told.retired_at,
                outcome="dismissed", agent_id=agent.id, agent_name=agent.name, at=at,
            )  # fmt: skip
            await connection.execute(row.on_conflict_do_nothing())


async def _live(connection: AsyncConnection, wanted: ColumnElement[bool]) -> dict[str, Passage]:
    rows = await connection.execute(select(t.passage).where(p.retired_at.is_(None), wanted))
    return {row.id: as_passage(row) for row in rows}


def _elsewhere(connection: AsyncConnection, lost: Sequence[Gone]) -> ColumnElement[bool]:
    """What was there before is another entry of its file, and no heir, unless it says the very same."""
    came = select(h.passage_id).where(h.action != "retired", h.at >= min(one.retired_at for one in lost))
    files = {one.passage.document.partition("#")[0] for one in lost}
    is_near = and_(_file_of(connection).in_(sorted(files)), p.id.in_(came))
    return or_(is_near, p.text.in_(sorted({one.passage.text for one in lost})))


def _file_of(connection: AsyncConnection) -> ColumnElement[str]:
    """A document's key without its `#entry`."""
    if connection.dialect.name == "sqlite":
        return func.substr(p.document, 1, func.instr(p.document.concat("#"), "#") - 1)
    return func.split_part(p.document, "#", 1)


def _batches(every: Sequence[T]) -> Iterator[list[T]]:
    distinct = list(dict.fromkeys(every))
    for start in range(0, len(distinct), BATCH):
        yield distinct[start : start + BATCH]
