"""What the Recalled port promises, on SQLite and PostgreSQL: who was told what is gone, and how that was settled."""

import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from bot.access import Agent
from bot.adapters import tables
from bot.adapters.sql import SqlStore
from bot.adapters.sql_database import Database
from bot.adapters.sql_recall import SqlRecall
from bot.conversation import Conversation, Reason
from bot.errors import Conflict
from bot.knowledge import Citation, Document, Passage
from bot.ports import Session, Step
from bot.recall import settles
from bot.recalled import Gone, Told

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANA = Agent("ana", "ana", "Ana")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def hour(n: float) -> datetime:
    return AT + timedelta(hours=n)


def passage(text: str, key: str = "faqs/returns.md#how", title: str = "How do I return it?") -> Passage:
    return Passage(key, key, title, text, "en")


OLD, NEW, OTHER = passage("Within 30 days."), passage("Within 14 days."), passage("Yes.", "faqs/gifts.md#wrap", "Wrap?")


def cited(*passages: Passage) -> tuple[Citation, ...]:
    return tuple(Citation(n, p.document, p.id, p.title, p.text, p.url, 0.9) for n, p in enumerate(passages, start=1))


@dataclass
class Shop:
    database: Database
    store: SqlStore
    recalled: SqlRecall

    async def begin(self, *steps: Step) -> str:
        id = uuid.uuid4().hex
        await self.store.start(Conversation(id, "visitor:1", "e"), Session(f"s-{id}", "visitor:1", id), f"h-{id}", AT)
        await self.do(id, *steps)
        return id

    async def do(self, id: str, *steps: Step) -> None:
        for step in steps:
            await self.store.change(id, step)

    async def publish(self, added: Sequence[Passage], removed: Sequence[Passage] = (), at: datetime = AT) -> None:
        documents = [Document(p.document, p.title, p.kind, p.language, p.text, p.document) for p in added]
        await self.store.apply(documents, added, [one.id for one in removed], at)

    async def told(self, since: datetime = LONG_AGO, conversation: str = "") -> list[tuple[str, int, str]]:
        found = await self.recalled.told(since, conversation)
        return [(one.conversation, one.seq, one.passage) for one in found]

    async def rows(self, table: str) -> list[tuple[object, ...]]:
        async with self.database.reading() as connection:
            return [tuple(row) for row in await connection.execute(select(tables.metadata.tables[table]))]


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    database = Database(database_url)
    async with database.writing() as connection:
        await connection.run_sync(tables.metadata.create_all)
        for table in reversed(tables.metadata.sorted_tables):
            await connection.execute(table.delete())
    shop = Shop(database, SqlStore(database), SqlRecall(database))
    await shop.publish([OLD, OTHER])
    yield shop
    await database.close()


def asks(at: datetime = AT) -> Step:
    return lambda c: c.said("May I return it?", sender="s1", cid=f"m{c.head}", at=at)


def replies(*passages: Passage, at: datetime = AT) -> Step:
    return lambda c: c.replied(passages[0].text, answers=c.unanswered[0].seq, at=at, citations=cited(*passages))


def closes(at: datetime) -> Step:
    return lambda c: c.closed(at=at)


def corrects(told: Told, at: datetime = AT) -> Step:
    return lambda c: c.corrected("It is 14 days now.", settles(told), agent="ana", name="Ana", cid="k", at=at,
                                 citations=cited(NEW))  # fmt: skip


class TestTold:
    async def test_nobody_was_told_wrong_while_all_that_was_said_lives(self, shop: Shop) -> None:
        await shop.begin(asks(), replies(OLD))
        assert await shop.told() == []

    async def test_a_passage_that_is_retired_leads_to_the_messages_that_rest_on_it(self, shop: Shop) -> None:
        one = await shop.begin(asks(), replies(OLD))
        two = await shop.begin(asks(), replies(OTHER, OLD, at=hour(1)))
        await shop.begin(asks(), replies(OTHER))
        await shop.begin(asks())
        await shop.publish([NEW], [OLD], hour(2))
        assert await shop.told() == [(two, 2, OLD.id), (one, 2, OLD.id)]
        (newest, _) = await shop.recalled.told(LONG_AGO)
        assert (newest.at, newest.retired_at) == (hour(1), hour(2))
        await shop.publish([OLD], [NEW], hour(3))
        assert await shop.told() == [], "it is right again"

    async def test_what_an_agent_cited_counts_too(self, shop: Shop) -> None:
        id = await shop.begin(
            asks(), lambda c: c.claimed("ana", "Ana", at=AT),
            lambda c: c.said_by_agent("30 days", agent="ana", name="Ana", cid="a", at=AT, citations=cited(OLD)),
        )  # fmt: skip
        await shop.publish([NEW], [OLD], hour(1))
        assert await shop.told() == [(id, 3, OLD.id)]

    async def test_a_message_that_cites_a_passage_twice_is_there_once(self, shop: Shop) -> None:
        id = await shop.begin(asks(), replies(OLD, OLD))
        await shop.publish([], [OLD], hour(1))
        assert await shop.told() == [(id, 2, OLD.id)]

    async def test_the_open_are_listed_at_any_age_and_the_closed_for_a_while(self, shop: Shop) -> None:
        quiet = await shop.begin(asks(), replies(OLD))
        waiting = await shop.begin(asks(), replies(OLD, at=hour(0.5)), lambda c: c.handed_off(Reason.ASKED, at=AT))
        closed = await shop.begin(asks(), replies(OLD), closes(hour(5)))
        await shop.publish([NEW], [OLD], hour(6))
        assert {id for id, _, _ in await shop.told(hour(5))} == {quiet, waiting, closed}
        assert [id for id, _, _ in await shop.told(hour(5.01))] == [waiting, quiet]
        assert await shop.told(hour(9), closed) == [(closed, 2, OLD.id)], "asked for by name it is found"

    async def test_one_conversation_is_looked_at_by_itself(self, shop: Shop) -> None:
        one, _ = await shop.begin(asks(), replies(OLD)), await shop.begin(asks(), replies(OLD))
        await shop.publish([NEW], [OLD], hour(1))
        assert await shop.told(conversation=one) == [(one, 2, OLD.id)]
        assert await shop.told(conversation="nobody") == []

    async def test_messages_come_with_their_conversations_in_the_order_asked(self, shop: Shop) -> None:
        ids = [await shop.begin(asks(), replies(OLD, at=hour(n)), asks()) for n in range(3)]
        await shop.publish([NEW], [OLD], hour(9))
        told = await shop.recalled.told(LONG_AGO)
        said = await shop.recalled.messages(told)
        assert [row.conversation.id for row, _ in said] == list(reversed(ids))
        assert {(message.seq, message.text) for _, message in said} == {(2, OLD.text)}
        assert list(await shop.recalled.messages([])) == []


