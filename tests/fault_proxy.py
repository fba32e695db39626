"""A proxy that breaks connections on purpose, between clients and a server that speak WebSocket.

It reads frames, so it can cut before the third `ack`, in the middle of the `welcome`, or lose nothing but acks. What
happens is a list of rules, tried in order; the first that applies to a frame acts on it:

    Rule("frame_to_client", Suppress(), type="ack", chance=0.3)          three acks in ten are lost
    Rule("frame_to_server", Cut("reset", "middle"), at=2, connection=1)   RST within the first socket's second frame
    Rule("connect", Refuse(), times=3)                                    nobody gets in, three times
    Rule("delay", Close(4001), after_s=0.5)                               half a second after each opening

Chance comes from the seed, the number of the connection and the direction: give each client a proxy of its own, and
the same seed brings the same faults. What TCP promises is kept, so that no impossible world is tested: a delayed frame
delays those behind it. The exceptions are named where they are (`Suppress`, `Repeat`, `Reorder`, `Inject`).
"""

import asyncio
import random
import socket
import struct
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from tests import websocket_frames as ws
from tests.websocket_frames import Frame

Match = Literal["connect", "frame_to_client", "frame_to_server", "delay"]
Place = Literal["before", "middle", "after"]
OVERTAKABLE = frozenset({"ack", "draft", "typing", "presence", "queue"})
GONE = (ConnectionError, asyncio.IncompleteReadError, TimeoutError)


@dataclass(frozen=True)
class Refuse:
    """No socket: the TCP connection is reset, or the handshake answered with this status."""

    status: int = 0


@dataclass(frozen=True)
class Cut:
    """The network ends, without a close frame: by FIN (`end`) or by RST (`reset`), to both sides."""

    how: Literal["end", "reset"] = "end"
    place: Place = "after"


@dataclass(frozen=True)
class Close:
    """A close frame with this code to both sides, as a server or a balancer in between sends it."""

    code: int = 1001
    place: Place = "after"


@dataclass(frozen=True)
class Suppress:
    """The frame is lost and the connection lives: as when another process never told ours of it."""


@dataclass(frozen=True)
class Delay:
    """The frame, and by TCP's rules all behind it in this direction, comes later."""

    seconds: float


@dataclass(frozen=True)
class Repeat:
    """The frame comes again at once: a client that sends twice, or a server that hears of a thing twice."""

    more: int = 1


@dataclass(frozen=True)
class Reorder:
    """The next frame overtakes this one: what came by another process's way was quicker. Never an event: a socket's
    events come in order, whatever happens. A frame that nothing overtakes is let through after `at_most_s`."""

    at_most_s: float = 0.2


@dataclass(frozen=True)
class Inject:
    """A frame nobody sent, beside the one that matched (or, for `delay`, to the client)."""

    frame: Mapping[str, Any]
    place: Literal["before", "after"] = "after"


Action = Refuse | Cut | Close | Suppress | Delay | Repeat | Reorder | Inject


@dataclass
class Rule:
    """When (`match` and what follows `do`) and what; `fired` counts, so that a test can tell it was met at all."""

    match: Match
    do: Action
    type: str = ""  # of frame; empty: any of the protocol's, none of the wire's
    at: int = 0  # only the so manyth of a connection; 0: each
    connection: int = 0  # only the so manyth; 0: each
    chance: float = 1.0
    times: int | None = None
    where: Callable[[Mapping[str, Any]], bool] = lambda frame: True
    after_s: float = 0.0  # for `delay`: since the socket opened
    fired: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.do, Reorder) and self.type not in OVERTAKABLE:
            raise ValueError(f"only {', '.join(sorted(OVERTAKABLE))} can be overtaken")

    def wants(self, frame: Frame) -> bool:
        is_named = frame.type == self.type if self.type else not frame.is_of_the_wire
        return is_named and self.where(frame.json)


@dataclass(frozen=True)
class Passed:
    """One frame as it came to the proxy, before any rule."""

    connection: int
    to: Literal["client", "server"]
    type: str
    json: Mapping[str, Any]


