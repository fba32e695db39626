"""The exchanges of tests/conformance, played against a server: whoever carries the frames may be a socket, polls, or a
proxy in between. The browser's client plays the same file in tests/unit/js/conformance.test.mjs.
"""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

FILE = Path(__file__).parent / "conformance" / "exchanges.json"
PASSING = frozenset({"typing", "queue", "presence", "ping"})  # come when they like
PATIENCE_S = 10.0
QUIET_S = 0.05
Frame = dict[str, Any]


class Closed(Exception):
    """The server closed the connection, with this code."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"closed with {code}")
        self.code = code


class Link(Protocol):
    """One connection."""

    async def send(self, data: str | bytes) -> None: ...

    async def receive(self) -> Frame:
        """The next frame. Raises Closed."""
        ...

    async def cut(self) -> None:
        """End it without a word."""
        ...


@dataclass(frozen=True)
class Exchange:
    name: str
    steps: tuple[Frame, ...]
    given: Frame

    def steps_of(self, who: str) -> list[Frame]:
        return [step for step in self.steps if step.get("only", who) == who]


def exchanges(who: str) -> list[Exchange]:
    """Those that `who` ("server" or "client") must keep to."""
    read = json.loads(FILE.read_text(encoding="utf-8"))["exchanges"]
    return [Exchange(one["name"], tuple(one["steps"]), one.get("given", {})) for one in read if who in one["for"]]


@dataclass
class Player:
    """Plays the client's side of one exchange. `happens` does at the server what others do."""

    connect: Callable[[], Awaitable[Link]]
    ticket: Callable[[], Awaitable[str]]
    happens: Callable[[Frame, dict[str, Any]], Awaitable[None]]
    known: dict[str, Any]
    in_order: bool = True  # HTTP answers a message by itself; on a socket nothing overtakes anything
    link: Link | None = None
    early: list[Frame] = field(default_factory=list)  # came before it was expected

    async def play(self, exchange: Exchange) -> None:
        self.link = await self.connect()
        try:
            for n, step in enumerate(exchange.steps_of("server")):
                try:
                    await asyncio.wait_for(self._take(step), PATIENCE_S)
                except Exception as wrong:
                    raise AssertionError(
                        f"{exchange.name}: step {n}, {step}: {wrong or type(wrong).__name__}"
                    ) from wrong
        finally:
            if self.link:
                await self.link.cut()

    async def _take(self, step: Frame) -> None:
        match step:
            case {"client": frame}:
                await self._link.send(json.dumps(await self._filled(frame)))
            case {"raw": text}:
                await self._link.send(text)
            case {"binary": text}:
                await self._link.send(bytes.fromhex(text))
            case {"big": size}:
                await self._link.send("x" * size)
            case {"server": frame}:
                await self._expect(frame)
            case {"events": [first, last]}:
                for seq in range(first, last + 1):
                    await self._expect({"type": "event", "conversation": "$conversation", "seq": seq})
            case {"closes": code}:
                await self._closes(code)
            case {"cut": True}:
                await self._link.cut()
            case {"opens": True}:
                self.early, self.link = [], await self.connect()
            case {"happens": what}:
                await self.happens(what, self.known)
            case {"quiet": True}:
                await self._quiet()

    @property
    def _link(self) -> Link:
        assert self.link is not None
        return self.link

    # ── what is sent ──

    async def _filled(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: await self._filled(one) for name, one in value.items()}
        if isinstance(value, list):
            return [await self._filled(one) for one in value]
        if value == "$ticket":
            return await self.ticket()
        if isinstance(value, str) and value.startswith("$"):
            return self.known.setdefault(value, uuid.uuid4().hex)
        return value

    # ── what is expected ──

    async def _expect(self, wanted: Frame) -> None:
        for frame in self.early:
            if self._fits(wanted, frame):
                return self.early.remove(frame)
        while True:
            frame = await self._link.receive()
            if self._fits(wanted, frame):
                return None
            if frame["type"] in PASSING or (frame["type"] == "draft" and wanted["type"] != "draft"):
                continue
            assert not self.in_order, f"got {frame}"
            self.early.append(frame)

    def _fits(self, wanted: Any, got: Any) -> bool:
        learnt = dict(self.known)
        if is_like(wanted, got, learnt):
            self.known = learnt
            return True
        return False

    async def _closes(self, code: int) -> None:
        try:
            while (frame := await self._link.receive())["type"] in PASSING:
                pass
        except Closed as closed:
            if closed.code == code:
                return
            raise
        raise AssertionError(f"it stays open, and got {frame}")

    async def _quiet(self) -> None:
        """Frames are obeyed in turn: what was to be said to those before comes before the answer to one more."""
        ref = uuid.uuid4().hex
        probe = {"type": "sync", "id": ref, "conversation": self.known["$conversation"], "since": 2**53, "limit": 1}
        await self._link.send(json.dumps(probe))
        while (frame := await self._link.receive()).get("ref") != ref:
            assert frame["type"] in PASSING, f"got {frame}"
        try:
            async with asyncio.timeout(QUIET_S):
                while (frame := await self._link.receive())["type"] in PASSING:
                    pass
        except TimeoutError:
            assert not self.early, self.early
            return
        raise AssertionError(f"got {frame}")


def is_like(wanted: Any, got: Any, known: dict[str, Any]) -> bool:
    """At least these fields; placeholders mean the same value everywhere, and are learnt where they are new."""
    if isinstance(wanted, Mapping):
        return isinstance(got, Mapping) and all(
            name in got and is_like(one, got[name], known)
            for name, one in ((known.get(name, name), one) for name, one in wanted.items())
        )
    if isinstance(wanted, list):
        return isinstance(got, list) and len(wanted) == len(got) and all(map(is_like, wanted, got, [known] * len(got)))
    if wanted == "$some":
        return True
    if isinstance(wanted, str) and wanted.startswith("$"):
        return bool(known.setdefault(wanted, got) == got)
    return bool(wanted == got and isinstance(wanted, bool) == isinstance(got, bool))
