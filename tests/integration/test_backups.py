"""Everything into one archive and back: onto either database, all of it or nothing, and nobody trusts old positions."""

import asyncio
import hashlib
import json
import os
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from bot import backups, bootstrap_storage
from bot.access import Role
from bot.adapters import sql_backup, tables
from bot.adapters.backup_archive import making, reading
from bot.adapters.backup_folders import UNFINISHED, DataFolders
from bot.adapters.generation_files import GenerationFolder
from bot.adapters.migrate import migrate
from bot.adapters.sql_backup import PASSING, SqlTables
from bot.adapters.swap import Swap
from bot.archived import Manifest
from bot.backup_commands import bring_back as bring_back_by
from bot.backup_commands import keep
from bot.backups import Kept
from bot.errors import BotError, Conflict, Refused, Unavailable
from bot.indexes import Manifest as Index
from bot.output import Output
from bot.settings import Settings
from tests.fakes import AT, stock, writes
from tests.integration.conftest import Server
from tests.integration.test_migrations import ask, content, row
from tests.running import bot
from tests.site import running

ROWS = 30  # in every table
GENERATION = "20261122T010203-ab12cd"
TRUE = "You can return unused items within 30 days."
ANSWERS = "# Answers from our team\n\n## Do you sell tents?\n\nNo.\n"


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], str]:
    """Makes a migrated, empty database of this kind; returns its address."""

    def make(kind: str) -> str:
        if kind == "sqlite":
            file = tmp_path / uuid.uuid4().hex / "bot.sqlite"
            file.parent.mkdir()
            file.write_bytes(Path(request.getfixturevalue("sqlite_template")).read_bytes())
            return f"sqlite:///{file}"
        server: Server = request.getfixturevalue("postgresql")
        return server.create(f"b{uuid.uuid4().hex}", template=request.getfixturevalue("postgresql_template"))

    return make


def fill(connection: Connection) -> None:
    for table in tables.metadata.sorted_tables:
        connection.execute(table.insert(), [row(table, n) for n in range(1, ROWS + 1)])


def folders(data: Path) -> DataFolders:
    return DataFolders(data, GenerationFolder(data / "index"), data / "uploads", data / "answers")


def furnish(data: Path, files: dict[str, str] | None = None) -> Path:
    """A data folder with a generation, an upload and an answer."""
    shelf, made = GenerationFolder(data / "index"), b"vectors"
    about = Index(GENERATION, "tiny", 4, 1, 1, "", {"vectors.faiss": hashlib.sha256(made).hexdigest()})
    with shelf.locked():
        shelf.write(about, {"vectors.faiss": made})
        shelf.switch(GENERATION)
    for name, held in (files or {"uploads/价目表.csv": "a,b\n", "answers/answers-en.md": ANSWERS}).items():
        (data / name).parent.mkdir(exist_ok=True)
        (data / name).write_text(held)
    return data


def looks(data: Path) -> dict[str, bytes]:
    """Every file but locks."""
    found = {str(path.relative_to(data)): path for path in data.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in found.items() if not name.endswith(".lock")}


@asynccontextmanager
async def kept(url: str, data: Path) -> Any:
    sql = SqlTables(url)
    try:
        yield Kept(sql, folders(data))
    finally:
        await sql.close()


async def back_up(url: str, data: Path, file: Path) -> Manifest:
    async with kept(url, data) as of:
        with making(file, over=True) as archive:
            return await backups.backup(of, archive, "1", AT, pause_s=0.01)


async def bring_back(url: str, data: Path, file: Path, is_sure: bool = False) -> object:
    async with kept(url, data) as of:
        with reading(file) as archive:
            return await backups.restore(of, archive, is_sure)


# ── what is kept ──


