"""Races for a conversation, on both databases: one winner, and a bot that never talks over a person."""

import asyncio
import random
import shutil
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot import inbox, reply
from bot.access import Agent, Role
from bot.adapters import tables as t
from bot.adapters.rows import as_event, conversation_row, event_row
from bot.adapters.sql import SqlStore
from bot.adapters.sql_database import Database
from bot.adapters.sql_inbox import SqlInbox
from bot.adapters.sql_roster import SqlRoster
from bot.conversation import Author, Conversation, Event, Kind, Reason, Status
from bot.errors import Conflict
from bot.hub import Draft, Item
from bot.ports import Bot, Changed
from bot.worker import Worker
from tests.fakes import AT, FakeIndexes, begin, eventually, fake_bot, plays, stock, writes
from tests.site import Tab, running

TRUE = "You can return unused items within 30 days."
QUESTION = "How do I return a lamp?"
TRIES, AT_ONCE = 1_000, 25


@dataclass
class Desk:
    """The assembled parts over a real database, with a worker that answers; no sockets."""

    bot: Bot
    worker: Worker
    store: SqlStore

    async def events(self, id: str) -> Sequence[Event]:
        return await self.store.events(id, 0, 1_000)

    async def kinds(self, id: str) -> list[Kind]:
        return [event.kind for event in await self.events(id)]


@asynccontextmanager
async def desk_over(url: str) -> AsyncIterator[Desk]:
    database, worker = Database(url), Worker()
    store = SqlStore(database)
    parts: dict[str, Any] = {"inbox": SqlInbox(database), "roster": SqlRoster(database)}
    bot = fake_bot(writes(TRUE), store=store, wake=worker.wake, **parts)
    worker.start(bot)
    try:
        await stock(bot)
        yield Desk(bot, worker, store)
    finally:
        await worker.stop()
        await store.close()


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with desk_over(database_url) as desk:
        yield desk


def agent(n: int = 0, role: Role = Role.AGENT) -> Agent:
    return Agent(f"a{n}", f"login{n}", f"Agent {n}", role, capacity=100_000)


async def waiting(desk: Desk) -> str:
    """In line: two events, version 1."""
    id = await begin(desk.bot, uuid.uuid4().hex)

    def step(c: Conversation) -> Conversation:
        return c.said("Where is my lamp?", sender="ann", cid="q", at=AT).handed_off(Reason.NO_ANSWER, at=AT)

    await desk.bot.change(id, step)
    return id


async def at_once(*work: Awaitable[Changed]) -> list[Changed | BaseException]:
    """All of it, from the same moment on."""
    barrier = asyncio.Barrier(len(work))

    async def one(this: Awaitable[Changed]) -> Changed:
        await barrier.wait()
        return await this

    return await asyncio.gather(*(one(this) for this in work), return_exceptions=True)


def won(results: Sequence[Changed | BaseException]) -> list[Changed]:
    """The winners; everybody else was told why they lost."""
    lost = [one for one in results if isinstance(one, BaseException)]
    assert all(isinstance(one, Conflict) and one.why in ("version", "status") for one in lost), lost
    return [one for one in results if isinstance(one, Changed)]


# ── fifty hands ──


@pytest.mark.parametrize("status", [Status.WAITING, Status.BOT])
async def test_of_fifty_claims_at_once_exactly_one_succeeds(desk: Desk, status: Status) -> None:
    for _ in range(3):
        id = await waiting(desk) if status is Status.WAITING else await begin(desk.bot, uuid.uuid4().hex)
        version = 1 if status is Status.WAITING else 0
        results = await at_once(
            *(inbox.claim(desk.bot, agent(n), id, cid="claim", expected=version) for n in range(50))
        )
        (winner,) = won(results)
        conversation, kinds = await desk.store.conversation(id), await desk.kinds(id)
        assert kinds.count(Kind.CLAIMED) == 1
        assert conversation.agent == winner.conversation.agent == f"a{results.index(winner)}"
        assert (await desk.bot.inbox.row(id)).conversation.version == version + 1


async def test_one_agent_who_clicks_fifty_times_has_claimed_once(desk: Desk) -> None:
    id = await waiting(desk)
    results = await at_once(*(inbox.claim(desk.bot, agent(), id, cid="claim", expected=1) for _ in range(50)))
    assert len(won(results)) == 50, "each retry gets the same answer"
    assert Counter(one.is_duplicate for one in won(results)) == {True: 49, False: 1}
    assert {one.events[-1].seq for one in won(results)} == {3}
    assert await desk.kinds(id) == [Kind.MESSAGE, Kind.HANDED_OFF, Kind.CLAIMED]


# ── nobody is talked over ──


async def asked(desk: Desk, n: int) -> list[str]:
    """n conversations in which the bot owes an answer, written at once."""
    ids = [uuid.uuid4().hex for _ in range(n)]
    made = [Conversation(id, "ann", "e", created_at=AT).said(QUESTION, sender="ann", cid="q", at=AT) for id in ids]
    stamps = {"created_at": AT, "updated_at": AT}
    async with desk.store.database.writing() as connection:
        await connection.execute(insert(t.conversation), [{**conversation_row(c), **stamps} for c in made])
        await connection.execute(insert(t.event), [event_row(c.id, event) for c in made for event in c.fresh])
    return ids


