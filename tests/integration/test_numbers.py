"""What the Records port promises, on SQLite and PostgreSQL: histories written by the store, counted from its rows."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot.adapters import sql_numbers, tables
from bot.adapters.sql import SqlStore
from bot.adapters.sql_database import Database
from bot.adapters.sql_numbers import SqlNumbers
from bot.conversation import Conversation, Evidence, Reason
from bot.desk import Records
from bot.engagements import Engagement, Fact, engagements
from bot.numbers import numbers
from bot.ports import Session, Step

AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
HIT = {"passage": "p1", "title": "How do I return it?", "score": 0.61}
EVIDENCE = Evidence("a gift?", "gift", "clarify", "clarify", hits=(HIT, {"title": "no"}), score=0.42, prompt="long")


@dataclass
class Shop:
    """Conversations on a database of one test's own; every step comes ten seconds after the one before."""

    store: SqlStore
    records: Records
    at: datetime = AT
    ids: list[str] = field(default_factory=list)

    async def begin(self, customer: str = "ann", language: str = "en") -> str:
        self.ids.append(id := f"c{len(self.ids) + 1:04}")
        conversation = Conversation(id, customer, "epoch", language=language)
        await self.store.start(conversation, Session(f"s-{id}", customer, id), f"hash-{id}", self.at)
        return id

    async def change(self, id: str, step: Step) -> Conversation:
        self.at += timedelta(seconds=10)
        return (await self.store.change(id, step)).conversation

    async def asks(self, id: str, text: str = "may I return it?") -> int:
        return (await self.change(id, lambda c: c.said(text, sender="s", cid="", at=self.at))).head

    async def bot(self, id: str, source: str = "generated", text: str = "Yes.", evidence: Evidence = EVIDENCE) -> None:
        def step(c: Conversation) -> Conversation:
            asked = c.unanswered[0].seq
            return c.replied(text, answers=asked, at=self.at, data={"source": source}, evidence=evidence)

        await self.change(id, step)

    async def hands_off(self, id: str, reason: Reason = Reason.NO_ANSWER) -> None:
        def step(c: Conversation) -> Conversation:
            return c.handed_off(reason, at=self.at, answers=c.unanswered[0].seq, evidence=EVIDENCE)

        await self.change(id, step)

    async def rates(self, id: str, score: int, about: int | None = None) -> None:
        await self.change(id, lambda c: c.rated(score, sender="s", cid="", at=self.at, about=about, comment="so so"))

    async def facts(self, since: datetime = AT, until: datetime | None = None) -> list[Fact]:
        until = until or self.at + timedelta(seconds=1)
        return [fact async for facts in self.records.facts(since, until) for fact in facts]

    async def engagements(self) -> list[Engagement]:
        return [one async for facts in self.records.facts(AT, self.at + timedelta(1)) for one in engagements(facts)]


@pytest.fixture
def url(empty_database: Callable[[], str]) -> str:
    return empty_database()


@pytest.fixture
async def shop(url: str) -> AsyncIterator[Shop]:
    database = Database(url)
    async with database.writing() as connection:
        await connection.run_sync(tables.metadata.create_all)
    yield Shop(SqlStore(database), SqlNumbers(database))
    await database.close()


