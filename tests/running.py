"""The real thing in processes of its own: the `bot` command and a running server, over a data folder of the test's."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

PATIENCE_S = 120  # two cores, three models to load, and whatever else runs


def environment(data_dir: Path, **settings: str) -> dict[str, str]:
    own = {"BOT_DATA_DIR": str(data_dir), "BOT_HOST": "127.0.0.1", "BOT_PORT": "0", "PYTHONUNBUFFERED": "1"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("BOT_")}
    return {**kept, **own, **settings}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "bot", *arguments]


def bot(
    data_dir: Path, *arguments: str, stdin: str = "", cwd: Path | None = None, **settings: str
) -> "subprocess.CompletedProcess[str]":
    """Run one `bot` command to its end."""
    return subprocess.run(
        command(*arguments), env=environment(data_dir, **settings), input=stdin, capture_output=True, text=True,
        timeout=PATIENCE_S, check=False, cwd=cwd,
    )  # fmt: skip


@dataclass
class Server:
    process: "subprocess.Popen[bytes]"
    url: str

    def kill(self) -> None:
        """As the power does: no goodbye."""
        self.process.kill()
        self.process.wait()


@contextmanager
def serving(data_dir: Path, module: str = "bot", **settings: str) -> Iterator[Server]:
    log = data_dir / "serve.log"
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", module, "serve"],
            env=environment(data_dir, **settings),
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    try:
        yield Server(process, _url(process, log))
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _url(process: "subprocess.Popen[bytes]", log: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(rb"demo shop.*(http://\S+?)/\s*$", line):
            return found[1].decode()
    raise AssertionError(f"the server did not start:\n{log.read_text()}")


@dataclass
class Visitor:
    """A customer's browser, as far as the server can tell."""

    url: str
    secret: str
    conversation: str
    epoch: str

    @classmethod
    def arriving(cls, url: str, locale: str = "en") -> "Visitor":
        made = httpx.post(f"{url}/v1/session", json={"locale": locale}).json()
        return cls(url, made["session"], made["conversation"], made["epoch"])

    def ticket(self) -> str:
        asked = httpx.post(f"{self.url}/v1/ticket", headers={"Authorization": f"Bearer {self.secret}"})
        ticket: str = asked.json()["ticket"]
        return ticket

    def socket(self) -> connect:
        return connect(self.url.replace("http", "ws") + "/v1/socket", subprotocols=["bot.v1"])  # type: ignore[list-item]

    def hello(self, seq: int = 0) -> dict[str, Any]:
        position = {"conversation": self.conversation, "epoch": self.epoch, "seq": seq}
        return {"type": "hello", "ticket": self.ticket(), "resume": [position]}


__all__ = ["ClientConnection", "Server", "Visitor", "bot", "serving"]