@pytest.mark.parametrize("onto", ["sqlite", "postgresql"])
@pytest.mark.parametrize("of", ["sqlite", "postgresql"])
def test_every_row_and_file_comes_back_on_either_database_but_for_what_passes(
    of: str, onto: str, place: Callable[[str], str], tmp_path: Path
) -> None:
    source, target = place(of), place(onto)
    ask(source, fill)
    ask(source, odd_json)
    made = asyncio.run(back_up(source, furnish(tmp_path / "var"), tmp_path / "a.backup"))
    assert (made.database, made.live, made.rows["event"]) == (of, GENERATION, ROWS)
    assert asyncio.run(bring_back(target, tmp_path / "new", tmp_path / "a.backup")) == {}
    before, after = (without_epochs(ask(url, content)) for url in (source, target))
    assert after == {table: [] if table in PASSING else rows for table, rows in before.items()}
    assert looks(tmp_path / "new") == looks(tmp_path / "var")
    with_new_rows(target)


def odd_json(connection: Connection) -> None:
    """JSON null is not NULL, whatever reads both as None."""
    connection.execute(text("UPDATE conversation SET last = NULL WHERE id = '1'"))
    connection.execute(text("UPDATE conversation SET last = 'null' WHERE id = '2'"))


def without_epochs(held: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    for name in ("conversation", "feed"):
        at = [column.name for column in tables.metadata.tables[name].columns].index("epoch")
        held[name] = [(*row[:at], *row[at + 1 :]) for row in held[name]]
    return held


def with_new_rows(url: str) -> None:
    """Numbers that the database gives go on after those that came back; JSON null is still another than NULL."""

    def write(connection: Connection) -> None:
        added = tables.passage_history.insert().values(passage_id="1", action="added", at=AT)
        assert connection.execute(added).inserted_primary_key == (ROWS + 1,)
        nulls = "SELECT id FROM conversation WHERE last IS NULL"
        assert connection.execute(text(nulls)).scalars().all() == ["1"]

    ask(url, write)


def epochs(connection: Connection) -> list[str]:
    return list(connection.execute(text("SELECT epoch FROM conversation UNION ALL SELECT epoch FROM feed")).scalars())


def test_every_epoch_is_another_one_afterwards(place: Callable[[str], str], tmp_path: Path) -> None:
    ask(url := place("sqlite"), fill)
    asyncio.run(back_up(url, tmp_path / "var", tmp_path / "a.backup"))
    seen = ask(url, epochs)
    for _ in range(2):
        asyncio.run(bring_back(url, tmp_path / "var", tmp_path / "a.backup", is_sure=True))
        seen += ask(url, epochs)
    assert len(set(seen[ROWS * 2 :])) == ROWS * 4  # two restores of conversations and feeds: no two alike
    assert not set(seen[: ROWS * 2]) & set(seen[ROWS * 2 :])


def test_what_is_not_the_consoles_own_stays_where_it_is(place: Callable[[str], str], tmp_path: Path) -> None:
    url = place("sqlite")
    theirs = {
        "answers/notes.md": "mine",
        "answers/.draft.md": "x",
        "uploads/.staged": "x",
        "answers/answers-en.md": ANSWERS,
    }
    var = furnish(tmp_path / "var", theirs)
    made = asyncio.run(back_up(url, var, tmp_path / "a.backup"))
    assert {name for name in made.parts if name.startswith(("answers", "uploads"))} == {"answers/answers-en.md"}
    (var / "answers" / "answers-zh.md").write_text("published since")
    asyncio.run(bring_back(url, var, tmp_path / "a.backup", is_sure=True))
    assert sorted(os.listdir(var / "answers")) == [".draft.md", "answers-en.md", "notes.md"]


def test_links_and_pipes_are_not_followed(place: Callable[[str], str], tmp_path: Path) -> None:
    var = furnish(tmp_path / "var")
    (tmp_path / "secret").write_text("secret")
    (var / "uploads" / "link.md").symlink_to(tmp_path / "secret")
    os.mkfifo(var / "uploads" / "pipe.md")
    made = asyncio.run(back_up(place("sqlite"), var, tmp_path / "a.backup"))
    assert [name for name in made.parts if name.startswith("uploads")] == ["uploads/价目表.csv"]


def test_a_generation_that_is_published_meanwhile_is_waited_for_or_told(
    place: Callable[[str], str], tmp_path: Path
) -> None:
    """The generation says that it holds a passage, and the database holds none."""
    data = furnish(tmp_path / "var")
    manifest = data / "index" / GENERATION / "manifest.json"
    about = json.loads(manifest.read_text())["manifest"] | {"content": "another"}
    sealed = hashlib.sha256(json.dumps(asdict(Index(**about)), sort_keys=True).encode()).hexdigest()
    manifest.write_text(json.dumps({"manifest": about, "sha256": sealed}))
    made = asyncio.run(back_up(place("sqlite"), data, tmp_path / "a.backup"))
    assert "run `bot ingest`" in made.note


# ── R25 ──


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_whoever_was_connected_before_a_restore_loads_anew_and_reads_what_was_restored(
    kind: str, place: Callable[[str], str], tmp_path: Path
) -> None:
    url, file = place(kind), tmp_path / "a.backup"

    async def before() -> Before:
        """A backup in the middle of a conversation that goes on."""
        async with running(url, writes(TRUE)) as site:
            await stock(site.bot)
            kept_one, lost_one = await site.customer(), await site.customer()
            async with site.tab(kept_one) as tab, site.agent("ana", Role.ADMIN) as agent, agent.console():
                await tab.say("How do I return a lamp?")
                await tab.event(author="bot")
                await back_up(url, tmp_path, file)  # while it serves
                events = await site.events(kept_one)
                for n in range(3):
                    await tab.say(f"lost {n}", id=str(n))
                    await tab.next("ack")
                await site.worker.idle()
            seen = [await site.bot.store.conversation(id) for id in (kept_one, lost_one)]
            return Before({c.id: (c.epoch, c.head) for c in seen}, events, await site.bot.inbox.position())

    async def after(then: Before) -> None:
        async with running(url, writes(TRUE)) as site:
            for id, (epoch, head) in then.positions.items():
                async with site.tab(id, (epoch, head)) as tab:
                    told = tab.seen[0]["conversations"][0]
                    assert told["epoch"] != epoch
                    assert told["resumed"] is (head == 0)  # of the other one nobody saw anything
                    await tab.tell("sync", id="old", epoch=epoch, since=head, limit=100)
                    assert (await tab.next("resync"))["epoch"] == told["epoch"]
            id = next(iter(then.positions))
            async with site.tab(id, then.positions[id]) as tab:
                await tab.tell("sync", id="all", epoch=tab.seen[0]["conversations"][0]["epoch"], since=0, limit=100)
                await tab.next("ack", ref="all")
                paged = [frame["seq"] for frame in tab.seen if frame["type"] == "event"]
                assert paged == [event.seq for event in then.events]
                await tab.say("written after it")
                assert (await tab.next("ack"))["seq"] == paged[-1] + 1
            inbox = dict(zip(("epoch", "position"), then.inbox, strict=True))
            async with site.agent("ana") as agent, agent.console(inbox=inbox) as console:
                assert (await console.next("inbox"))["reset"] is True

    then = asyncio.run(before())
    assert next(iter(then.positions.values()))[1] > len(then.events)
    asyncio.run(bring_back(url, tmp_path, file, is_sure=True))
    asyncio.run(after(then))


@dataclass
class Before:
    positions: dict[str, tuple[str, int]]
    events: list[Any]
    inbox: tuple[str, int]


# ── all or nothing ──


def test_what_is_there_is_replaced_only_when_asked(place: Callable[[str], str], tmp_path: Path) -> None:
    ask(url := place("sqlite"), fill)
    var = furnish(tmp_path / "var")
    asyncio.run(back_up(url, var, tmp_path / "a.backup"))
    before = ask(url, content), looks(var)
    with pytest.raises(Refused, match=rf"conversations: {ROWS}.*uploaded files: 1.*--yes"):
        asyncio.run(bring_back(url, var, tmp_path / "a.backup"))
    assert (ask(url, content), looks(var)) == before


def rows_of(change: Callable[[dict[str, list[Any]]], None]) -> Callable[[Path, Path], None]:
    """An archive as `change` would have its rows, with checksums that fit."""

    def forge(source: Path, path: Path) -> None:
        with reading(source) as old, making(path, over=True) as new:
            lines: dict[str, list[Any]] = {}
            for table in old.manifest.rows:
                with old.opened(f"database/{table}.jsonl") as opened:
                    lines[table] = [json.loads(line) for line in opened]
            change(lines)
            for table, rows in lines.items():
                with new.part(f"database/{table}.jsonl") as sink:
                    sink.write(b"".join(json.dumps(row).encode() + b"\n" for row in rows))
            counts = {table: max(len(rows) - 1, 0) for table, rows in lines.items()}
            m = old.manifest
            new.finish(Manifest(m.version, m.revision, m.made_at, m.database, "", "", counts))

    return forge


def put(table: str, column: str, value: object) -> Callable[[dict[str, list[Any]]], None]:
    def change(lines: dict[str, list[Any]]) -> None:
        lines[table][1][lines[table][0].index(column)] = value

    return change


def unnamed(lines: dict[str, list[Any]]) -> None:
    lines["event"][0][0] = "seq) VALUES (1); DROP TABLE event; --"


def another_table(lines: dict[str, list[Any]]) -> None:
    lines["sqlite_master"] = [["name"], ["x"]]


def no_names(lines: dict[str, list[Any]]) -> None:
    del lines["event"][:]


FORGED = {
    "a text for a number": put("event", "seq", "many"),
    "a number for a text": put("conversation", "status", 5),
    "no time": put("event", "created_at", "yesterday"),
    "no JSON": put("event", "body", "{"),
    "a list for a text": put("agent", "name", ["x"]),
    "an endless number": put("event", "seq", 2**70),
    "nothing where something must be": put("conversation", "epoch", None),
    "an event of no conversation": put("event", "conversation_id", "nobody's"),
    "the same twice": lambda lines: lines["event"].append(lines["event"][1]),
    "a row too short": lambda lines: lines["event"][1].pop(),
    "a row that is none": lambda lines: lines["event"].append({"seq": 1}),
    "a column of its own": unnamed,
    "a table of the database's": another_table,
    "no columns": no_names,
    "a version": lambda lines: lines.update(alembic_version=[["version_num"], ["0001"]]),
}


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A backup of a filled database."""
    folder = tmp_path_factory.mktemp("full")
    (folder / "bot.sqlite").write_bytes(sqlite_template.read_bytes())
    ask(url := f"sqlite:///{folder / 'bot.sqlite'}", fill)
    asyncio.run(back_up(url, folder, folder / "full.backup"))
    return folder / "full.backup"


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_forged_rows_are_refused_and_nothing_is_touched(
    forged: Callable[[dict[str, list[Any]]], None], full: Path, place: Callable[[str], str], tmp_path: Path
) -> None:
    rows_of(forged)(full, tmp_path / "forged.backup")
    url = place("sqlite")
    var = furnish(tmp_path / "var")
    before = looks(var), ask(url, content)
    with pytest.raises(Refused, match="rows that no database of ours has"):
        asyncio.run(bring_back(url, var, tmp_path / "forged.backup", is_sure=True))
    assert (looks(var), ask(url, content)) == before
    assert [name for folder in (var, tmp_path) for name in os.listdir(folder) if name.startswith(".restore")] == []


def test_a_backup_of_a_newer_version_says_to_update(full: Path, tmp_path: Path, place: Callable[[str], str]) -> None:
    with reading(full) as old, making(tmp_path / "newer.backup", over=False) as new:
        new.finish(Manifest("9", "9999", old.manifest.made_at, "sqlite"))
    with pytest.raises(Refused, match=r"schema 9999\): update the bot first"):
        asyncio.run(bring_back(place("sqlite"), tmp_path / "var", tmp_path / "newer.backup", is_sure=True))


def test_a_backup_of_an_older_version_is_brought_up_to_date(tmp_path: Path, place: Callable[[str], str]) -> None:
    columns = {"id": "a", "login": "ana", "name": "Ana", "role": "admin", "capacity": 5, "is_active": 1,
               "password_hash": "x", "created_at": "2026-01-01 00:00:00.000000"}  # fmt: skip
    with making(tmp_path / "older.backup", over=False) as archive:
        with archive.part("database/agent.jsonl") as sink:
            for line in (list(columns), list(columns.values())):
                sink.write(json.dumps(line).encode() + b"\n")
        archive.finish(Manifest("0", "0002", "2026-01-01", "sqlite", "", "", {"agent": 1}))
    url = place("sqlite")
    asyncio.run(bring_back(url, tmp_path / "var", tmp_path / "older.backup"))
    assert ask(url, lambda c: c.execute(text("SELECT login FROM agent")).scalars().all()) == ["ana"]
    assert ask(url, lambda c: c.execute(text("SELECT version_num FROM alembic_version")).scalar()) == tables.REVISION


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_restore_that_fails_at_its_last_step_leaves_everything_as_it_was(
    kind: str, full: Path, place: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, var = place(kind), furnish(tmp_path / "var")
    ask(url, lambda c: c.execute(tables.canned.insert().values(shortcut="hi", language="en", title="t", text="t")))
    before = looks(var), ask(url, content)

    @contextmanager
    def failing(self: Swap) -> Iterator[None]:
        raise OSError(28, "No space left on device")
        yield

    if kind == "sqlite":
        original = Swap.put
        monkeypatch.setattr(Swap, "put", lambda self: failing(self) if has_database(self) else original(self))
    else:
        monkeypatch.setattr(sql_backup, "_fill", failing)
    with pytest.raises((BotError, TypeError)):
        asyncio.run(bring_back(url, var, full, is_sure=True))
    monkeypatch.undo()
    assert (looks(var), ask(url, content)) == before


def has_database(swap: Swap) -> bool:
    return any(target.name == "bot.sqlite" for target, _ in swap._wanted)


def test_a_restore_that_was_killed_is_told_and_can_be_done_again(
    full: Path, place: Callable[[str], str], tmp_path: Path
) -> None:
    url, var = place("sqlite"), furnish(tmp_path / "var")
    (var / UNFINISHED).write_bytes(b"")
    (var / "index").rename(var / ".restore-0123-old-index")  # between two renames
    (var / ".restore-0123-new-uploads").mkdir()
    settings = Settings(_env_file=None, data_dir=var, database_url=url)  # type: ignore[call-arg]
    with pytest.raises(Unavailable, match="run `bot restore` again"):
        bootstrap_storage.serving(settings)
    asyncio.run(bring_back(url, var, full, is_sure=True))
    with bootstrap_storage.serving(settings):
        assert sorted(os.listdir(var)) == ["answers", "index", "uploads"]


def test_a_damaged_database_can_be_restored_over(full: Path, tmp_path: Path) -> None:
    (tmp_path / "bot.sqlite").write_bytes(b"SQLite format 3\0" + b"\xff" * 8_000)
    url = f"sqlite:///{tmp_path / 'bot.sqlite'}"
    with pytest.raises(Refused, match="a database that cannot be read"):
        asyncio.run(bring_back(url, tmp_path / "var", full))
    asyncio.run(bring_back(url, tmp_path / "var", full, is_sure=True))
    with closing(sqlite3.connect(tmp_path / "bot.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (ROWS,)


def test_an_empty_postgresql_gets_its_tables(full: Path, postgresql: Server, tmp_path: Path) -> None:
    url = postgresql.create(f"e{uuid.uuid4().hex}")
    asyncio.run(bring_back(url, tmp_path / "var", full))
    assert len(ask(url, content)["event"]) == ROWS


def test_too_little_room_is_told_before_anything_is_touched(
    full: Path, place: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, var = place("sqlite"), furnish(tmp_path / "var")
    before = looks(var)
    monkeypatch.setattr("bot.adapters.backup_folders.SPARE", 2**60)
    with pytest.raises(Unavailable, match="are needed to restore"):
        asyncio.run(bring_back(url, var, full, is_sure=True))
    assert looks(var) == before


# ── who is running ──


def test_nothing_is_restored_under_a_server(full: Path, place: Callable[[str], str], tmp_path: Path) -> None:
    given = {"_env_file": None, "data_dir": tmp_path / "var"}
    for url in (place("sqlite"), "postgresql://nobody@localhost/none"):
        settings = Settings(**given, database_url=url)  # type: ignore[arg-type]
        with bootstrap_storage.serving(settings), pytest.raises(Unavailable, match="stop it"):
            bootstrap_storage.restoring(settings).__enter__()
        with bootstrap_storage.restoring(settings), pytest.raises(Unavailable):
            bootstrap_storage.serving(settings).__enter__()


def test_a_process_elsewhere_that_was_seen_within_a_minute_stands_in_the_way(
    full: Path, place: Callable[[str], str], tmp_path: Path
) -> None:
    url = place("postgresql")
    seen = "INSERT INTO process VALUES ('p1', extract(epoch from now()) - {}, '{{}}', '[]')"
    ask(url, lambda c: c.exec_driver_sql(seen.format(20)))
    with pytest.raises(Conflict, match="stop every process"):
        asyncio.run(bring_back(url, tmp_path / "var", full, is_sure=True))
    ask(url, lambda c: c.exec_driver_sql("UPDATE process SET seen = seen - 50"))
    asyncio.run(bring_back(url, tmp_path / "var", full, is_sure=True))


def test_a_command_that_has_the_file_open_stands_in_the_way(
    full: Path, place: Callable[[str], str], tmp_path: Path
) -> None:
    url = place("sqlite")
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("SELECT count(*) FROM event").fetchall()
        with pytest.raises(Unavailable, match="another command uses the database"):
            asyncio.run(bring_back(url, tmp_path / "var", full, is_sure=True))
    asyncio.run(bring_back(url, tmp_path / "var", full, is_sure=True))


# ── the commands ──


def test_the_commands_keep_and_bring_back_a_shop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(_env_file=None, data_dir=tmp_path / "var")  # type: ignore[call-arg]
    settings.data_dir.mkdir()
    url, file, output = settings.sql_url, tmp_path / "shop.backup", Output(True)
    migrate(url)

    def add(n: int) -> None:
        ask(url, lambda c: c.execute(tables.agent.insert().values(**row(tables.agent, n))))

    add(1)
    assert asyncio.run(keep(settings, output, file, False)) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"]["agent"], told["revision"]) == (1, tables.REVISION)
    with pytest.raises(Refused, match="--force"):
        asyncio.run(keep(settings, output, file, False))
    add(2)
    assert asyncio.run(bring_back_by(settings, output, file, False, True)) == 0
    assert json.loads(capsys.readouterr().out)["restored"] is False
    with pytest.raises(Refused, match="agents: 2"):
        asyncio.run(bring_back_by(settings, output, file, False, False))
    assert asyncio.run(bring_back_by(settings, output, file, True, False)) == 0
    assert json.loads(capsys.readouterr().out)["replaced"] == {"agents": 2}
    assert len(ask(url, content)["agent"]) == 1


def test_from_the_command_line(tmp_path: Path) -> None:
    refused = bot(tmp_path / "var", "restore", str(tmp_path / "missing.backup"))
    assert (refused.returncode, refused.stderr) == (
        1,
        f"bot: {tmp_path / 'missing.backup'} cannot be read (No such file or directory)\n",
    )
    assert bot(tmp_path / "var", "backup", str(tmp_path / "empty.backup")).returncode == 0
    assert (tmp_path / "empty.backup").stat().st_size > 0
