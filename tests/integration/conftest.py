"""Databases to test on: a migrated SQLite file to copy, and a throwaway PostgreSQL with a migrated template to clone.

The PostgreSQL costs half a second to make and is gone afterwards: no network, no durability, its own directory.
"""

import asyncio
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from bot.adapters.migrate import migrate
from tests import redis_server as redis
from tests.redis_server import RedisServer

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
NOBODY = 65534
SETTINGS = "-c fsync=off -c full_page_writes=off -c listen_addresses='' -c max_connections=60"


@dataclass(frozen=True)
class Server:
    """A PostgreSQL of our own below `folder`, reached through a socket there."""

    binaries: Path
    folder: Path
    user: int | None  # who runs it: PostgreSQL refuses to run as root

    def command(self, name: str, *arguments: str) -> None:
        subprocess.run(
            [self.binaries / name, *arguments],
            user=self.user,
            group=self.user,
            cwd=self.folder,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def make(self) -> None:
        options = ("--no-sync", "--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C")
        self.command("initdb", "-D", str(self.folder / "data"), *options)

    def start(self) -> None:
        data, log = str(self.folder / "data"), str(self.folder / "log")
        self.command("pg_ctl", "-D", data, "-l", log, "-w", "-o", f"{SETTINGS} -k {self.folder}", "start")

    def stop(self) -> None:
        self.command("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def url(self, database: str) -> str:
        # The password is not asked for; without one the driver would look for a password file each time.
        return f"postgresql://postgres:unused@/{database}?host={self.folder}"

    def create(self, database: str, template: str = "template1") -> str:
        asyncio.run(self._sql(f'CREATE DATABASE "{database}" TEMPLATE "{template}"'))
        return self.url(database)

    async def _sql(self, statement: str) -> None:
        connection = await asyncpg.connect(user="postgres", database="postgres", host=str(self.folder))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


def throwaway_server() -> Iterator[Server]:
    found = shutil.which("initdb")
    if not (BINARIES or found):
        (pytest.fail if os.environ.get("CI") else pytest.skip)("PostgreSQL is not installed: no initdb")
    binaries = BINARIES[0] if BINARIES else Path(str(found)).parent
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path must be short
    server = Server(binaries, folder, user=NOBODY if os.geteuid() == 0 else None)
    if server.user:
        os.chown(folder, NOBODY, NOBODY)
    try:
        server.make()
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    yield from throwaway_server()


@pytest.fixture
def own_postgresql() -> Iterator[Server]:
    """A server that a test may stop and start."""
    yield from throwaway_server()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """Shared by the tests: use keys of your own."""
    with redis.redis_server() as server:
        yield server


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A server that a test may hang, kill and start."""
    with redis.redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_template(postgresql: Server) -> str:
    migrate(postgresql.create("migrated"))
    return "migrated"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="module")
def postgresql_url(postgresql: Server, postgresql_template: str) -> str:
    """A migrated PostgreSQL database for this module."""
    return postgresql.create(f"t{uuid.uuid4().hex}", template=postgresql_template)


@pytest.fixture(scope="module")
def sqlite_url(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A migrated SQLite database for this module."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path_factory.mktemp('sqlite') / 'bot.db')}"


@pytest.fixture
def own_sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A migrated SQLite database for one test."""
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'bot.db')}"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database of each kind, shared by the module's tests: use ids of your own."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], str]:
    """Makes databases without any tables."""
    if request.param == "sqlite":
        return lambda: f"sqlite:///{tmp_path / uuid.uuid4().hex}.db"
    server: Server = request.getfixturevalue("postgresql")
    return lambda: server.create(f"e{uuid.uuid4().hex}")
