"""Leases, drafts, and who is at which process: in the database that the processes share."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from sqlalchemy import delete, or_, select

from bot.adapters import tables as t
from bot.adapters.sql_database import Database, whole
from bot.adapters.sql_statements import batches, clock, dialect, upsert
from bot.hub import Draft
from bot.knowledge import Citation
from bot.shared import Here

FORGOTTEN_S = 3_600.0  # a process that was not seen for so long has its row removed


class SqlShared:
    """`own` names this process; no two may have the same."""

    def __init__(self, database: Database, own: str) -> None:
        self.database, self._own = database, own

    # ── leases ──

    @whole()
    async def take(self, name: str, seconds: float) -> bool:
        async with self.database.writing() as connection:
            now = clock(connection)
            insert = dialect(connection).insert(t.lease).values(name=name, holder=self._own, until=now + seconds)
            free = or_(t.lease.c.holder == self._own, t.lease.c.until < now)
            taken = insert.on_conflict_do_update(
                index_elements=[t.lease.c.name], set_={"holder": self._own, "until": now + seconds}, where=free
            ).returning(t.lease.c.name)
            return (await connection.execute(taken)).first() is not None

    @whole()
    async def release(self, name: str) -> None:
        async with self.database.writing() as connection:
            await connection.execute(delete(t.lease).where(t.lease.c.name == name, t.lease.c.holder == self._own))

    # ── conversations ──

    @whole()
    async def heads(self, conversations: Iterable[str]) -> Mapping[str, int]:
        c, found = t.conversation.c, dict[str, int]()
        async with self.database.reading() as connection:
            for ids in batches(conversations):
                rows = await connection.execute(select(c.id, c.last_seq).where(c.id.in_(ids)))
                found.update((row.id, row.last_seq) for row in rows)
        return found

    @whole()
    async def put_draft(self, conversation: str, draft: Draft) -> None:
        row = {"conversation_id": conversation, "answers": draft.answers, "n": draft.n, "text": draft.text,
               "citations": [asdict(citation) for citation in draft.citations]}  # fmt: skip
        async with self.database.writing() as connection:
            await upsert(connection, t.draft, [row])

    @whole()
    async def draft(self, conversation: str) -> Draft | None:
        async with self.database.reading() as connection:
            found = await connection.execute(select(t.draft).where(t.draft.c.conversation_id == conversation))
            row = found.first()
        if row is None:
            return None
        return Draft(row.answers, row.n, row.text, tuple(Citation(**citation) for citation in row.citations))

    @whole()
    async def drop_draft(self, conversation: str) -> None:
        async with self.database.writing() as connection:
            await connection.execute(delete(t.draft).where(t.draft.c.conversation_id == conversation))

    # ── processes ──

    @whole()
    async def say(self, here: Here) -> None:
        async with self.database.writing() as connection:
            now, p = clock(connection), t.process.c
            said = {"agents": {id: list(state) for id, state in here.agents.items()}, "readers": sorted(here.readers)}
            insert = dialect(connection).insert(t.process).values(id=self._own, seen=now, **said)
            await connection.execute(insert.on_conflict_do_update(index_elements=[p.id], set_={"seen": now, **said}))
            await connection.execute(delete(t.process).where(p.seen < now - FORGOTTEN_S))
            # A process that was killed releases nothing.
            await connection.execute(delete(t.lease).where(t.lease.c.until < now - FORGOTTEN_S))

    @whole()
    async def others(self, within_s: float) -> Sequence[Here]:
        p = t.process.c
        async with self.database.reading() as connection:
            alive = p.seen >= clock(connection) - within_s
            rows = await connection.execute(select(p.agents, p.readers).where(p.id != self._own, alive).order_by(p.id))
            return [
                Here({id: (bool(away), int(version)) for id, (away, version) in row.agents.items()}, set(row.readers))
                for row in rows
            ]

    @whole()
    async def leave(self) -> None:
        async with self.database.writing() as connection:
            await connection.execute(delete(t.process).where(t.process.c.id == self._own))