async def test_an_agent_who_claims_while_the_bot_writes_is_never_talked_over(desk: Desk) -> None:
    chance, bot = random.Random(desk.bot.store.database.writer.dialect.name), desk.bot  # type: ignore[attr-defined]
    seen: dict[str, list[Item]] = {}
    ids = await asked(desk, TRIES)

    async def race(id: str, within: float) -> None:
        bot.wake(id)
        await asyncio.sleep(chance.uniform(0, within))
        await inbox.claim(bot, agent(), id, cid="claim", expected=0)

    within = 0.05
    with bot.hub.observe(lambda id, item: seen.setdefault(id, []).append(item)):
        for first in range(0, TRIES, AT_ONCE):
            before = asyncio.get_running_loop().time()
            await asyncio.gather(*(race(id, within) for id in ids[first : first + AT_ONCE]))
            await desk.worker.idle()
            within = min(0.5, max(0.01, (asyncio.get_running_loop().time() - before) * 0.7))  # as long as answers take
    every = await all_events(desk, ids)
    orders = Counter(check(every[id], seen[id]) for id in ids)
    assert sum(orders.values()) == TRIES
    assert min(orders["answered first"], orders["claimed first"]) > TRIES / 20, f"that was no race: {orders}"


async def all_events(desk: Desk, ids: Sequence[str]) -> dict[str, list[Event]]:
    query = select(t.event).where(t.event.c.conversation_id.in_(ids)).order_by(t.event.c.seq)
    found: dict[str, list[Event]] = {id: [] for id in ids}
    async with desk.store.database.reading() as connection:
        for row in await connection.execute(query):
            found[row.conversation_id].append(as_event(row))
    return found


def check(events: Sequence[Event], seen: Sequence[Item]) -> str:
    """Raises for a bot that speaks after the claim; returns who was first."""
    claims = [event.seq for event in events if event.kind is Kind.CLAIMED]
    replies = [event for event in events if event.author is Author.BOT or event.kind is Kind.HANDED_OFF]
    assert len(claims) == 1
    assert [event.answers for event in replies] in ([], [1]), "a question is never answered twice"
    assert not [event for event in replies if event.seq > claims[0]]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    claimed_at = next(n for n, item in enumerate(seen) if isinstance(item, Event) and item.kind is Kind.CLAIMED)
    assert not any(isinstance(item, Draft) for item in seen[claimed_at:]), "nor shows what it would have said"
    return "answered first" if replies else "claimed first"


async def test_a_question_that_meets_the_return_to_the_bot_is_answered_once(desk: Desk) -> None:
    orders: Counter[bool] = Counter()
    for n in range(20):
        id = await waiting(desk)
        await inbox.claim(desk.bot, agent(), id, cid="claim", expected=1)
        given, _ = await asyncio.gather(
            inbox.give_back(desk.bot, agent(), id, cid="back", expected=2),
            reply.receive(desk.bot, id, QUESTION, sender="ann", cid=f"m{n}"),
        )
        await desk.worker.idle()
        events = await desk.events(id)
        question = next(event.seq for event in events if event.cid == f"m{n}")
        assert [event.answers for event in events if event.author is Author.BOT] == [question]
        orders[question < given.events[-1].seq] += 1
    assert sum(orders.values()) == 20