class TestSettled:
    async def gone(self, shop: Shop) -> Told:
        await shop.begin(asks(), replies(OLD))
        await shop.publish([NEW], [OLD], hour(1))
        (told,) = await shop.recalled.told(LONG_AGO)
        return told

    async def test_a_correction_settles_it_in_the_same_transaction(self, shop: Shop) -> None:
        told = await self.gone(shop)
        await shop.do(told.conversation, corrects(told, hour(2)))
        assert await shop.told() == []
        assert await shop.rows("recall") == [
            (told.conversation, OLD.id, hour(1), "sent", 3, "ana", "Ana", hour(2)),
        ]
        assert (told.conversation, 3, NEW.id) in await shop.rows("citation"), "what it says now may change again"

    async def test_of_two_corrections_only_the_first_is_sent(self, shop: Shop) -> None:
        told = await self.gone(shop)
        await shop.do(told.conversation, corrects(told))
        with pytest.raises(Conflict):
            await shop.do(told.conversation, corrects(told))
        assert len(await shop.store.events(told.conversation, 0, 99)) == 3

    async def test_what_needs_no_correction_leaves_the_list_and_it_is_known_who_said_so(self, shop: Shop) -> None:
        told = await self.gone(shop)
        await shop.recalled.dismiss(told, ANA, hour(3))
        await shop.recalled.dismiss(told, Agent("ben", "ben", "Ben"), hour(4))
        assert await shop.told() == []
        assert await shop.rows("recall") == [
            (told.conversation, OLD.id, hour(1), "dismissed", None, "ana", "Ana", hour(3)),
        ]

    async def test_a_correction_that_crosses_a_dismissal_counts(self, shop: Shop) -> None:
        told = await self.gone(shop)
        await shop.recalled.dismiss(told, ANA, hour(3))
        await shop.do(told.conversation, corrects(told))
        assert [row[3] for row in await shop.rows("recall")] == ["sent"]
        await shop.recalled.dismiss(told, ANA, hour(5))
        assert [row[3] for row in await shop.rows("recall")] == ["sent"]

    async def test_a_passage_that_came_back_and_went_again_is_another_case(self, shop: Shop) -> None:
        told = await self.gone(shop)
        await shop.recalled.dismiss(told, ANA, hour(2))
        await shop.publish([OLD], [NEW], hour(3))
        await shop.publish([NEW], [OLD], hour(4))
        assert await shop.told() == [(told.conversation, 2, OLD.id)]


class TestHeirs:
    async def heirs(self, shop: Shop, *gone: Passage, at: datetime = AT) -> set[str]:
        return {one.text for one in await shop.recalled.heirs([Gone(one, at) for one in gone])}

    async def test_the_live_passages_of_the_document_are_there(self, shop: Shop) -> None:
        await shop.publish([NEW], [OLD], hour(1))
        assert await self.heirs(shop, OLD, at=hour(1)) == {NEW.text}
        assert await self.heirs(shop) == set()

    async def test_a_reworded_entry_is_found_and_its_old_neighbours_are_not(self, shop: Shop) -> None:
        neighbour = passage("Free.", "faqs/returns.md#cost", "What does it cost?")
        await shop.publish([neighbour])
        reworded = passage("Within 14 days.", "faqs/returns.md#sending-back", "May I send it back?")
        elsewhere = passage("Anything.", "faqs/returns.md.bak#how")
        await shop.publish([reworded, elsewhere], [OLD], hour(1))
        assert await self.heirs(shop, OLD, at=hour(1)) == {reworded.text}

    async def test_an_entry_that_was_brought_back_is_found(self, shop: Shop) -> None:
        reworded = passage("Within 14 days.", "faqs/returns.md#sending-back", "May I send it back?")
        await shop.publish([reworded], [OLD], hour(1))
        await shop.publish([OLD], [reworded], hour(2))
        assert await self.heirs(shop, reworded, at=hour(2)) == {OLD.text}

    async def test_the_same_words_are_found_wherever_they_stand_now(self, shop: Shop) -> None:
        moved = passage(OLD.text, "help/all.md#returns", "Returning")
        await shop.publish([moved], [OLD], hour(1))
        assert await self.heirs(shop, OLD, at=hour(1)) == {moved.text}

    async def test_more_than_one_statement_takes_are_looked_up(self, shop: Shop) -> None:
        gone = [passage(f"Text {n}.", f"old/{n}.md") for n in range(450)]
        await shop.publish([passage("Text 449.", "new.md")])
        assert await self.heirs(shop, *gone) == {"Text 449."}
