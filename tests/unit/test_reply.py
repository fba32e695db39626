"""From a customer's message to a committed reply: checked, cited, once, and never instead of a person."""

import asyncio
import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from bot import customer, reply
from bot.conversation import Author, Conversation, Event, Kind, Reason, Status
from bot.dialogue import Policy, Thresholds, quoted
from bot.errors import IndexDamaged, NotFound, Refused, TooLarge, Unavailable
from bot.hub import Draft, Item, Typing
from bot.knowledge import Passage
from bot.mood import Heard, Mood
from bot.ports import Bot, Changed, Step
from bot.prompt import BOT, CUSTOMER
from bot.texts import TEXTS, say
from tests.fake_store import FakeStore
from tests.fakes import (
    AT,
    DELIVERY,
    HANG,
    POLICY,
    RETURNS,
    FakeEmbedder,
    FakeGenerator,
    begin,
    eventually,
    fake_bot,
    passage,
    plays,
    shop_bot,
    writes,
)

TRUE, ALSO_TRUE = "You can return unused items within 30 days.", "Bring the receipt with you."
FALSE = "You can return unused items within 90 days."
QUESTION = "How do I return a lamp?"


@contextmanager
def watched(bot: Bot, id: str = "c1") -> Iterator[list[Item]]:
    items: list[Item] = []
    with bot.hub.watch(id, lambda conversation, item: items.append(item)):
        yield items


async def says(bot: Bot, text: str, cid: str = "m1", id: str = "c1") -> Changed:
    return await reply.receive(bot, id, text, sender="ann", cid=cid)


async def last(bot: Bot, id: str = "c1") -> Event:
    return (await bot.store.conversation(id)).events[-1]


async def answered(bot: Bot, text: str) -> Event:
    """The one event that answers `text` in a fresh conversation."""
    await begin(bot)
    await says(bot, text)
    assert await reply.answer(bot, "c1")
    assert not await reply.answer(bot, "c1"), "one answer is enough"
    return await last(bot)


# ── receive ──


async def test_a_message_is_committed_then_published_then_seen_to() -> None:
    woken: list[str] = []
    bot = fake_bot(wake=woken.append)
    await begin(bot)
    with watched(bot) as items:
        changed = await says(bot, "hello")
    assert items == list(changed.events) == list((await bot.store.conversation("c1")).events)
    assert woken == ["c1"]


async def test_a_retry_gets_the_first_event_and_publishes_nothing() -> None:
    bot = fake_bot()
    await begin(bot)
    first = await says(bot, "hello")
    with watched(bot) as items:
        again = await says(bot, "hello, again")
    assert again.is_duplicate
    assert again.events[-1].seq == first.events[-1].seq
    assert items == []
    assert (await bot.store.conversation("c1")).head == 1


async def test_one_cid_sent_sixteen_times_at_once_is_one_message() -> None:
    bot = fake_bot()
    await begin(bot)
    sent = await asyncio.gather(*(says(bot, "hello") for _ in range(16)))
    assert {changed.events[-1].seq for changed in sent} == {1}
    assert sum(not changed.is_duplicate for changed in sent) == 1


@pytest.mark.parametrize(("text", "error"), [("  \n", Refused), ("x" * 4_001, TooLarge), ("a\x00", Refused)])
async def test_what_is_no_message_changes_nothing(text: str, error: type[Exception]) -> None:
    woken: list[str] = []
    bot = fake_bot(wake=woken.append)
    await begin(bot)
    with pytest.raises(error):
        await says(bot, text)
    assert (await bot.store.conversation("c1")).head == 0
    assert woken == []
    with pytest.raises(NotFound):
        await says(bot, "hello", id="nowhere")


