"""The store in SQL: SQLite with one writing connection, or PostgreSQL.

A change is one transaction under the conversation's row lock, so positions have no holes whoever else writes. What the
lock cannot promise, a constraint does: one event per client id, one turn per question.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import and_, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapters import tables as t
from bot.adapters.database import Taken
from bot.adapters.rows import (
    as_conversation,
    as_event,
    as_session,
    citation_rows,
    conversation_row,
    event_row,
    recall_row,
    session_row,
    turn_row,
)
from bot.adapters.sql_database import one, whole
from bot.adapters.sql_knowledge import SqlKnowledge
from bot.adapters.sql_statements import dialect, upsert
from bot.conversation import WINDOW, Conversation, Event
from bot.errors import Conflict, NotFound, Unavailable
from bot.ports import Changed, Session, Step

INBOX = "inbox"  # the feed that every change of a conversation has a position in
MOST = 2**31 - 1  # what a position's column holds; a client may ask for anything
WAL_FIXED = (3, 51, 3)


class SqlStore(SqlKnowledge):
    """The Store port."""

    async def close(self) -> None:
        await self.database.close()

    # ── conversations ──

    @whole()
    async def start(self, conversation: Conversation, session: Session, secret_hash: str, at: datetime) -> None:
        async with self.database.writing() as connection:
            values = {**conversation_row(conversation), "created_at": at, "updated_at": at}
            await connection.execute(insert(t.conversation).values(values))
            await _insert_events(connection, conversation.id, conversation.fresh)
            await connection.execute(insert(t.session).values(session_row(session, secret_hash, at)))

    @whole()
    async def session(self, secret_hash: str) -> Session:
        async with self.database.reading() as connection:
            row = await one(connection, select(t.session).where(t.session.c.secret_hash == secret_hash), "session")
        return as_session(row)

    @whole()
    async def conversation(self, id: str) -> Conversation:
        async with self.database.reading() as connection:
            return await _load(connection, id)

    @whole()
    async def position(self, id: str) -> tuple[str, int]:
        c = t.conversation.c
        async with self.database.reading() as connection:
            row = await one(connection, select(c.epoch, c.last_seq).where(c.id == id), "conversation")
        return row.epoch, row.last_seq

    @whole()
    async def change(self, id: str, step: Step, *, sender: str = "", cid: str = "") -> Changed:
        tried: list[Event] = []
        try:
            async with self.database.writing() as connection:
                before = await _lock(connection, id)
                if first := await _first(connection, id, sender, cid):
                    return Changed(before, (first,), is_duplicate=True)
                after = _signed(step(before), sender, cid)
                tried.extend(after.fresh)
                position = await _save(connection, before, after) if after != before else 0
        except Taken:
            return await self._duplicate(id, tried)
        return Changed(replace(after, fresh=()), after.fresh, position=position)

    async def _duplicate(self, id: str, tried: Iterable[Event]) -> Changed:
        """The event whose client id was used before, by an event of the same step."""
        async with self.database.reading() as connection:
            for event in tried:
                if first := await _first(connection, id, event.sender, event.cid):
                    return Changed(await _load(connection, id), (first,), is_duplicate=True)
        raise Conflict("this question has its reply already")

    @whole()
    async def events(self, id: str, since: int, limit: int) -> Sequence[Event]:
        wanted = t.event.c.conversation_id == id, t.event.c.seq > _bounded(since)
        page = select(t.event).where(*wanted).order_by(t.event.c.seq).limit(_bounded(limit))
        async with self.database.reading() as connection:
            await one(connection, select(t.conversation.c.id).where(t.conversation.c.id == id), "conversation")
            return tuple(as_event(row) for row in await connection.execute(page))

    @whole()
    async def owing(self) -> Sequence[str]:
        c = t.conversation.c
        async with self.database.reading() as connection:
            return tuple(await connection.scalars(select(c.id).where(c.is_owing).order_by(c.updated_at, c.id)))

    @whole()
    async def evidence(self, id: str, question: int) -> Mapping[str, Any]:
        wanted = t.turn.c.conversation_id == id, t.turn.c.question_seq == _bounded(question)
        async with self.database.reading() as connection:
            row = await one(connection, select(t.turn.c.evidence).where(*wanted), "turn")
        return dict(row.evidence)

    # ── the database itself ──

    @whole()
    async def check(self) -> str:
        async with self.database.reading() as connection:
            revision = await connection.scalar(text("SELECT version_num FROM alembic_version"))
            name, version = connection.dialect.name, connection.dialect.server_version_info or ()
        if revision != t.REVISION:
            raise Unavailable(f"the database is at revision {revision}, but {t.REVISION} is needed: run `bot migrate`")
        line = f"{name} {'.'.join(map(str, version))}, schema {revision}"
        if name == "sqlite" and version < WAL_FIXED:
            line += " (warning: before SQLite 3.51.3 a rare fault in the write-ahead log can damage the file)"
        return line


# ── statements ──


async def _load(connection: AsyncConnection, id: str) -> Conversation:
    """With its newest events, by one statement: hundreds of customers may be coming back at this moment."""
    c, e = t.conversation.c, t.event.c
    newest = and_(e.conversation_id == c.id, e.seq > c.last_seq - WINDOW)
    columns = [e.seq, e.kind, e.author, e.sender_id, e.cid, e.body, e.created_at.label("at")]
    query = select(t.conversation, *columns).outerjoin(t.event, newest).where(c.id == id).order_by(e.seq)
    rows = (await connection.execute(query)).all()
    if not rows:
        raise NotFound("there is no such conversation")
    return as_conversation(rows[0], tuple(as_event(row, row.at) for row in rows if row.seq is not None))


async def _lock(connection: AsyncConnection, id: str) -> Conversation:
    """By two statements: what a joined one would find beside the row it waited for is older than that row."""
    mine = select(t.conversation).where(t.conversation.c.id == id).with_for_update()
    row = await one(connection, mine, "conversation")
    newest = t.event.c.seq > row.last_seq - WINDOW
    window = select(t.event).where(t.event.c.conversation_id == id, newest).order_by(t.event.c.seq)
    found = await connection.execute(window)
    return as_conversation(row, tuple(as_event(event) for event in found))


async def _first(connection: AsyncConnection, id: str, sender: str, cid: str) -> Event | None:
    if not cid:
        return None
    c = t.event.c
    same = select(t.event).where(c.conversation_id == id, c.sender_id == sender, c.cid == cid)
    row = (await connection.execute(same)).first()
    return as_event(row) if row else None


def _signed(after: Conversation, sender: str, cid: str) -> Conversation:
    """With the client's id on a new event even if the step put it on none (a claim, say): a retry must find it."""
    if not cid or not after.fresh or any((event.sender, event.cid) == (sender, cid) for event in after.fresh):
        return after
    seq = next((event.seq for event in after.fresh if not event.cid), 0)
    events, fresh = (
        tuple(replace(event, sender=sender, cid=cid) if event.seq == seq else event for event in some)
        for some in (after.events, after.fresh)
    )
    return replace(after, events=events, fresh=fresh)


