"""A client that keeps docs/protocol.md's rules to the letter, for tests: what it has in the end, a browser would have.

`Position` is what came, `Client` the connection: it comes back by itself, sends each message until it is acknowledged,
always under the same `cid`, and repairs a gap by `sync`, never by a new connection.
"""

import asyncio
import json
import random
import uuid
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Origin, Subprotocol

Frame = Mapping[str, Any]
MOST_HELD, PAGE = 100, 100
GONE = (OSError, EOFError, InvalidHandshake, ConnectionClosed, TimeoutError, httpx.HTTPError)


@dataclass(frozen=True)
class Pace:
    """How long things take; the protocol's own figures by default, a fraction of them in tests."""

    ack_s: float = 10.0
    sync_s: float = 10.0
    retry_s: tuple[float, float] = (1.0, 30.0)  # first, longest
    reconnect_s: tuple[float, float] = (0.5, 30.0)


QUICK = Pace(ack_s=3.0, sync_s=3.0, retry_s=(0.02, 0.2), reconnect_s=(0.01, 0.1))
HASTY = Pace(ack_s=0.4, sync_s=0.4, retry_s=(0.02, 0.2), reconnect_s=(0.01, 0.1))  # where answers do get lost


class Stopped(Exception):
    """The server closed with 45xx: coming back would end the same way."""


@dataclass
class Position:
    """What came of one conversation: each event once and in order."""

    epoch: str = ""
    events: list[Frame] = field(default_factory=list)
    head: int = 0  # as far as was ever heard of
    repeated: int = 0  # events that came though they were there
    _held: dict[int, Frame] = field(default_factory=dict)

    @property
    def last(self) -> int:
        return len(self.events)

    @property
    def is_behind(self) -> bool:
        return self.head > self.last

    def take(self, event: Frame) -> list[Frame]:
        """The events that are due now."""
        seq = event["seq"]
        self.head = max(self.head, seq)
        if seq <= self.last or seq in self._held:
            self.repeated += 1
        elif len(self._held) < MOST_HELD:
            self._held[seq] = event
        due = []
        while self.last + 1 in self._held:
            self.events.append(self._held.pop(self.last + 1))
            due.append(self.events[-1])
        return due

    def reload(self, epoch: str, head: int) -> None:
        self.epoch, self.head = epoch, head
        self.events.clear()
        self._held.clear()


