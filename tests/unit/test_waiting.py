"""Drafts take turns: a bounded number waits, each by its own deadline, and nobody is met with silence."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest

from bot import reply
from bot.compose import Draft, compose
from bot.errors import Unavailable
from bot.knowledge import Hit
from bot.ports import Bot, Sampling
from bot.waiting import Room
from tests.fakes import AT, POLICY, RETURNS, begin, eventually, fake_bot, shop_bot

TRUE = "You can return unused items within 30 days."
HITS = (Hit(RETURNS, 1.0),)


@dataclass
class Slow:
    """Writes a sentence when it may, and stops when it is cancelled."""

    name: str = "slow"
    context: int = 2_000
    may: threading.Event = field(default_factory=threading.Event)
    n_begun: int = 0
    n_cancelled: int = 0
    at_once: int = 0
    most_at_once: int = 0

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def generate(self, prompt: str, sampling: Sampling, cancelled: Callable[[], bool] = lambda: False) -> Iterator[str]:
        self.n_begun += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            while not self.may.wait(0.002):
                if cancelled():
                    self.n_cancelled += 1
                    return
            yield TRUE
        finally:
            self.at_once -= 1


def drafting(bot: Bot, n: int) -> list["asyncio.Task[Draft]"]:
    return [asyncio.create_task(compose(bot, "How do I return a lamp?", HITS, ())) for _ in range(n)]


# ── the room by itself ──


async def test_who_comes_first_is_served_first_and_who_finds_it_full_is_told() -> None:
    room, order = Room(1, 2), list[int]()
    await room.enter()

    async def wait(n: int) -> None:
        await room.enter()
        order.append(n)

    tasks = [asyncio.create_task(wait(n)) for n in range(2)]
    await eventually(lambda: room.waiting == 2)
    with pytest.raises(Unavailable, match="2 drafts are waiting already"):
        await room.enter()
    room.leave()
    room.leave()
    await asyncio.gather(*tasks)
    assert order == [0, 1]
    assert room.waiting == 0


async def test_who_stops_waiting_leaves_their_place_to_others() -> None:
    room = Room(1, 1)
    await room.enter()
    tired = asyncio.create_task(room.enter())
    await eventually(lambda: room.waiting == 1)
    tired.cancel()
    await asyncio.gather(tired, return_exceptions=True)
    assert room.waiting == 0
    patient = asyncio.create_task(room.enter())
    await eventually(lambda: room.waiting == 1)
    room.leave()
    await patient


async def test_without_room_to_wait_only_those_are_served_who_find_a_place() -> None:
    room = Room(1, 0)
    await room.enter()
    with pytest.raises(Unavailable):
        await room.enter()
    room.leave()
    await room.enter()


# ── with a generator that is slow ──


async def test_so_many_write_so_many_wait_and_the_rest_quotes_the_passage_at_once() -> None:
    generator = Slow()
    bot = fake_bot(generator, room=Room(2, 3), policy=replace(POLICY, first_sentence_s=9.0))
    tasks = drafting(bot, 9)
    await eventually(lambda: sum(task.done() for task in tasks) == 4)
    assert {task.result().error for task in tasks if task.done()} == {"Unavailable: 3 drafts are waiting already"}
    await eventually(lambda: generator.at_once == 2)
    generator.may.set()
    drafts = await asyncio.gather(*tasks)
    assert sum(draft.stands for draft in drafts) == 5
    assert generator.most_at_once == 2
    assert bot.room.waiting == 0


async def test_who_waits_too_long_is_late_by_their_own_deadline() -> None:
    generator, room = Slow(), Room(1, 16)
    bot, hasty = (fake_bot(generator, room=room, policy=replace(POLICY, first_sentence_s=s)) for s in (10.0, 0.1))
    [first] = drafting(bot, 1)
    await eventually(lambda: generator.n_begun == 1)
    late = await asyncio.gather(*drafting(hasty, 5))
    assert [draft.error for draft in late] == ["deadline"] * 5
    assert generator.n_begun == 1, "those that waited never began"
    generator.may.set()
    assert (await first).stands
    assert (await drafting(bot, 1)[0]).stands, "and their places are free again"


async def test_one_that_does_not_hear_keeps_its_place_until_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.compose.STOPPED_S", 0.01)
    may = threading.Event()

    class Deafened(Slow):
        def generate(
            self, prompt: str, sampling: Sampling, cancelled: Callable[[], bool] = lambda: False
        ) -> Iterator[str]:
            may.wait(20)
            yield TRUE

    bot = fake_bot(Deafened(), room=Room(1, 16), policy=replace(POLICY, first_sentence_s=0.1))
    first = (await drafting(bot, 1)[0], await drafting(bot, 1)[0])
    assert [draft.error for draft in first] == ["deadline"] * 2
    may.set()
    await asyncio.sleep(0.05)
    assert (await drafting(bot, 1)[0]).stands


async def test_a_customer_is_answered_however_many_ask() -> None:
    generator = Slow()
    policy = replace(POLICY, first_sentence_s=0.3)
    bot = await shop_bot(generator, room=Room(1, 2), policy=policy)
    outcomes = await asyncio.gather(*(reply.ask(bot, "How do I return something?") for _ in range(12)))
    assert {outcome.source for outcome in outcomes} == {"verbatim"}
    assert all(outcome.citations for outcome in outcomes)


# ── a turn that is dropped ──

TAKEN = {
    "claimed": lambda c: c.claimed("eve", at=AT),
    "closed": lambda c: c.closed(by="customer", at=AT),
}


@pytest.mark.parametrize("how", ["claimed", "closed"])
async def test_a_person_who_takes_over_stops_the_generator_and_the_bot_says_nothing(how: str) -> None:
    generator = Slow()
    bot = await shop_bot(generator, policy=replace(POLICY, first_sentence_s=9.0))
    id = await begin(bot)
    await reply.receive(bot, id, "How do I return something?", sender="ann", cid="1")
    answering = asyncio.create_task(reply.answer(bot, id))
    await eventually(lambda: generator.n_begun == 1)
    began = time.monotonic()
    await bot.change(id, TAKEN[how])
    assert await answering is True
    assert generator.n_cancelled == 1
    assert time.monotonic() - began < 0.5
    said = await bot.store.events(id, 0, 100)
    assert not [event for event in said if event.author == "bot" and event.citations]
    assert await reply.answer(bot, id) is False, "nothing is owed any more"


async def test_a_turn_that_waits_is_dropped_from_the_line() -> None:
    generator = Slow()
    bot = await shop_bot(generator, room=Room(1, 16), policy=replace(POLICY, first_sentence_s=9.0))
    await bot.room.enter()
    id = await begin(bot)
    await reply.receive(bot, id, "How do I return something?", sender="ann", cid="1")
    answering = asyncio.create_task(reply.answer(bot, id))
    await eventually(lambda: bot.room.waiting == 1)
    await bot.change(id, TAKEN["claimed"])
    await answering
    assert (bot.room.waiting, generator.n_begun) == (0, 0)


async def test_a_second_question_meanwhile_drops_nothing() -> None:
    generator = Slow()
    bot = await shop_bot(generator, policy=replace(POLICY, first_sentence_s=9.0))
    id = await begin(bot)
    await reply.receive(bot, id, "How do I return something?", sender="ann", cid="1")
    answering = asyncio.create_task(reply.answer(bot, id))
    await eventually(lambda: generator.n_begun == 1)
    await reply.receive(bot, id, "How long does delivery take?", sender="ann", cid="2")
    generator.may.set()
    await answering
    said = await bot.store.events(id, 0, 100)
    assert [event.answers for event in said if event.author == "bot"] == [1]


async def test_a_worker_that_is_stopped_stops_and_the_question_is_owed_still() -> None:
    generator = Slow()
    bot = await shop_bot(generator, policy=replace(POLICY, first_sentence_s=9.0))
    id = await begin(bot)
    await reply.receive(bot, id, "How do I return something?", sender="ann", cid="1")
    answering = asyncio.create_task(reply.answer(bot, id))
    await eventually(lambda: generator.n_begun == 1)
    answering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await answering
    assert generator.n_cancelled == 1
    assert (await bot.store.conversation(id)).unanswered
