"""The store in SQL: SQLite with one writing connection, or PostgreSQL.

A change is one transaction under the conversation's row lock, so positions have no holes whoever else writes. What the
lock cannot promise, a constraint does: one event per client id, one turn per question.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Table, exists, insert, select, text, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapters import tables as t
from bot.adapters.database import Taken
from bot.adapters.rows import (
    as_conversation,
    as_document,
    as_event,
    as_passage,
    conversation_row,
    document_row,
    event_row,
    generation_row,
    passage_row,
    session_row,
    turn_row,
)
from bot.adapters.sql_database import Database, one, whole
from bot.conversation import WINDOW, Conversation, Event
from bot.errors import Conflict, Unavailable
from bot.knowledge import Document, Passage
from bot.ports import Changed, Manifest, Session, Step

INGEST_PATIENCE = 20  # times as long for a whole knowledge base
BATCH = 500  # ids in one statement; SQLite takes 32,766
MOST_KNOWN = 10_000  # passages in memory, about 2 kB each
INBOX = "inbox"  # the feed that every change of a conversation has a position in
MOST = 2**31 - 1  # what a position's column holds; a client may ask for anything
WAL_FIXED = (3, 51, 3)


class SqlStore:
    """The Store port."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._known: dict[tuple[Any, ...], Passage] = {}  # by id, document and place: all that may change

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
        return Session(row.id, row.customer, row.conversation_id, row.verified)

    @whole()
    async def conversation(self, id: str) -> Conversation:
        async with self.database.reading() as connection:
            return await _load(connection, id)

    @whole()
    async def change(self, id: str, step: Step, *, sender: str = "", cid: str = "") -> Changed:
        tried: list[Event] = []
        try:
            async with self.database.writing() as connection:
                before = await _load(connection, id, locked=True)
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

    # ── knowledge ──

    @whole()
    async def passages(self, ids: Iterable[str]) -> Mapping[str, Passage]:
        """Of each is asked whether it lives, and where; what it says, of which its id is a hash, only once."""
        c = t.passage.c
        found: dict[str, Passage | None] = {}
        async with self.database.reading() as connection:
            for some in _batches(ids):
                live = select(c.id, c.document, c.source).where(c.retired_at.is_(None), c.id.in_(some))
                found.update((row.id, self._known.get(tuple(row))) for row in await connection.execute(live))
            for some in _batches(id for id, passage in found.items() if passage is None):
                rows = await connection.execute(select(t.passage).where(c.id.in_(some)))
                found.update((row.id, self._noted(as_passage(row))) for row in rows)
        return {id: passage for id, passage in found.items() if passage}

    def _noted(self, passage: Passage) -> Passage:
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[passage.id, passage.document, passage.source] = passage
        return passage

    @whole(INGEST_PATIENCE)
    async def live_passages(self) -> Sequence[Passage]:
        c = t.passage.c
        live = select(t.passage).where(c.retired_at.is_(None)).order_by(c.document, c.position, c.id)
        async with self.database.reading() as connection:
            return tuple(as_passage(row) for row in await connection.execute(live))

    @whole(INGEST_PATIENCE)
    async def documents(self) -> Sequence[Document]:
        """Those with a live passage; the others are kept for old citations only."""
        live = exists().where(t.passage.c.document == t.document.c.key, t.passage.c.retired_at.is_(None))
        async with self.database.reading() as connection:
            rows = await connection.execute(select(t.document).where(live).order_by(t.document.c.key))
            return tuple(as_document(row) for row in rows)

    @whole(INGEST_PATIENCE)
    async def apply(
        self, documents: Sequence[Document], added: Sequence[Passage], removed: Sequence[str], at: datetime
    ) -> None:
        # In the order of their keys, so that two ingests at once wait for each other instead of deadlocking.
        rows = [document_row(document, at) for document in sorted(documents, key=lambda d: d.key)]
        async with self.database.writing() as connection:
            await _upsert(connection, t.document, rows)
            await _retire(connection, sorted(set(removed)), at)
            await _add(connection, {passage.id: passage for passage in added}, at)

    @whole()
    async def record_generation(self, manifest: Manifest) -> None:
        async with self.database.writing() as connection:
            await _upsert(connection, t.generation, [generation_row(manifest)])

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


async def _load(connection: AsyncConnection, id: str, *, locked: bool = False) -> Conversation:
    query = select(t.conversation).where(t.conversation.c.id == id)
    row = await one(connection, query.with_for_update() if locked else query, "conversation")
    # Bounded above too: an event committed after the row was read does not belong to what it says.
    newest = t.event.c.seq.between(row.last_seq - WINDOW + 1, row.last_seq)
    window = select(t.event).where(t.event.c.conversation_id == id, newest).order_by(t.event.c.seq)
    return as_conversation(row, tuple(as_event(found) for found in await connection.execute(window)))


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
    statement = _dialect(connection).insert(t.feed).values(first)
    counted = statement.on_conflict_do_update(index_elements=["name"], set_={"last_seq": t.feed.c.last_seq + 1})
    return int(await connection.scalar(counted.returning(t.feed.c.last_seq)) or 0)


async def _insert_events(connection: AsyncConnection, id: str, fresh: Sequence[Event]) -> None:
    if fresh:
        await connection.execute(insert(t.event), [event_row(id, event) for event in fresh])
    if turns := [turn_row(id, event) for event in fresh if event.evidence and event.answers is not None]:
        await connection.execute(insert(t.turn), turns)


async def _upsert(connection: AsyncConnection, table: Table, rows: Sequence[Mapping[str, Any]], *keep: str) -> None:
    """Insert, or replace what has the same key but for the columns to `keep`."""
    if not rows:
        return
    statement = _dialect(connection).insert(table)
    key = list(table.primary_key.columns)
    new = {c.name: statement.excluded[c.name] for c in table.columns if c not in key and c.name not in keep}
    await connection.execute(statement.on_conflict_do_update(index_elements=key, set_=new), rows)


def _dialect(connection: AsyncConnection) -> Any:
    return sqlite if connection.dialect.name == "sqlite" else postgresql


async def _retire(connection: AsyncConnection, ids: Sequence[str], at: datetime) -> None:
    c = t.passage.c
    for some in _batches(ids):
        live = update(t.passage).where(c.id.in_(some), c.retired_at.is_(None))
        gone = await connection.scalars(live.values(retired_at=at).returning(c.id))
        await _note(connection, dict.fromkeys(gone, "retired"), at)


async def _add(connection: AsyncConnection, added: Mapping[str, Passage], at: datetime) -> None:
    """A passage that was retired is revived; one that is live only learns where it stands now."""
    for some in _batches(sorted(added)):
        known = select(t.passage.c.id, t.passage.c.retired_at).where(t.passage.c.id.in_(some))
        retired = {row.id: row.retired_at is not None for row in await connection.execute(known)}
        rows = [passage_row(added[id], at) for id in some]
        await _upsert(connection, t.passage, rows, "added_at")
        actions = {id: "revived" if id in retired else "added" for id in some if retired.get(id, True)}
        await _note(connection, actions, at)


async def _note(connection: AsyncConnection, actions: Mapping[str, str], at: datetime) -> None:
    rows = [{"passage_id": id, "action": action, "at": at} for id, action in actions.items()]
    if rows:
        await connection.execute(insert(t.passage_history), rows)


def _batches(ids: Iterable[str]) -> Iterator[list[str]]:
    every = list(dict.fromkeys(ids))
    for start in range(0, len(every), BATCH):
        yield every[start : start + BATCH]


def _bounded(number: int) -> int:
    return min(max(number, 0), MOST)
