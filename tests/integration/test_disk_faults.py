"""A disk that is full or does not keep what it took, under a real server: system calls fail by strace."""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.quick_server import quick
from tests.running import Server, Visitor
from tests.talking import posted, talking

STRACE = shutil.which("strace")


@pytest.fixture(autouse=True)
def _strace() -> None:
    if STRACE is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("strace is not installed: make system")


@contextmanager
def failing(server: Server, calls: str, error: str) -> Iterator[None]:
    """These system calls of the server fail."""
    faults = ["-e", f"trace={calls}", "-e", f"inject={calls}:error={error}"]
    pid = str(server.process.pid)
    tracing = subprocess.Popen([str(STRACE), "-f", "-qq", "-o", "/dev/null", "-p", pid, *faults])
    try:
        late = time.monotonic() + 20
        while not _is_traced(pid):
            assert tracing.poll() is None, "strace may not attach to a process here"
            assert time.monotonic() < late
            time.sleep(0.01)
        yield
    finally:
        tracing.terminate()
        tracing.wait()


def _is_traced(pid: str) -> bool:
    threads = list(Path(f"/proc/{pid}/task").iterdir())
    return all("TracerPid:\t0\n" not in (thread / "status").read_text() for thread in threads)


async def test_a_full_disk_refuses_messages_keeps_reading_and_is_got_over_without_a_restart(tmp_path: Path) -> None:
    with quick(tmp_path / "var") as server:
        visitor = await asyncio.to_thread(Visitor.arriving, server.url)
        async with talking(visitor) as talk:
            assert (await talk.say("before"))["type"] == "ack"
            with failing(server, "pwrite64", "ENOSPC"):
                refused = await talk.say("during")
                assert (refused["type"], refused["code"], refused["retry"]) == ("error", "storage_full", True)
                assert refused["after_ms"] > 0
                begun = await posted(server.url)
                assert (begun.status_code, begun.json()) == (503, {"error": "storage_full"})
                assert await talk.mine() == ["before"]
            kept = await talk.say("during")
            assert (kept["type"], kept["duplicate"]) == ("ack", False)
            assert await talk.mine() == ["before", "during"]


async def test_after_an_fsync_that_failed_nothing_is_acknowledged_and_the_server_ends_with_a_sentence(
    tmp_path: Path,
) -> None:
    var = tmp_path / "var"
    with quick(var) as server:
        visitor = await asyncio.to_thread(Visitor.arriving, server.url)
        async with talking(visitor) as talk:
            assert (await talk.say("before"))["type"] == "ack"
            with failing(server, "fsync,fdatasync", "EIO"):
                answer = await talk.say("during")
                assert (answer["type"], answer["code"]) == ("error", "storage_unavailable")
                await talk.send("send", id="after", cid="after", text="after")
                goodbye = await talk.until("bye", "ack")
                assert (goodbye["type"], goodbye["code"]) == ("bye", 4001)
                assert await asyncio.to_thread(server.process.wait, 10) == 1
        log = (var / "serve.log").read_text()
        assert "fsync failed" in log
    with quick(var) as server:
        async with talking(visitor, server.url) as talk:
            assert (await talk.mine())[0] == "before"
            assert (await talk.say("during"))["type"] == "ack"
            assert await talk.mine() == ["before", "during"]
