"""A customer at a real server, one question and one answer at a time: what came back for each frame."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.running import ClientConnection, Visitor

Frame = dict[str, Any]
PATIENCE_S = 45


@dataclass
class Talk:
    visitor: Visitor
    socket: ClientConnection
    seen: list[Frame] = field(default_factory=list)

    async def until(self, *types: str, ref: str | None = None) -> Frame:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                frame: Frame = json.loads(await self.socket.recv())
                self.seen.append(frame)
                if frame["type"] in types and ref in (None, frame.get("ref")):
                    return frame

    async def send(self, type: str, **fields: Any) -> None:
        await self.socket.send(json.dumps({"type": type, "conversation": self.visitor.conversation} | fields))

    async def say(self, cid: str, text: str = "") -> Frame:
        """The ack or the error."""
        await self.send("send", id=cid, cid=cid, text=text or f"message {cid}")
        return await self.until("ack", "error", ref=cid)

    async def events(self) -> list[Frame]:
        """Everything that happened, by paging from 0; a position that came twice was the same event twice."""
        del self.seen[:]
        await self.send("sync", id="all", since=0, limit=100)
        head = (await self.until("ack", ref="all"))["seq"]
        events = [frame for frame in self.seen if frame["type"] == "event"]
        by_seq = {event["seq"]: event for event in events}
        assert all(by_seq[event["seq"]] == event for event in events)
        assert sorted(by_seq)[:head] == list(range(1, head + 1))
        return [by_seq[seq] for seq in sorted(by_seq)]

    async def mine(self) -> list[str]:
        """The client ids of what was stored, in the order of its positions."""
        said = [event for event in await self.events() if event["author"] == "customer"]
        return [event["body"]["text"].removeprefix("message ") for event in said]


@asynccontextmanager
async def talking(visitor: Visitor, url: str = "", seq: int = 0) -> AsyncIterator[Talk]:
    """Greeted; the `welcome` is `seen[0]`. With a position, asks for what came after it."""
    visitor.url = url or visitor.url
    hello = await asyncio.to_thread(visitor.hello, seq)
    async with visitor.socket() as socket:
        talk = Talk(visitor, socket)
        await socket.send(json.dumps(hello))
        await talk.until("welcome")
        yield talk


async def posted(url: str) -> httpx.Response:
    """The answer to a new session."""
    return await asyncio.to_thread(httpx.post, f"{url}/v1/session", json={}, timeout=PATIENCE_S)
