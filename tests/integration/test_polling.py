"""The chat without a socket: the same frames by HTTP. The exchanges that both ways share are in test_conformance."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from bot.conversation import Author, Conversation
from bot.errors import Unavailable
from bot.limits import Allowance
from bot.web import polling_api, wire
from bot.web.limits import MESSAGES, Rules
from tests.fakes import AT, eventually, plays, stock, writes
from tests.site import Frame, Site, running

TRUE = "You can return unused items within 30 days."
QUESTION = "How do I return a lamp?"


@pytest.fixture
async def site(sqlite_url: str) -> AsyncIterator[Site]:
    async with running(sqlite_url, writes(TRUE)) as site:
        await stock(site.bot)
        yield site


class Customer:
    """A browser that cannot open sockets."""

    def __init__(self, site: Site, id: str) -> None:
        self.site, self.id = site, id
        self.headers = {"authorization": f"Bearer secret-{id}"}

    async def ask(self, since: int = 0, epoch: str = "epoch-1", **asked: Any) -> httpx.Response:
        query = {"since": since, "epoch": epoch} | asked
        return await self.site.http.get("/v1/events", params=query, headers=self.headers, timeout=30)

    async def poll(self, since: int = 0, epoch: str = "epoch-1", **asked: Any) -> tuple[Frame, list[Frame]]:
        """(the state in `welcome`, the frames after it)"""
        frames = (await self.ask(since, epoch, **asked)).raise_for_status().json()["frames"]
        assert frames[0]["type"] == "welcome"
        return frames[0]["conversations"][0], frames[1:]

    async def post(self, type: str, **fields: Any) -> httpx.Response:
        frame = {"type": type, "conversation": self.id} | fields
        return await self.site.http.post("/v1/messages", json=frame, headers=self.headers)

    async def send(self, type: str, **fields: Any) -> list[Frame]:
        frames: list[Frame] = (await self.post(type, **fields)).json()["frames"]
        return frames


@pytest.fixture
async def customer(site: Site) -> Customer:
    return Customer(site, await site.customer())


def said(n: int) -> Callable[[Conversation], Conversation]:
    """The agent Eve has it, and n events in all: nothing here is the bot's to answer."""

    def step(c: Conversation) -> Conversation:
        c = c.claimed("eve", at=AT)
        for k in range(2, n + 1):
            c = c.said(str(k), sender="x", cid=f"k{k}", at=AT)
        return c

    return step


def seqs(frames: list[Frame]) -> list[int]:
    return [frame["seq"] for frame in frames if frame["type"] == "event"]


async def test_a_message_is_acknowledged_once_and_its_reply_is_polled(customer: Customer) -> None:
    state, frames = await customer.poll(wait=0)
    assert (state, frames) == (
        {"conversation": customer.id, "epoch": "epoch-1", "head": 0, "status": "bot", "resumed": True}, [],
    )  # fmt: skip
    sent = {"id": "r1", "cid": "m1", "text": QUESTION}
    [ack] = await customer.send("send", **sent)
    assert ack == wire.ack("r1", customer.id, "m1", 1, False)
    [again] = await customer.send("send", **sent | {"id": "r2"})
    assert (again["seq"], again["duplicate"], again["ref"]) == (1, True, "r2")
    frames = []
    while len(frames) < 2:
        frames += (await customer.poll(len(frames)))[1]
    assert [(frame["type"], frame["seq"], frame["author"]) for frame in frames] == [
        ("event", 1, "customer"), ("event", 2, "bot"),
    ]  # fmt: skip
    assert (frames[0]["cid"], frames[1]["body"]["text"]) == ("m1", TRUE)
    assert frames[1]["body"]["citations"]


async def test_a_poll_is_held_until_there_is_something(customer: Customer) -> None:
    held = asyncio.create_task(customer.poll(0))
    await eventually(lambda: customer.id in customer.site.bot.hub.watched)
    assert customer.site.bot.presence.is_reading(customer.id)
    await asyncio.sleep(0.05)
    assert not held.done()
    await customer.site.bot.change(customer.id, said(1))
    assert seqs((await asyncio.wait_for(held, 10))[1]) == [1]


