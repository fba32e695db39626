"""What a store does when its database, its disk or its caller fails: it says so, loses nothing, and works again."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bot.adapters import database, sql, tables
from bot.adapters.database import database_url as parse
from bot.adapters.database import to_json
from bot.adapters.migrate import migrate
from bot.adapters.sql import SqlStore
from bot.adapters.sql_database import Database
from bot.conversation import Conversation
from bot.errors import StorageBroken, StorageFull, Unavailable
from bot.knowledge import Document, Passage
from bot.ports import Session, Step
from tests.integration.conftest import Server

AT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def opened(database_url: str) -> SqlStore:
    return SqlStore(Database(database_url))


@pytest.fixture
async def store(opened: SqlStore) -> AsyncIterator[SqlStore]:
    yield opened
    await opened.close()


@pytest.fixture
def opened_sqlite(own_sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> list[SqlStore]:
    """Two on the same file, soon tired of waiting for each other."""
    monkeypatch.setattr(database, "WAIT_S", 2)
    return [SqlStore(Database(own_sqlite_url)), SqlStore(Database(own_sqlite_url))]


@pytest.fixture
async def sqlite_stores(opened_sqlite: list[SqlStore]) -> AsyncIterator[list[SqlStore]]:
    yield opened_sqlite
    for store in opened_sqlite:
        await store.close()


async def begin(store: SqlStore, id: str) -> None:
    await store.start(Conversation(id, "customer", "epoch"), Session(id, "customer", id), id, AT)


def says(cid: str) -> Step:
    return lambda conversation: conversation.said("hello", sender="s1", cid=cid, at=AT)


async def say(store: SqlStore, id: str, cid: str) -> int:
    return (await store.change(id, says(cid), sender="s1", cid=cid)).events[0].seq


class TestCancellation:
    async def test_a_change_whose_caller_goes_away_is_made_whole_or_not_at_all(self, store: SqlStore) -> None:
        id = f"cancelled-{store.database.writer.dialect.name}"
        await begin(store, id)
        async with asyncio.timeout(30):  # a connection that is lost with its lock costs the next one WAIT_S
            for n in range(60):
                task = asyncio.create_task(say(store, id, f"c{n}"))
                await asyncio.sleep(n * 0.000_15)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            await settled(store)
        head = await say(store, id, "last")
        assert [event.seq for event in await store.events(id, 0, 100)] == list(range(1, head + 1))
        assert checked_out(store) == 0

    async def test_readers_who_go_away_in_a_crowd_leave_the_pool_whole(self, store: SqlStore) -> None:
        id = f"crowd-{store.database.writer.dialect.name}"
        await begin(store, id)
        for n in range(10):
            tasks = [asyncio.create_task(store.conversation(id)) for _ in range(30)]
            await asyncio.sleep(n * 0.002)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await settled(store)
        assert (await store.conversation(id)).id == id
        assert checked_out(store) == 0

    async def test_closing_waits_for_what_was_begun(self, store: SqlStore) -> None:
        id = f"closing-{store.database.writer.dialect.name}"
        await begin(store, id)
        task = asyncio.create_task(say(store, id, "c1"))
        await asyncio.sleep(0.001)
        task.cancel()
        await store.close()
        assert (await store.conversation(id)).head == 1


async def settled(store: SqlStore) -> None:
    await asyncio.gather(*store.database.running, return_exceptions=True)


def checked_out(store: SqlStore) -> int:
    pools = store.database.writer.pool, store.database.reader.pool
    return sum(pool.checkedout() for pool in pools)  # type: ignore[attr-defined]


class TestSqlite:
    async def test_a_full_disk_refuses_messages_and_still_reads(self, sqlite_stores: list[SqlStore]) -> None:
        store = sqlite_stores[0]
        await begin(store, "full")
        pages = await pragma(store, "page_count")
        await pragma(store, f"max_page_count={pages}")
        stored, refused = 0, ""
        while not refused and stored < 500:  # until the pages that migrating left free are used up
            try:
                stored = await say(store, "full", f"c{stored}")
            except StorageFull as error:
                refused = str(error)
        assert "disk is full" in refused
        assert (await store.conversation("full")).head == stored
        await pragma(store, "max_page_count=100000")
        assert await say(store, "full", f"c{stored}") == stored + 1

    async def test_after_a_disk_that_did_not_keep_something_nothing_more_is_written(self, own_sqlite_url: str) -> None:
        told: list[StorageBroken] = []
        store = SqlStore(Database(own_sqlite_url, broken=told.append))
        await begin(store, "kept")

        def fail(conversation: Conversation) -> Conversation:
            raise OperationalError("COMMIT", {}, unsynced())

        for n in range(2):
            with pytest.raises(StorageBroken, match="fsync failed"):
                await store.change("kept", fail if n == 0 else says("c1"), sender="s1", cid="c1")
        assert len(told) == 1
        assert (await store.conversation("kept")).head == 0
        await store.close()

    async def test_another_writer_is_waited_for_and_then_reported(self, sqlite_stores: list[SqlStore]) -> None:
        store, other = sqlite_stores
        await begin(store, "busy")
        async with other.database.writer.begin():
            with pytest.raises(Unavailable):
                await say(store, "busy", "c1")
            assert (await store.conversation("busy")).head == 0
        assert await say(store, "busy", "c1") == 1

    async def test_readers_and_writers_at_once_meet_no_lock(self, sqlite_stores: list[SqlStore]) -> None:
        for n in range(4):
            await begin(sqlite_stores[0], f"c{n}")

        async def talk(n: int) -> None:
            for m in range(10):
                await say(sqlite_stores[0], f"c{n % 4}", f"{n}-{m}")
                await sqlite_stores[1].conversation(f"c{(n + m) % 4}")

        await asyncio.gather(*(talk(n) for n in range(8)))
        assert [(await sqlite_stores[1].conversation(f"c{n}")).head for n in range(4)] == [20] * 4
        assert await pragma(sqlite_stores[0], "integrity_check") == "ok"

    async def test_durability_is_asked_for(self, sqlite_stores: list[SqlStore]) -> None:
        wanted = {"synchronous": 2, "foreign_keys": 1, "mmap_size": 0, "journal_mode": "wal"}
        assert {name: await pragma(sqlite_stores[0], name) for name in wanted} == wanted

    async def test_old_versions_are_warned_of(
        self, sqlite_stores: list[SqlStore], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sql, "WAL_FIXED", (99,))
        assert "warning" in await sqlite_stores[0].check()
        monkeypatch.setattr(sql, "WAL_FIXED", (3,))
        assert await sqlite_stores[0].check() == f"sqlite {sqlite3.sqlite_version}, schema {tables.REVISION}"

    @pytest.mark.parametrize("place", ["missing/bot.db", "a-folder", "text.txt"])
    def test_a_file_that_cannot_be_opened_is_a_sentence(self, tmp_path: Path, place: str) -> None:
        (tmp_path / "a-folder").mkdir()
        (tmp_path / "text.txt").write_text("not a database" * 100)
        assert "database file" in asyncio.run(complaint(SqlStore(Database(f"sqlite:///{tmp_path / place}"))))


def unsynced() -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
    return error


async def pragma(store: SqlStore, switch: str) -> object:
    async with store.database.writer.connect() as connection:
        return await connection.scalar(text(f"PRAGMA {switch}"))


async def complaint(store: SqlStore) -> str:
    with pytest.raises(Unavailable) as caught:
        await store.check()
    await store.close()
    return str(caught.value)


FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON event EXECUTE FUNCTION full_disk();
"""