async def test_an_agent_who_leaves_while_giving_it_back_leaves_no_question_open(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = await waiting(desk)
    await inbox.claim(desk.bot, agent(), id, cid="claim", expected=1)
    await reply.receive(desk.bot, id, QUESTION, sender="ann", cid="m")
    began, change = asyncio.Event(), desk.store.change

    async def slow(*arguments: Any, **named: Any) -> Changed:
        began.set()
        await asyncio.sleep(0.02)
        return await change(*arguments, **named)

    heard: list[Item] = []
    with monkeypatch.context() as slowed, desk.bot.hub.observe(lambda id, item: heard.append(item)):
        slowed.setattr(desk.store, "change", slow)
        giving = asyncio.create_task(inbox.give_back(desk.bot, agent(), id, cid="back", expected=2))
        await began.wait()
        giving.cancel()
        await asyncio.gather(giving, return_exceptions=True)
        await eventually(lambda: any(isinstance(item, Event) and item.answers == 4 for item in heard))
    assert (await desk.store.conversation(id)).status is Status.BOT


# ── several who act at once ──


async def test_of_those_who_end_it_return_it_and_pass_it_on_at_once_one_does(desk: Desk) -> None:
    boss, bot = agent(1, Role.SUPERVISOR), desk.bot
    colleague = Agent(uuid.uuid4().hex, uuid.uuid4().hex, "Ben")
    await bot.roster.add_agent(colleague, "hash", AT)
    outcomes = set()
    for _ in range(15):
        id = await waiting(desk)
        await inbox.claim(bot, agent(), id, cid="claim", expected=1)
        results = await at_once(
            inbox.close(bot, agent(), id, cid="close", expected=2),
            inbox.give_back(bot, boss, id, cid="return", expected=2),
            inbox.transfer(bot, agent(), id, colleague.id, cid="transfer", expected=2, text="Yours."),
            inbox.transfer(bot, boss, id, "", cid="requeue", expected=2),
        )
        (winner,) = won(results)
        kinds = await desk.kinds(id)
        assert len(kinds) == 4
        assert kinds[-1] is winner.events[-1].kind
        assert (await desk.store.conversation(id)).status is winner.conversation.status
        outcomes.add(kinds[-1])
    assert outcomes <= {Kind.CLOSED, Kind.RETURNED, Kind.TRANSFERRED, Kind.REQUEUED}


async def test_a_message_is_never_lost_to_a_close(desk: Desk) -> None:
    """It stands before the close, or opens the conversation again and is answered."""
    orders: Counter[str] = Counter()
    for n in range(30):
        id = await waiting(desk)
        await inbox.claim(desk.bot, agent(), id, cid="claim", expected=1)

        async def close(id: str = id, pause: float = (n % 3) * 0.002) -> Changed:
            await asyncio.sleep(pause)
            return await inbox.close(desk.bot, agent(), id, cid="close", expected=2)

        results = await at_once(close(), reply.receive(desk.bot, id, QUESTION, sender="ann", cid="late"))
        await desk.worker.idle()
        assert len(won(results)) == 2, "a message is no change of hands: the close does not fail for it"
        orders[after_close(await desk.events(id))] += 1
    assert set(orders) <= {"before the close", "opened it again"}


def after_close(events: Sequence[Event]) -> str:
    message = next(event.seq for event in events if event.cid == "late")
    close = next(event.seq for event in events if event.kind is Kind.CLOSED)
    rest = [event.kind for event in events if event.seq > close]
    if message < close:
        assert rest == []
        return "before the close"
    assert rest == [Kind.REOPENED, Kind.MESSAGE, Kind.MESSAGE]
    assert (events[-1].author, events[-1].answers) == (Author.BOT, message)
    return "opened it again"


async def test_the_ladder_and_an_agent_do_not_both_move_it(desk: Desk) -> None:
    for _ in range(10):
        id = await waiting(desk)
        await inbox.claim(desk.bot, agent(), id, cid="claim", expected=1)

        def silent(c: Conversation) -> Conversation:
            return c.requeued("silent", at=AT)

        results = await at_once(
            desk.bot.change(id, silent), inbox.close(desk.bot, agent(), id, cid="close", expected=2)
        )
        (winner,) = won(results)
        assert (await desk.kinds(id))[3:] == [winner.events[-1].kind]


# ── a restart in the middle ──


@pytest.fixture(params=["sqlite", "postgresql"])
def own_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that one test has for itself: a server that starts answers whatever is owed in it."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        return f"sqlite:///{shutil.copy(template, tmp_path / 'bot.db')}"
    server, template_name = request.getfixturevalue("postgresql"), request.getfixturevalue("postgresql_template")
    return str(server.create(f"t{uuid.uuid4().hex}", template=template_name))


@pytest.mark.parametrize("pause", [None, 0.0, 0.002, 0.01, 0.05])
async def test_a_claim_during_a_restart_happened_once_or_not_at_all(own_url: str, pause: float | None) -> None:
    indexes = FakeIndexes()
    hangs = plays(f"{TRUE} Bring", None)  # in the middle of its answer
    async with running(own_url, hangs, indexes=indexes) as site:
        await stock(site.bot)
        id = await site.customer()
        async with site.agent("ana") as ana, ana.console(id) as console, site.tab(id) as tab:
            await tab.say(QUESTION)
            await tab.next("draft")
            if pause is None:
                site.server.should_exit = True
            await console.tell("claim", id="c", cid="claim", expect_version=0)
            if pause is not None:
                await asyncio.sleep(pause)
                site.server.should_exit = True
            acked = await until_closed(console)
    async with running(own_url, writes(TRUE), indexes=indexes) as site:
        async with site.agent("ana") as ana, ana.console(id) as console:
            claimed = [event.seq for event in await site.events(id) if event.kind is Kind.CLAIMED]
            await console.tell("claim", id="again", cid="claim", expect_version=0)
            again = await console.next("ack", ref="again")
            assert again["duplicate"] is bool(claimed)
            if acked:
                assert again == acked | {"ref": "again", "duplicate": True}
        await site.worker.idle()
        events = await site.events(id)
    claim = next(event.seq for event in events if event.kind is Kind.CLAIMED)
    assert claim == again["seq"]
    assert [event.kind for event in events].count(Kind.CLAIMED) == 1
    assert not [event for event in events if event.author is Author.BOT and event.seq > claim]
    assert not claimed or len(events) == 2, "claimed before the restart: the bot says nothing after it"


async def until_closed(console: Tab) -> dict[str, Any]:
    """The ack of the claim, if it came before the server was gone; else nothing."""
    await console.closed()
    return next((frame for frame in console.seen if frame["type"] == "ack"), {})
