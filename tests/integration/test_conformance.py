"""The server keeps to tests/conformance: over sockets and over HTTP, on SQLite and on PostgreSQL."""

import asyncio
import json
import threading
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from bot.conversation import Conversation, Status
from bot.limits import Allowance
from bot.web.limits import MESSAGES, Rules
from tests.exchanges import Closed, Exchange, Frame, Link, Player, exchanges
from tests.fakes import AT, plays, stock
from tests.site import Site, running

SENTENCE, ALSO = "You can return unused items within 30 days.", "Bring the receipt with you."
QUESTION = "How do I return a lamp?"
EXCHANGES = exchanges("server")


class SocketLink:
    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def send(self, data: str | bytes) -> None:
        await self._socket.send(data)

    async def receive(self) -> Frame:
        try:
            frame: Frame = json.loads(await self._socket.recv())
            if frame["type"] == "ping":
                await self._socket.send(json.dumps({"type": "pong", "n": frame["n"]}))
        except ConnectionClosed:
            raise Closed(self._socket.close_code) from None
        return frame

    async def cut(self) -> None:
        self._socket.transport.abort()
        await self._socket.wait_closed()


class PollLink:
    """As polling.js does it: `hello` is the first poll, every other frame a request."""

    def __init__(self, http: httpx.AsyncClient, secret: str) -> None:
        self._http, self._headers = http, {"authorization": f"Bearer {secret}"}
        self._came: list[Frame] = []
        self._since, self._epoch = 0, ""

    async def send(self, data: str | bytes) -> None:
        frame = json.loads(data)
        if frame["type"] == "hello":
            position = (frame.get("resume") or [{"seq": 0, "epoch": ""}])[0]
            self._since, self._epoch = position["seq"], position["epoch"]
            self._came += await self._poll(wait=0)
        else:
            answer = await self._http.post("/v1/messages", content=data, headers=self._headers)
            self._came += answer.json()["frames"]

    async def _poll(self, wait: float) -> list[Frame]:
        query: dict[str, Any] = {"since": self._since, "epoch": self._epoch, "wait": wait}
        answer = await self._http.get("/v1/events", params=query, headers=self._headers, timeout=30)
        frames: list[Frame] = answer.raise_for_status().json()["frames"]
        state = frames[0]["conversations"][0]
        if not state["resumed"]:
            self._since = state["head"]
        self._epoch = state["epoch"]
        self._since = max([self._since, *(frame["seq"] for frame in frames if frame["type"] == "event")])
        return frames

    async def receive(self) -> Frame:
        while not self._came:
            self._came = (await self._poll(wait=5))[1:]
        return self._came.pop(0)

    async def cut(self) -> None:
        pass


class Stage:
    """One exchange at a running server, with a customer of its own."""

    def __init__(self, site: Site, gate: threading.Event) -> None:
        self.site, self.gate = site, gate

    async def play(self, exchange: Exchange, *, by_polling: bool = False) -> None:
        site = self.site
        id, other = await site.customer(), await site.customer()
        await self._others_say(id, exchange.given.get("events", 0))
        self.gate.clear()
        object.__setattr__(site.doors, "heartbeat_s", exchange.given.get("heartbeat_s", 25.0))

        async def connect() -> Link:
            return PollLink(site.http, f"secret-{id}") if by_polling else SocketLink(await site.connect())

        async def happens(what: Frame, known: dict[str, Any]) -> None:
            await self._happens(id, what, known)

        known = {
            "$conversation": id, "$other": other, "$epoch": "epoch-1", "$long": "退" * 4_001, "$question": QUESTION,
            "$sentence1": SENTENCE, "$sentence2": f"{SENTENCE} {ALSO}",
        }  # fmt: skip
        try:
            await Player(connect, lambda: site.ticket(id), happens, known, in_order=not by_polling).play(exchange)
        finally:
            self.gate.set()

    async def _happens(self, id: str, what: Frame, known: dict[str, Any]) -> None:
        match what:
            case {"others_say": n}:
                await self._others_say(id, n)
            case {"epoch_changes": name}:
                known[name] = "epoch-2"
                async with self.site.bot.store.database.writing() as connection:  # type: ignore[attr-defined]
                    change = text("UPDATE conversation SET epoch = :epoch WHERE id = :id")
                    await connection.execute(change, {"epoch": "epoch-2", "id": id})
            case {"reply": "goes on"}:
                self.gate.set()
            case {"server": "stops"}:
                self.site.server.should_exit = True
            case _:
                raise AssertionError(f"nobody knows how to do {what}")

    async def _others_say(self, id: str, n: int) -> None:
        """The agent Eve has it: nothing here is the bot's to answer."""

        def step(c: Conversation) -> Conversation:
            for _ in range(n):
                is_hers = c.status is Status.AGENT
                c = c.said("退", sender="x", cid=f"k{c.head}", at=AT) if is_hers else c.claimed("eve", at=AT)
            return c

        await self.site.bot.change(id, step)


def chosen(*, by_polling: bool) -> Sequence[Exchange]:
    shared = [exchange for exchange in EXCHANGES if not exchange.given.get("own_server")]
    return [exchange for exchange in shared if not by_polling or exchange.given.get("polling")]


@pytest.mark.parametrize("by_polling", [False, True], ids=["socket", "polling"])
async def test_the_server_keeps_to_every_exchange(database_url: str, by_polling: bool) -> None:
    gate, failures = threading.Event(), []
    async with running(database_url, plays(f"{SENTENCE} Bring", gate, " the receipt with you.")) as site:
        await stock(site.bot)
        # However slow the machine, the eleventh message is one too many.
        object.__setattr__(site.doors, "rules", Rules(messages=Allowance(MESSAGES.burst, 3_600)))
        for exchange in chosen(by_polling=by_polling):
            try:
                await Stage(site, gate).play(exchange, by_polling=by_polling)
            except AssertionError as wrong:
                failures.append(str(wrong))
    assert not failures, "\n".join(failures)


@pytest.mark.parametrize(
    "exchange", [one for one in EXCHANGES if one.given.get("own_server")], ids=lambda one: one.name
)
async def test_a_server_that_ends_keeps_to_it(database_url: str, exchange: Exchange) -> None:
    gate = threading.Event()
    async with running(database_url, plays(SENTENCE)) as site:
        await Stage(site, gate).play(exchange)


async def test_an_exchange_that_is_not_kept_fails(sqlite_url: str) -> None:
    """The player itself: a wrong answer, a wrong code and a word too many are noticed."""
    start = ({"client": {"type": "hello", "ticket": "$ticket"}}, {"server": {"type": "welcome"}})
    send = {"client": {"type": "send", "id": "$id", "conversation": "$conversation", "cid": "$cid", "text": " "}}
    async with running(sqlite_url, plays(SENTENCE)) as site:
        for wrong in (
            ({"server": {"type": "event", "seq": 1}},),
            ({"server": {"type": "error", "ref": "$id", "code": "bad_request", "retry": True}},),
            ({"quiet": True},),
            ({"binary": "00"}, {"closes": 1009}),
        ):
            with pytest.raises(AssertionError, match=r"x: step [34]"):
                await asyncio.wait_for(
                    Stage(site, threading.Event()).play(Exchange("x", (*start, send, *wrong), {})), 20
                )
