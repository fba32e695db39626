"""Many customers at once, over networks that lose acknowledgements: nothing is lost, doubled or out of order."""

import asyncio
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.running import Server, Visitor, bot, serving

FAQ = "# Help\n\n## How long does delivery take?\n\nStandard delivery takes 2 to 4 business days in Belgium.\n"
N_CUSTOMERS = 50
N_MESSAGES = 4
SEED = 7
PATIENCE_S = 240


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("load")
    (folder / "help.md").write_text(FAQ)
    data: Path = folder / "var"
    assert bot(data, "ingest", str(folder / "help.md"), BOT_GENERATOR="none").returncode == 0
    with serving(data, BOT_GENERATOR="none") as running:
        yield running


async def converse(server: Server, n: int) -> list[dict[str, Any]]:
    """One customer: asks, believes a third of the acknowledgements lost and sends again, drops the socket at times."""
    dice = random.Random(SEED + n)
    visitor = await asyncio.to_thread(Visitor.arriving, server.url)
    seen: dict[int, dict[str, Any]] = {}
    unsent = [f"c{n}-{m}" for m in range(N_MESSAGES)]
    while unsent or sum(event["author"] == "bot" for event in seen.values()) < N_MESSAGES:
        async with visitor.socket() as socket:
            hello = await asyncio.to_thread(visitor.hello, max(seen, default=0))
            await socket.send(json.dumps(hello))
            await _use(socket, visitor, unsent, seen, dice)
    assert list(seen) == sorted(seen) == list(range(1, len(seen) + 1)), "a hole, or out of order"
    return list(seen.values())


async def _use(
    socket: Any, visitor: Visitor, unsent: list[str], seen: dict[int, dict[str, Any]], dice: random.Random
) -> None:
    if unsent:
        await _send(socket, visitor, unsent[0])
    while unsent or sum(event["author"] == "bot" for event in seen.values()) < N_MESSAGES:
        frame = json.loads(await socket.recv())
        if frame["type"] == "event":
            assert frame["seq"] not in seen, "an event came twice on one socket, or again after a resume"
            seen[frame["seq"]] = frame
        elif frame["type"] == "error":
            await asyncio.sleep(frame.get("after_ms", 100) / 1_000)
            await _send(socket, visitor, unsent[0])
        elif frame["type"] == "ack" and unsent and frame["cid"] == unsent[0]:
            if dice.random() < 0.3:  # as if this acknowledgement never came
                if dice.random() < 0.5:
                    return
            else:
                unsent.pop(0)
            if unsent:
                await _send(socket, visitor, unsent[0])


async def _send(socket: Any, visitor: Visitor, cid: str) -> None:
    text = f"How long does delivery take for order {cid}?"
    frame = {"type": "send", "id": cid, "conversation": visitor.conversation, "cid": cid, "text": text}
    await socket.send(json.dumps(frame))


async def test_each_message_is_stored_once_and_answered_once_in_order(server: Server) -> None:
    async with asyncio.timeout(PATIENCE_S):
        conversations = await asyncio.gather(*(converse(server, n) for n in range(N_CUSTOMERS)))
    for n, events in enumerate(conversations):
        asked = Counter(event["cid"] for event in events if event["author"] == "customer")
        assert asked == Counter(f"c{n}-{m}" for m in range(N_MESSAGES))
        questions = [event["seq"] for event in events if event["author"] == "customer"]
        assert sorted(event["body"]["answers"] for event in events if event["author"] == "bot") == questions