async def test_a_poll_without_news_ends_in_time_and_leaves_nothing(customer: Customer) -> None:
    assert await customer.poll(wait=0.05) == ((await customer.poll(wait=0))[0], [])
    await eventually(lambda: not customer.site.doors.open and not customer.site.bot.hub.watched)
    assert not any(held.total for held in customer.site.bot.limits._places.values())  # type: ignore[attr-defined]


async def test_a_browser_that_leaves_takes_its_poll_along(customer: Customer) -> None:
    held = asyncio.create_task(customer.poll(0))
    await eventually(lambda: bool(customer.site.doors.open))
    held.cancel()
    await eventually(lambda: not customer.site.doors.open and not customer.site.bot.hub.watched)


async def test_positions_are_those_of_a_socket(customer: Customer) -> None:
    await customer.site.bot.change(customer.id, said(5))
    for since, epoch, resumed, rest in (
        (0, "", True, [1, 2, 3, 4, 5]), (3, "epoch-1", True, [4, 5]), (3, "another", False, []),
        (9, "epoch-1", False, []),
    ):  # fmt: skip
        state, frames = await customer.poll(since, epoch)
        assert (state["resumed"], state["head"], seqs(frames)) == (resumed, 5, rest)
    frames = await customer.send("sync", id="s", epoch="epoch-1", since=2, limit=2)
    assert seqs(frames[:-1]) == [3, 4]
    assert (frames[-1]["type"], frames[-1]["ref"], frames[-1]["seq"]) == ("ack", "s", 5)
    [resync] = await customer.send("sync", id="s", epoch="another", since=2)
    assert (resync["type"], resync["epoch"], resync["head"]) == ("resync", "epoch-1", 5)


async def test_three_hundred_long_events_come_in_one_answer(customer: Customer) -> None:
    def step(c: Conversation) -> Conversation:
        c = c.claimed("eve", at=AT)
        for k in range(2, 301):
            c = c.said(str(k).ljust(3_000, "退"), sender="x", cid=f"k{k}", at=AT)
        return c

    await customer.site.bot.change(customer.id, step)
    assert seqs((await customer.poll(0))[1]) == list(range(1, 301))


async def test_whatever_a_socket_takes_is_taken(customer: Customer) -> None:
    site, id = customer.site, customer.id
    assert await customer.send("typing", on=True) == []
    [ack] = await customer.send("handoff", id="h", cid="h1")
    assert ack["ref"] == "h"
    frames = (await customer.poll(0))[1]
    assert frames[-1]["type"] == "queue", "whoever waits is told where they stand"
    assert (await customer.send("email", id="e", cid="e1", email="a@b.example"))[0]["type"] in ("ack", "error")
    assert (await customer.send("close", id="c", cid="c1"))[0]["type"] == "ack"
    assert (await customer.send("rate", id="r", cid="r1", score=4))[0]["type"] == "ack"
    assert await customer.send("read", seq=1) == []
    assert next(event.author for event in await site.events(id)) is Author.SYSTEM


async def test_what_is_wrong_gets_the_code_it_gets_on_a_socket(customer: Customer) -> None:
    for body, status, code in [
        (b"nonsense", 400, "bad_request"),
        (b'{"type":"made_up","id":"a"}', 400, "unknown_type"),
        (b'{"type":"hello","ticket":"x"}', 400, "bad_request"),
        (b'{"type":"send","id":"a","conversation":"another","cid":"m","text":"hello"}', 404, "not_found"),
        (b'{"type":"send","id":"a","conversation":"ID","cid":"m","text":"\xff\xfe"}', 400, "bad_request"),
        (b'{"type":"send","id":"a","conversation":"ID","cid":"m","text":"%s"}' % (b"x" * 4_001), 413, "too_large"),
    ]:
        content = body.replace(b"ID", customer.id.encode())
        answer = await customer.site.http.post("/v1/messages", content=content, headers=customer.headers)
        [error] = answer.json()["frames"]
        assert (answer.status_code, error["type"], error["code"], error["retry"]) == (status, "error", code, False)
    assert await customer.site.events(customer.id) == []


async def test_a_text_that_a_socket_takes_fits_a_request_and_no_more_than_a_frame_does(customer: Customer) -> None:
    [ack] = await customer.send("send", id="1", cid="1", text="🏔" * 4_000)
    assert ack["seq"] == 1
    answer = await customer.post("send", id="2", cid="2", text="x" * wire.MAX_FRAME)
    assert answer.status_code == 413