async def test_facts_carry_what_each_kind_of_event_has_and_never_a_text(shop: Shop) -> None:
    id = await shop.begin("ann", "zh")
    await shop.asks(id, "secret words")
    await shop.bot(id, "verbatim", "secret reply")
    await shop.rates(id, 1, about=2)
    await shop.asks(id)
    await shop.hands_off(id)
    await shop.change(id, lambda c: c.claimed("a1", "Ann", at=shop.at))
    await shop.change(id, lambda c: c.said_by_agent("secret", agent="a1", name="Ann", cid="", at=shop.at))
    await shop.change(id, lambda c: c.noted("secret note", agent="a1", name="Ann", cid="n", at=shop.at))
    await shop.change(id, lambda c: c.transferred("a2", "Bo", at=shop.at))
    await shop.change(id, lambda c: c.closed(at=shop.at))
    await shop.rates(id, 4)
    facts = await shop.facts()
    own = {"conversation": id, "customer": "ann", "language": "en"}
    assert [fact.seq for fact in facts] == [1, 2, 3, 4, 5, 6, 7, 9, 10, 11]
    assert [fact.at for fact in facts][:2] == [AT + timedelta(seconds=10), AT + timedelta(seconds=20)]

    def expected(seq: int, kind: str, author: str, **fields: object) -> Fact:
        return Fact(seq=seq, kind=kind, author=author, at=AT + timedelta(seconds=10 * seq), **{**own, **fields})  # type: ignore[arg-type]

    assert [replace(fact, language="en") for fact in facts] == [
        expected(1, "message.created", "customer"),
        expected(2, "message.created", "bot", source="verbatim", answers=1),
        expected(3, "conversation.rated", "customer", score=1, about=2),
        expected(4, "message.created", "customer"),
        expected(5, "conversation.handed_off", "system", reason="no_answer", answers=4),
        expected(6, "conversation.claimed", "system", agent_id="a1", agent_name="Ann"),
        expected(7, "message.created", "agent", agent_id="a1", agent_name="Ann"),
        expected(9, "conversation.transferred", "system", agent_id="a2", agent_name="Bo"),
        expected(10, "conversation.closed", "system"),
        expected(11, "conversation.rated", "customer", score=4),
    ]
    assert "secret" not in repr(facts)


async def test_the_figures_of_a_conversation_that_was_stored(shop: Shop) -> None:
    id = await shop.begin()
    await shop.asks(id)
    await shop.bot(id)
    await shop.asks(id)
    await shop.hands_off(id)
    await shop.change(id, lambda c: c.claimed("a1", "Ann", at=shop.at))
    await shop.change(id, lambda c: c.said_by_agent("here", agent="a1", name="Ann", cid="", at=shop.at))
    await shop.change(id, lambda c: c.closed(at=shop.at))
    await shop.rates(id, 5)
    figures = numbers(await shop.engagements(), days=7, now=shop.at, zone=UTC)
    now = figures.now
    assert (now.conversations, now.handoffs, now.handled_by_bot, now.questions, now.answered) == (1, 1, 0, 2, 1)
    assert (now.waiting_s.median, now.first_response_s.median, now.csat_human.mean) == (10.0, 20.0, 5.0)
    assert [(agent.id, agent.name, agent.replies) for agent in figures.agents] == [("a1", "Ann", 1)]


async def test_a_correction_of_what_was_told_before_is_no_agents_reply(shop: Shop) -> None:
    id = await shop.begin()
    await shop.asks(id)
    await shop.bot(id)
    corrects = {"passage": "p1", "retired_at": AT.isoformat(), "told": 2}
    before = await shop.engagements()
    await shop.change(id, lambda c: c.corrected("No.", corrects, agent="a1", name="Ana", cid="k", at=AT))
    assert await shop.engagements() == before
    assert before[0].is_bots


async def test_conversations_are_read_whole_when_anything_happened_in_the_period(shop: Shop) -> None:
    old, running = await shop.begin(), await shop.begin()
    await shop.begin()  # opened the widget and said nothing
    await shop.asks(old)
    await shop.asks(running)
    shop.at = since = AT + timedelta(days=3)
    await shop.bot(running)
    later = await shop.begin()
    shop.at += timedelta(days=3)
    await shop.asks(later)
    read = await shop.facts(since, shop.at)
    assert [(fact.conversation, fact.seq) for fact in read] == [(running, 1), (running, 2), (later, 1)]
    assert {fact.conversation for fact in await shop.facts(since, since + timedelta(seconds=1))} == {running}
    assert await shop.facts(shop.at + timedelta(1), shop.at + timedelta(2)) == []


async def test_pages_come_together_without_gaps(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_numbers, "PAGE", 3)
    for _ in range(8):
        id = await shop.begin()
        await shop.asks(id)
        await shop.bot(id, "clarify")
    assert [one.conversation for one in await shop.engagements()] == shop.ids
    assert len(await shop.records.unanswered(AT, 100)) == 8


