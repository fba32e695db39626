"""Everything a shop would miss, into one archive and back: all of it, or nothing."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime

from bot.archived import Manifest, table_part
from bot.errors import Conflict, Refused
from bot.indexing import digest_of_ids
from bot.keeping import Archive, Folders, NewArchive, Opened, Snapshot, Tables

TRIES = 20  # for a moment in which the database and the index hold the same
PAUSE_S = 0.5
BLOCK = 1 << 20
APART = (
    "the index and the database held different passages, as they do in the middle of an ingest: "
    "after a restore run `bot ingest` once"
)


@dataclass(frozen=True, slots=True)
class Kept:
    tables: Tables
    folders: Folders


async def backup(kept: Kept, archive: NewArchive, version: str, at: datetime, pause_s: float = PAUSE_S) -> Manifest:
    """What is there at one moment. The server may go on meanwhile."""
    async with AsyncExitStack() as stack:
        snapshot, opened, note = await _at_one_moment(stack, kept, pause_s)
        rows = {table: await _add(archive, snapshot, table) for table in snapshot.tables}
        for name, file in opened.files.items():
            with archive.part(name) as sink:
                while block := file.read(BLOCK):
                    sink.write(block)
        about = Manifest(version, snapshot.revision, at.isoformat(), snapshot.kind, opened.live, note, rows)
        return archive.finish(about)


async def _at_one_moment(stack: AsyncExitStack, kept: Kept, pause_s: float) -> tuple[Snapshot, Opened, str]:
    """An ingest changes SQL first and the index then: between the two they do not belong together."""
    for _ in range(TRIES):
        async with AsyncExitStack() as this:
            opened = this.enter_context(kept.folders.opened())
            snapshot = await this.enter_async_context(kept.tables.snapshot())
            if not opened.content or opened.content == digest_of_ids(await snapshot.live_ids()):
                await stack.enter_async_context(this.pop_all())
                return snapshot, opened, ""
        await asyncio.sleep(pause_s)
    opened = stack.enter_context(kept.folders.opened())
    return await stack.enter_async_context(kept.tables.snapshot()), opened, APART


async def _add(archive: NewArchive, snapshot: Snapshot, table: str) -> int:
    lines = 0
    with archive.part(table_part(table)) as sink:
        async for line in snapshot.lines(table):
            sink.write(line)
            lines += 1
    return lines - 1  # the first one names the columns


async def restore(kept: Kept, archive: Archive, is_sure: bool = False) -> Mapping[str, int | str]:
    """Put what the archive holds in place of what is there; returns what that was. `archive` is verified first.

    Every conversation gets another epoch, so that nobody who was connected takes an old position for a new one.
    """
    archive.verify()
    if await kept.tables.is_served():
        raise Conflict("`bot serve` uses this database: stop every process of it, wait a minute, and try again")
    there = {**await kept.tables.held(), **kept.folders.held()}
    if there and not is_sure:
        told = ", ".join(f"{what}: {n}" for what, n in there.items())
        raise Refused(f"there is something here already ({told}), and it would be replaced: add --yes if it should be")
    async with kept.tables.staged(archive) as tables:
        with kept.folders.staged(archive) as folders, folders.put():  # taken back if the database refuses
            async with tables.put():
                pass
    return there