class FaultProxy:
    """`async with FaultProxy(server.url, *rules) as proxy:` and connect to `proxy.url`. Rules may change meanwhile."""

    def __init__(self, upstream: str, *rules: Rule, seed: int = 0) -> None:
        self.upstream, self.rules, self.seed = upstream, list(rules), seed
        self.passed: list[Passed] = []
        self.opened = 0  # sockets that were asked for
        self._links: dict[_Link, asyncio.Task[None]] = {}
        self._listening: asyncio.Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.down()

    async def up(self) -> None:
        """Listen (again), on the same port."""
        self._listening = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._listening.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Nobody listens, and all connections end: as when the network is unplugged at the server."""
        if self._listening is not None:
            self._listening.close()
        self.cut()
        await asyncio.gather(*self._links.values(), return_exceptions=True)

    def cut(self, how: Literal["end", "reset"] = "end") -> int:
        """Cut every connection there is; returns how many."""
        for link in tuple(self._links):
            link.cut(how)
        return len(self._links)

    def types(self, to: str, connection: int = 1) -> Sequence[str]:
        """What went that way, by name."""
        return [one.type for one in self.passed if (one.to, one.connection) == (to, connection)]

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = _Link(self, reader, writer)
        task = asyncio.current_task()
        assert task is not None
        self._links[link] = task
        try:
            await link.run()
        except GONE:
            link.cut("reset")
        finally:
            link.cut("end")
            del self._links[link]


class _Link:
    """One connection: its two ends, and what it counts."""

    def __init__(self, proxy: FaultProxy, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._proxy, self._client = proxy, (reader, writer)
        self._ends = [writer]
        self._over = asyncio.Event()
        self.n = 0
        self._counts: Counter[int] = Counter()

    def _dice(self, way: str) -> random.Random:
        return random.Random(f"{self._proxy.seed}/{self.n}/{way}")

    def cut(self, how: Literal["end", "reset"]) -> None:
        self._over.set()
        for writer in self._ends:
            if how == "reset":
                own = writer.get_extra_info("socket")
                with suppress(OSError):  # it may be closed already
                    own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
            else:
                writer.close()  # what was written still goes

    # ── opening ──

    async def run(self) -> None:
        reader, writer = self._client
        head = await reader.readuntil(b"\r\n\r\n")
        is_socket = b"upgrade: websocket" in head.lower()
        if is_socket and self._is_refused():
            return
        address = urlsplit(self._proxy.upstream)
        server = await asyncio.open_connection(address.hostname, address.port)
        self._ends.append(server[1])
        server[1].write(head)
        if is_socket:
            answer = await server[0].readuntil(b"\r\n\r\n")
            writer.write(answer)
            is_socket = b" 101 " in answer.partition(b"\r\n")[0]
        ways = (self._frames, self._frames) if is_socket else (_bytes, _bytes)
        duties = [ways[0](reader, server[1]), ways[1](server[0], writer), self._until_over()]
        if is_socket:
            duties += [self._later(rule) for rule in self._proxy.rules if self._applies(rule, "delay")]
        await _first_of([asyncio.create_task(duty) for duty in duties], needed=3)

    async def _until_over(self) -> None:
        await self._over.wait()

    def _is_refused(self) -> bool:
        self._proxy.opened += 1
        self.n = self._proxy.opened
        dice = self._dice("connect")
        for rule in self._proxy.rules:
            if self._applies(rule, "connect") and self._fires(rule, dice):
                assert isinstance(rule.do, Refuse), "a connection can only be refused"
                if rule.do.status:
                    self._client[1].write(f"HTTP/1.1 {rule.do.status} No\r\ncontent-length: 0\r\n\r\n".encode())
                self.cut("end" if rule.do.status else "reset")
                return True
        return False

    # ── rules ──

    def _applies(self, rule: Rule, match: str) -> bool:
        return rule.match == match and rule.connection in (0, self.n)

    def _fires(self, rule: Rule, dice: random.Random) -> bool:
        self._counts[id(rule)] += 1
        if rule.at not in (0, self._counts[id(rule)]) or (rule.times is not None and rule.fired >= rule.times):
            return False
        if rule.chance < 1 and dice.random() >= rule.chance:
            return False
        rule.fired += 1
        return True

    async def _later(self, rule: Rule) -> None:
        await asyncio.sleep(rule.after_s)
        if self._fires(rule, self._dice("delay")):
            way = _Way(self, "client", self._client[1])
            await way.act(rule.do, None, self._dice("delay"))

    # ── frames ──

    async def _frames(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to: Literal["client", "server"] = "client" if writer is self._client[1] else "server"
        way, dice = _Way(self, to, writer), self._dice(to)
        while True:
            frame = await ws.read(reader)
            self._proxy.passed.append(Passed(self.n, to, frame.type, frame.json))
            await way.act(self._action(f"frame_to_{to}", frame, dice), frame, dice)

    def _action(self, match: str, frame: Frame, dice: random.Random) -> Action | None:
        for rule in self._proxy.rules:
            if self._applies(rule, match) and rule.wants(frame) and self._fires(rule, dice):
                return rule.do
        return None

    def close(self, code: int) -> None:
        for writer in self._ends:
            writer.write(ws.close(code, masked=writer is not self._client[1]))
        self.cut("end")


class _Way:
    """One direction of a connection."""

    def __init__(self, link: _Link, to: Literal["client", "server"], writer: asyncio.StreamWriter) -> None:
        self._link, self._to, self._writer = link, to, writer
        self._held: list[bytes] = []  # frames that wait to be overtaken

    async def act(self, action: Action | None, frame: Frame | None, dice: random.Random) -> None:
        raw = frame.raw if frame else b""
        match action:
            case Suppress():
                return
            case Cut(how, place):
                await self._write(_part(raw, place, dice))
                self._link.cut(how)
            case Close(code, place):
                await self._write(_part(raw, "before" if place == "middle" else place, dice))
                self._link.close(code)
            case Reorder(at_most_s):
                self._held.append(raw)
                asyncio.get_running_loop().call_later(at_most_s, self._let_go)
            case Delay(seconds):
                await asyncio.sleep(seconds)
                await self._write(raw)
            case Repeat(more):
                await self._write(raw * (1 + more))
            case Inject(values, place):
                extra = ws.text(values, masked=self._to == "server")
                await self._write(extra + raw if place == "before" else raw + extra)
            case _:
                await self._write(raw)

    async def _write(self, raw: bytes) -> None:
        if not raw or self._writer.is_closing():
            return
        self._writer.write(raw)
        self._let_go()
        await self._writer.drain()

    def _let_go(self) -> None:
        held, self._held = self._held, []
        if held and not self._writer.is_closing():
            self._writer.write(b"".join(held))


def _part(raw: bytes, place: Place, dice: random.Random) -> bytes:
    match place:
        case "before":
            return b""
        case "after":
            return raw
        case _:
            return raw[: dice.randrange(1, len(raw))] if len(raw) > 1 else b""


async def _bytes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while some := await reader.read(65_536):
        writer.write(some)
        await writer.drain()


async def _first_of(tasks: Sequence["asyncio.Task[None]"], needed: int) -> None:
    """Until one of the first `needed` has ended; then none goes on. Raises what it raised."""
    try:
        await asyncio.wait(tasks[:needed], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception) and not isinstance(end, asyncio.IncompleteReadError):
            raise end
