"""The customer's socket as a browser knows it: a real server, a real database, a scripted generator."""

import asyncio
import json
import random
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from bot.conversation import Author, Conversation, Kind
from bot.dialogue import quoted
from bot.errors import Unavailable
from bot.hub import Draft
from bot.ports import Generator
from bot.web import peer, wire
from bot.web.limits import MESSAGES, Allowance, Rules
from tests.fakes import (
    AT,
    HANG,
    SHOP,
    FakeEmbedder,
    FakeGenerator,
    FakeIndexes,
    begin,
    eventually,
    plays,
    stock,
    writes,
)
from tests.site import Site, Tab, running

TRUE, ALSO_TRUE = "You can return unused items within 30 days.", "Bring the receipt with you."
QUESTION = "How do I return a lamp?"
Start = Callable[..., Awaitable[Site]]


@pytest.fixture
async def start(sqlite_url: str) -> AsyncIterator[Start]:
    """Starts the one site of a test, over the sample pages."""
    async with AsyncExitStack() as stack:

        async def start(generator: Generator | None = None, **parts: Any) -> Site:
            site = await stack.enter_async_context(running(sqlite_url, generator or writes(TRUE), **parts))
            await stock(site.bot)
            return site

        yield start


@pytest.fixture
async def site(start: Start) -> Site:
    return await start()


# ── opening ──


async def test_hello_is_answered_with_welcome_and_the_past(site: Site) -> None:
    id = await site.customer()
    async with site.tab(id) as tab:
        welcome = tab.seen[0]
        assert tab.socket.subprotocol == "bot.v1"
        assert welcome["conversations"] == [
            {"conversation": id, "epoch": "epoch-1", "head": 0, "status": "bot", "resumed": True}
        ]
        assert welcome["limits"]["text"] == 4_000
        assert welcome["heartbeat"] == 25


async def test_a_session_made_over_http_opens_a_socket(site: Site) -> None:
    made = (await site.http.post("/v1/session", json={"locale": "zh", "page": "/lamps"})).json()
    headers = {"authorization": f"Bearer {made['session']}"}
    ticket = (await site.http.post("/v1/ticket", headers=headers)).json()["ticket"]
    assert (await site.http.post("/v1/ticket", headers={"authorization": "Bearer x"})).status_code == 401
    async with site.connect() as socket:
        tab = Tab(socket, made["conversation"])
        await tab.tell("hello", ticket=ticket)
        assert (await tab.next("welcome"))["conversations"][0]["epoch"] == made["epoch"]
    assert (await site.bot.store.conversation(made["conversation"])).language == "zh"


async def test_a_ticket_opens_one_socket(site: Site) -> None:
    id = await site.customer()
    ticket = await site.ticket(id)
    async with site.connect() as first, site.connect() as second:
        await Tab(first, id).tell("hello", ticket=ticket)
        await Tab(first, id).next("welcome")
        again = Tab(second, id)
        await again.tell("hello", ticket=ticket)
        assert await again.closed() == wire.CLOSE["bad_ticket"]


async def test_an_old_ticket_opens_none(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    id = await site.customer()
    monkeypatch.setattr(site.doors.tickets, "_lifetime", -0.001)
    async with site.connect() as socket:
        tab = Tab(socket, id)
        await tab.tell("hello", ticket=await site.ticket(id))
        assert await tab.closed() == wire.CLOSE["bad_ticket"]


@pytest.mark.parametrize("asked", [None, ["bot.v2"], ["chat"]])
async def test_another_subprotocol_is_refused_before_it_opens(site: Site, asked: Any) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with site.connect(subprotocols=asked):
            pass
    assert refused.value.response.status_code == 400


async def test_a_foreign_page_is_refused_before_it_opens(site: Site) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with site.connect(origin="https://evil.example"):
            pass
    assert refused.value.response.status_code == 403
    async with site.connect(origin=f"http://{site.address}") as ours:
        assert ours.subprotocol == "bot.v1"


async def test_whoever_does_not_say_hello_is_shown_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peer, "HELLO_S", 0.05)
    async with site.connect() as socket:
        assert await Tab(socket, "c").closed() == wire.CLOSE["no_hello"]


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ('{"type":"pong","n":1}', "no_hello"),
        ("not json", "malformed"),
        ('{"type":"hello"}', "malformed"),
        ('{"type":"hello","ticket":"made up"}', "bad_ticket"),
        (b"\x00\x01", "binary"),
    ],
)
async def test_the_first_frame_is_a_hello_with_a_ticket(site: Site, first: str | bytes, code: str) -> None:
    async with site.connect() as socket:
        await socket.send(first)
        assert await Tab(socket, "c").closed() == wire.CLOSE[code]