class TestPostgresql:
    def test_a_full_disk_refuses_messages_and_still_reads(self, postgresql: Server, postgresql_template: str) -> None:
        url = postgresql.create("full", template=postgresql_template)

        async def live_through_it() -> None:
            store = SqlStore(Database(url))
            await begin(store, "c")
            assert await say(store, "c", "before") == 1
            await administer(url, FULL)
            with pytest.raises(StorageFull, match="disk is full"):
                await say(store, "c", "during")
            assert (await store.conversation("c")).head == 1
            await administer(url, "DROP TRIGGER full_disk ON event")
            assert await say(store, "c", "during") == 2
            await store.close()

        asyncio.run(live_through_it())

    def test_a_restart_costs_errors_while_it_lasts_and_nothing_after(self, own_postgresql: Server) -> None:
        url = own_postgresql.create("restarted")
        migrate(url)

        async def live_through_it() -> None:
            store = SqlStore(Database(url))
            await begin(store, "c")
            await asyncio.gather(*(say(store, "c", f"before-{n}") for n in range(8)))
            await asyncio.to_thread(own_postgresql.stop)
            for read in (say(store, "c", "during"), store.conversation("c"), store.check()):
                with pytest.raises(Unavailable):
                    await read
            await asyncio.to_thread(own_postgresql.start)
            started = time.monotonic()
            assert await asyncio.gather(*(say(store, "c", f"after-{n}") for n in range(8)))
            assert time.monotonic() - started < 5
            assert [event.seq for event in await store.events("c", 0, 99)] == list(range(1, 17))
            await store.close()

        asyncio.run(live_through_it())

    def test_a_restart_that_nobody_noticed_costs_nothing(self, own_postgresql: Server) -> None:
        url = own_postgresql.create("restarted")
        migrate(url)

        async def live_through_it() -> None:
            store = SqlStore(Database(url))
            await begin(store, "c")
            await asyncio.to_thread(own_postgresql.stop)
            await asyncio.to_thread(own_postgresql.start)
            assert await say(store, "c", "after") == 1
            await store.close()

        asyncio.run(live_through_it())

    def test_a_server_that_hangs_does_not_hang_us(self, own_postgresql: Server) -> None:
        url = own_postgresql.create("hung")
        migrate(url)

        async def live_through_it() -> None:
            store = SqlStore(Database(url, deadline_s=1))
            await begin(store, "c")
            with stopped(own_postgresql):
                started = time.monotonic()
                with pytest.raises(Unavailable):
                    await say(store, "c", "during")
                assert time.monotonic() - started < 2
            assert await say(store, "c", "after") in (1, 2)
            await store.close()

        asyncio.run(live_through_it())


