"""Who was told what is no longer so, and what sending a correction does to a conversation, whoever holds it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot import inbox, recall, reply
from bot.access import Agent
from bot.conversation import MAX_TEXT, Author, Conversation, Event, Reason, Status
from bot.desk import Row
from bot.errors import Conflict, Forbidden, NotFound, Refused
from bot.house import House
from bot.knowledge import Citation, Passage
from bot.letters import letters
from bot.ports import Bot
from bot.recalled import Gone, Told
from bot.texts import Texts
from tests.fake_store import FakeStore
from tests.fakes import AT, DELIVERY, RETURNS, SHOP, FakeGenerator, begin, document, fake_bot, shop_bot

ANA, BEN = Agent("ana", "ana", "Ana"), Agent("ben", "ben", "Ben")
NEW = replace(RETURNS, text="You can return unused items within 14 days. Bring the receipt with you.")
LATER = AT + timedelta(minutes=5)


@dataclass
class FakeRecalled:
    """The Recalled port over the fake store; passages are retired one moment after all was said."""

    store: FakeStore
    dismissed: list[tuple[str, str, str]] = field(default_factory=list)
    retired_at: datetime = LATER

    async def told(self, since: datetime, conversation: str = "") -> Sequence[Told]:
        ids = [conversation] if conversation in self.store.log else [] if conversation else list(self.store.log)
        said = [(id, event, one.passage) for id in ids for event in self.store.log[id] for one in event.citations]
        return [
            Told(id, event.seq, event.at, passage, self.retired_at)
            for id, event, passage in reversed(said)
            if passage in self.store.retired and not self._is_settled(id, passage)
        ]

    def _is_settled(self, id: str, passage: str) -> bool:
        sent = [event.data["corrects"]["passage"] for event in self.store.log[id] if event.is_correction]
        return passage in sent or (id, passage) in {one[:2] for one in self.dismissed}

    async def messages(self, told: Sequence[Told]) -> Sequence[tuple[Row, Event]]:
        log, rows = self.store.log, self.store.conversations
        return [(Row(rows[one.conversation], 1, AT), log[one.conversation][one.seq - 1]) for one in told]

    async def heirs(self, gone: Sequence[Gone]) -> Sequence[Passage]:
        return await self.store.live_passages()

    async def dismiss(self, told: Told, agent: Agent, at: datetime) -> None:
        self.dismissed.append((told.conversation, told.passage, agent.id))


async def shop(**parts: Any) -> Bot:
    store = FakeStore()
    bot = fake_bot(store=store, recalled=FakeRecalled(store), **parts)
    await store.apply([document(one) for one in SHOP], SHOP, (), AT)
    return bot


async def told(bot: Bot, id: str = "c1", *passages: Passage) -> str:
    """A customer who asked and got `passages` for an answer."""
    await begin(bot, id)
    cited = tuple(
        Citation(n, one.document, one.id, one.title, one.text, one.url, 1.0)
        for n, one in enumerate(passages or [RETURNS], start=1)
    )
    await reply.receive(bot, id, "May I return it?", sender="s", cid="q")
    await bot.change(id, lambda c: c.replied("Within 30 days.", answers=1, at=AT, citations=cited))
    return id


async def publish(bot: Bot, *live: Passage, gone: Sequence[Passage] = (RETURNS,)) -> None:
    await bot.store.apply([document(one) for one in live], live, [one.id for one in gone], LATER)


async def changed_shop(**parts: Any) -> Bot:
    """One customer was told something that has changed since."""
    bot = await shop(**parts)
    await told(bot)
    await publish(bot, NEW)
    return bot


async def send(bot: Bot, agent: Agent = ANA, **changes: Any) -> Any:
    asked = {"conversation": "c1", "passage": RETURNS.id, "text": "It is 14 days.", "new": NEW.id, "cid": "k1"}
    asked |= changes
    return await recall.send(bot, agent, asked.pop("conversation"), asked.pop("passage"), asked.pop("text"), **asked)


# ── who is affected ──


async def test_whoever_was_told_what_has_changed_is_listed_with_both_texts_and_a_correction() -> None:
    bot = await changed_shop()
    n_cases, (one,) = await recall.affected(bot)
    assert (n_cases, await recall.count(bot)) == (1, 1)
    assert (one.case.old, one.case.new, one.message.text) == (RETURNS, NEW, "Within 30 days.")
    assert one.row.conversation.id == "c1"
    assert one.correction == (
        "What we told you on 1 March 2026 about “How do I return something?” has changed. It is now:\n\n" + NEW.text
    )


async def test_what_was_taken_out_has_no_new_text() -> None:
    bot = await shop()
    await told(bot)
    await publish(bot)
    _, (one,) = await recall.affected(bot)
    assert one.case.new is None
    assert "no longer holds" in one.correction


async def test_nobody_is_affected_by_what_says_the_same_under_another_heading() -> None:
    bot = await shop()
    await told(bot)
    await publish(bot, replace(RETURNS, title="Sending something back", anchor="faqs/returns.md#back"))
    assert await recall.affected(bot) == (0, [])


async def test_each_customer_and_passage_is_one_entry_the_newest_first() -> None:
    bot = await shop()
    await told(bot, "c1", RETURNS, DELIVERY)
    await told(bot, "c2")
    await publish(bot, NEW, gone=[RETURNS, DELIVERY])
    n_cases, found = await recall.affected(bot, limit=2)
    assert (n_cases, len(found)) == (3, 2)
    assert {(one.row.conversation.id, one.case.old.id) for one in found} <= {
        ("c2", RETURNS.id), ("c1", RETURNS.id), ("c1", DELIVERY.id),
    }  # fmt: skip


def test_of_several_messages_the_newest_from_before_the_change_counts() -> None:
    def one(seq: int, minutes: float, conversation: str = "c1") -> Told:
        return Told(conversation, seq, LATER + timedelta(minutes=minutes), "p", LATER)

    said = [one(9, 30), one(7, 0.5), one(5, -1), one(2, -9), one(2, -9, "c2")]
    assert [(found.conversation, found.seq) for found in recall.newest(said)] == [("c1", 7), ("c2", 2)], (
        "one that was on its way during the change was told what was before it"
    )


@pytest.mark.parametrize(("language", "date"), [("zh", "2026年3月2日"), ("en", "2 March 2026")])
def test_days_are_those_of_the_language(language: str, date: str) -> None:
    assert recall.day(datetime(2026, 3, 2, tzinfo=UTC), language) == date


async def test_a_chinese_customer_reads_chinese_and_no_correction_is_longer_than_a_message() -> None:
    bot = await shop()
    await begin(bot, language="zh")
    citation = Citation(1, RETURNS.document, RETURNS.id, RETURNS.title, RETURNS.text, "", 1.0)
    await bot.change("c1", lambda c: c.said("可以退货吗？", sender="s", cid="q", at=AT))
    await bot.change("c1", lambda c: c.replied("30天内。", answers=1, at=AT, citations=(citation,)))
    await publish(bot, replace(RETURNS, text="14 days. " * 900))
    _, (one,) = await recall.affected(bot)
    assert one.correction.startswith("我们在2026年3月1日就")
    assert len(one.correction) == MAX_TEXT
    assert one.correction.endswith("…")


async def test_a_shop_may_word_it_or_switch_it_off() -> None:
    texts = Texts({"en": {"recall.changed": "Correction: {text}"}})
    bot = await changed_shop(house=House(texts=texts))
    assert [one.correction for one in (await recall.affected(bot))[1]] == [f"Correction: {NEW.text}"]
    off = await changed_shop(house=House(texts=Texts({"en": {"recall.changed": ""}})))
    assert [one.correction for one in (await recall.affected(off))[1]] == [""]


# ── sending it ──


async def test_a_correction_is_an_agents_message_that_cites_what_it_says_now() -> None:
    bot = await changed_shop()
    changed = await send(bot)
    (event,) = changed.events
    assert (event.author, event.text, event.sender) == (Author.AGENT, "It is 14 days.", "ana")
    assert [one.passage for one in event.citations] == [NEW.id]
    assert event.answers is None
    assert await recall.affected(bot) == (0, [])


async def test_what_was_taken_out_is_corrected_without_a_citation() -> None:
    bot = await shop()
    await told(bot)
    await publish(bot)
    (event,) = (await send(bot, new="")).events
    assert event.citations == ()


async def test_a_retry_sends_nothing_twice_even_when_it_has_changed_meanwhile() -> None:
    bot = await changed_shop()
    first = await send(bot)
    await publish(bot, replace(NEW, text="Within 7 days."), gone=[NEW])
    again = await send(bot)
    assert again.is_duplicate
    assert again.events[0].seq == first.events[0].seq
    assert len(await bot.store.events("c1", 0, 99)) == 3


async def test_what_changed_once_more_is_looked_at_first() -> None:
    bot = await changed_shop()
    await publish(bot, replace(NEW, text="Within 7 days."), gone=[NEW])
    with pytest.raises(Conflict) as wrong:
        await send(bot)
    assert wrong.value.why == "changed"
    assert len(await bot.store.events("c1", 0, 99)) == 2


async def test_a_colleague_who_was_faster_leaves_nothing_to_send() -> None:
    bot = await changed_shop()
    await send(bot)
    for settle in (send(bot, BEN, cid="k2"), send(bot, ANA, cid="k3")):
        with pytest.raises(Conflict) as wrong:
            await settle
        assert wrong.value.why == "settled"


async def test_two_who_send_at_once_send_one() -> None:
    bot = await changed_shop()
    corrects = recall.settles(Told("c1", 2, AT, RETURNS.id, LATER))
    await bot.change("c1", lambda c: corrected(c, corrects))
    with pytest.raises(Conflict) as wrong:
        await bot.change("c1", lambda c: corrected(c, corrects))
    assert wrong.value.why == "settled"


def corrected(c: Conversation, corrects: Any = None) -> Conversation:
    return c.corrected("14 days.", corrects or {"passage": "p"}, agent="ben", name="Ben", cid=f"k{c.head}", at=LATER)


async def test_what_nobody_may_read_is_refused_and_may_be_sent_again() -> None:
    bot = await changed_shop()
    with pytest.raises(Refused):
        await send(bot, text="  ")
    assert (await send(bot)).events


async def test_only_who_may_answer_may_correct() -> None:
    bot = await changed_shop()
    nobody = replace(ANA, is_active=False)
    for deed in (send(bot, nobody), recall.dismiss(bot, nobody, "c1", RETURNS.id)):
        with pytest.raises(Forbidden):
            await deed


async def test_what_needs_no_correction_leaves_the_list() -> None:
    bot = await changed_shop()
    await recall.dismiss(bot, BEN, "c1", RETURNS.id)
    await recall.dismiss(bot, ANA, "c1", RETURNS.id)
    assert bot.recalled.dismissed == [("c1", RETURNS.id, "ben")]  # type: ignore[attr-defined]
    assert await recall.count(bot) == 0
    with pytest.raises(NotFound):
        await recall.dismiss(bot, BEN, "nobody", RETURNS.id)


# ── whoever holds the conversation ──


async def test_the_bot_still_answers_what_it_owes() -> None:
    bot = await shop_bot(FakeGenerator())
    await begin(bot)
    await reply.receive(bot, "c1", "How long does delivery take?", sender="s", cid="q")
    before = await bot.store.conversation("c1")
    await bot.change("c1", corrected)
    after = await bot.store.conversation("c1")
    assert (after.status, after.unanswered) == (Status.BOT, before.unanswered)
    assert await reply.answer(bot, "c1")
    assert (await bot.store.events("c1", 0, 99))[-1].answers == 1


async def test_who_waits_keeps_their_place() -> None:
    bot = await changed_shop()
    await bot.change("c1", lambda c: c.handed_off(Reason.ASKED, at=AT))
    before = await bot.store.conversation("c1")
    await send(bot)
    after = await bot.store.conversation("c1")
    assert (after.status, after.queue_at, after.waiting_since) == (Status.WAITING, before.queue_at, AT)


async def test_a_colleague_keeps_the_conversation_and_still_owes_the_reply() -> None:
    bot = await changed_shop()
    await bot.change("c1", lambda c: c.handed_off(Reason.ASKED, at=AT).claimed("ben", "Ben", at=AT))
    before = await bot.store.conversation("c1")
    await send(bot, ANA)
    after = await bot.store.conversation("c1")
    assert (after.agent, after.owed_since, after.version) == ("ben", AT, before.version)
    returned = await inbox.give_back(bot, BEN, "c1", cid="r", expected=after.version)
    assert not returned.conversation.unanswered, "the bot had answered all there was"


async def test_a_correction_answers_no_question_that_goes_back_to_the_bot() -> None:
    bot = await shop()
    await begin(bot)
    await bot.change("c1", lambda c: c.claimed("ben", "Ben", at=AT))
    await bot.change("c1", lambda c: c.said("And now?", sender="s", cid="q", at=AT))
    await bot.change("c1", corrected)
    returned = await bot.change("c1", lambda c: c.returned(at=AT))
    assert [question.seq for question in returned.conversation.unanswered] == [2]


async def test_who_takes_a_conversation_owes_what_the_bot_still_owed() -> None:
    bot = await shop()
    await begin(bot)
    await bot.change("c1", lambda c: c.said("And now?", sender="s", cid="q", at=AT))
    await bot.change("c1", corrected)
    claimed = await bot.change("c1", lambda c: c.claimed("ben", "Ben", at=LATER))
    assert claimed.conversation.owed_since == LATER


async def test_a_closed_conversation_stays_closed_until_the_customer_writes() -> None:
    bot = await changed_shop()
    await bot.change("c1", lambda c: c.closed(at=AT))
    await send(bot)
    assert (await bot.store.conversation("c1")).status is Status.CLOSED
    await reply.receive(bot, "c1", "Thank you.", sender="s", cid="q2")
    assert (await bot.store.conversation("c1")).status is Status.BOT


@pytest.mark.parametrize("is_reading", [True, False])
async def test_who_left_an_address_and_is_gone_gets_a_letter(is_reading: bool) -> None:
    bot = await changed_shop()
    await bot.change("c1", lambda c: c.email_left("mia@example.com", sender="s", cid="e", at=AT))
    await bot.change("c1", lambda c: c.closed(at=AT))
    await send(bot)
    events = await bot.store.events("c1", 3, 99)
    sent = list(letters(await bot.store.conversation("c1"), events, House("Lamps"), is_reading))
    assert [(letter.to, "It is 14 days." in letter.text) for _, letter in sent] == (
        [] if is_reading else [("mia@example.com", True)]
    )
