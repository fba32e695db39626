"""Every migration keeps what is there, both ways and on both databases, and comes to the tables of the code."""

import asyncio
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Boolean, Connection, DateTime, Float, Integer, MetaData, Table, func, inspect, select

from bot.adapters import tables
from bot.adapters.database import database_url, postgresql_engine, sqlite_engine
from bot.adapters.migrate import SCRIPTS, migrate
from bot.errors import Unavailable
from bot.knowledge import Passage

ROWS = 1_000
AT = datetime(2026, 3, 1, tzinfo=UTC)
T = TypeVar("T")
Empty = Callable[[], str]

REBUILD = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9999", "{head}"
branch_labels = depends_on = None


def anew(table):
    is_sqlite = op.get_context().dialect.name == "sqlite"
    return op.batch_alter_table(table, recreate="always" if is_sqlite else "never")


def upgrade():
    for table in {tables}:
        with anew(table) as batch:
            batch.add_column(sa.Column("added", sa.String, nullable=True))
    {extra}


def downgrade():
    for table in {tables}:
        with anew(table) as batch:
            batch.drop_column("added")
"""


@pytest.fixture
def rebuilding(tmp_path: Path) -> Callable[..., Path]:
    """Our migrations and one more: on SQLite it makes the parent tables anew, as altering a column does."""

    def write(made_anew: Sequence[str] = ("conversation", "event", "passage", "document"), extra: str = "pass") -> Path:
        scripts = tmp_path / "migrations with 100% spaces"
        shutil.copytree(SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        text = REBUILD.format(head=tables.REVISION, tables=tuple(made_anew), extra=extra)
        (scripts / "versions" / "9999_made_anew.py").write_text(text)
        return scripts

    return write


def ask(url: str, question: Callable[[Connection], T]) -> T:
    """Run `question` on a connection, and commit."""
    address = database_url(url)
    is_sqlite = address.get_backend_name() == "sqlite"
    engine = sqlite_engine(address, "BEGIN IMMEDIATE", 1) if is_sqlite else postgresql_engine(address)

    async def run() -> T:
        try:
            async with engine.begin() as connection:
                return await connection.run_sync(question)
        finally:
            await engine.dispose()

    return asyncio.run(run())


def fill(connection: Connection) -> None:
    """ROWS rows in every table; row n of one refers to row n of another."""
    for table in tables.metadata.sorted_tables:
        connection.execute(table.insert(), [row(table, n) for n in range(1, ROWS + 1)])


def row(table: Table, n: int) -> dict[str, Any]:
    return {column.name: value(column.type, column.name, n) for column in table.columns}


def value(kind: object, name: str, n: int) -> object:
    if isinstance(kind, tables.Utc):
        return AT + timedelta(minutes=n)
    if isinstance(kind, JSON):
        return {"text": f"退货 {n}"}
    if isinstance(kind, Boolean):
        return n % 2 == 0
    return n if isinstance(kind, Integer | Float) else str(n)


def counts(connection: Connection) -> dict[str, int]:
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for table in tables.metadata.sorted_tables
    }


def content(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    return {
        table.name: [tuple(found) for found in connection.execute(select(table).order_by(*table.primary_key.columns))]
        for table in tables.metadata.sorted_tables
    }


def references(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Every foreign key with what happens on deletion; on SQLite also proves that none is broken."""
    if connection.dialect.name == "sqlite":
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall() == []
    found = inspect(connection)
    return {
        table: sorted(
            (*key["constrained_columns"], key["referred_table"], *key["referred_columns"], key["options"]["ondelete"])
            for key in found.get_foreign_keys(table)
        )
        for table in sorted(tables.metadata.tables)
    }


def names(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names()) - {"alembic_version"}