async def test_five_sockets_a_session_and_no_sixth(site: Site) -> None:
    id = await site.customer()
    async with site.tab(id), site.tab(id), site.tab(id), site.tab(id):
        async with site.tab(id), site.connect() as socket:
            sixth = Tab(socket, id)
            await sixth.tell("hello", ticket=await site.ticket(id))
            assert await sixth.closed() == wire.CLOSE["too_many_connections"]
        await eventually(lambda: len(site.doors.open) <= 4)
        async with site.tab(id) as again:
            assert again.seen[0]["type"] == "welcome"


# ── sending ──


async def test_a_message_is_acknowledged_shown_and_answered(site: Site) -> None:
    id = await site.customer()
    async with site.tab(id) as mine, site.tab(id) as other:
        cid = await mine.say(QUESTION, id="r1")
        ack = await mine.next("ack")
        assert {"ref": "r1", "conversation": id, "cid": cid, "seq": 1, "duplicate": False}.items() <= ack.items()
        reply = await mine.event(author="bot")
        assert (reply["seq"], reply["body"]["answers"], reply["body"]["text"]) == (2, 1, TRUE)
        assert reply["body"]["citations"][0]["title"] == "How do I return something?"
        shown = next(frame for frame in mine.seen if frame["type"] == "event")
        assert (shown["seq"], shown["body"]["text"], shown["cid"]) == (1, QUESTION, cid)
        assert (await other.event(author="bot"))["seq"] == 2
        assert [f["seq"] for f in other.seen if f["type"] == "event"] == [1, 2]


async def test_the_same_cid_is_the_same_message(site: Site) -> None:
    id = await site.customer()
    async with site.tab(id) as tab, site.tab(id) as other:
        await tab.say("hello", cid="m1", id="1")
        await tab.next("ack")
        await tab.say("hello", cid="m1", id="2")
        assert (await tab.next("ack", ref="2"))["duplicate"] is True
        await other.say("something else", cid="m1", id="3")
        again = await other.next("ack", ref="3")
        assert (again["seq"], again["duplicate"]) == (1, True)
    assert sum(event.author is Author.CUSTOMER for event in await site.events(id)) == 1


async def test_bad_frames_get_a_code_and_the_socket_stays(site: Site) -> None:
    id, other = await site.customer(), await site.customer()
    async with site.tab(id) as tab:
        for code, frame in {
            "unknown_type": {"type": "made_up", "id": "a"},
            "not_found": {"type": "send", "id": "b", "conversation": other, "cid": "m", "text": "hello"},
            "bad_request": {"type": "send", "id": "c", "conversation": id, "cid": "m", "text": " "},
            "too_large": {"type": "send", "id": "d", "conversation": id, "cid": "m", "text": "退" * 4_001},
        }.items():
            await tab.socket.send(json.dumps(frame))
            error = await tab.next("error")
            assert (error["code"], error["ref"], error["retry"]) == (code, frame["id"], False)
        for kind in ("sync", "rate", "handoff", "typing", "read"):
            fields = {"id": "e", "cid": "m", "since": 0, "score": 5, "on": True, "seq": 1}
            await tab.tell(kind, **{**fields, "conversation": other})
            assert (await tab.next("error"))["code"] == "not_found"
        await tab.say("hello")
        await tab.next("ack")
    assert await site.events(other) == []


async def test_too_many_bad_frames_close_the_socket(site: Site) -> None:
    async with site.tab(await site.customer()) as tab:
        for _ in range(peer.MOST_ERRORS):
            await tab.socket.send("not json")
        assert await tab.closed() == wire.CLOSE["too_many_errors"]


