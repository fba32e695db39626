"""deploy/nginx.conf in a real nginx, in front of a real server."""

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.fakes import stock, writes
from tests.site import running

CONF = Path(__file__).parents[2] / "deploy" / "nginx.conf"
NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
TRUE = "You can return unused items within 30 days."


@pytest.fixture(autouse=True)
def _nginx() -> None:
    if NGINX is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("nginx is not installed: make system")


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def written(folder: Path, port: int, workers: tuple[str, str]) -> list[str]:
    """The command that runs it, with addresses of this machine and nothing else changed."""
    text = CONF.read_text().replace("/tmp/", f"{folder}/").replace("listen 8080", f"listen 127.0.0.1:{port}")
    for name, address in zip(("worker-1:8000", "worker-2:8000"), workers, strict=True):
        assert name in text
        text = text.replace(name, address)
    (folder / "nginx.conf").write_text(text)
    return [str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "errors")]


@contextmanager
def in_front_of(folder: Path, *workers: str) -> Iterator[str]:
    port = free_port()
    process = subprocess.Popen([*written(folder, port, (workers[0], workers[-1])), "-g", "daemon off;"])
    try:
        late = time.monotonic() + 10
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)
                break
            except httpx.TransportError:
                assert time.monotonic() < late
                time.sleep(0.02)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def test_nginx_takes_the_configuration(tmp_path: Path) -> None:
    command = written(tmp_path, free_port(), ("127.0.0.1:1", "127.0.0.1:2"))
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert (tested.returncode, "test is successful" in tested.stderr) == (0, True), tested.stderr


def test_a_customer_talks_through_it_though_one_worker_is_away(sqlite_url: str, tmp_path: Path) -> None:
    async def talk() -> None:
        async with running(sqlite_url, writes(TRUE)) as site:
            await stock(site.bot)
            away = f"127.0.0.1:{free_port()}"
            with in_front_of(tmp_path, away, site.address) as address:
                site.address = address
                async with httpx.AsyncClient(base_url=f"http://{address}", trust_env=False) as through:
                    site.http, direct = through, site.http
                    assert (await through.get("/healthz")).json() == {"status": "ok"}
                    assert (await through.get("/metrics")).status_code == 404
                    async with site.tab(await site.customer()) as tab:
                        await tab.say("How do I return a lamp?")
                        assert (await tab.event(author="bot"))["body"]["text"]
                    site.http = direct

    asyncio.run(talk())