def difference(connection: Connection) -> list[Any]:
    options = {"compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata))


def test_the_migrations_come_to_the_tables_of_the_code(empty_database: Empty) -> None:
    migrate(url := empty_database())
    assert ask(url, difference) == []
    assert ask(url, names) == set(tables.metadata.tables)


def test_up_down_and_up_again_leaves_the_same_tables(empty_database: Empty) -> None:
    migrate(url := empty_database())
    before = ask(url, references)
    ask(url, fill)
    migrate(url, "base")
    assert ask(url, names) == set()
    migrate(url)
    assert ask(url, references) == before
    assert ask(url, difference) == []
    ask(url, fill)
    assert set(ask(url, counts).values()) == {ROWS}


def test_migrating_what_is_up_to_date_changes_nothing(empty_database: Empty) -> None:
    migrate(url := empty_database())
    ask(url, fill)
    before = ask(url, content)
    migrate(url)
    migrate(url, tables.REVISION)
    assert ask(url, content) == before


def test_a_table_made_anew_keeps_every_row_that_refers_to_it(
    empty_database: Empty, rebuilding: Callable[..., Path]
) -> None:
    scripts = rebuilding()
    migrate(url := empty_database())
    ask(url, fill)
    rows, keys = ask(url, content), ask(url, references)
    for revision in ("head", tables.REVISION, "9999", "-1", "+1", tables.REVISION):
        migrate(url, revision, scripts)
        assert ask(url, content) == rows
        assert ask(url, references) == keys
    assert ask(url, difference) == []


@pytest.mark.parametrize("fault", ['op.execute("this is no SQL")', 'op.execute("DELETE FROM conversation")', "1 / 0"])
def test_a_migration_that_fails_changes_nothing(
    empty_database: Empty, rebuilding: Callable[..., Path], fault: str
) -> None:
    migrate(url := empty_database())
    if "DELETE" in fault and url.startswith("postgresql"):
        fault = 'op.execute("DELETE FROM document")'  # there the passages' key refuses; SQLite's is off meanwhile
    ask(url, fill)
    rows, keys = ask(url, content), ask(url, references)
    scripts = rebuilding(extra=fault)
    with pytest.raises((Unavailable, ZeroDivisionError)) as caught:
        migrate(url, "head", scripts)
    assert "SQL" not in str(caught.value)
    assert ask(url, content) == rows
    assert ask(url, references) == keys
    migrate(url)


def test_two_migrations_at_once_both_succeed(empty_database: Empty) -> None:
    url = empty_database()
    command = f"from bot.adapters.migrate import migrate; migrate({url!r})"
    running = [subprocess.Popen([sys.executable, "-W", "error", "-c", command]) for _ in range(2)]
    assert [process.wait(timeout=60) for process in running] == [0, 0]
    assert ask(url, difference) == []


def test_a_migration_waits_for_whoever_writes_to_a_file_that_has_no_write_ahead_log_yet(tmp_path: Path) -> None:
    file = tmp_path / "bot.db"
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        soon = threading.Timer(0.5, other.execute, ["ROLLBACK"])
        soon.start()
        migrate(url := f"sqlite:///{file}")
        soon.join()
    assert ask(url, difference) == []


def test_migrating_prints_nothing_and_leaves_logging_alone(
    empty_database: Empty, capfd: pytest.CaptureFixture[str]
) -> None:
    migrate(empty_database())
    assert capfd.readouterr() == ("", "")


def test_a_new_revision_can_be_made_from_the_command_line(
    own_sqlite_url: str, rebuilding: Callable[..., Path], tmp_path: Path
) -> None:
    scripts = rebuilding()
    migrate(own_sqlite_url, "head", scripts)
    (tmp_path / "alembic.ini").write_text(f"[alembic]\nscript_location = {str(scripts).replace('%', '%%')}\n")
    command = [sys.executable, "-m", "alembic", "-c", str(tmp_path / "alembic.ini"), "-x", f"url={own_sqlite_url}"]
    subprocess.run([*command, "revision", "--autogenerate", "-m", "drop added"], check=True, capture_output=True)
    (made,) = scripts.glob("versions/*drop_added.py")
    assert "batch_op.drop_column('added')" in made.read_text()
    assert "adapters" not in made.read_text()
    migrate(own_sqlite_url, "head", scripts)
    assert ask(own_sqlite_url, difference) == []


def test_the_folder_of_a_new_database_is_made(tmp_path: Path) -> None:
    migrate(url := f"sqlite:///{tmp_path / 'var' / 'shop' / 'bot.db'}")
    assert ask(url, names) == set(tables.metadata.tables)


def test_the_code_knows_the_newest_revision() -> None:
    assert ScriptDirectory(str(SCRIPTS)).get_heads() == [tables.REVISION]


def test_what_cannot_be_migrated_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("not a database" * 100)
    for url, to, scripts in (
        (f"sqlite:///{tmp_path}/text.txt", "head", SCRIPTS),
        (f"sqlite:///{tmp_path}/a.db", "no-such-revision", SCRIPTS),
        (f"sqlite:///{tmp_path}/a.db", "head", tmp_path / "nowhere"),
        ("postgresql://u:secret@127.0.0.1:1/d", "head", SCRIPTS),
    ):
        with pytest.raises(Unavailable) as caught:
            migrate(url, to, scripts)
        assert "secret" not in str(caught.value)


def test_a_passage_further_down_gets_its_new_id_wherever_it_is_named(empty_database: Empty) -> None:
    migrate(url := empty_database(), "0002")
    passage = Passage("a.md", "a.md#b", "A › B", "Ten days.", "en", "policy", ("when?",), "/a", 3, "a.md:9")

    def before(connection: Connection) -> None:
        document = {"key": "a.md", "title": "A", "kind": "policy", "language": "en", "text": "…", "source": "a.md:1"}
        insert_into(connection, "document", {**document, "origin": "/kb"})
        said = {"id": "old", "document": "a.md", "anchor": "a.md#b", "title": "A › B", "text": "Ten days."}
        kept = {"language": "en", "kind": "policy", "phrasings": ["when?"], "url": "/a", "position": 3}
        insert_into(connection, "passage", {**said, **kept, "source": "a.md:9"})
        insert_into(connection, "passage_history", {"id": 1, "passage_id": "old", "action": "added"})
        insert_into(connection, "conversation", {"id": "c", "last_seq": 2})
        cited = {"text": "a \x00 b", "citations": [{"passage": "old"}, {"passage": "elsewhere"}]}
        message = {"conversation_id": "c", "kind": "message.created", "created_at": AT}
        insert_into(connection, "event", {**message, "seq": 1, "author": "customer", "body": {"text": "hi"}})
        insert_into(connection, "event", {**message, "seq": 2, "author": "bot", "body": cited})

    def after(connection: Connection) -> tuple[object, ...]:
        t = tables
        return (
            connection.execute(select(t.passage.c.id, t.passage.c.valid_to, t.passage.c.needs_person)).all(),
            connection.scalars(select(t.passage_history.c.passage_id)).all(),
            set(connection.execute(select(t.citation.c.seq, t.citation.c.passage_id)).all()),
        )

    ask(url, before)
    migrate(url)
    rows = ask(url, after)
    assert rows == ([(passage.id, "", False)], [passage.id], {(2, passage.id), (2, "elsewhere")})


def insert_into(connection: Connection, name: str, given: dict[str, Any]) -> None:
    """A row as an older version of the code wrote it: what is not given is whatever its column takes."""
    old = Table(name, MetaData(), autoload_with=connection)
    dates = {c.name: AT.replace(tzinfo=None) for c in old.columns if isinstance(c.type, DateTime) and not c.nullable}
    if connection.dialect.name == "postgresql":
        dates = dict.fromkeys(dates, AT)
    empty = {c.name: blank(c.type) for c in old.columns if not c.nullable and c.name not in dates}
    connection.execute(old.insert(), [{**empty, **dates, **given}])


def blank(kind: object) -> object:
    if isinstance(kind, JSON):
        return []
    if isinstance(kind, Boolean):
        return False
    return 0 if isinstance(kind, Integer | Float) else ""