async def test_a_database_that_is_away_is_not_the_clients_fault(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    id = await site.customer()
    object.__setattr__(site.doors, "rules", Rules(messages=Allowance(1_000, 0.001)))

    async def away(*arguments: Any, **named: Any) -> Any:
        raise Unavailable("could not open /srv/bot.sqlite")

    async with site.tab(id) as tab:
        with monkeypatch.context() as broken:
            broken.setattr(site.bot.store, "change", away)
            for n in range(peer.MOST_ERRORS + 5):
                await tab.say("hello", cid=f"m{n}")
                error = await tab.next("error")
                assert (error["code"], error["retry"]) == ("storage_unavailable", True)
                assert "sqlite" not in json.dumps(error)
        await tab.say("hello", cid="m0")
        assert (await tab.next("ack"))["duplicate"] is False


async def test_binary_and_huge_frames_close_the_socket(site: Site) -> None:
    async with site.tab(await site.customer()) as tab:
        await tab.socket.send(b"hello")
        assert await tab.closed() == 1003
    async with site.tab(await site.customer()) as tab:
        await tab.socket.send("x" * (wire.MAX_FRAME + 1))
        assert await tab.closed() == 1009


async def test_whoever_goes_too_fast_is_told_when_to_go_on(site: Site) -> None:
    id = await site.customer()
    async with site.tab(id) as tab:
        for n in range(MESSAGES.burst + 3):
            await tab.say("hello", cid=f"m{n}", id=str(n))
        error = await tab.next("error")
        assert (error["code"], error["retry"], error["ref"]) == ("too_fast", True, str(MESSAGES.burst))
        assert 0 < error["after_ms"] <= 2_001
    said = [event for event in await site.events(id) if event.author is Author.CUSTOMER]
    assert len(said) == MESSAGES.burst


async def test_typing_is_not_echoed_and_not_stored(site: Site) -> None:
    id = await site.customer()
    async with site.tab(id) as tab, site.tab(id) as other:
        for on in (True, False, True):
            await tab.tell("typing", on=on)
        assert [*await tab.quiet(), *await other.quiet(0.01)] == []
    assert await site.events(id) == []


async def test_a_rating_is_an_event_once(site: Site) -> None:
    id = await site.customer()
    async with site.tab(id) as tab:
        await tab.say("hello")
        await tab.event(author="bot")
        for ref in ("r1", "r2"):
            await tab.tell("rate", id=ref, cid="rate-1", seq=2, score=1, comment="no")
        rated = await tab.event(Kind.RATED)
        assert rated["body"] == {"score": 1, "about": 2, "comment": "no"}
        assert (await tab.next("ack", ref="r2"))["duplicate"] is True
        await tab.tell("rate", id="r3", seq=99, score=1)
        assert (await tab.next("error", ref="r3"))["code"] == "bad_request"


async def test_half_a_character_in_a_comment_does_not_spoil_the_conversation(site: Site) -> None:
    id = await site.customer()
    async with site.tab(id) as tab:
        await tab.socket.send(
            '{"type":"rate","id":"r1","conversation":"%s","score":5,"comment":"\\ud83d"}' % id  # noqa: UP031
        )
        assert (await tab.next("error"))["code"] == "bad_request"
    async with site.tab(id) as tab:
        await tab.say("hello")
        await tab.next("ack")


# ── coming back ──


async def told(site: Site, id: str, n: int, size: int = 5) -> None:
    """n messages that are not the bot's to answer."""

    def step(c: Conversation) -> Conversation:
        c = c.claimed("eve", at=AT)
        for k in range(2, n + 1):
            c = c.said(f"{k} ".ljust(size, "退"), sender="x", cid=f"k{k}", at=AT)
        return c

    await site.bot.change(id, step)


async def replayed(tab: Tab, n: int) -> list[int]:
    return [(await tab.next("event"))["seq"] for _ in range(n)]


async def test_from_a_position_exactly_the_rest_comes(site: Site) -> None:
    id = await site.customer()
    await told(site, id, 7)
    async with site.tab(id, ("epoch-1", 4)) as tab:
        assert tab.seen[0]["conversations"][0]["resumed"] is True
        assert await replayed(tab, 3) == [5, 6, 7]
        assert await tab.quiet() == []
    for position in (("epoch-1", 0), ("", 0), None):
        async with site.tab(id, position) as tab:
            assert await replayed(tab, 7) == [1, 2, 3, 4, 5, 6, 7]


async def test_a_position_that_cannot_be_trusted_is_not_resumed(site: Site) -> None:
    id = await site.customer()
    await told(site, id, 5)
    for epoch, seq in (("another", 3), ("epoch-1", 9), ("", 3)):
        async with site.tab(id, (epoch, seq)) as tab:
            state = tab.seen[0]["conversations"][0]
            assert (state["resumed"], state["head"], state["epoch"]) == (False, 5, "epoch-1")
            assert await tab.quiet(0.02) == [], "never a partial replay"


async def test_three_hundred_missed_events_come_whole_however_long(site: Site) -> None:
    id = await site.customer()
    await told(site, id, 300, size=3_000)
    async with site.tab(id, ("epoch-1", 0)) as tab:
        assert await replayed(tab, 300) == list(range(1, 301))
        await tab.say("still here")
        assert (await tab.next("ack"))["seq"] == 301


async def test_more_than_that_is_paged(site: Site) -> None:
    id = await site.customer()
    await told(site, id, 305)
    async with site.tab(id, ("epoch-1", 1)) as tab:
        assert tab.seen[0]["conversations"][0]["resumed"] is False
        got: list[int] = []
        while len(got) < 305:
            await tab.tell("sync", id=f"s{len(got)}", epoch="epoch-1", since=len(got))
            ack = await tab.next("ack", ref=f"s{len(got)}")
            assert ack["seq"] == 305
            got = [frame["seq"] for frame in tab.seen if frame["type"] == "event"]
        assert got == list(range(1, 306))


async def test_pages_are_as_long_as_asked_and_another_epoch_starts_over(site: Site) -> None:
    id = await site.customer()
    await told(site, id, 9)
    async with site.tab(id, ("epoch-1", 9)) as tab:
        await tab.tell("sync", id="s", since=2, limit=3)
        assert await replayed(tab, 3) == [3, 4, 5]
        await tab.next("ack", ref="s")
        await tab.tell("sync", id="s", since=2**53, limit=3)
        await tab.next("ack", ref="s")
        await tab.tell("sync", id="s", since=2, epoch="another")
        assert await tab.next() == {
            "type": "resync", "conversation": id, "epoch": "epoch-1", "head": 9, "why": "epoch",
        }  # fmt: skip


async def test_what_happens_while_the_past_is_read_comes_once_and_in_order(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await site.customer()
    await told(site, id, 3)
    read = site.bot.store.conversation

    async def slow(*arguments: Any) -> Any:
        await site.bot.change(id, lambda c: c.said("before", sender="x", cid="b", at=AT))
        past = await read(*arguments)
        await site.bot.change(id, lambda c: c.said("after", sender="x", cid="a", at=AT))
        return past

    monkeypatch.setattr(site.bot.store, "conversation", slow)
    async with site.tab(id, ("epoch-1", 1)) as tab:
        assert await replayed(tab, 4) == [2, 3, 4, 5]
        assert await tab.quiet() == []


async def test_a_heartbeat_brings_what_another_process_wrote(site: Site) -> None:
    id = await site.customer()
    object.__setattr__(site.doors, "heartbeat_s", 0.05)
    async with site.tab(id) as tab:
        await site.bot.store.change(id, lambda c: c.claimed("eve", at=AT))  # past the hub
        assert (await tab.event(Kind.CLAIMED))["seq"] == 1
        assert (await tab.next("ping"))["heads"] == {id: 1}


async def test_a_tab_that_answers_pings_stays_and_one_that_does_not_is_let_go(site: Site) -> None:
    object.__setattr__(site.doors, "heartbeat_s", 0.3)
    async with site.tab(await site.customer()) as tab:
        ping = await tab.next("ping")
        await tab.tell("pong", n=ping["n"])
        await tab.next("ping", n=ping["n"] + 1)
        assert await tab.closed() == wire.CLOSE["no_pong"]


# ── the bot's turn ──


def gated() -> tuple[FakeGenerator, threading.Event]:
    gate = threading.Event()
    return plays(f"{TRUE} Bring", gate, " the receipt with you. You can return items within 90 days."), gate


async def test_drafts_hold_only_checked_sentences_and_come_whole_to_a_new_tab(start: Start) -> None:
    generator, gate = gated()
    site = await start(generator)
    id = await site.customer()
    async with site.tab(id) as tab:
        await tab.say(QUESTION)
        draft = await tab.next("draft")
        assert (draft["answers"], draft["n"], draft["text"]) == (1, 0, TRUE)
        assert draft["citations"][0]["title"] == "How do I return something?"
        async with site.tab(id, ("epoch-1", 1)) as late:
            assert (await late.next("draft"))["text"] == TRUE
            gate.set()
            reply = await late.event(author="bot")
        assert reply["body"]["text"] == f"{TRUE} {ALSO_TRUE}"
        await tab.event(author="bot")
        drafts = [frame["text"] for frame in tab.seen if frame["type"] == "draft"]
        assert drafts == [TRUE, f"{TRUE} {ALSO_TRUE}"], "the sentence no page carries was never shown"


async def test_a_closed_tab_loses_nothing(start: Start) -> None:
    generator, gate = gated()
    site = await start(generator)
    id = await site.customer()
    async with site.tab(id) as tab:
        await tab.say(QUESTION)
        await tab.next("draft")
        tab.socket.transport.abort()
    gate.set()
    await site.worker.idle()
    async with site.tab(id, ("epoch-1", 1)) as again:
        assert (await again.event(author="bot"))["body"]["answers"] == 1


async def test_a_tab_that_goes_at_once_has_asked_all_the_same(site: Site) -> None:
    ids = [await site.customer() for _ in range(10)]
    for id in ids:
        async with site.tab(id) as tab:
            await tab.say(QUESTION)
            tab.socket.transport.close()
    await asyncio.sleep(0.3)
    await site.worker.idle()
    for id in ids:
        events = await site.events(id)
        assert [event.answers for event in events if event.author is Author.BOT] == [1] * bool(events)
        assert events, "what was sent before the close was stored"


async def test_a_question_during_an_answer_is_answered_next(start: Start) -> None:
    generator, gate = gated()
    site = await start(generator)
    async with site.tab(await site.customer()) as tab:
        await tab.say(QUESTION)
        await tab.next("draft")
        await tab.say("How long does delivery take?")
        assert (await tab.next("ack", seq=2))["duplicate"] is False, "the reader reads on"
        gate.set()
        assert [(await tab.event(author="bot"))["body"]["answers"] for _ in range(2)] == [1, 2]


async def test_asking_for_a_person_stops_the_bot_mid_sentence(start: Start) -> None:
    generator, gate = gated()
    site = await start(generator)
    id = await site.customer()
    async with site.tab(id) as tab:
        await tab.say(QUESTION)
        await tab.next("draft")
        await tab.tell("handoff", id="h", cid="h1")
        handed = await tab.event(Kind.HANDED_OFF)
        assert handed["body"]["reason"] == "asked_for_person"
        assert handed["body"]["text"]
        await tab.next("ack", ref="h", seq=handed["seq"])
        gate.set()
        await site.worker.idle()
        assert {frame["type"] for frame in await tab.quiet()} <= {"typing"}
        await tab.say("are you there?")
        await tab.next("ack")
        await site.worker.idle()
        assert all(event.author is not Author.BOT for event in await site.events(id))


@pytest.mark.parametrize(
    "generator",
    [
        plays(RuntimeError("CUDA out of memory at /srv/models/composer")),
        plays("You can", RuntimeError("SELECT * FROM event")),
        plays(HANG),
        writes("Everything is free for you."),
    ],
    ids=["broken", "breaks", "hangs", "lies"],
)
async def test_whatever_the_generator_does_the_passage_is_there(start: Start, generator: FakeGenerator) -> None:
    site = await start(generator)
    async with site.tab(await site.customer()) as tab:
        await tab.say(QUESTION)
        reply = await tab.event(author="bot")
        assert reply["body"]["text"] == quoted(SHOP[0], QUESTION, 170)
        assert reply["body"]["source"] == "verbatim"
        told = json.dumps(tab.seen)
        assert not any(secret in told for secret in ("CUDA", "SELECT", "free for you", "RuntimeError", "Traceback"))


async def test_a_failing_search_is_a_handoff_that_tells_nothing(start: Start) -> None:
    class Broken(FakeEmbedder):
        def embed(self, texts: Any, *, is_query: bool, progress: Any = None) -> Any:
            if is_query:
                raise RuntimeError("segfault in /usr/lib/libfaiss.so")
            return super().embed(texts, is_query=is_query)

    site = await start(embedder=Broken())
    async with site.tab(await site.customer()) as tab:
        await tab.say(QUESTION)
        handed = await tab.event(Kind.HANDED_OFF)
        assert (handed["body"]["reason"], handed["body"]["answers"]) == ("failure", 1)
        assert "libfaiss" not in json.dumps(tab.seen)


async def test_an_agent_who_claims_mid_answer_is_not_talked_over(start: Start) -> None:
    """At a random moment of the answer, with a database that takes its time."""
    chance = random.Random(7)

    class Unhurried(FakeGenerator):
        def generate(self, prompt: str, sampling: Any, cancelled: Any = lambda: False) -> Any:
            for word in f"{TRUE} {ALSO_TRUE}".split():
                threading.Event().wait(0.0002)
                yield f"{word} "

    site = await start(Unhurried(), indexes=FakeIndexes())
    bot = site.bot

    async def race(n: int) -> None:
        id = await begin(bot, f"race{n}")
        order: list[Any] = []
        with bot.hub.watch(id, lambda _, item: order.append(item)):
            await bot.change(id, lambda c: c.said(QUESTION, sender="ann", cid="m", at=AT), sender="ann", cid="m")
            bot.wake(id)
            await asyncio.sleep(chance.uniform(0, 0.03))
            await bot.change(id, lambda c: c.claimed("eve", at=AT))
            claimed = len(order)
            await asyncio.sleep(0)
        events = await site.events(id)
        claim = next(event.seq for event in events if event.kind is Kind.CLAIMED)
        assert not [event for event in events if event.author is Author.BOT and event.seq > claim]
        assert not any(isinstance(item, Draft) for item in order[claimed:])

    for first in range(0, 50, 25):
        await asyncio.gather(*(race(n) for n in range(first, first + 25)))
    await site.worker.idle()
    for n in range(50):
        events = await site.events(f"race{n}")
        claim = next(event.seq for event in events if event.kind is Kind.CLAIMED)
        assert not [event for event in events if event.author is Author.BOT and event.seq > claim]


# ── leaving ──


async def test_a_server_that_stops_says_when_to_come_back(start: Start) -> None:
    site = await start(plays(HANG))
    id = await site.customer()
    async with site.tab(id) as tab:
        await tab.say(QUESTION)
        await tab.next("ack")
        site.server.should_exit = True
        bye = await tab.next("bye")
        assert (bye["code"], bye["retry_after_ms"] > 0) == (4001, True)
        assert await tab.closed() == 4001
    assert await site.bot.store.owing() == (id,), "the next start answers it"


async def test_sockets_that_come_and_go_leave_nothing_behind(site: Site) -> None:
    id = await site.customer()
    before = len(asyncio.all_tasks())
    for n in range(30):
        async with site.tab(id) as tab:
            await tab.say("hello", cid=f"m{n % 5}")
            if n % 2:
                tab.socket.transport.abort()
    await eventually(lambda: not site.bot.hub.watched and len(asyncio.all_tasks()) <= before)
    assert not site.doors.open
    assert not site.bot.limits._places["session"].total


# ── HTTP around it ──


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{}", 201), (b'{"locale":"fr"}', 422), (b"nonsense", 422), (b'{"page":"\\ud800"}', 422),
        (b'{"locale":NaN}', 422), (b'{"user_token":"a.b.c"}', 400), (b'{"page":"' + b"x" * 20_000 + b'"}', 413),
    ],
)  # fmt: skip
async def test_what_a_session_is_asked_with_is_checked(site: Site, body: bytes, status: int) -> None:
    asked = await site.http.post("/v1/session", content=body, headers={"content-type": "application/json"})
    assert asked.status_code == status
    assert "Traceback" not in asked.text
    assert "pydantic" not in asked.text


async def test_health_and_pages_carry_the_headers_that_keep_them_safe(site: Site) -> None:
    for path in ("/healthz", "/", "/chat", "/widget.js", "/v1/config", "/static/chat.js"):
        page = await site.http.get(path)
        assert page.status_code == 200, path
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert page.headers["x-content-type-options"] == "nosniff"
    for path in ("/docs", "/openapi.json", "/static/../app.py", "/static/%2e%2e/app.py"):
        assert (await site.http.get(path)).status_code == 404, path
