"""kill -9 at a bad moment: what was acknowledged is answered once, and the index is the old one or the new one."""

import asyncio
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.running import ClientConnection, Server, Visitor, bot, command, environment, serving

FAQ = "# Help\n\n## How long does delivery take?\n\nStandard delivery takes 2 to 4 business days in Belgium.\n"
PATIENCE_S = 60


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("restart")
    (folder / "help.md").write_text(FAQ)
    assert bot(folder / "var", "ingest", str(folder / "help.md"), BOT_GENERATOR="none").returncode == 0
    return folder / "var"


async def until(socket: ClientConnection, kind: str) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            frame: dict[str, Any] = json.loads(await socket.recv())
            if frame["type"] == kind:
                return frame


async def ask_and_kill(server: Server, visitor: Visitor, cid: str, delay_s: float) -> None:
    """Ask, wait for the acknowledgement, and pull the plug while the answer is being made."""
    async with visitor.socket() as socket:
        await socket.send(json.dumps(visitor.hello()))
        await until(socket, "welcome")
        asked = {"type": "send", "id": cid, "conversation": visitor.conversation, "cid": cid}
        await socket.send(json.dumps({**asked, "text": f"How long does delivery take for order {cid}?"}))
        await until(socket, "ack")
        await asyncio.sleep(delay_s)
        server.kill()


async def replies(server: Server, visitor: Visitor, n: int) -> list[int]:
    """The questions that got an answer, once `n` did and a moment passed in which a second one might have come."""
    answers: list[int] = []
    async with visitor.socket() as socket:
        await socket.send(json.dumps(visitor.hello()))
        while len(answers) < n:
            event = await until(socket, "event")
            if event["author"] == "bot":
                answers.append(event["body"]["answers"])
        try:
            async with asyncio.timeout(2):
                answers.append((await until(socket, "event"))["seq"])
        except TimeoutError:
            pass
    return answers


async def test_a_question_that_was_acknowledged_before_the_kill_gets_exactly_one_answer(data: Path) -> None:
    with serving(data) as first:
        visitor = await asyncio.to_thread(Visitor.arriving, first.url)
        await ask_and_kill(first, visitor, "before", delay_s=0.0)
    with serving(data) as second:
        visitor.url = second.url
        assert await replies(second, visitor, 1) == [1]
        await ask_and_kill(second, visitor, "during", delay_s=0.15)
    with serving(data) as third:
        visitor.url = third.url
        assert await replies(third, visitor, 2) == [1, 3]


def test_an_interrupted_server_says_goodbye_within_ten_seconds(data: Path) -> None:
    with serving(data, BOT_GENERATOR="none") as server:
        started = time.monotonic()
        server.process.send_signal(signal.SIGINT)
        server.process.wait(10)
        assert time.monotonic() - started < 10
        assert "Traceback" not in (data / "serve.log").read_text()


def test_a_second_server_on_the_same_port_says_what_to_do(data: Path) -> None:
    with serving(data, BOT_GENERATOR="none") as server:
        port = server.url.rsplit(":", 1)[1]
        done = bot(data, "serve", "--port", port, BOT_GENERATOR="none")
        assert done.returncode == 1
        assert "stop what uses it, or set BOT_PORT" in done.stderr


@pytest.mark.parametrize("after", ["read", "published"])
def test_an_ingest_that_is_killed_leaves_the_old_or_the_new_index_and_can_be_run_again(
    tmp_path: Path, after: str
) -> None:
    var, kb = tmp_path / "var", tmp_path / "kb"
    kb.mkdir()
    (kb / "help.md").write_text(FAQ)
    assert bot(var, "ingest", str(kb), BOT_GENERATOR="none").returncode == 0
    more = "".join(f"\n## How much does tent number {n} cost?\n\nIt costs {n} euro.\n" for n in range(200))
    (kb / "more.md").write_text("# Tents\n" + more)
    ingesting = subprocess.Popen(command("ingest", str(kb)), env=environment(var, BOT_GENERATOR="none"))
    old = (var / "index" / "CURRENT").read_text()
    _wait_until(lambda: _has_reached(var, old, after) or ingesting.poll() is not None)
    ingesting.kill()
    ingesting.wait()
    asked = bot(var, "ask", "how long does delivery take?", "--json", BOT_GENERATOR="none")
    assert "2 to 4 business days" in json.loads(asked.stdout)["text"]
    again = json.loads(bot(var, "ingest", str(kb), "--json", BOT_GENERATOR="none").stdout)
    assert again["added"] + again["unchanged"] == 201
    asked = bot(var, "ask", "how much does tent number 77 cost?", "--json", BOT_GENERATOR="none")
    assert "77 euro" in json.loads(asked.stdout)["text"]


def _has_reached(var: Path, old: str, after: str) -> bool:
    if after == "published":
        return (var / "index" / "CURRENT").read_text() != old
    wal = var / "bot.sqlite-wal"
    return wal.exists() and wal.stat().st_size > 100_000  # SQL holds the new passages, the index does not


def _wait_until(happened: Any) -> None:
    deadline = time.monotonic() + 100
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_running_server_follows_an_ingest_without_a_restart_or_a_failed_question(tmp_path: Path) -> None:
    var, file = tmp_path / "var", tmp_path / "help.md"
    file.write_text(FAQ)
    bot(var, "ingest", str(file), BOT_GENERATOR="none")

    async def converse(url: str) -> list[str]:
        visitor = await asyncio.to_thread(Visitor.arriving, url)
        said: list[str] = []
        async with visitor.socket() as socket:
            await socket.send(json.dumps(visitor.hello()))
            ingesting: subprocess.Popen[bytes] | None = None
            for n in range(40):
                asked = {"type": "send", "id": f"q{n}", "conversation": visitor.conversation, "cid": f"q{n}"}
                await socket.send(json.dumps({**asked, "text": f"Delivery to Belgium takes how long, order {n}?"}))
                event = await until(socket, "event")
                while event["author"] != "bot":
                    event = await until(socket, "event")
                said.append(event["body"]["text"])
                if n == 1:
                    file.write_text(FAQ.replace("2 to 4", "5 to 9"))
                    ingesting = subprocess.Popen(
                        command("ingest", str(file)), env=environment(var, BOT_GENERATOR="none")
                    )
                if "5 to 9" in said[-1]:
                    break
                await asyncio.sleep(2.0)  # the limit on messages, and the time an ingest takes
            assert ingesting is not None
            ingesting.wait()
        return said

    with serving(var, BOT_GENERATOR="none") as server:
        said = asyncio.run(converse(server.url))
    assert "2 to 4 business days" in said[0]
    assert "5 to 9 business days" in said[-1]
    assert all("business days" in text for text in said)


def test_the_data_folder_can_be_anywhere(tmp_path: Path) -> None:
    (tmp_path / "help.md").write_text(FAQ)
    deep = tmp_path / "a folder" / "with blanks"
    assert bot(deep, "ingest", str(tmp_path / "help.md"), BOT_GENERATOR="none").returncode == 0
    assert os.path.exists(deep / "bot.sqlite")