class Client:
    """`async with Client(url, conversation, ticket) as client:` and `await client.send("Hello")`.

    `ticket()` gets a fresh one. `opens` is for agents, who open a conversation instead of resuming it the first time.
    """

    def __init__(
        self, url: str, conversation: str, ticket: Callable[[], Awaitable[str]], *, epoch: str = "", pace: Pace = QUICK,
        seed: int = 0, opens: bool = False, origin: str = "", believes_events: bool = True,
    ) -> None:  # fmt: skip
        self.url, self.conversation, self._ticket, self.pace = url, conversation, ticket, pace
        self._dice, self._opens, self._origin = random.Random(seed), opens, origin
        self._believes_events = believes_events  # an own event settles a message as its ack does
        self.position = Position(epoch)
        self.acks: dict[str, list[Frame]] = defaultdict(list)
        self.refused: dict[str, Frame] = {}
        self.others: list[Frame] = []  # ephemeral frames, and what else is not an event
        self.seen: Counter[str] = Counter()  # frames by type
        self.connections = self.reloads = self.syncs = 0
        self.tries: Counter[str] = Counter()  # by cid
        self._unsent: dict[str, dict[str, Any]] = {}
        self._refs = count(1)
        self._away_s = self._slow_s = 0.0  # what the server asked for: to stay away, to send slower
        self._answered, self._moved = asyncio.Event(), asyncio.Condition()
        self._syncing: tuple[str, float, int] | None = None  # (its id, late when, last when it was asked)
        self._failed_syncs = 0
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_welcome = asyncio.Event()

    # ── as a test uses it ──

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._stay_connected())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._task is not None
        ended = self._task.done()
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        assert not ended, "it stopped by itself, without an error"

    @property
    def events(self) -> list[Frame]:
        return self.position.events

    @property
    def is_idle(self) -> bool:
        """Connected, nothing to send, nothing known to be missing."""
        return self._is_welcome.is_set() and not self._unsent and not self.position.is_behind

    def post(self, type: str = "send", cid: str = "", **fields: Any) -> str:
        """Queue a message; it is sent as soon as possible, and until it is acknowledged."""
        cid = cid or uuid.uuid4().hex
        self._unsent[cid] = {"type": type, "conversation": self.conversation, "cid": cid, **fields}
        self._answered.set()
        return cid

    async def send(self, text: str, cid: str = "") -> int:
        """The seq it was acknowledged with."""
        return await self.act("send", cid, text=text)

    async def act(self, type: str, cid: str = "", **fields: Any) -> int:
        """The seq it was acknowledged with."""
        cid = self.post(type, cid, **fields)
        await self.until(lambda: cid not in self._unsent)
        if cid in self.refused:
            raise AssertionError(f"refused: {self.refused[cid]}")
        return int(self.acks[cid][-1]["seq"]) if cid in self.acks else self._own(cid)

    def _own(self, cid: str) -> int:
        return next(int(event["seq"]) for event in self.events if event.get("cid") == cid)

    async def hint(self, type: str, **fields: Any) -> None:
        """What may be lost."""
        if self._socket is not None:
            with suppress(ConnectionClosed):
                await self._socket.send(json.dumps({"type": type, "conversation": self.conversation, **fields}))

    async def until(self, happened: Callable[[], object], seconds: float = 30) -> None:
        """Waits for what a frame brings. A client that stopped raises why."""
        async with asyncio.timeout(seconds), self._moved:
            while not happened():
                if self._task is not None and self._task.done():
                    self._task.result()
                await self._moved.wait()

    async def reaches(self, seq: int) -> None:
        await self.until(lambda: self.position.last >= seq)

    async def welcomed(self) -> None:
        await self._is_welcome.wait()

    def drop(self) -> None:
        """The network ends, as this side sees it; it comes back by itself."""
        self._is_welcome.clear()
        if self._socket is not None:
            self._socket.transport.abort()

    # ── the connection ──

    async def _stay_connected(self) -> None:
        failures = 0
        while True:
            before = self.seen["welcome"]
            with suppress(*GONE):
                await self._connect()
            self._is_welcome.clear()
            failures = 0 if self.seen["welcome"] > before else failures + 1
            await self._tell()
            pause, self._away_s = self._away_s, 0.0
            await asyncio.sleep(pause + self._jitter(self.pace.reconnect_s, failures))

    def _jitter(self, pause: tuple[float, float], failures: int) -> float:
        first, longest = pause
        return self._dice.uniform(0, min(longest, first * 2**failures))

    async def _connect(self) -> None:
        self.connections += 1
        options: dict[str, Any] = {"origin": Origin(self._origin)} if self._origin else {}
        ticket = await self._ticket()
        async with connect(
            self.url, subprotocols=[Subprotocol("bot.v1")], proxy=None, compression=None, close_timeout=0.5, **options
        ) as socket:
            self._socket, self._syncing = socket, None
            sender: asyncio.Task[None] | None = None
            try:
                await self._greet(ticket)
                sender = asyncio.create_task(self._send_queue())
                await self._read()
            finally:
                self._socket = None
                if sender is not None:
                    sender.cancel()
                    await asyncio.gather(sender, return_exceptions=True)
                if 4500 <= (socket.close_code or 0) < 4600:
                    raise Stopped(str(socket.close_code))

    async def _greet(self, ticket: str) -> None:
        at = self.position
        resume = [{"conversation": self.conversation, "epoch": at.epoch, "seq": at.last}]
        is_first = self._opens and not at.epoch
        await self._tell_server("hello", ticket=ticket, resume=[] if is_first else resume)
        while not self._is_welcome.is_set():
            await self._next(15)
        if is_first:
            await self._tell_server("open", id="open", conversation=self.conversation)

    async def _tell_server(self, type: str, **fields: Any) -> None:
        assert self._socket is not None
        await self._socket.send(json.dumps({"type": type, **fields}))

    async def _read(self) -> None:
        while True:
            until = self._syncing[1] - asyncio.get_running_loop().time() if self._syncing else None
            try:
                await self._next(until)
            except TimeoutError:
                await self._sync_ended(False)

    async def _next(self, seconds: float | None) -> None:
        assert self._socket is not None
        async with asyncio.timeout(seconds):
            raw = await self._socket.recv()
        await self._hear(json.loads(raw))
        await self._tell()

    async def _tell(self) -> None:
        async with self._moved:
            self._moved.notify_all()

    # ── frames ──

    async def _hear(self, frame: Frame) -> None:
        self.seen[frame["type"]] += 1
        match frame["type"]:
            case "welcome":
                await self._welcome(frame)
            case "event" if frame["conversation"] == self.conversation:
                await self._take(frame)
            case "ack":
                await self._acknowledged(frame)
            case "error":
                await self._refuse(frame)
            case "resync":
                await self._reload(frame["epoch"], frame["head"])
            case "ping":
                await self._tell_server("pong", n=frame["n"])
                self.position.head = max(self.position.head, frame["heads"].get(self.conversation, 0))
                await self._repair()
            case kind:
                if kind == "bye":
                    self._away_s = min(frame["retry_after_ms"] / 1_000, self.pace.reconnect_s[1])
                self.others.append(frame)

    async def _welcome(self, frame: Frame) -> None:
        self._is_welcome.set()
        for state in frame["conversations"]:
            is_same = not self.position.epoch or self.position.epoch == state["epoch"]
            if not state["resumed"] or not is_same:
                await self._reload(state["epoch"], state["head"])
                continue
            self.position.epoch, self.position.head = state["epoch"], max(self.position.head, state["head"])
            if self.position.is_behind:  # the replay follows by itself; only if it does not is it asked for
                self._await_sync("replay")

    async def _take(self, event: Frame) -> None:
        for due in self.position.take(event):
            if self._believes_events and due.get("cid"):
                self._settle(due["cid"])
        if self._syncing and self._syncing[0] == "replay" and not self.position.is_behind:
            self._syncing = None
        await self._repair()

    async def _reload(self, epoch: str, head: int) -> None:
        self.reloads += 1
        self._syncing = None
        self.position.reload(epoch, head)
        await self._repair()

    # ── gaps ──

    async def _repair(self) -> None:
        if not self.position.is_behind or self._syncing:
            return
        self.syncs += 1
        id = f"sync-{next(self._refs)}"
        self._await_sync(id)
        at = self.position
        await self._tell_server(
            "sync", id=id, conversation=self.conversation, epoch=at.epoch, since=at.last, limit=PAGE
        )

    def _await_sync(self, id: str) -> None:
        self._syncing = id, asyncio.get_running_loop().time() + self.pace.sync_s, self.position.last

    async def _sync_ended(self, brought: bool) -> None:
        """Three that brought nothing: load the conversation anew. Never a new connection."""
        assert self._syncing is not None
        brought = brought or self.position.last > self._syncing[2]
        self._syncing = None
        self._failed_syncs = 0 if brought else self._failed_syncs + 1
        if self._failed_syncs >= 3:
            self._failed_syncs = 0
            await self._reload(self.position.epoch, self.position.head)
        else:
            await self._repair()

    # ── messages ──

    async def _send_queue(self) -> None:
        """One at a time, until it is acknowledged."""
        failures = 0
        while True:
            self._answered.clear()
            if not self._unsent:
                await self._answered.wait()
                continue
            cid, fields = next(iter(self._unsent.items()))
            self.tries[cid] += 1
            self._slow_s = 0.0
            await self._tell_server(**fields, id=f"{next(self._refs)}-{cid}"[:64])
            with suppress(TimeoutError):
                async with asyncio.timeout(self.pace.ack_s):  # `wait_for` may swallow a cancellation
                    await self._answered.wait()
            failures = failures + 1 if cid in self._unsent else 0
            if failures:
                await asyncio.sleep(self._slow_s + self._jitter(self.pace.retry_s, failures))

    def _settle(self, cid: str) -> None:
        if self._unsent.pop(cid, None) is not None:
            self._answered.set()

    async def _acknowledged(self, frame: Frame) -> None:
        if "cid" in frame:
            self.acks[frame["cid"]].append(frame)
            self._settle(frame["cid"])
        elif self._syncing and frame["ref"] == self._syncing[0]:
            self.position.head = max(self.position.head, frame["seq"])
            await self._sync_ended(False)

    async def _refuse(self, frame: Frame) -> None:
        ref = str(frame.get("ref", ""))
        cid = next((cid for cid in self._unsent if ref.endswith(f"-{cid}")), "")
        if cid and not frame["retry"]:
            self.refused[cid] = frame
            self._settle(cid)
        elif cid:
            self._slow_s = frame.get("after_ms", 0) / 1_000
            self._answered.set()
        elif self._syncing and ref == self._syncing[0]:
            await self._sync_ended(False)
        else:
            self.others.append(frame)