async def _save(connection: AsyncConnection, before: Conversation, after: Conversation) -> int:
    """Returns the change's position in the inbox feed."""
    assert (after.id, after.head) == (before.id, before.head + len(after.fresh)), "a step must start from what it gets"
    await _insert_events(connection, after.id, after.fresh)
    # Last of all: every writer takes this row's lock, and none should wait longer than for a commit.
    position = await _next_position(connection)
    values = {**conversation_row(after), "inbox_seq": position}
    if after.fresh:
        values["updated_at"] = after.fresh[-1].at
    await connection.execute(update(t.conversation).where(t.conversation.c.id == after.id).values(values))
    return position


async def _next_position(connection: AsyncConnection) -> int:
    first = {"name": INBOX, "epoch": secrets.token_hex(8), "last_seq": 1}
    statement = dialect(connection).insert(t.feed).values(first)
    counted = statement.on_conflict_do_update(index_elements=["name"], set_={"last_seq": t.feed.c.last_seq + 1})
    return int(await connection.scalar(counted.returning(t.feed.c.last_seq)) or 0)


async def _insert_events(connection: AsyncConnection, id: str, fresh: Sequence[Event]) -> None:
    if fresh:
        await connection.execute(insert(t.event), [event_row(id, event) for event in fresh])
    if turns := [turn_row(id, event) for event in fresh if event.evidence and event.answers is not None]:
        await connection.execute(insert(t.turn), turns)
    if cited := [row for event in fresh for row in citation_rows(id, event)]:
        await connection.execute(insert(t.citation), cited)
    await upsert(connection, t.recall, [recall_row(id, event) for event in fresh if event.is_correction])


def _bounded(number: int) -> int:
    return min(max(number, 0), MOST)