async def test_characters_that_no_text_may_hold_do_not_stop_the_count(shop: Shop) -> None:
    """PostgreSQL refuses to look into JSON that holds one, wherever it stands."""
    id = await shop.begin()
    await shop.asks(id)
    odd = replace(EVIDENCE, prompt="\x00", draft="\ud800")
    await shop.bot(id, "clarify", "before", odd)
    bodies = ["a\x00b", "a\ud800b", "a\\u0000b", "\\\x00", "🤷🏽‍♀️", '"\x00"']
    for text in bodies:
        body = {"text": text, "answers": 1, "data": {"source": "clarify", "note": text}}
        async with shop.store.database.writing() as connection:
            await connection.execute(update(tables.event).where(tables.event.c.seq == 2).values(body=body))
        (_, fact) = await shop.facts()
        assert (fact.source, fact.answers) == ("clarify", 1)
    assert len(await shop.records.unanswered(AT, 9)) == 1


async def test_numbers_that_are_none_are_left_out(shop: Shop) -> None:
    id = await shop.begin()
    await shop.asks(id)
    await shop.rates(id, 4)
    body = {"data": {"score": "a lot", "about": 1.5}}
    async with shop.store.database.writing() as connection:
        await connection.execute(update(tables.event).where(tables.event.c.seq == 2).values(body=body))
    (_, fact) = await shop.facts()
    assert fact.score is None


# ── questions without a good answer ──


async def test_what_is_unanswered(shop: Shop) -> None:
    handed, unsure, disliked, fine = [await shop.begin() for _ in range(4)]
    await shop.asks(handed, "Do you ship to Norway?")
    await shop.hands_off(handed)
    await shop.asks(unsure, "你们可以送到挪威吗？")
    await shop.bot(unsure, "clarify")
    await shop.asks(disliked, "hello")
    await shop.bot(disliked, "canned")
    await shop.asks(disliked, "And to Iceland?")
    await shop.bot(disliked)
    await shop.rates(disliked, 1, about=4)
    await shop.asks(fine)
    await shop.bot(fine)
    await shop.asks(fine, "a person please")
    await shop.hands_off(fine, Reason.ASKED)
    found = await shop.records.unanswered(AT, 100)
    assert [(one.conversation, one.seq, one.text, one.language) for one in found] == [
        (disliked, 3, "And to Iceland?", "en"),
        (unsure, 1, "你们可以送到挪威吗？", "zh"),
        (handed, 1, "Do you ship to Norway?", "en"),
    ]
    assert {(one.best_title, one.best_score) for one in found} == {("How do I return it?", 0.42)}
    assert found[-1].at == AT + timedelta(seconds=10)


async def test_a_thumbs_down_that_was_taken_back_is_none(shop: Shop) -> None:
    id = await shop.begin()
    await shop.asks(id)
    await shop.bot(id)
    await shop.rates(id, 1, about=2)
    await shop.rates(id, 5, about=2)
    assert await shop.records.unanswered(AT, 9) == []


async def test_only_the_newest_are_read_and_none_from_before(shop: Shop) -> None:
    ids = [await shop.begin() for _ in range(4)]
    for id in ids:
        await shop.asks(id, f"question in {id}")
        await shop.hands_off(id)
    assert [one.conversation for one in await shop.records.unanswered(AT, 2)] == [ids[3], ids[2]]
    third = AT + timedelta(seconds=50)
    assert [one.conversation for one in await shop.records.unanswered(third, 9)] == [ids[3], ids[2]]
    assert await shop.records.unanswered(AT, 0) == []


async def test_a_hand_off_without_evidence_has_no_nearest_passage(shop: Shop) -> None:
    id = await shop.begin()
    seq = await shop.asks(id)
    await shop.change(id, lambda c: c.handed_off(Reason.NO_ANSWER, at=shop.at, answers=seq))
    (one,) = await shop.records.unanswered(AT, 9)
    assert (one.best_title, one.best_score) == ("", 0.0)


async def test_conversations_are_counted_by_status(shop: Shop) -> None:
    asked, waiting, _ = [await shop.begin() for _ in range(3)]
    await shop.asks(asked)
    await shop.asks(waiting)
    await shop.hands_off(waiting)
    assert await shop.records.statuses() == {"bot": 1, "waiting": 1}