async def administer(url: str, statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()


@contextmanager
def stopped(server: Server) -> Iterator[None]:
    """All of the server's processes held still."""
    head = (server.folder / "data" / "postmaster.pid").read_text().split("\n")[0]
    children = subprocess.run(["ps", "--ppid", head, "-o", "pid="], check=True, capture_output=True, text=True)
    processes = [int(head), *map(int, children.stdout.split())]

    def tell(what: signal.Signals) -> None:
        for process in processes:
            with suppress(ProcessLookupError):  # one that was just leaving
                os.kill(process, what)

    try:
        tell(signal.SIGSTOP)
        yield
    finally:
        tell(signal.SIGCONT)


class TestWhatIsSaid:
    @pytest.mark.parametrize(
        "url",
        ["", "nonsense", "mysql://u:secret@h/d", "sqlite://", "sqlite:///:memory:", "postgresql://u:secret@h:x/d"],
    )
    def test_a_url_that_cannot_work_is_refused_without_repeating_it(self, url: str) -> None:
        with pytest.raises(Unavailable) as caught:
            SqlStore(Database(url))
        assert "secret" not in str(caught.value)

    @pytest.mark.parametrize("url", ["postgres://h/d", "postgresql+psycopg://h/d", "postgresql://h/d"])
    def test_any_spelling_of_postgresql_uses_the_driver_here(self, url: str) -> None:
        assert parse(url).drivername == "postgresql+asyncpg"

    def test_nobody_listening_is_unavailable(self) -> None:
        store = SqlStore(Database("postgresql://u:secret@127.0.0.1:1/d"))
        assert asyncio.run(complaint(store)) == "the database cannot be used now"

    def test_no_tables_names_the_command_to_run(self, empty_database: Callable[[], str]) -> None:
        assert "bot migrate" in asyncio.run(complaint(SqlStore(Database(empty_database()))))

    async def test_another_revision_names_the_command_to_run(
        self, store: SqlStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tables, "REVISION", "9999")
        with pytest.raises(Unavailable, match="bot migrate"):
            await store.check()

    def test_what_json_has_not_is_replaced(self) -> None:
        assert to_json({"a": float("nan"), "b": AT}) == '{"a": null, "b": "2026-03-01 00:00:00+00:00"}'


async def test_a_passage_keeps_its_history(store: SqlStore) -> None:
    passage = Passage("h.md", "h.md#a", "Title", "Text", "en")
    document = Document("h.md", "H", "faq", "en", "Text", "h.md:1")
    for added, removed in (([passage], []), ([passage], []), ([], [passage.id]), ([], [passage.id]), ([passage], [])):
        await store.apply([document], added, removed, AT)
    async with store.database.reader.connect() as connection:
        query = tables.passage_history.select().where(tables.passage_history.c.passage_id == passage.id)
        rows = await connection.execute(query.order_by(tables.passage_history.c.id))
        assert [row.action for row in rows] == ["added", "retired", "revived"]
