"""The knowledge base in SQL: documents, passages live and retired, the files they came from, and what was published."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapters import tables as t
from bot.adapters.rows import as_document, as_passage, document_row, generation_row, passage_row, shallow
from bot.adapters.sql_database import Database, whole
from bot.adapters.sql_statements import batches, upsert
from bot.content import Source, Sources
from bot.indexes import Manifest
from bot.knowledge import Document, Passage
from bot.ports import Published

INGEST_PATIENCE = 20  # times as long for a whole knowledge base
MOST_KNOWN = 10_000  # passages in memory, about 2 kB each
_C = t.passage.c
# Of a live passage all that may change; what it says, of which its id is a hash, may not.
MAY_CHANGE = (
    _C.id, _C.document, _C.source, _C.position, _C.valid_from, _C.valid_to, _C.audience, _C.needs_person,
)  # fmt: skip


class SqlKnowledge:
    """The half of the Store port that the knowledge base is in."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._known: dict[tuple[Any, ...], Passage] = {}  # by MAY_CHANGE

    @whole()
    async def passages(self, ids: Iterable[str]) -> Mapping[str, Passage]:
        """Of each is asked whether it lives, and where; what it says, of which its id is a hash, only once."""
        c = t.passage.c
        found: dict[str, Passage | None] = {}
        async with self.database.reading() as connection:
            for some in batches(ids):
                live = select(*MAY_CHANGE).where(c.retired_at.is_(None), c.id.in_(some))
                found.update((row.id, self._known.get(tuple(row))) for row in await connection.execute(live))
            for some in batches(id for id, passage in found.items() if passage is None):
                rows = await connection.execute(select(t.passage).where(c.id.in_(some)))
                found.update((row.id, self._noted(as_passage(row))) for row in rows)
        return {id: passage for id, passage in found.items() if passage}

    def _noted(self, passage: Passage) -> Passage:
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[tuple(getattr(passage, column.name) for column in MAY_CHANGE)] = passage
        return passage

    @whole(INGEST_PATIENCE)
    async def live_passages(self) -> Sequence[Passage]:
        c = t.passage.c
        live = select(t.passage).where(c.retired_at.is_(None)).order_by(c.document, c.position, c.id)
        async with self.database.reading() as connection:
            return tuple(as_passage(row) for row in await connection.execute(live))

    @whole(INGEST_PATIENCE)
    async def live_ids(self) -> Sequence[str]:
        c = t.passage.c
        async with self.database.reading() as connection:
            return tuple(await connection.scalars(select(c.id).where(c.retired_at.is_(None)).order_by(c.id)))

    @whole(INGEST_PATIENCE)
    async def retired_passages(self, ids: Iterable[str]) -> Mapping[str, Passage]:
        found: dict[str, Passage] = {}
        async with self.database.reading() as connection:
            for some in batches(ids):
                rows = await connection.execute(select(t.passage).where(t.passage.c.id.in_(some)))
                found.update((row.id, as_passage(row)) for row in rows)
        return found

    @whole(INGEST_PATIENCE)
    async def documents(self) -> Sequence[Document]:
        """Those with a live passage; the others are kept for old citations only."""
        live = exists().where(t.passage.c.document == t.document.c.key, t.passage.c.retired_at.is_(None))
        async with self.database.reading() as connection:
            rows = await connection.execute(select(t.document).where(live).order_by(t.document.c.key))
            return tuple(as_document(row) for row in rows)

    @whole(INGEST_PATIENCE)
    async def origins(self) -> Sequence[str]:
        c = t.document.c
        async with self.database.reading() as connection:
            return tuple(await connection.scalars(select(c.origin).distinct().order_by(c.origin)))

    @whole(INGEST_PATIENCE)
    async def sources(self) -> Sequence[Source]:
        c = t.source.c
        async with self.database.reading() as connection:
            rows = await connection.execute(select(t.source).order_by(c.origin, c.path))
            return tuple(Source(row.origin, row.path, row.digest, row.passages) for row in rows)

    @whole(INGEST_PATIENCE)
    async def apply(
        self,
        documents: Sequence[Document],
        added: Sequence[Passage],
        removed: Sequence[str],
        at: datetime,
        sources: Sources | None = None,
    ) -> None:
        # In the order of their keys, so that two ingests at once wait for each other instead of deadlocking.
        rows = [document_row(document, at) for document in sorted(documents, key=lambda d: d.key)]
        async with self.database.writing() as connection:
            await upsert(connection, t.document, rows)
            await _retire(connection, sorted(set(removed)), at)
            await _add(connection, {passage.id: passage for passage in added}, at)
            await _remember(connection, sources)

    @whole()
    async def record_generation(
        self, manifest: Manifest, by: str = "", reason: str = "", action: str = "publish"
    ) -> None:
        row = {**generation_row(manifest), "published_by": by, "reason": reason, "action": action}
        async with self.database.writing() as connection:
            await upsert(connection, t.generation, [row])

    @whole()
    async def generations(self) -> Sequence[Published]:
        c = t.generation.c
        newest_first = select(t.generation).order_by(c.published_at.desc(), c.name.desc())
        async with self.database.reading() as connection:
            rows = await connection.execute(newest_first)
            return tuple(
                Published(Manifest(**row.manifest), row.published_at, row.published_by, row.reason, row.action)
                for row in rows
            )


# ── statements ──


async def _remember(connection: AsyncConnection, sources: Sources | None) -> None:
    c = t.source.c
    if sources is None:
        await connection.execute(delete(t.source))
        return
    for one in sources.gone:
        await connection.execute(delete(t.source).where(c.origin == one.origin, c.path == one.path))
    await upsert(connection, t.source, [shallow(one) for one in sources.read])


async def _retire(connection: AsyncConnection, ids: Sequence[str], at: datetime) -> None:
    c = t.passage.c
    for some in batches(ids):
        live = update(t.passage).where(c.id.in_(some), c.retired_at.is_(None))
        gone = await connection.scalars(live.values(retired_at=at).returning(c.id))
        await _note(connection, dict.fromkeys(gone, "retired"), at)


async def _add(connection: AsyncConnection, added: Mapping[str, Passage], at: datetime) -> None:
    """A passage that was retired is revived; one that is live only learns where it stands now."""
    for some in batches(sorted(added)):
        known = select(t.passage.c.id, t.passage.c.retired_at).where(t.passage.c.id.in_(some))
        retired = {row.id: row.retired_at is not None for row in await connection.execute(known)}
        rows = [passage_row(added[id], at) for id in some]
        await upsert(connection, t.passage, rows, "added_at")
        actions = {id: "revived" if id in retired else "added" for id in some if retired.get(id, True)}
        await _note(connection, actions, at)


async def _note(connection: AsyncConnection, actions: Mapping[str, str], at: datetime) -> None:
    rows = [{"passage_id": id, "action": action, "at": at} for id, action in actions.items()]
    if rows:
        await connection.execute(insert(t.passage_history), rows)