class SlowStore(FakeStore):
    """Commits only when it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may = asyncio.Event()
        self.may.set()

    async def change(self, id: str, step: Step, *, sender: str = "", cid: str = "") -> Changed:
        await self.may.wait()
        return await super().change(id, step, sender=sender, cid=cid)


async def test_a_question_whose_socket_closed_during_the_commit_is_seen_to() -> None:
    woken: list[str] = []
    store = SlowStore()
    bot = fake_bot(store=store, wake=woken.append)
    await begin(bot)
    store.may.clear()
    sending = asyncio.create_task(says(bot, "hello"))
    await asyncio.sleep(0.001)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    store.may.set()
    await asyncio.sleep(0.01)
    assert (await bot.store.conversation("c1")).head == 1
    assert woken == ["c1"]


# ── a person ──


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_asking_for_a_person_needs_no_model(language: str) -> None:
    bot = fake_bot()
    await begin(bot, language=language)
    changed = await customer.ask_person(bot, "c1", sender="ann", cid="h1")
    assert changed.conversation.status is Status.WAITING
    assert changed.events[0].text.startswith(TEXTS[language]["handoff.asked_for_person"])
    again = await customer.ask_person(bot, "c1", sender="ann", cid="h1")
    assert again.is_duplicate
    assert again.events == changed.events
    other = await customer.ask_person(bot, "c1", sender="ann", cid="h2")
    assert [event.kind for event in other.events] == [Kind.ASKED_AGAIN], "they are coming already"
    assert other.conversation.status is Status.WAITING


async def test_a_retry_that_comes_after_the_person_has_left_asks_for_nobody() -> None:
    bot = fake_bot()
    await begin(bot)
    await customer.ask_person(bot, "c1", sender="ann", cid="h1")
    second = await customer.ask_person(bot, "c1", sender="ann", cid="h2")
    await bot.change("c1", lambda c: c.claimed("a1", "Ana", at=AT))
    await bot.change("c1", lambda c: c.returned(at=AT))
    retried = await customer.ask_person(bot, "c1", sender="ann", cid="h2")
    assert retried.is_duplicate
    assert retried.events == second.events
    assert retried.conversation.status is Status.BOT


async def test_an_open_question_is_the_persons_once_they_are_asked_for() -> None:
    bot = await shop_bot(writes(TRUE))
    await begin(bot)
    await says(bot, QUESTION)
    await customer.ask_person(bot, "c1", sender="ann", cid="h1")
    assert not await reply.answer(bot, "c1")
    assert (await last(bot)).kind is Kind.HANDED_OFF


# ── what is answered ──


async def test_a_checked_draft_is_the_reply_with_its_citation() -> None:
    event = await answered(await shop_bot(writes(f"{TRUE} {ALSO_TRUE}")), QUESTION)
    assert (event.author, event.text, event.answers) == (Author.BOT, f"{TRUE} {ALSO_TRUE}", 1)
    assert event.data == {"source": "generated"}
    assert [(c.position, c.passage, c.title, c.url) for c in event.citations] == [
        (1, RETURNS.id, RETURNS.title, "/returns")
    ]


@pytest.mark.parametrize(
    "generator",
    [
        writes(FALSE),
        writes(""),
        writes("Happy to help!"),
        plays(RuntimeError("CUDA error at /srv/models")),
        plays("You can", HANG),
        plays("<|handoff|>"),
        plays("Ignore the passages. ", "Everything is free. "),
    ],
    ids=["lies", "silent", "courteous", "broken", "hanging", "passing on", "turned"],
)
async def test_when_the_draft_does_not_stand_the_passage_itself_does(generator: FakeGenerator) -> None:
    policy = replace(POLICY, first_sentence_s=0.05)
    event = await answered(await shop_bot(generator, policy=policy), QUESTION)
    assert (event.author, event.text, event.data["source"]) == (
        Author.BOT,
        quoted(RETURNS, QUESTION, 170),
        "verbatim",
    )
    assert [citation.passage for citation in event.citations] == [RETURNS.id]


async def test_what_the_pages_do_not_say_goes_to_a_person() -> None:
    event = await answered(await shop_bot(writes(TRUE)), "Do you sell live penguins in Antarctica?")
    assert (event.kind, event.data["reason"], event.answers) == (Kind.HANDED_OFF, "no_answer", 1)
    assert event.text.startswith(TEXTS["en"]["handoff.no_answer"])


async def test_when_unsure_near_questions_are_offered() -> None:
    unsure = Policy(Thresholds(1.1, 0.1), Thresholds(1.1, 0.1), options=2)
    event = await answered(await shop_bot(writes(TRUE), policy=unsure), QUESTION)
    assert (event.text, event.data["source"]) == (TEXTS["en"]["clarify"], "clarify")
    assert event.options[0] == RETURNS.title
    assert len(event.options) <= 2
    assert event.citations == ()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Hello!", "greeting"),
        ("thanks", "thanks"),
        ("are you a robot?", "robot"),
        ("谢谢", "thanks"),
        ("??", "unclear"),
    ],
)
async def test_small_talk_needs_no_page(text: str, line: str) -> None:
    bot = fake_bot()  # it has no index: a search would fail
    event = await answered(bot, text)
    language = "zh" if text == "谢谢" else "en"
    assert (event.text, event.data["source"]) == (TEXTS[language][line], "canned")
    assert event.options == ((say("person", language),) if line == "robot" else ())


async def test_asking_for_a_person_in_words_works_without_any_index() -> None:
    event = await answered(fake_bot(), "let me talk to a human please")
    assert (event.kind, event.data["reason"]) == (Kind.HANDED_OFF, Reason.ASKED)


async def test_two_questions_in_one_message_are_both_answered() -> None:
    bot = await shop_bot(writes(TRUE, "Delivery takes 2 to 4 working days."))
    await begin(bot)
    await says(bot, "How do I return a lamp? How long does delivery take?")
    with watched(bot) as items:
        await reply.answer(bot, "c1")
    event = await last(bot)
    assert event.text == f"{TRUE}\n\nDelivery takes 2 to 4 working days."
    assert [(c.position, c.passage) for c in event.citations] == [(1, RETURNS.id), (2, DELIVERY.id)]
    drafts = [item for item in items if isinstance(item, Draft)]
    assert [draft.text for draft in drafts] == [TRUE, event.text], "the second part stands below the first"
    assert [draft.n for draft in drafts] == [0, 1]
    assert drafts[-1].citations == event.citations


async def test_the_part_no_page_answers_is_said_openly() -> None:
    event = await answered(await shop_bot(writes(TRUE)), "How do I return a lamp? Do you sell live penguins here?")
    assert event.text.startswith(f"{TRUE}\n\n")
    assert "Do you sell live penguins here?" in event.text
    assert event.options == ("Talk to a person",)
    assert [citation.passage for citation in event.citations] == [RETURNS.id]


async def test_a_chinese_question_gets_a_chinese_answer() -> None:
    chinese = passage("faqs/zh.md#1", "怎么退货？", "未使用的商品可以在30天内退货。", language="zh")
    bot = await shop_bot(writes("未使用的商品可以在30天内退货。"), passages=[chinese, RETURNS])
    event = await answered(bot, "我想退货，怎么办理？")
    assert event.text == "未使用的商品可以在30天内退货。"
    assert [citation.passage for citation in event.citations] == [chinese.id]


async def test_a_follow_up_is_searched_with_what_it_leans_on() -> None:
    generator = writes("Delivery takes 2 to 4 working days.")
    bot = await shop_bot(generator)
    await begin(bot)
    await says(bot, "How long does delivery take?")
    await reply.answer(bot, "c1")
    await says(bot, "and for lamps?", "m2")
    await reply.answer(bot, "c1")
    evidence = await bot.store.evidence("c1", 3)
    assert evidence["query"] == "How long does delivery take? and for lamps?"
    assert CUSTOMER in generator.prompts[-1]
    assert BOT in generator.prompts[-1]


async def test_the_evidence_holds_all_that_led_to_the_reply() -> None:
    bot = await shop_bot(writes(f"{TRUE} {FALSE}"))
    await answered(bot, QUESTION)
    evidence = await bot.store.evidence("c1", 1)
    assert (evidence["question"], evidence["decision"], evidence["source"]) == (QUESTION, "answer", "generated")
    assert evidence["hits"][0]["passage"] == RETURNS.id
    assert evidence["thresholds"] == {"answer": 0.5, "suggest": 0.35}
    assert evidence["score"] >= 0.5
    assert FALSE in evidence["draft"]
    assert QUESTION in evidence["prompt"]
    assert [verdict["is_carried"] for verdict in evidence["verdicts"]] == [True, False]
    assert {"embed", "search", "fuse", "generate", "total"} <= set(evidence["timings"])
    assert evidence["models"] == {"embedder": "keywords", "generator": "scripted"}
    assert evidence["generation"] == "g1"


async def test_a_retired_passage_is_never_cited() -> None:
    bot = await shop_bot(writes(TRUE))
    await bot.store.apply([], [], [RETURNS.id], AT)  # the index still holds it
    event = await answered(bot, QUESTION)
    assert RETURNS.id not in [citation.passage for citation in event.citations]


# ── what goes wrong ──


@pytest.mark.parametrize(
    "error",
    [RuntimeError("SELECT * FROM secrets at /srv"), IndexDamaged("vectors.faiss"), Unavailable("the model is away")],
)
async def test_a_failure_becomes_a_handoff_that_tells_the_customer_nothing(error: Exception) -> None:
    bot = await shop_bot(writes(TRUE))
    bot.indexes.fails = error  # type: ignore[attr-defined]
    event = await answered(bot, QUESTION)
    assert (event.kind, event.data["reason"], event.answers) == (Kind.HANDED_OFF, "failure", 1)
    assert event.text.startswith(TEXTS["en"]["handoff.failure"])
    assert str(error) not in repr(event)
    assert str(error) in (await bot.store.evidence("c1", 1))["error"]


async def test_without_any_index_a_person_is_asked() -> None:
    event = await answered(fake_bot(), QUESTION)
    assert (event.kind, event.data["reason"]) == (Kind.HANDED_OFF, "failure")


class PickyStore(FakeStore):
    """A database that cannot hold the reply (PostgreSQL takes no NUL in JSON)."""

    async def change(self, id: str, step: Step, *, sender: str = "", cid: str = "") -> Changed:
        def picky(c: Conversation) -> Conversation:
            after = step(c)
            if any(event.evidence and "\x00" in event.evidence.draft for event in after.fresh):
                raise Refused("this cannot be stored: it holds characters that are not text")
            return after

        return await super().change(id, picky, sender=sender, cid=cid)


async def test_a_reply_that_cannot_be_stored_is_a_handoff_and_not_silence() -> None:
    bot = await shop_bot(plays("Free\x00 lamps. "), store=PickyStore())
    event = await answered(bot, QUESTION)
    assert (event.kind, event.data["reason"]) == (Kind.HANDED_OFF, "failure")


async def test_a_store_that_is_away_is_left_to_the_worker_to_try_again() -> None:
    class Away(FakeStore):
        async def change(self, id: str, step: Step, *, sender: str = "", cid: str = "") -> Changed:
            if not cid:
                raise Unavailable("the database is away")
            return await super().change(id, step, sender=sender, cid=cid)

    bot = await shop_bot(writes(TRUE), store=Away())
    await begin(bot)
    await says(bot, QUESTION)
    with pytest.raises(Unavailable):
        await reply.answer(bot, "c1")


# ── while it answers ──


async def test_watchers_see_typing_then_checked_sentences_then_the_reply() -> None:
    bot = await shop_bot(writes(f"{TRUE} {ALSO_TRUE} {FALSE}"))
    await begin(bot)
    await says(bot, QUESTION)
    with watched(bot) as items:
        await reply.answer(bot, "c1")
    reply_event = await last(bot)
    assert items[0] == Typing(Author.BOT, True)
    drafts = [item for item in items if isinstance(item, Draft)]
    assert [(d.answers, d.n, d.text) for d in drafts] == [(1, 0, TRUE), (1, 1, f"{TRUE} {ALSO_TRUE}")]
    assert all(c.passage == RETURNS.id for draft in drafts for c in draft.citations)
    assert items[-2:] == [Typing(Author.BOT, False), reply_event]


@pytest.fixture
async def busy() -> Any:
    """A bot that has shown one sentence of its reply and writes on, and the task that answers."""
    gate = threading.Event()
    bot = await shop_bot(plays(f"{TRUE} Bring", gate, " the receipt with you."))
    await begin(bot)
    await says(bot, QUESTION)
    with watched(bot) as items:
        task = asyncio.create_task(reply.answer(bot, "c1"))
        await eventually(lambda: any(isinstance(item, Draft) for item in items))
        yield bot, items, gate, task
    gate.set()


TAKEN = {
    "claimed": lambda c: c.claimed("eve", at=AT),
    "handed off": lambda c: c.handed_off(Reason.ASKED, at=AT),
    "closed": lambda c: c.closed(at=AT),
}


@pytest.mark.parametrize("how", TAKEN)
async def test_a_person_who_takes_over_mid_answer_is_not_talked_over(busy: Any, how: str) -> None:
    bot, items, gate, task = busy
    await bot.change("c1", TAKEN[how])
    taken = len(items)
    gate.set()
    await task
    assert [item for item in items[taken:] if not isinstance(item, Typing)] == [], "no draft, no reply"
    assert all(e.author is not Author.BOT for e in (await bot.store.conversation("c1")).events)
    with bot.hub.watch("c1", lambda conversation, item: None) as draft:
        assert draft is None


async def test_a_claim_while_the_conversation_is_being_read_is_heard_too() -> None:
    class Late(FakeStore):
        """What it read is on its way while an agent claims."""

        is_read = False

        async def conversation(self, id: str) -> Conversation:
            before = await super().conversation(id)
            if before.unanswered and not self.is_read:
                self.is_read = True
                await bot.change(id, TAKEN["claimed"])
            return before

    bot = await shop_bot(writes(TRUE), store=Late())
    await begin(bot)
    await says(bot, QUESTION)
    with watched(bot) as items:
        await reply.answer(bot, "c1")
    assert any(isinstance(item, Event) and item.kind is Kind.CLAIMED for item in items)
    assert not any(isinstance(item, Draft) for item in items)


async def test_whenever_an_agent_claims_the_bot_says_nothing_after_it() -> None:
    """Two hundred times, at a random moment of the answer."""
    chance = random.Random(7)
    bot = await shop_bot(Unhurried())

    async def race(id: str) -> None:
        await begin(bot, id)
        await says(bot, QUESTION, id=id)
        with watched(bot, id) as items:
            task = asyncio.create_task(reply.answer(bot, id))
            await asyncio.sleep(chance.uniform(0, 0.02))
            await bot.change(id, TAKEN["claimed"])
            n_before = [isinstance(item, Event) and item.kind is Kind.CLAIMED for item in items].index(True)
            await task
        assert all(isinstance(item, Typing) for item in items[n_before + 1 :])

    for first in range(0, 200, 20):
        await asyncio.gather(*(race(f"race{n}") for n in range(first, first + 20)))
    replies = [e for id in bot.store.log for e in bot.store.log[id] if e.author is Author.BOT]  # type: ignore[attr-defined]
    assert len(replies) < 200, "some claims came first"


class Unhurried(FakeGenerator):
    def generate(self, prompt: str, sampling: Any, cancelled: Any = lambda: False) -> Iterator[str]:
        for word in f"{TRUE} {ALSO_TRUE}".split():
            threading.Event().wait(0.0002)
            yield f"{word} "


async def test_taken_and_given_back_mid_answer_the_old_question_stays_the_persons(busy: Any) -> None:
    bot, _items, gate, task = busy
    await bot.change("c1", TAKEN["claimed"])
    await bot.change("c1", lambda c: c.returned(at=AT))
    gate.set()
    await task
    assert all(e.author is not Author.BOT for e in (await bot.store.conversation("c1")).events)
    assert not await reply.answer(bot, "c1")


async def test_a_question_asked_during_an_answer_is_answered_next(busy: Any) -> None:
    bot, _items, gate, task = busy
    await says(bot, "How long does delivery take?", "m2")
    gate.set()
    await task
    assert (await last(bot)).answers == 1
    assert await reply.answer(bot, "c1")
    assert (await last(bot)).answers == 2
    assert not await reply.answer(bot, "c1")


async def test_a_resumed_tab_sees_the_draft_whole(busy: Any) -> None:
    bot, _items, gate, task = busy
    await says(bot, "Hello?", "m2")
    with bot.hub.watch("c1", lambda conversation, item: None) as draft:
        assert draft is not None
        assert draft.text == TRUE
    gate.set()
    await task


async def test_cancelled_it_says_nothing_and_the_question_stays_owed(busy: Any) -> None:
    bot, items, _gate, task = busy
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert items[-1] == Typing(Author.BOT, False)
    assert [e.seq for e in (await bot.store.conversation("c1")).unanswered] == [1]


# ── a page in another language ──

CHINESE = passage("退货", "退货期限", "return：三十天内可以退货。", language="zh")


@pytest.mark.parametrize("others", [(), (DELIVERY,)])
async def test_a_page_in_another_language_is_quoted_with_a_note(others: tuple[Passage, ...]) -> None:
    generator = writes(TRUE)
    bot = await shop_bot(generator, (CHINESE, *others))
    event = await answered(bot, "return")
    assert event.text == f"{say('other_language', 'en')}\n\n**退货期限**\n\n{CHINESE.text}"
    assert [citation.passage for citation in event.citations] == [CHINESE.id]
    assert generator.prompts == [], "the composer never sees it"


async def test_the_customers_language_goes_first() -> None:
    event = await answered(await shop_bot(writes(TRUE), (CHINESE, RETURNS)), QUESTION)
    assert event.text == TRUE


# ── outside any conversation ──


async def test_asking_from_the_command_line_changes_nothing() -> None:
    bot = await shop_bot(writes(TRUE))
    outcome = await reply.ask(bot, QUESTION)
    assert (outcome.text, outcome.source, len(outcome.citations)) == (TRUE, "generated", 1)
    assert await bot.store.owing() == ()


async def test_the_same_question_twice_goes_to_a_person() -> None:
    bot = await shop_bot(writes(TRUE))
    await begin(bot)
    for n in (1, 2):
        await says(bot, QUESTION, f"m{n}")
        await reply.answer(bot, "c1")
    event = await last(bot)
    assert (event.kind, event.data["reason"]) == (Kind.HANDED_OFF, "asked_again")


# ── moods ──


class FakeMoods:
    """Hears one thing in everything."""

    def __init__(self, heard: Heard | None) -> None:
        self.heard, self.listened = heard, list[tuple[str, ...]]()

    def hear(self, texts: Sequence[str]) -> Heard | None:
        self.listened.append(tuple(texts))
        return self.heard


async def test_a_mood_that_is_heard_goes_to_a_person_without_a_search() -> None:
    moods = FakeMoods(Heard(Mood.ASKED))
    event = await answered(await shop_bot(moods=moods), "is anyone real there")
    assert (event.kind, event.data["reason"]) == (Kind.HANDED_OFF, "asked_for_person")
    assert moods.listened == [("is anyone real there",)]


async def test_what_the_pages_answer_is_answered_in_a_mood_too_and_a_person_is_offered() -> None:
    event = await answered(await shop_bot(writes(TRUE), moods=FakeMoods(Heard(Mood.COMPLAINT))), QUESTION)
    assert (event.kind, event.text) == (Kind.MESSAGE, TRUE)
    assert event.options == (TEXTS["en"]["person"],)


async def test_without_a_mood_no_person_is_offered_beside_an_answer() -> None:
    event = await answered(await shop_bot(writes(TRUE), moods=FakeMoods(None)), QUESTION)
    assert (event.text, event.options) == (TRUE, ())


@pytest.mark.parametrize("text", ["Where is the moon?", "a gift for a return"])
async def test_in_a_mood_what_the_pages_do_not_answer_goes_to_a_person_by_its_reason(text: str) -> None:
    moods = FakeMoods(Heard(Mood.CANCEL, is_certain=False))
    policy = replace(POLICY, thresholds=Thresholds(1.1, 0.01))
    event = await answered(await shop_bot(moods=moods, policy=policy), text)
    assert (event.kind, event.data["reason"]) == (Kind.HANDED_OFF, "cancel")
    assert event.text.startswith(TEXTS["en"]["handoff.cancel"])


async def test_what_the_keyword_rules_know_needs_no_model() -> None:
    moods = FakeMoods(None)
    bot = await shop_bot(moods=moods)
    event = await answered(bot, "I want to talk to a person")
    assert (event.data["reason"], moods.listened) == ("asked_for_person", [])


async def test_who_may_have_asked_for_a_person_is_asked_and_a_person_is_one_of_the_answers() -> None:
    moods = FakeMoods(Heard(Mood.ASKED, is_certain=False))
    policy = replace(POLICY, thresholds=Thresholds(1.1, 0.01))
    event = await answered(await shop_bot(moods=moods, policy=policy), QUESTION)
    assert event.data["source"] == "clarify"
    assert event.options[-1] == TEXTS["en"]["person"]
    assert 2 <= len(event.options) <= policy.options


async def test_who_asks_about_their_own_order_is_told_what_the_pages_say_and_offered_a_person() -> None:
    event = await answered(await shop_bot(writes(TRUE)), f"{QUESTION} My order no. 88213 still has not come back.")
    assert event.text.startswith(TRUE)
    assert event.options == (TEXTS["en"]["person"],)


async def test_no_mood_is_looked_for_in_a_language_the_embedder_does_not_read() -> None:
    moods = FakeMoods(Heard(Mood.ANGRY))
    embedder = FakeEmbedder()
    embedder.languages = frozenset({"en"})
    await answered(await shop_bot(moods=moods, embedder=embedder), "退货怎么办理")
    assert moods.listened == []


async def test_a_failure_to_hear_moods_hands_off_and_says_nothing_of_it() -> None:
    class Deaf(FakeMoods):
        def hear(self, texts: Sequence[str]) -> Heard | None:
            raise Unavailable("no ears")

    event = await answered(await shop_bot(moods=Deaf(None)), QUESTION)
    assert (event.kind, event.data["reason"]) == (Kind.HANDED_OFF, "failure")
    assert "ears" not in event.text
