"""The agent's socket as the console knows it: a real server, a real database, several agents and customers."""

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from bot import login
from bot.access import Role
from bot.conversation import Conversation, Kind, Reason, Status
from bot.errors import Unavailable
from bot.ports import Generator
from bot.web import agent_socket, wire
from bot.web.agent_socket import MOST_OPEN, SOCKETS_PER_AGENT
from tests.desks import Hands
from tests.fakes import AT, RETURNS, WARRANTY, begin, document, eventually, plays, stock, writes
from tests.site import Agent, Frame, Site, Tab, running

TRUE = "You can return unused items within 30 days."
QUESTION = "How do I return a lamp?"
Start = Callable[..., Awaitable[Site]]


@pytest.fixture
async def start(own_sqlite_url: str) -> AsyncIterator[Start]:
    """Starts the one site of a test, over the sample pages and a database of its own."""
    async with AsyncExitStack() as stack:

        async def start(generator: Generator | None = None, **parts: Any) -> Site:
            site = await stack.enter_async_context(running(own_sqlite_url, generator or writes(TRUE), **parts))
            await stock(site.bot)
            return site

        yield start


@pytest.fixture
async def site(start: Start) -> Site:
    return await start()


@pytest.fixture
async def ana(site: Site) -> AsyncIterator[Agent]:
    async with site.agent("ana") as agent:
        yield agent


@pytest.fixture
async def ben(site: Site) -> AsyncIterator[Agent]:
    async with site.agent("ben") as agent:
        yield agent


async def waiting(site: Site, reason: Reason = Reason.NO_ANSWER) -> str:
    """A conversation in line: two events, version 1."""
    id = await site.customer()

    def step(c: Conversation) -> Conversation:
        return c.said("Where is my lamp?", sender="x", cid="q", at=AT).handed_off(reason, at=AT, text="Soon.")

    await site.bot.change(id, step)
    return id


async def open_one(console: Tab, id: str) -> Frame:
    """The `resync` that opening it is answered with."""
    await console.tell("open", id="open", conversation=id)
    resync = await console.next("resync", conversation=id)
    await console.next("ack", ref="open")
    return resync


async def claim(console: Tab, id: str, version: int = 1, cid: str = "claim") -> Frame:
    await console.tell("claim", id="claim", conversation=id, cid=cid, expect_version=version)
    return await console.next("ack", ref="claim")


async def refused(console: Tab, type: str, **fields: Any) -> tuple[str, str | None]:
    """(code, why)"""
    await console.tell(type, **({"id": "r", "cid": "r"} | fields))
    error = await console.next("error", ref="r")
    return error["code"], error.get("why")


async def fetched(console: Tab, id: str, since: int = 0) -> list[int]:
    """The positions that `sync` brings."""
    before = len(console.seen)
    await console.tell("sync", id="sync", conversation=id, since=since)
    await console.next("ack", ref="sync")
    return [f["seq"] for f in console.seen[before:] if f["type"] == "event" and f["conversation"] == id]


# ── opening ──


async def test_hello_is_answered_with_where_the_inbox_stands(site: Site, ana: Agent) -> None:
    await waiting(site)
    async with ana.console() as console:
        welcome = console.seen[0]
        assert welcome["type"] == "welcome", "nothing comes before it"
        epoch, position = await site.bot.inbox.position()
        assert welcome["inbox"] == {"epoch": epoch, "position": position}
        assert welcome["conversations"] == []
        assert welcome["limits"]["open"] == MOST_OPEN
        presence = await console.next("presence")
        assert [(one["name"], one["online"]) for one in presence["agents"]] == [("Ana", True)]


