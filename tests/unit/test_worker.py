"""One task per conversation: in order within, beside each other across, and nothing owed is forgotten."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from bot import reply, worker
from bot.conversation import Author
from bot.errors import Unavailable
from bot.ports import Bot, Changed, Generator, Step
from bot.worker import Worker
from tests.fake_store import FakeStore
from tests.fakes import HANG, FakeGenerator, begin, eventually, plays, shop_bot, writes

TRUE = "You can return unused items within 30 days."


@pytest.fixture
async def crew() -> AsyncIterator[Worker]:
    crew = Worker()
    yield crew
    await crew.stop()


async def hired(crew: Worker, generator: Generator, store: FakeStore | None = None) -> Bot:
    bot = await shop_bot(generator, store=store, wake=crew.wake)
    crew.start(bot)
    return bot


async def asks(bot: Bot, id: str = "c1", cid: str = "m1", text: str = "How do I return a lamp?") -> None:
    await reply.receive(bot, id, text, sender="ann", cid=cid)


async def answers(bot: Bot, id: str = "c1") -> list[int | None]:
    events = (await bot.store.conversation(id)).events
    return [event.answers for event in events if event.author is Author.BOT]


async def test_a_question_is_answered_without_anybody_waiting_for_it(crew: Worker) -> None:
    bot = await hired(crew, writes(TRUE))
    await begin(bot)
    await asks(bot)
    await crew.idle()
    assert await answers(bot) == [1]


async def test_waking_twice_answers_once(crew: Worker) -> None:
    generator = writes(TRUE)
    bot = await hired(crew, generator)
    await begin(bot)
    await asks(bot)
    for _ in range(5):
        crew.wake("c1")
    await crew.idle()
    crew.wake("c1")
    await crew.idle()
    assert await answers(bot) == [1]
    assert len(generator.prompts) == 1


async def test_questions_that_come_during_an_answer_are_answered_in_order(crew: Worker) -> None:
    gate = threading.Event()
    bot = await hired(crew, plays(gate, TRUE))
    await begin(bot)
    await asks(bot, cid="m1", text="How do I return a lamp?")
    await asyncio.sleep(0.01)
    await asks(bot, cid="m2", text="How do I return a chair?")
    await asks(bot, cid="m3", text="How do I return a table?")
    gate.set()
    await crew.idle()
    assert await answers(bot) == [1, 2, 3]


async def test_a_question_that_comes_as_the_last_one_ends_is_not_forgotten(crew: Worker) -> None:
    bot = await hired(crew, writes(TRUE))
    await begin(bot)
    for n in range(20):
        await asks(bot, cid=f"m{n}", text=f"How do I return lamp number {n}?")
        for _ in range(n):
            await asyncio.sleep(0)
    await crew.idle()
    assert len(await answers(bot)) == 20


async def test_conversations_do_not_wait_for_each_other(crew: Worker) -> None:
    gate, began = threading.Event(), threading.Event()

    class FirstIsSlow(FakeGenerator):
        def generate(self, prompt, sampling, cancelled=lambda: False):  # type: ignore[no-untyped-def]
            if not began.is_set():
                began.set()
                self._wait(gate, cancelled)
            yield TRUE

    store = FakeStore()
    bot = await hired(crew, FirstIsSlow(), store)
    for id in ("slow", "quick"):
        await begin(bot, id)
    await asks(bot, "slow")
    await eventually(began.is_set)
    await asks(bot, "quick")
    await eventually(lambda: any(event.answers for event in store.log["quick"]))
    assert await answers(bot, "slow") == []
    gate.set()
    await crew.idle()
    assert await answers(bot, "slow") == [1]


class FlakyStore(FakeStore):
    """Cannot commit a reply the first few times."""

    failures = 3

    async def change(self, id: str, step: Step, *, sender: str = "", cid: str = "") -> Changed:
        if not cid and self.failures:
            self.failures -= 1
            raise Unavailable("the database is away")
        return await super().change(id, step, sender=sender, cid=cid)


async def test_a_commit_that_fails_is_tried_again(crew: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "PAUSES_S", (0.001,))
    bot = await hired(crew, writes(TRUE), FlakyStore())
    await begin(bot)
    await asks(bot)
    await crew.idle()
    assert await answers(bot) == [1]


async def test_a_conversation_that_is_gone_is_let_go(crew: Worker) -> None:
    await hired(crew, writes(TRUE))
    crew.wake("nowhere")
    async with asyncio.timeout(1):
        await crew.idle()


async def test_a_restart_resumes_what_was_left_open() -> None:
    first, generator = Worker(), plays(HANG)
    bot = await hired(first, generator)
    for id in ("c1", "c2", "silent"):
        await begin(bot, id)
    await asks(bot, "c1")
    await asks(bot, "c2")
    await asyncio.sleep(0.01)
    await first.stop()
    assert await answers(bot, "c1") == []

    second = Worker()
    again = await shop_bot(writes(TRUE), store=bot.store, wake=second.wake)
    second.start(again)
    assert await second.resume() == 2
    await second.idle()
    assert [await answers(again, id) for id in ("c1", "c2", "silent")] == [[1], [1], []]
    assert await second.resume() == 0
    await second.stop()


async def test_after_the_stop_nothing_is_begun(crew: Worker) -> None:
    bot = await hired(crew, plays(HANG))
    await begin(bot)
    await asks(bot)
    await asyncio.sleep(0.01)
    crew.wake("c1")
    await crew.stop()
    crew.wake("c1")
    async with asyncio.timeout(1):
        await crew.idle()
    assert await answers(bot) == []
    assert await bot.store.owing() == ("c1",)


async def test_before_the_start_waking_does_nothing() -> None:
    crew = Worker()
    crew.wake("c1")
    await crew.idle()
