"""A customer's browser as the protocol wants it: keeps its unsent message, its position, and what was acked."""

import asyncio
import json
import random
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage
from websockets.typing import Subprotocol

from tests.load.shop import QUESTIONS

ACK_S, WELCOME_S = 10.0, 20.0
LONGEST_PAUSE_S = 1.0
Frame = dict[str, Any]


class Away(Exception):
    """The server cannot be reached now, or said so: come back."""


LOST = (OSError, EOFError, TimeoutError, ConnectionClosed, InvalidHandshake, InvalidMessage, Away)


async def post(url: str, path: str, body: Frame | None = None, secret: str = "") -> Frame:
    """One small request on a connection of its own: a client library would cost more than what it measures."""
    host, _, port = url.removeprefix("http://").partition(":")
    content = json.dumps(body or {}).encode()
    async with asyncio.timeout(WELCOME_S):
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(
                f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nAuthorization: Bearer {secret}\r\n"
                f"Connection: close\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(content)}\r\n\r\n".encode()
                + content
            )
            head, _, text = (await reader.read()).partition(b"\r\n\r\n")
        finally:
            writer.close()
    status = int(head.split(b" ", 2)[1]) if head else 0
    if status not in (200, 201) or not text.endswith(b"}"):  # it may have died between head and body
        raise Away(f"{path}: {status}")
    return dict(json.loads(text))


@dataclass
class Customer:
    urls: Sequence[str]
    at: int = 0  # which of them it talks to
    secret: str = ""
    conversation: str = ""
    epoch: str = ""
    seen: dict[int, Frame] = field(default_factory=dict)
    acked: dict[str, int] = field(default_factory=dict)  # cid → seq
    asked: list[str] = field(default_factory=list)  # cids, in order
    faults: list[str] = field(default_factory=list)
    last: int = 0  # everything up to here was seen
    n_sockets: int = 0
    n_repairs: int = 0
    dice: random.Random = field(default_factory=random.Random)

    @property
    def url(self) -> str:
        return self.urls[self.at % len(self.urls)]

    async def arrive(self) -> None:
        made = await post(self.url, "/v1/session", {"locale": "en"})
        self.secret, self.conversation, self.epoch = made["session"], made["conversation"], made["epoch"]

    @asynccontextmanager
    async def socket(self, since: int | None = None) -> AsyncIterator[ClientConnection]:
        """A socket that was greeted. `since`: where to resume from, if not from what was seen."""
        ticket = (await post(self.url, "/v1/ticket", secret=self.secret))["ticket"]
        address = self.url.replace("http", "ws") + "/v1/socket"
        async with asyncio.timeout(WELCOME_S) as patience:
            async with connect(
                address, subprotocols=[Subprotocol("bot.v1")], proxy=None, compression=None, close_timeout=1,
                ping_interval=None, max_queue=None,
            ) as socket:  # fmt: skip
                since = self.last if since is None else since
                position = {"conversation": self.conversation, "epoch": self.epoch, "seq": since}
                await socket.send(json.dumps({"type": "hello", "ticket": ticket, "resume": [position]}))
                while (frame := json.loads(await socket.recv()))["type"] != "welcome":
                    self.hear(frame)
                self.hear(frame)
                patience.reschedule(None)
                self.n_sockets += 1
                yield socket

    def hear(self, frame: Frame) -> None:
        """Every frame passes here: what must not be is a fault."""
        if frame["type"] == "event":
            self._hear_event(frame)
        elif frame["type"] == "ack" and self.acked.setdefault(frame["cid"], frame["seq"]) != frame["seq"]:
            self.faults.append(f"a retry of {frame['cid']} got another seq")
        elif frame["type"] == "welcome" and not frame["conversations"][0]["resumed"]:
            self.faults.append("a resume that was not one")

    def _hear_event(self, frame: Frame) -> None:
        known = self.seen.setdefault(frame["seq"], frame)
        if known is not frame and (known["kind"], known["body"]) != (frame["kind"], frame["body"]):
            self.faults.append(f"event {frame['seq']} changed")
        while self.last + 1 in self.seen:
            self.last += 1

    @property
    def has_hole(self) -> bool:
        return len(self.seen) > self.last

    async def _sync(self, socket: ClientConnection) -> None:
        frame = {"type": "sync", "id": f"s{self.n_repairs}", "conversation": self.conversation, "epoch": self.epoch}
        await socket.send(json.dumps(frame | {"since": self.last, "limit": 100}))

    async def send(self, socket: ClientConnection, cid: str, text: str = "") -> None:
        text = text or QUESTIONS[self.asked.index(cid) % len(QUESTIONS)]
        frame = {"type": "send", "id": cid, "conversation": self.conversation, "cid": cid, "text": text}
        await socket.send(json.dumps(frame))

    async def read(self, socket: ClientConnection) -> Frame:
        frame: Frame = json.loads(await socket.recv())
        had_hole = self.has_hole
        self.hear(frame)
        if self.has_hole and not had_hole:
            self.n_repairs += 1
            await self._sync(socket)
        if frame["type"] == "ping":
            await socket.send(json.dumps({"type": "pong", "n": frame["n"]}))
        return frame

    async def until(self, socket: ClientConnection, happened: Callable[[], object], seconds: float = ACK_S) -> None:
        async with asyncio.timeout(seconds):
            while not happened():
                await self.read(socket)

    async def put(self, socket: ClientConnection, cid: str, text: str = "") -> None:
        """Send until acknowledged; a refusal that says "again" is obeyed. Raises Away when it takes too long."""
        async with asyncio.timeout(ACK_S):
            await self.send(socket, cid, text)
            while cid not in self.acked:
                frame = await self.read(socket)
                if frame["type"] == "error" and frame.get("ref") == cid:
                    if not frame["retry"]:
                        self.faults.append(f"refused: {frame['code']}")
                        raise Away(frame["code"])
                    await asyncio.sleep(frame.get("after_ms", 300) / 1_000)
                    await self.send(socket, cid, text)

    async def chat(self, is_over: Callable[[], bool], messages: int, pause_s: float = 0.0, text: str = "") -> None:
        """So many messages, each sent with the same id until it is acknowledged, whatever happens in between."""
        failures = 0
        while len(self.acked) < messages and not (is_over() and len(self.acked) == len(self.asked)):
            try:
                async with self.socket() as socket:
                    failures = 0
                    while len(self.acked) < messages and not (is_over() and len(self.acked) == len(self.asked)):
                        if len(self.asked) == len(self.acked):
                            self.asked.append(uuid.UUID(int=self.dice.getrandbits(128)).hex)
                        await self.put(socket, self.asked[-1], text)
                        await asyncio.sleep(pause_s * self.dice.random() * 2)
            except LOST:
                failures += 1
                self.at += 1  # always the other process
                await asyncio.sleep(self.dice.random() * min(LONGEST_PAUSE_S, 0.1 * 2**failures))


async def arrived(urls: Sequence[str], n: int, seed: int = 0, at_once: int = 20) -> list[Customer]:
    """New customers, spread over the processes."""
    places = asyncio.Semaphore(at_once)

    async def one(k: int) -> Customer:
        customer = Customer(urls, at=k, dice=random.Random(seed * 100_003 + k))
        async with places:
            while True:
                try:
                    await customer.arrive()
                except LOST:
                    customer.at += 1
                    await asyncio.sleep(0.2)
                else:
                    return customer

    return await asyncio.gather(*(one(k) for k in range(n)))