async def test_only_the_secret_opens_it(customer: Customer) -> None:
    for secret in ("", "Bearer made up", f"Bearer {customer.id}"):
        headers = {"authorization": secret}
        assert (await customer.site.http.get("/v1/events", headers=headers)).status_code == 401
        assert (await customer.site.http.post("/v1/messages", json={}, headers=headers)).status_code == 401


async def test_a_query_that_makes_no_sense_is_refused(customer: Customer) -> None:
    for query in ("since=-1", "since=x", "wait=60", "wait=nan", "epoch=" + "x" * 65):
        answer = await customer.site.http.get(f"/v1/events?{query}", headers=customer.headers)
        assert answer.status_code == 422, query


async def test_no_more_polls_than_sockets(customer: Customer) -> None:
    held = [asyncio.create_task(customer.poll(0)) for _ in range(Rules().sockets_per_session)]
    await eventually(lambda: len(customer.site.doors.open) == len(held))
    refused = await customer.ask(0)
    assert (refused.status_code, refused.json()["frames"][0]["code"]) == (429, "too_fast")
    assert int(refused.headers["retry-after"]) >= 1
    await customer.site.bot.change(customer.id, said(1))
    assert [seqs(frames) for _, frames in await asyncio.gather(*held)] == [[1]] * len(held)


async def test_whoever_asks_too_often_is_told_when_to_go_on(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling_api, "REQUESTS", Allowance(2, 60))
    statuses = [(await customer.ask(wait=0)).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]
    answer = await customer.post("send", id="1", cid="1", text="hello")
    [error] = answer.json()["frames"]
    assert (answer.status_code, error["retry"], 0 < error["after_ms"] <= 60_001) == (429, True, True)


async def test_messages_are_limited_as_on_a_socket(customer: Customer) -> None:
    acks = [await customer.send("send", id=str(n), cid=str(n), text="hello") for n in range(MESSAGES.burst + 1)]
    assert [frames[0]["type"] for frames in acks] == ["ack"] * MESSAGES.burst + ["error"]
    assert acks[-1][0]["code"] == "too_fast"


async def test_a_server_that_stops_lets_polls_go_at_once(customer: Customer) -> None:
    held = asyncio.create_task(customer.ask(0))
    await eventually(lambda: bool(customer.site.doors.open))
    customer.site.server.should_exit = True
    frames = (await asyncio.wait_for(held, 10)).json()["frames"]
    assert (frames[-1]["type"], frames[-1]["code"]) == ("bye", 4001)


async def test_no_draft_is_told_and_the_reply_is(sqlite_url: str) -> None:
    async with running(sqlite_url, plays(f"{TRUE} Bring", " the receipt with you.")) as site:
        await stock(site.bot)
        customer = Customer(site, await site.customer())
        await customer.send("send", id="1", cid="1", text=QUESTION)
        frames: list[Frame] = []
        while len(seqs(frames)) < 2:
            frames += (await customer.poll(len(seqs(frames))))[1]
        assert {frame["type"] for frame in frames} == {"event"}


async def test_no_answer_is_kept_by_anything_in_between(customer: Customer) -> None:
    for answer in (await customer.ask(wait=0), await customer.post("read", seq=1)):
        assert answer.headers["cache-control"] == "no-store"
        assert json.loads(answer.text)["frames"] is not None


async def test_a_database_that_is_away_says_so_and_nothing_else(
    customer: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any, **__: Any) -> Any:
        raise Unavailable("could not open /srv/bot.sqlite")

    monkeypatch.setattr(customer.site.bot.store, "conversation", away)
    answer = await customer.ask(0)
    assert (answer.status_code, answer.json()) == (503, {"error": "storage_unavailable"})
    monkeypatch.setattr(customer.site.bot.store, "change", away)
    answer = await customer.post("send", id="1", cid="1", text="hello")
    [error] = answer.json()["frames"]
    assert (answer.status_code, error["code"], error["retry"]) == (503, "storage_unavailable", True)
    assert polling_api.STATUS[error["code"]] == 503
