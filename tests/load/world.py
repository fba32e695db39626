"""What a scenario runs against: `bot serve` in one process or several, PostgreSQL, Redis; each of them can be killed.

The processes of the app are forked from one that has imported everything already (Python's forkserver): each has its
own memory, event loop, connections and index, and dies by a real `kill -9`; only the imports are saved.
"""

import asyncio
import json
import multiprocessing
import os
import resource
import shutil
import socket
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from tests.integration.conftest import Server as PostgreSql
from tests.load import app
from tests.load.shop import FAQ
from tests.redis_server import RedisServer, redis_server

UP_S = 60.0  # two cores, and whatever else runs
MOST_FILES, LISTENING = 16_384, "0A"
DURABLE = "-c listen_addresses='' -c max_connections=80 -c shared_buffers=64MB"


def enough_files() -> None:
    """Two thousand sockets are more than the usual limit; what is forked later inherits it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def forked() -> Any:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.load.app"])
    return context


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _port(address: str) -> int:
    """As `/proc/net/tcp` writes it."""
    return int(address.rpartition(":")[2], 16)


@dataclass
class App:
    """One `bot serve`."""

    folder: Path
    settings: dict[str, str]
    host: str = "127.0.0.1"
    port: int = field(default_factory=free_port)
    process: BaseProcess | None = None

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def log(self) -> Path:
        return self.folder / f"{self.port}.log"

    @property
    def probe(self) -> Path:
        return self.folder / f"{self.port}.probe"

    @property
    def pid(self) -> int:
        assert self.process is not None
        assert self.process.pid is not None
        return self.process.pid

    @property
    def rss_kib(self) -> int:
        return int(Path(f"/proc/{self.pid}/status").read_text().partition("VmRSS:")[2].split()[0])

    @property
    def sockets(self) -> list[int]:
        """The ports at the other end of what it still holds (one it let go of has no inode any more), by the system."""
        rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
        ours = [row for row in rows if _port(row[1]) == self.port]
        return [_port(row[2]) for row in ours if row[3] != LISTENING and row[9] != "0"]

    def start(self, *arguments: str) -> None:
        own = {"BOT_DATA_DIR": str(self.folder), "BOT_HOST": self.host, "BOT_PORT": str(self.port)}
        given = (own | {"BOT_GENERATOR": "none"} | self.settings, self.log, self.probe, *arguments)
        self.process = forked().Process(target=app.run, args=given, daemon=True)
        self.process.start()

    async def up(self) -> None:
        """Until it takes connections."""
        async with asyncio.timeout(UP_S):
            while True:
                assert self.process is not None
                assert self.process.is_alive(), f"the server did not start:\n{self.log.read_text()[-4_000:]}"
                try:
                    _, writer = await asyncio.open_connection(self.host, self.port)
                except OSError:
                    await asyncio.sleep(0.02)
                else:
                    writer.close()
                    return

    async def kill(self) -> None:
        """As the power does: no goodbye."""
        if self.process is not None:
            self.process.kill()
            await asyncio.to_thread(self.process.join)

    async def ask(self) -> dict[str, Any]:
        """What the process costs, since the last time."""
        reader, writer = await asyncio.open_unix_connection(self.probe, limit=1 << 26)
        writer.write(b"\n")
        answer: dict[str, Any] = json.loads(await reader.readline())
        writer.close()
        return answer


@dataclass(frozen=True)
class Durable(PostgreSql):
    """A throwaway PostgreSQL that does write to the disk before it says so, and may be killed."""

    def start(self) -> None:
        place = ("-D", str(self.folder / "data"), "-l", str(self.folder / "log"))
        subprocess.run(
            [self.binaries / "pg_ctl", *place, "-w", "-t", "60", "-o", f"{DURABLE} -k {self.folder}", "start"],
            user=self.user, group=self.user, cwd=self.folder, check=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def kill(self) -> None:
        """The postmaster, at once; its children notice and go."""
        os.kill(int((self.folder / "data" / "postmaster.pid").read_text().split()[0]), 9)

    def restart(self) -> None:
        """The lock file of a dead one is stepped over, once its children are gone."""
        for _ in range(40):
            try:
                self.start()
            except subprocess.CalledProcessError:
                continue
            return
        raise AssertionError((self.folder / "log").read_text()[-2_000:])


@contextmanager
def postgresql() -> Iterator[Durable]:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    binaries = found[0] if found else Path(shutil.which("initdb") or "initdb").parent
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path must be short
    server = Durable(binaries, folder, user=65534 if os.geteuid() == 0 else None)
    if server.user:
        os.chown(folder, server.user, server.user)
    try:
        server.make()
        server.start()
        yield server
        server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass
class World:
    folder: Path
    url: str  # of the database
    apps: list[App]
    postgres: Durable | None = None
    redis: RedisServer | None = None

    @property
    def urls(self) -> list[str]:
        return [one.url for one in self.apps]


@asynccontextmanager
async def world(
    n_apps: int = 1, *, shared: bool = False, host: str = "127.0.0.1", **settings: str
) -> AsyncIterator[World]:
    """`shared`: on PostgreSQL and Redis; else one process on SQLite. All of them up, with one page ingested."""
    enough_files()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="load-", ignore_cleanup_errors=True)))
        postgres, redis, url = None, None, f"sqlite:///{folder / 'bot.sqlite'}"
        if shared:
            postgres = stack.enter_context(postgresql())
            redis = stack.enter_context(redis_server())
            url = await asyncio.to_thread(postgres.create, "load")
            settings = {"BOT_REDIS_URL": redis.url} | settings
        settings = {"BOT_DATABASE_URL": url} | settings
        (folder / "help.md").write_text(FAQ)
        await _told(App(folder, settings), "migrate")
        await _told(App(folder, settings), "ingest", str(folder / "help.md"))
        here = World(folder, url, [App(folder, settings) for _ in range(n_apps)], postgres, redis)
        try:
            for one in here.apps:
                one.start()
            for one in here.apps:
                await one.up()
            yield here
        finally:
            for one in here.apps:
                await one.kill()


async def _told(one: App, *arguments: str) -> None:
    one.start(*arguments)
    assert one.process is not None
    await asyncio.to_thread(one.process.join)
    assert one.process.exitcode == 0, one.log.read_text()