async def test_nothing_comes_before_welcome_however_slow_the_database(
    site: Site, ana: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    id, read = await waiting(site), site.bot.store.conversation

    async def slow(id: str) -> Conversation:
        await asyncio.sleep(agent_socket.GATHER_S * 4)
        return await read(id)

    monkeypatch.setattr(site.bot.store, "conversation", slow)
    async with ana.console(resume=[{"conversation": id, "epoch": "epoch-1", "seq": 0}]) as console:
        assert [frame["type"] for frame in console.seen] == ["welcome"]


async def test_opening_a_conversation_says_where_it_stands_and_sync_brings_it(site: Site, ana: Agent) -> None:
    id = await waiting(site)
    async with ana.console(id) as console:
        assert await open_one(console, id) == {
            "type": "resync", "conversation": id, "epoch": "epoch-1", "head": 2, "why": "opened",
        }  # fmt: skip
        assert await fetched(console, id) == [1, 2]
        assert await fetched(console, id, 1) == [2]
        await site.bot.change(id, lambda c: c.said("still there?", sender="x", cid="m2", at=AT))
        assert (await console.event())["seq"] == 3


async def test_a_long_conversation_comes_page_by_page(site: Site, ana: Agent) -> None:
    id = await waiting(site)

    def talk(c: Conversation) -> Conversation:
        for n in range(348):
            c = c.said(f"line {n}", sender="x", cid=f"t{n}", at=AT)
        return c

    await site.bot.change(id, talk)
    async with ana.console(id) as console:
        assert (await open_one(console, id))["head"] == 350
        got: list[int] = []
        while len(got) < 350:
            got += await fetched(console, id, len(got))
        assert got == list(range(1, 351))


async def test_what_is_not_open_is_not_there(site: Site, ana: Agent) -> None:
    id = await waiting(site)
    async with ana.console(id) as console:
        assert await refused(console, "sync", since=0) == ("not_found", None)
        assert await refused(console, "open", conversation="made-up") == ("not_found", None)
        await open_one(console, id)
        await console.tell("leave", id="l")
        await console.next("ack", ref="l")
        await site.bot.change(id, lambda c: c.said("anybody?", sender="x", cid="m2", at=AT))
        assert not [frame for frame in await console.quiet(0.1) if frame["type"] == "event"]
        assert await refused(console, "sync", since=0) == ("not_found", None)


async def test_fifty_may_be_open_and_opening_one_twice_counts_once(
    site: Site, ana: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_socket, "MOST_OPEN", 3)
    ids = [await waiting(site) for _ in range(4)]
    async with ana.console() as console:
        for id in (*ids[:3], ids[0], ids[0]):
            await open_one(console, id)
        assert await refused(console, "open", conversation=ids[3]) == ("bad_request", None)
        await site.bot.change(ids[0], lambda c: c.said("hello?", sender="x", cid="m2", at=AT))
        await console.event()
        assert not [frame for frame in await console.quiet(0.1) if frame["type"] == "event"], "it came once"
        await console.tell("leave", id="l", conversation=ids[0])
        await open_one(console, ids[3])
    assert MOST_OPEN == 50
    await eventually(lambda: not site.bot.hub.watched)


async def test_what_was_open_is_open_again_after_a_cut(site: Site, ana: Agent) -> None:
    one, two, long = [await waiting(site) for _ in range(3)]

    def talk(c: Conversation) -> Conversation:
        for n in range(310):
            c = c.said("?", sender="x", cid=f"t{n}", at=AT)
        return c

    await site.bot.change(long, talk)
    resume = [
        {"conversation": one, "epoch": "epoch-1", "seq": 1},
        {"conversation": one, "epoch": "epoch-1", "seq": 1},
        {"conversation": two, "epoch": "another", "seq": 2},
        {"conversation": "made-up", "epoch": "epoch-1", "seq": 2},
        {"conversation": long, "epoch": "epoch-1", "seq": 2},
    ]
    async with ana.console(resume=resume) as console:
        states = {state["conversation"]: state for state in console.seen[0]["conversations"]}
        assert {id: state["resumed"] for id, state in states.items()} == {one: True, two: False, long: False}
        assert len(console.seen[0]["conversations"]) == 3, "what was named twice is told once"
        assert (await console.next("event", conversation=one))["seq"] == 2
        for id in (one, two, long):
            await site.bot.change(id, lambda c: c.said("more", sender="x", cid="more", at=AT))
        events = [frame for frame in await console.quiet(0.2) if frame["type"] == "event"]
        assert [(frame["conversation"], frame["seq"]) for frame in events] == [(one, 3), (two, 3), (long, 313)]
    await eventually(lambda: not site.bot.hub.watched)


async def test_a_conversation_that_is_gone_does_not_close_the_socket_later(start: Start) -> None:
    site = await start()
    object.__setattr__(site.doors, "heartbeat_s", 0.05)
    async with site.agent("ana") as ana:
        gone = [{"conversation": "made-up", "epoch": "e", "seq": 1}]
        async with ana.console(resume=gone) as console:
            ping = await console.next("ping")
            assert ping["heads"] == {}
            await console.tell("pong", n=ping["n"])
            await console.next("ping", n=ping["n"] + 1)


async def test_an_opening_that_failed_may_be_tried_again(
    site: Site, ana: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await waiting(site)

    async def away(*arguments: Any) -> Any:
        raise Unavailable("the database cannot be used now")

    async with ana.console(id) as console:
        with monkeypatch.context() as broken:
            broken.setattr(site.bot.store, "conversation", away)
            assert await refused(console, "open") == ("storage_unavailable", None)
            assert len(site.bot.hub.watched) == 0
        assert (await open_one(console, id))["head"] == 2


# ── acting ──


async def test_from_claim_to_close_everybody_sees_each_step(site: Site, ana: Agent, ben: Agent) -> None:
    id = await waiting(site)
    ben_id = ben.me["agent"]["id"]
    async with site.tab(id) as tab, ana.console(id) as mine, ben.console(id) as other:
        await open_one(mine, id)
        await open_one(other, id)

        async def seen_by_all(kind: Kind) -> list[Frame]:
            return [await one.event(kind) for one in (tab, mine, other)]

        assert await claim(mine, id) == {
            "type": "ack", "ref": "claim", "conversation": id, "cid": "claim", "seq": 3, "duplicate": False,
        }  # fmt: skip
        mine.seen.clear()
        customer, own, ben_sees = await seen_by_all_after_ack(tab, mine, other, Kind.CLAIMED, site, id)
        assert customer["body"] == {"text": "Ana is here now.", "agent": "Ana"}
        assert ben_sees["body"]["agent_id"] == ana.me["agent"]["id"]
        assert (own["cid"], "cid" in ben_sees, "cid" in customer) == ("claim", False, False)

        await mine.tell("send", id="s", cid="s1", text="Look here.", passages=[RETURNS.id])
        said = await seen_by_all(Kind.MESSAGE)
        assert all(frame["body"]["text"] == "Look here." and frame["author"] == "agent" for frame in said)
        assert said[0]["body"]["agent"] == "Ana"
        assert [one["passage"] for one in said[0]["body"]["citations"]] == [RETURNS.id]

        await mine.tell("transfer", id="t", cid="t1", expect_version=2, to=ben_id, text="He knows lamps.")
        moved = await seen_by_all(Kind.TRANSFERRED)
        assert moved[0]["body"] == {"text": "Ben takes over now.", "agent": "Ben"}
        assert moved[2]["body"] == {"text": "Ben takes over now.", "agent": "Ben", "agent_id": ben_id, "from": "Ana",
                                    "note": "He knows lamps."}  # fmt: skip

        await other.tell("return", id="b", cid="b1", expect_version=3)
        assert [frame["body"]["text"] for frame in await seen_by_all(Kind.RETURNED)] == [
            "You are talking to the bot again. You can ask for a person at any time."
        ] * 3
        await tab.say(QUESTION)
        assert (await mine.event(author="bot"))["body"]["text"] == TRUE, "the bot answers again"
        assert (await tab.event(author="bot"))["body"]["text"] == TRUE

        await other.tell("close", id="c", cid="c1", expect_version=4)
        closed = await seen_by_all(Kind.CLOSED)
        assert (closed[0]["body"]["by"], closed[2]["body"]["agent"]) == ("agent", "Ben")
        row = await ana.row(id)
        assert (row["status"], row["agent"], row["version"]) == ("closed", None, 5)
        seqs = [event.seq for event in await site.events(id)]
        assert seqs == list(range(1, len(seqs) + 1))


async def seen_by_all_after_ack(
    tab: Tab, mine: Tab, other: Tab, kind: Kind, site: Site, id: str
) -> tuple[Frame, Frame, Frame]:
    """Who acts gets the event before the ack, so it has passed already: read it again."""
    await mine.tell("sync", id="again", conversation=id, since=2)
    own = await mine.event(kind)
    await mine.next("ack", ref="again")
    return await tab.event(kind), own, await other.event(kind)


async def test_back_in_line_by_transfer_is_first_in_line(site: Site, ana: Agent) -> None:
    id = await waiting(site)
    async with site.tab(id) as tab, ana.console(id) as console:
        await claim(console, id)
        await console.tell("transfer", id="t", cid="t", expect_version=2, to="", text="Needs Chinese.")
        await console.next("ack", ref="t")
        requeued = await tab.event(Kind.REQUEUED)
        assert requeued["body"] == {"text": "Ana has asked for another colleague to help you. You are back in line."}
        assert (await tab.next("queue"))["position"] == 1
    row = await ana.row(id)
    assert (row["status"], row["first_in_line"], row["agent"]) == ("waiting", True, None)


async def test_of_the_cited_passages_those_that_are_live_go_out(site: Site, ana: Agent) -> None:
    await site.bot.store.apply([document(WARRANTY)], [], [WARRANTY.id], AT)
    id = await waiting(site)
    async with ana.console(id) as console:
        await open_one(console, id)
        await claim(console, id)
        cited = [WARRANTY.id, RETURNS.id, "made-up", RETURNS.id]
        await console.tell("send", id="s", cid="s", text="Look.", passages=cited)
        said = await console.event()
        assert [(one["position"], one["passage"]) for one in said["body"]["citations"]] == [(1, RETURNS.id)]
        await console.tell("send", id="s", cid="s2", text="Plain.", passages=["made-up"])
        assert "citations" not in (await console.event())["body"]


async def test_what_agents_do_among_themselves_reaches_the_customer_as_a_position(
    site: Site, ana: Agent, ben: Agent
) -> None:
    id = await waiting(site)
    async with site.tab(id, ("epoch-1", 2)) as tab, ana.console(id) as mine, ben.console(id) as other:
        await open_one(other, id)
        await mine.tell("note", id="n", cid="n", text="He is not telling the truth.")
        await mine.tell("tag", id="t", cid="t", tags=["Fraud?", " fraud ", "Fraud?"])
        await mine.next("ack", ref="t")
        hidden = [await tab.next("event"), await tab.next("event")]
        assert [(f["seq"], f["kind"], f["author"], f["body"]) for f in hidden] == [
            (3, "conversation.updated", "system", {}), (4, "conversation.updated", "system", {}),
        ]  # fmt: skip
        note, tagged = await other.event(Kind.NOTED), await other.event(Kind.TAGGED)
        assert note["body"] == {"text": "He is not telling the truth.", "agent": "Ana",
                                "agent_id": ana.me["agent"]["id"]}  # fmt: skip
        assert tagged["body"]["tags"] == ["Fraud?", "fraud"]
        async with site.tab(id) as again:
            assert [(await again.next("event"))["kind"] for _ in range(4)][2:] == ["conversation.updated"] * 2
            told = [*tab.seen, *again.seen, *await tab.quiet()]
        assert not any(word in str(told) for word in ("truth", "Fraud", "note.created", ana.me["agent"]["id"]))


async def test_every_retry_gets_the_same_ack_whatever_happened_since(site: Site, ana: Agent, ben: Agent) -> None:
    id, ben_id = await waiting(site), ben.me["agent"]["id"]
    async with ana.console(id) as mine, ben.console(id) as other:
        steps: list[tuple[str, dict[str, Any]]] = [
            ("claim", {"expect_version": 1}),
            ("send", {"text": "Hello."}),
            ("note", {"text": "A note."}),
            ("tag", {"tags": ["late"]}),
            ("transfer", {"expect_version": 2, "to": ben_id, "text": "Yours."}),
        ]
        first = {}
        for type, fields in steps:
            await mine.tell(type, id=type, cid=f"cid-{type}", **fields)
            first[type] = await mine.next("ack", ref=type)
            assert first[type]["duplicate"] is False
        await other.tell("close", id="close", cid="cid-close", expect_version=3)
        first["close"] = await other.next("ack", ref="close")
        await login.disable(site.bot, "ben")
        for type, fields in steps:
            await mine.tell(type, id=type, cid=f"cid-{type}", **fields)
            assert await mine.next("ack", ref=type) == first[type] | {"duplicate": True}
    assert (await ana.row(id))["status"] == "closed"
    assert len(await site.events(id)) == 8


@pytest.mark.parametrize("type", ["claim", "return", "close", "transfer"])
async def test_a_retry_on_a_new_socket_is_the_same(site: Site, ana: Agent, type: str) -> None:
    id, version = await waiting(site), 1
    fields = {"to": ""} if type == "transfer" else {}
    async with ana.console(id) as console:
        if type in ("close", "transfer"):
            await claim(console, id)
            version = 2
        await console.tell(type, id="1", cid="once", expect_version=version, **fields)
        first = await console.next("ack", ref="1")
    async with ana.console(id) as console:
        await console.tell(type, id="2", cid="once", expect_version=version, **fields)
        assert await console.next("ack", ref="2") == first | {"ref": "2", "duplicate": True}


# ── what stands in the way ──


async def test_a_conflict_says_what_stood_in_the_way(site: Site, ana: Agent, ben: Agent) -> None:
    id, ben_id = await waiting(site), ben.me["agent"]["id"]
    async with ana.console(id) as mine, ben.console(id) as other:
        assert await refused(mine, "claim", expect_version=7) == ("conflict", "version")
        assert await refused(mine, "send", text="Hello.") == ("conflict", "status")
        assert await refused(mine, "transfer", expect_version=1, to=ben_id) == ("conflict", "status")
        await claim(mine, id)
        assert await refused(other, "claim", expect_version=1) == ("conflict", "version")
        assert await refused(other, "claim", expect_version=2) == ("conflict", "status")
        assert await refused(other, "send", text="Me too.") == ("conflict", "holder")
        for type in ("return", "close", "transfer"):
            assert await refused(other, type, expect_version=2, to=ben_id) == ("conflict", "holder"), type
        assert await refused(mine, "transfer", expect_version=2, to=ana.me["agent"]["id"]) == ("conflict", "holder")
        assert await refused(mine, "transfer", expect_version=2, to="nobody") == ("not_found", None)
        await mine.tell("close", id="c", cid="c", expect_version=2)
        await mine.next("ack", ref="c")
        for type in ("return", "close", "claim"):
            assert await refused(mine, type, expect_version=3) == ("conflict", "status"), type
    assert len(await site.events(id)) == 4, "what was refused left nothing"


async def test_a_conversation_cannot_be_given_to_somebody_who_left(site: Site, ana: Agent, ben: Agent) -> None:
    id = await waiting(site)
    await login.disable(site.bot, "ben")
    async with ana.console(id) as mine:
        await claim(mine, id)
        to = ben.me["agent"]["id"]
        assert await refused(mine, "transfer", expect_version=2, to=to) == ("not_found", None)


async def test_whoever_has_their_hands_full_claims_no_more(site: Site) -> None:
    ids = [await waiting(site) for _ in range(3)]
    async with site.agent("cho", capacity=2) as cho, cho.console() as console:
        for id in ids[:2]:
            await claim(console, id)
        assert await refused(console, "claim", conversation=ids[2], expect_version=1) == ("conflict", "capacity")
        await console.tell("claim", id="again", conversation=ids[0], cid="claim", expect_version=1)
        assert (await console.next("ack", ref="again"))["duplicate"] is True, "a retry takes nothing more"
        await console.tell("close", id="c", conversation=ids[0], cid="c", expect_version=2)
        await console.next("ack", ref="c")
        assert (await claim(console, ids[2]))["duplicate"] is False


async def test_talk_does_not_disturb_whoever_acts_on_what_they_see(site: Site, ana: Agent) -> None:
    id = await waiting(site)
    async with ana.console(id) as console:
        await site.bot.change(id, lambda c: c.said("and another thing", sender="x", cid="m2", at=AT))
        await claim(console, id, version=1)
        await site.bot.change(id, lambda c: c.said("and another", sender="x", cid="m3", at=AT))
        await console.tell("return", id="r", cid="r", expect_version=2)
        await console.next("ack", ref="r")


@pytest.mark.parametrize("text", ["", " \n", "退" * 4_001])
@pytest.mark.parametrize("type", ["send", "note"])
async def test_an_empty_or_endless_text_is_refused(site: Site, ana: Agent, type: str, text: str) -> None:
    id = await waiting(site)
    async with ana.console(id) as console:
        await claim(console, id)
        code = "too_large" if len(text) > 10 else "bad_request"
        assert await refused(console, type, text=text) == (code, None)


async def test_the_note_of_a_transfer_is_a_text_or_nothing(site: Site, ana: Agent, ben: Agent) -> None:
    id, ben_id = await waiting(site), ben.me["agent"]["id"]
    async with ana.console(id) as console:
        await claim(console, id)
        long = "x" * 4_001
        assert await refused(console, "transfer", expect_version=2, to=ben_id, text=long) == ("too_large", None)
        assert await refused(console, "transfer", expect_version=2, to="", text=long) == ("too_large", None)
        await console.tell("transfer", id="t", cid="t", expect_version=2, to=ben_id, text=" \n ")
        await console.next("ack", ref="t")
    assert "note" not in (await site.events(id))[-1].data


async def test_tags_are_bounded(site: Site, ana: Agent) -> None:
    id = await waiting(site)
    async with ana.console(id) as console:
        for tags in ([f"t{n}" for n in range(21)], ["x" * 41]):
            assert await refused(console, "tag", tags=tags) == ("bad_request", None)
        await console.tell("tag", id="t", cid="t", tags=["b", "a"])
        await console.next("ack", ref="t")
        assert (await ana.row(id))["tags"] == ["b", "a"]
        await console.tell("tag", id="t2", cid="t2", tags=["b", "a"])
        assert (await console.next("ack", ref="t2"))["seq"] == 3, "the same again changes nothing"
        assert (await ana.get("conversations?view=waiting&tag=a"))["rows"][0]["conversation"] == id


async def test_a_database_that_is_away_is_not_the_agents_fault(
    site: Site, ana: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await waiting(site)

    async def away(*arguments: Any, **named: Any) -> Any:
        raise Unavailable("could not open /srv/bot.sqlite")

    async with ana.console(id) as console:
        with monkeypatch.context() as broken:
            broken.setattr(site.bot.store, "change", away)
            for n in range(25):
                await console.tell("claim", id=f"{n}", cid="claim", expect_version=1)
                error = await console.next("error", ref=f"{n}")
                assert (error["code"], error["retry"]) == ("storage_unavailable", True)
                assert "sqlite" not in str(error)
        assert (await claim(console, id))["duplicate"] is False


# ── typing and presence ──


async def test_typing_goes_both_ways_and_is_not_stored(site: Site, ana: Agent, ben: Agent) -> None:
    id = await waiting(site)
    async with site.tab(id) as tab, ana.console(id) as mine, ben.console(id) as other:
        for console in (mine, other):
            await open_one(console, id)
        await claim(mine, id)
        await tab.tell("typing", on=True)
        for console in (mine, other):
            typing = await console.next("typing")
            assert (typing["author"], typing["on"], typing["conversation"]) == ("customer", True, id)
        await mine.tell("typing", on=True)
        assert (await tab.next("typing", author="agent"))["on"] is True
        assert (await other.next("typing", author="agent"))["name"] == "Ana"
        assert not [f for f in await mine.quiet() if f["type"] == "typing"], "one's own is not echoed"
    assert len(await site.events(id)) == 3


async def test_the_customer_does_not_wait_for_an_agent_who_does_not_have_the_conversation(
    site: Site, ana: Agent, ben: Agent
) -> None:
    id = await waiting(site)
    async with site.tab(id) as tab, ana.console(id) as mine, ben.console(id) as other:
        await open_one(other, id)
        await claim(mine, id)
        await tab.event(Kind.CLAIMED)
        await other.tell("typing", on=True)
        assert not [frame for frame in await tab.quiet(0.2) if frame["type"] == "typing"]


async def test_typing_where_nothing_is_open_is_refused_each_time(site: Site, ana: Agent) -> None:
    id = await waiting(site)
    async with ana.console(id) as console:
        for _ in range(3):
            await console.tell("typing", on=True)
            assert (await console.next("error"))["code"] == "not_found"


async def test_colleagues_see_who_is_here_away_and_how_busy(site: Site, ana: Agent, ben: Agent) -> None:
    id = await waiting(site)

    def of_ben(frame: Frame) -> tuple[bool, bool, int]:
        return next((one["online"], one["away"], one["load"]) for one in frame["agents"] if one["name"] == "Ben")

    async def until(console: Tab, wanted: tuple[bool, bool, int]) -> None:
        while of_ben(await console.next("presence")) != wanted:
            pass

    async with ana.console() as mine:
        async with ben.console(id) as one, ben.console() as two:
            await until(mine, (True, False, 0))
            await one.tell("away", on=True)
            await until(mine, (True, True, 0))
            await claim(two, id)
            await until(mine, (True, True, 1))
            await two.tell("away", on=False)
            await until(mine, (True, False, 1))
        await until(mine, (False, False, 1))
        agents = (await ana.get("agents"))["agents"]
        assert of_ben({"agents": agents}) == (False, False, 1)


async def test_presence_that_does_not_change_is_not_told_again(site: Site, ana: Agent) -> None:
    async with ana.console() as console:
        await console.next("presence")
        for n in range(3):
            await waiting(site)
            assert "presence" not in {frame["type"] for frame in await console.quiet(0.1)}, n


# ── the inbox feed ──


class Feed:
    """The inbox as a console keeps it: what the lists said, then what the feed says."""

    def __init__(self, epoch: str = "", position: int = 0) -> None:
        self.epoch, self.position = epoch, position
        self.rows: dict[str, Frame] = {}
        self.counts: Frame = {}
        self.n_resets = 0

    def take(self, frames: list[Frame]) -> None:
        for frame in frames:
            if frame["type"] != "inbox":
                continue
            self.n_resets += frame["reset"]
            seqs = [row["seq"] for row in frame["rows"]]
            assert seqs == sorted(set(seqs)), "in the order of the feed"
            assert len({row["conversation"] for row in frame["rows"]}) == len(seqs), "each once"
            if seqs:
                assert self.position < seqs[0], "nothing comes twice"
                assert frame["position"] == seqs[-1]
            self.rows |= {row["conversation"]: row for row in frame["rows"]}
            self.epoch, self.position, self.counts = frame["epoch"], frame["position"], frame["counts"]

    async def until(self, console: Tab, position: int) -> None:
        while self.position < position:
            self.take([await console.next("inbox")])


async def lists(agent: Agent) -> dict[str, Frame]:
    page = await agent.get("conversations?view=all&limit=100")
    return {row["conversation"]: row for row in page["rows"]}


async def test_a_change_reaches_the_inbox_with_its_row_and_counts(site: Site, ana: Agent) -> None:
    await waiting(site)
    async with ana.console() as console:
        id = await waiting(site, Reason.ANGRY)
        feed = Feed()
        await feed.until(console, (await site.bot.inbox.position())[1])
        row = feed.rows[id]
        assert (row["status"], row["reason"], row["version"]) == ("waiting", "angry", 1)
        assert (row["head"], row["asked"]) == (2, 1)
        assert row == await ana.row(id)
        assert feed.counts == {"waiting": 2, "mine": 0, "agent": 0, "bot": 0, "closed": 0}
        await claim(console, id)
        await feed.until(console, (await site.bot.inbox.position())[1])
        assert feed.counts == {"waiting": 1, "mine": 1, "agent": 1, "bot": 0, "closed": 0}
        assert feed.rows[id]["agent"] == {"id": ana.me["agent"]["id"], "name": "Ana"}


async def test_from_a_position_exactly_the_changed_rows_come_in_their_newest_state(site: Site, ana: Agent) -> None:
    one, two, three = [await waiting(site) for _ in range(3)]
    page = await ana.get("conversations?view=waiting")
    at = {"epoch": page["epoch"], "position": page["position"]}
    for n in range(5):
        await site.bot.change(two, lambda c, n=n: c.said(f"{n}?", sender="x", cid=f"m{n}", at=AT))
    await site.bot.change(one, lambda c: c.claimed("a9", "Eve", at=AT))
    async with ana.console(inbox=at) as console:
        frame = await console.next("inbox")
        assert [(row["conversation"], row["head"]) for row in frame["rows"]] == [(two, 7), (one, 3)]
        assert frame["reset"] is False
        assert three not in str(frame)
        assert not [f for f in await console.quiet(0.1) if f["type"] == "inbox"]


@pytest.mark.parametrize("where", ["another epoch", "ahead of us", "too far", "no epoch"])
async def test_a_position_that_cannot_be_followed_is_a_reset(
    site: Site, ana: Agent, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_socket, "TOO_FAR", 3)
    for _ in range(5):
        await waiting(site)
    epoch, head = await site.bot.inbox.position()
    at = {
        "another epoch": {"epoch": "of yesterday", "position": head},
        "ahead of us": {"epoch": epoch, "position": head + 1},
        "too far": {"epoch": epoch, "position": head - 4},
        "no epoch": {"position": head},
    }[where]
    async with ana.console(inbox=at) as console:
        frame = await console.next("inbox")
        assert (frame["reset"], frame["rows"], frame["epoch"], frame["position"]) == (True, [], epoch, head)
        assert frame["counts"]["waiting"] == 5
        id = await waiting(site)
        following = await console.next("inbox")
        assert (following["reset"], [row["conversation"] for row in following["rows"]]) == (False, [id])


async def test_an_empty_database_is_followed_from_its_beginning(site: Site, ana: Agent) -> None:
    page = await ana.get("conversations?view=waiting")
    async with ana.console(inbox={"epoch": page["epoch"], "position": page["position"]}) as console:
        id = await waiting(site)
        frame = await console.next("inbox")
        assert frame["reset"] or [row["conversation"] for row in frame["rows"]] == [id]


async def test_two_hundred_changes_at_once_leave_every_console_with_what_the_lists_say(
    site: Site, ana: Agent, ben: Agent
) -> None:
    chance = random.Random(11)
    ids = [await waiting(site) for _ in range(20)]
    page = await ana.get("conversations?view=all")
    start = (page["epoch"], page["position"])
    feeds = [Feed(*start), Feed(*start)]
    at = {"epoch": start[0], "position": start[1]}

    async def change(n: int) -> None:
        await asyncio.sleep(chance.uniform(0, 1.0))
        id = chance.choice(ids)
        for _ in range(6):  # whoever waits too long for the one writer comes again, as a client does
            with suppress(Unavailable):
                await site.bot.change(id, lambda c: c.said(f"{n}", sender="x", cid=f"m{n}", at=AT))
                return

    async with ana.console(inbox=at) as one, ben.console(inbox=at) as two:
        await asyncio.gather(*(change(n) for n in range(200)))
        head = (await site.bot.inbox.position())[1]
        assert head == start[1] + 200
        await asyncio.gather(*(feed.until(tab, head) for feed, tab in zip(feeds, (one, two), strict=True)))
    expected = {id: row for id, row in (await lists(ana)).items() if row["head"] > 2}
    for feed in feeds:
        assert feed.rows == expected
        assert feed.n_resets == 0


async def test_a_feed_that_failed_halfway_misses_nothing(
    site: Site, ana: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts, tries = site.bot.inbox.counts, 0

    async def away_once(agent: str) -> Any:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise Unavailable("the database cannot be used now")
        return await counts(agent)

    await waiting(site)
    async with ana.console() as console:
        await console.next("presence")
        monkeypatch.setattr(site.bot.inbox, "counts", away_once)
        id = await waiting(site)
        assert [row["conversation"] for row in (await console.next("inbox"))["rows"]] == [id]
        assert tries == 2


async def test_the_longest_rows_fit_through_the_socket(site: Site, ana: Agent) -> None:
    """What a customer may make a row hold must not close every console that is behind."""
    await waiting(site)
    epoch, position = await site.bot.inbox.position()
    for n in range(80):
        await begin(site.bot, f"long{n}", page="\x01" * 2_000)
        await site.bot.change(f"long{n}", lambda c: c.said("\x02" * 200 + "x", sender="x", cid="m", at=AT))
    feed = Feed(epoch, position)
    async with ana.console(inbox={"epoch": epoch, "position": position}) as console:
        await feed.until(console, position + 80)
    assert (len(feed.rows), feed.n_resets) == (80, 0)


async def test_a_heartbeat_brings_what_another_process_wrote(site: Site, ana: Agent) -> None:
    object.__setattr__(site.doors, "heartbeat_s", 0.3)
    id = await waiting(site)
    async with ana.console(id) as console:
        await open_one(console, id)
        for n in (3, 4):
            # Past the hub, as another process does.
            await site.bot.store.change(id, lambda c, n=n: c.said("hm?", sender="x", cid=f"p{n}", at=AT))
            missing = {"event", "inbox"}
            while missing:
                frame = await console.next()
                if frame["type"] == "ping":
                    await console.tell("pong", n=frame["n"])
                if n in (frame.get("seq"), *(row["head"] for row in frame.get("rows", ()))):
                    missing.discard(frame["type"])


# ── a colleague's replies (R32) ──


async def test_a_colleagues_replies_are_never_missed_however_often_the_line_is_cut(
    site: Site, ana: Agent, ben: Agent
) -> None:
    chance = random.Random(3)
    id = await waiting(site)
    known: dict[int, str] = {}
    has_said_all = asyncio.Event()
    n_cuts = 0

    async def say(console: Tab) -> None:
        for n in range(200):
            await console.tell("send", id=f"s{n}", cid=f"s{n}", text=f"reply {n}")
            await console.next("ack", ref=f"s{n}")
        has_said_all.set()

    def keep(frames: list[Frame]) -> None:
        for frame in frames:
            if frame["type"] == "event" and frame["conversation"] == id:
                last = max(known, default=0)
                assert frame["seq"] <= last + 1, "no hole"
                if frame["seq"] == last + 1:
                    known[frame["seq"]] = frame["body"].get("text", "")

    async def watch() -> None:
        nonlocal n_cuts
        while True:
            position = {"conversation": id, "epoch": "epoch-1", "seq": max(known, default=0)}
            is_last = has_said_all.is_set()
            async with ben.console(id, resume=[position]) as console:
                assert console.seen[0]["conversations"][0]["resumed"] is True
                with suppress(TimeoutError):
                    await asyncio.wait_for(_follow(console), 1.0 if is_last else chance.uniform(0.05, 0.25))
                keep(console.seen)
                console.socket.transport.abort()
            if is_last:
                return
            n_cuts += 1
            await asyncio.sleep(chance.uniform(0, 0.2))

    async with ana.console(id) as console:
        await claim(console, id)
        await asyncio.gather(say(console), watch())
    stored = {event.seq: event.text for event in await site.events(id)}
    assert known == stored
    assert len(stored) == 203
    assert n_cuts >= 3


async def _follow(console: Tab) -> None:
    while True:
        await console.next()


async def test_whoever_was_away_for_long_pages_what_was_said(site: Site, ana: Agent, ben: Agent) -> None:
    id = await waiting(site)
    async with ben.console(id) as console:
        await open_one(console, id)
        await fetched(console, id)
    async with ana.console(id) as mine:
        await claim(mine, id)

        def talk(c: Conversation) -> Conversation:
            for n in range(350):
                c = c.said_by_agent(f"{n}", agent=c.agent or "", name="Ana", cid=f"t{n}", at=AT)
            return c

        await site.bot.change(id, talk)
    async with ben.console(id, resume=[{"conversation": id, "epoch": "epoch-1", "seq": 2}]) as console:
        state = console.seen[0]["conversations"][0]
        assert (state["resumed"], state["head"]) == (False, 353)
        got: list[int] = []
        while len(got) < 353:
            got += await fetched(console, id, len(got))
        assert got == list(range(1, 354))


# ── the bot falls silent ──


async def test_a_claim_stops_the_bot_mid_sentence(start: Start) -> None:
    gate = threading.Event()
    site = await start(plays(f"{TRUE} Bring", gate, " the receipt with you."))
    id = await site.customer()
    async with site.agent("ana") as ana, site.tab(id) as tab, ana.console(id) as console:
        await open_one(console, id)
        await tab.say(QUESTION)
        assert (await console.next("draft"))["text"] == TRUE, "agents watch the draft too"
        await claim(console, id, version=0)
        gate.set()
        await site.worker.idle()
        events = await site.events(id)
        assert [event.kind for event in events] == [Kind.MESSAGE, Kind.CLAIMED]
        assert (await tab.event(Kind.CLAIMED))["seq"] == 2
        assert "draft" not in {frame["type"] for frame in await tab.quiet()}


# ── the door ──

FOREIGN = [
    None, "null", "*", "file://", "about:blank", "javascript:0", "https://evil.example", "http://evil.example:{port}",
    "http://127.0.0.1.evil.example:{port}", "http://evil127.0.0.1:{port}", "http://evil.example/127.0.0.1:{port}",
    "http://127.0.0.1", "http://127.0.0.1:1", "http://127.0.0.1:{port}0", "http://127.0.0.1:0{port}",
    "ws://127.0.0.1:{port}", "ftp://127.0.0.1:{port}", "HTTP://127.0.0.1:{port}", "Http://127.0.0.1:{port}",
    "https://127.0.0.1:{port}.evil.example", "http://127.0.0.1:{port}/", "http://127.0.0.1:{port}/console",
    "http://127.0.0.1:{port}?", "http://127.0.0.1:{port}#", "http://user@127.0.0.1:{port}",
    "http://127.0.0.1:{port}@evil.example", "http://127.1:{port}", "http://2130706433:{port}",
    "http://localhost:{port}", "http://127.0.0.1:{port}, http://evil.example", "127.0.0.1:{port}",
    "//127.0.0.1:{port}", "http://127。0。0。1:{port}", "http://１２７.0.0.1:{port}", "http://xn--127-0.0.1:{port}",
    "moz-extension://127.0.0.1:{port}", "http://[::1]:{port}",
]  # fmt: skip


async def opens(agent: Agent, origin: str | None) -> int:
    """The status the door answers with: 101 is open."""
    headers = {} if origin is None else {"Origin": origin.encode().decode("latin-1")}
    try:
        async with agent.connect(origin=None, additional_headers=headers):
            return 101
    except InvalidStatus as denied:
        return denied.response.status_code


async def test_only_a_page_of_ours_opens_an_agents_socket(site: Site, ana: Agent) -> None:
    port = site.address.partition(":")[2]
    answers = {origin: await opens(ana, origin and origin.replace("{port}", port)) for origin in FOREIGN}
    assert len(answers) >= 30
    assert answers == dict.fromkeys(FOREIGN, 403)
    assert await opens(ana, f"http://{site.address}") == 101
    await eventually(lambda: not site.doors.open)


async def test_with_a_public_address_only_that_one_is_ours(site: Site, ana: Agent) -> None:
    shop = "https://xn--bcher-kva.example:8443"
    object.__setattr__(site.doors, "public_url", "https://bücher.example:8443/chat")
    wrong = ("https://bücher.example:8443", "https://xn--bcher-kva.example", "http://xn--bcher-kva.example:8443",
             "https://XN--BCHER-KVA.example:8443", f"{shop}.evil.example", f"http://{site.address}",
             "https://sub.xn--bcher-kva.example:8443", "https://bucher.example:8443", None)  # fmt: skip
    for origin in wrong:
        assert await opens(ana, origin) == 403, origin
    assert await opens(ana, shop) == 101


@pytest.mark.parametrize("asked", [None, ["bot.v2"], ["chat"]])
async def test_another_subprotocol_is_refused_before_it_opens(site: Site, ana: Agent, asked: Any) -> None:
    with pytest.raises(InvalidStatus) as denied:
        async with ana.connect(subprotocols=asked):
            pass
    assert denied.value.response.status_code == 400


async def hello_with(agent: Agent, ticket: str) -> int:
    """The code a socket with this ticket is closed with; 0 when it was greeted."""
    async with agent.connect() as socket:
        tab = Tab(socket, "")
        await tab.tell("hello", ticket=ticket)
        try:
            await tab.next("welcome")
            return 0
        except ConnectionClosed:
            return socket.close_code or -1


async def test_a_ticket_opens_one_socket_and_only_at_its_own_door(
    site: Site, ana: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await site.customer()
    ticket = await ana.ticket()
    assert await hello_with(ana, ticket) == 0
    assert await hello_with(ana, ticket) == 4500, "once"
    assert await hello_with(ana, "made up") == 4500
    assert await hello_with(ana, await site.ticket(id)) == 4500, "a customer's"
    async with site.connect() as socket:
        tab = Tab(socket, id)
        await tab.tell("hello", ticket=await ana.ticket())
        assert await tab.closed() == 4500, "an agent's at the customers' door"
    monkeypatch.setattr(site.doors.agent_tickets, "_lifetime", -0.001)
    assert await hello_with(ana, await ana.ticket()) == 4500, "old"


async def test_a_ticket_of_a_session_that_ended_opens_nothing(site: Site, ana: Agent) -> None:
    ticket = await ana.ticket()
    await ana.post("logout")
    assert await hello_with(ana, ticket) == 4500


async def test_a_database_that_is_away_at_the_door_says_come_back(
    site: Site, ana: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticket = await ana.ticket()

    async def away(*arguments: Any) -> Any:
        raise Unavailable("the database cannot be used now")

    with monkeypatch.context() as broken:
        broken.setattr(site.bot.roster, "session", away)
        assert await hello_with(ana, ticket) == 4004
    assert await hello_with(ana, await ana.ticket()) == 0


@pytest.mark.parametrize(
    ("first", "code"),
    [
        ('{"type":"pong","n":1}', "no_hello"), ("not json", "malformed"), ('{"type":"hello"}', "malformed"),
        ('{"type":"hello","ticket":"x"}', "bad_ticket"), (b"\x00", "binary"),
    ],
)  # fmt: skip
async def test_the_first_frame_is_a_hello_with_a_ticket(site: Site, ana: Agent, first: str | bytes, code: str) -> None:
    async with ana.connect() as socket:
        await socket.send(first)
        assert await Tab(socket, "").closed() == wire.CLOSE[code]


async def test_ten_sockets_an_agent_and_no_eleventh(site: Site, ana: Agent, ben: Agent) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(SOCKETS_PER_AGENT):
            await stack.enter_async_context(ana.console())
        assert await hello_with(ana, await ana.ticket()) == wire.CLOSE["too_many_connections"]
        assert await hello_with(ben, await ben.ticket()) == 0, "each has their own"
    await eventually(lambda: not site.doors.open)
    assert await hello_with(ana, await ana.ticket()) == 0


# ── the session ends ──


async def ends(console: Tab, how: Awaitable[Any]) -> float:
    """Seconds from the end of the session to the close of its socket."""
    await console.next("presence")
    await how
    ended = asyncio.get_running_loop().time()
    assert await console.closed() == wire.CLOSE["revoked"] == 4506
    return asyncio.get_running_loop().time() - ended


@pytest.mark.parametrize("how", ["log-out", "disabled", "another role", "revoked", "password"])
async def test_when_the_session_ends_its_sockets_close_within_a_second(site: Site, ana: Agent, how: str) -> None:
    async with site.agent("ana") as second, ana.console() as console, second.console() as other:
        sessions = (await ana.get("sessions"))["sessions"]
        own = next(one["id"] for one in sessions if one["current"])
        ways: dict[str, Callable[[], Awaitable[Any]]] = {
            "log-out": lambda: ana.post("logout"),
            "disabled": lambda: login.disable(site.bot, "ana"),
            "another role": lambda: login.change_role(site.bot, "ana", Role.ADMIN),
            "revoked": lambda: second.post(f"sessions/{own}/revoke"),
            "password": lambda: login.reset_password(site.bot, "ana", "another horse battery"),
        }
        assert await ends(console, ways[how]()) < 1.0
        if how in ("log-out", "revoked"):
            await other.tell("away", on=True)
            assert "error" not in {frame["type"] for frame in await other.quiet()}, "another session goes on"
        else:
            assert await other.closed() == 4506


async def test_after_the_session_ended_the_next_frame_does_nothing(
    site: Site, ana: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_socket, "GUARD_S", 60)
    id = await waiting(site)
    async with ana.console(id) as console:
        await login.disable(site.bot, "ana")
        await console.tell("claim", id="c", cid="c", expect_version=1)
        assert await console.closed() == 4506
        assert "ack" not in {frame["type"] for frame in console.seen}
    assert (await site.bot.store.conversation(id)).status is Status.WAITING


async def test_a_role_changed_back_and_forth_is_another_session(site: Site, ana: Agent) -> None:
    async with ana.console() as console:
        await login.change_role(site.bot, "ana", Role.ADMIN)
        await login.change_role(site.bot, "ana", Role.AGENT)
        assert await console.closed() == 4506


async def test_half_an_hour_after_the_last_click_it_is_over_and_a_click_here_is_one(site: Site, ana: Agent) -> None:
    hands, id = Hands(AT), await waiting(site)
    object.__setattr__(site.bot, "now", hands.now)
    async with ana.console(id) as used, site.agent("ana") as idle, idle.console() as unused:
        hands.go(minutes=29)
        await claim(used, id)
        hands.go(minutes=2)
        assert await unused.closed() == 4506
        await used.tell("note", id="n", cid="n", text="Still here.")
        await used.next("ack", ref="n")


# ── bad frames, and leaving ──


async def test_bad_frames_get_a_code_and_the_socket_stays(site: Site, ana: Agent) -> None:
    async with ana.console("made-up") as console:
        assert await refused(console, "made_up") == ("unknown_type", None)
        assert await refused(console, "rate", score=5) == ("unknown_type", None)
        assert await refused(console, "claim", expect_version=-1) == ("bad_request", None)
        for type, fields in (("claim", {"expect_version": 0}), ("note", {"text": "x"}), ("send", {"text": "x"})):
            assert await refused(console, type, **fields) == ("not_found", None)
        await console.tell("hello", ticket="x")
        assert (await console.next("error"))["code"] == "bad_request"
        await console.tell("read", conversation="made-up", seq=3)
        assert "error" not in {frame["type"] for frame in await console.quiet()}
        await console.socket.send(b"\x00")
        assert await console.closed() == 1003


async def test_sockets_that_come_and_go_leave_nothing_behind(site: Site, ana: Agent) -> None:
    id = await waiting(site)
    before, watching = len(asyncio.all_tasks()), len(site.bot.presence._watching)
    for n in range(12):
        async with ana.console(id) as console:
            await open_one(console, id)
            if n % 2:
                console.socket.transport.abort()
    await eventually(lambda: not site.bot.hub.watched and len(asyncio.all_tasks()) <= before)
    assert not site.doors.open
    assert not site.bot.limits._places["agent"].total
    assert not site.bot.presence.available
    assert len(site.bot.presence._watching) == watching


async def test_a_server_that_stops_says_when_to_come_back(site: Site, ana: Agent) -> None:
    async with ana.console() as console:
        site.server.should_exit = True
        bye = await console.next("bye")
        assert (bye["code"], bye["retry_after_ms"] > 0) == (4001, True)
        assert await console.closed() == 4001
