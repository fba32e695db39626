"""The ladder: what follows when nobody comes, by what the database says; a restart forgets none of it."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC
from typing import Any

import pytest

from bot import inbox
from bot.access import Agent
from bot.conversation import Author, Conversation, Event, Kind, Reason, Status
from bot.errors import Unavailable
from bot.hours import Hours
from bot.house import House
from bot.hub import Item, Place
from bot.ladder import Ladder
from bot.line import joining, with_place
from bot.ports import Bot
from bot.texts import Texts, say
from tests.desks import Hands
from tests.fakes import begin, eventually, fake_bot

ANA, BEN = Agent("a1", "ana", "Ana"), Agent("a2", "ben", "Ben")
T1, T2 = 120.0, 300.0


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def bot(hands: Hands) -> Bot:
    return replace(fake_bot(), now=hands.now, house=House("Lamps", claim_s=T1, reply_s=T2))


async def waits(bot: Bot, id: str = "c1", reason: Reason = Reason.NO_ANSWER, **fields: Any) -> str:
    await begin(bot, id, **fields)
    await bot.change(id, lambda c: c.handed_off(reason, at=bot.now()))
    return id


async def claimed(bot: Bot, id: str = "c1") -> str:
    await waits(bot, id)
    await bot.change(id, lambda c: c.claimed("a1", "Ana", at=bot.now()))
    return id


async def kinds(bot: Bot, id: str = "c1") -> list[Kind]:
    return [event.kind for event in await bot.store.events(id, 0, 100)]


async def last(bot: Bot, id: str = "c1") -> Event:
    return (await bot.store.events(id, 0, 100))[-1]


# ── T1: nobody claims ──


async def test_whoever_waits_too_long_is_told_once_and_may_leave_an_address(bot: Bot, hands: Hands) -> None:
    ladder, _ = Ladder(bot), await waits(bot)
    hands.go(seconds=T1 - 1)
    await ladder.see_to_late()
    assert await kinds(bot) == [Kind.HANDED_OFF]
    hands.go(seconds=1)
    for _ in range(3):
        await ladder.see_to_late()
        hands.go(minutes=10)
    assert await kinds(bot) == [Kind.HANDED_OFF, Kind.DELAYED]
    told = await last(bot)
    assert (told.text, told.data["offer"]) == (say("delayed", "en"), "email")
    assert (await bot.store.conversation("c1")).status is Status.WAITING, "the place is kept"


async def test_whoever_left_an_address_is_not_asked_for_it_again(bot: Bot, hands: Hands) -> None:
    await waits(bot)
    await bot.change("c1", lambda c: c.email_left("mia@example.com", sender="ann", cid="e", at=bot.now()))
    hands.go(seconds=T1)
    await Ladder(bot).see_to_late()
    assert "offer" not in (await last(bot)).data


async def test_whoever_was_told_at_once_that_nobody_is_here_is_not_told_again(bot: Bot, hands: Hands) -> None:
    night = replace(bot, house=replace(bot.house, hours=Hours.parse("Mon-Fri 01:00-02:00", UTC, "")))
    await begin(night)
    here = await joining(night, "c1", Reason.NO_ANSWER)

    def hand_off(c: Conversation) -> Conversation:
        text, data = with_place(night, here, c, "Soon.")
        return c.handed_off(Reason.NO_ANSWER, at=night.now(), text=text, data=data)

    await night.change("c1", hand_off)
    hands.go(hours=2)
    await Ladder(night).see_to_late()
    assert await kinds(night) == [Kind.HANDED_OFF]


async def test_a_text_the_shop_switched_off_leaves_the_step(bot: Bot, hands: Hands) -> None:
    quiet = replace(bot, house=replace(bot.house, texts=Texts({"en": {"delayed": "", "requeued": ""}})))
    await waits(quiet)
    hands.go(seconds=T1)
    await Ladder(quiet).see_to_late()
    assert ((await last(quiet)).kind, (await last(quiet)).text) == (Kind.DELAYED, "")
    await quiet.change("c1", lambda c: c.claimed("a1", "Ana", at=quiet.now()))
    hands.go(seconds=T2)
    await Ladder(quiet).see_to_late()
    assert ((await last(quiet)).kind, (await last(quiet)).text) == (Kind.REQUEUED, "")


async def test_it_is_said_in_the_customers_language(bot: Bot, hands: Hands) -> None:
    await waits(bot, language="zh")
    hands.go(seconds=T1)
    await Ladder(bot).see_to_late()
    assert (await last(bot)).text == say("delayed", "zh")


# ── T2: the agent is silent ──


async def test_an_agent_who_is_silent_loses_the_conversation_to_the_line(bot: Bot, hands: Hands) -> None:
    await waits(bot, "angry before", reason=Reason.ANGRY)
    await claimed(bot)
    ladder = Ladder(bot)
    hands.go(seconds=T2 - 1)
    await ladder.see_to_late()
    assert (await bot.store.conversation("c1")).status is Status.AGENT
    hands.go(seconds=1)
    await ladder.see_to_late()
    conversation, told = await bot.store.conversation("c1"), await last(bot)
    assert (conversation.status, conversation.agent) == (Status.WAITING, None)
    assert (told.kind, told.data["why"]) == (Kind.REQUEUED, "silent")
    assert told.text == say("requeued", "en", agent="Ana")
    assert [row.conversation.id for row in await bot.inbox.line()] == ["c1", "angry before"], "first in line"


async def test_an_agent_who_answered_keeps_it_however_long_the_customer_is_silent(bot: Bot, hands: Hands) -> None:
    await claimed(bot)
    await bot.change("c1", lambda c: c.said_by_agent("Hello!", agent="a1", name="Ana", cid="x", at=bot.now()))
    hands.go(hours=5)
    await Ladder(bot).see_to_late()
    assert (await bot.store.conversation("c1")).status is Status.AGENT


async def test_the_clock_starts_with_the_first_message_that_has_no_answer(bot: Bot, hands: Hands) -> None:
    await claimed(bot)
    await bot.change("c1", lambda c: c.said_by_agent("Hello!", agent="a1", name="Ana", cid="x", at=bot.now()))
    hands.go(hours=1)
    for n in range(2):
        await bot.change("c1", lambda c, n=n: c.said("Still there?", sender="ann", cid=f"m{n}", at=bot.now()))
        hands.go(seconds=T2 / 2)
    await Ladder(bot).see_to_late()
    assert (await last(bot)).kind is Kind.REQUEUED


async def test_whoever_takes_over_has_as_long_as_the_one_before(bot: Bot, hands: Hands) -> None:
    await claimed(bot)
    hands.go(seconds=T2 - 1)
    await bot.change("c1", lambda c: c.transferred("a2", "Ben", at=bot.now()))
    hands.go(seconds=T2 - 1)
    await Ladder(bot).see_to_late()
    assert (await bot.store.conversation("c1")).agent == "a2"
    hands.go(seconds=1)
    await Ladder(bot).see_to_late()
    assert (await last(bot)).text == say("requeued", "en", agent="Ben")


async def test_back_in_line_the_patience_for_a_claim_starts_again(bot: Bot, hands: Hands) -> None:
    await claimed(bot)
    ladder = Ladder(bot)
    for _ in range(2):
        hands.go(seconds=T2)
        await ladder.see_to_late()
    assert await kinds(bot) == [Kind.HANDED_OFF, Kind.CLAIMED, Kind.REQUEUED, Kind.DELAYED]


# ── a restart, and others who act at the same time ──


async def test_a_restart_forgets_neither_and_does_neither_twice(bot: Bot, hands: Hands) -> None:
    await waits(bot, "t1")
    await claimed(bot, "t2")
    hands.go(seconds=T2)
    for _ in range(2):
        await Ladder(bot).see_to_late()
    assert await kinds(bot, "t1") == [Kind.HANDED_OFF, Kind.DELAYED]
    assert await kinds(bot, "t2") == [Kind.HANDED_OFF, Kind.CLAIMED, Kind.REQUEUED]


async def test_two_ladders_at_once_do_each_thing_once(bot: Bot, hands: Hands) -> None:
    await waits(bot, "t1")
    await claimed(bot, "t2")
    hands.go(seconds=T2)
    await asyncio.gather(*(Ladder(bot).see_to_late() for _ in range(5)))
    assert (await kinds(bot, "t1")).count(Kind.DELAYED) == 1
    assert (await kinds(bot, "t2")).count(Kind.REQUEUED) == 1


async def test_an_agent_who_answers_at_the_last_moment_keeps_it(bot: Bot, hands: Hands) -> None:
    await claimed(bot)
    hands.go(seconds=T2)
    late = bot.inbox.late

    async def found_and_then_answered(*arguments: Any) -> Any:
        found = await late(*arguments)
        await inbox.say(bot, ANA, "c1", "Here I am.", cid="x")
        return found

    bot.inbox.late = found_and_then_answered  # type: ignore[method-assign]
    await Ladder(bot).see_to_late()
    assert await kinds(bot) == [Kind.HANDED_OFF, Kind.CLAIMED, Kind.MESSAGE]


async def test_one_that_was_claimed_at_the_last_moment_does_not_stop_the_others(bot: Bot, hands: Hands) -> None:
    for id in ("c1", "c2", "c3"):
        await waits(bot, id)
    hands.go(seconds=T1)
    late = bot.inbox.late

    async def found_and_then_gone(*arguments: Any) -> Any:
        found = await late(*arguments)
        await bot.change("c1", lambda c: c.closed(at=bot.now()))
        return ["made up", *found]

    bot.inbox.late = found_and_then_gone  # type: ignore[method-assign]
    await Ladder(bot).see_to_late()
    assert (await kinds(bot, "c1"))[-1] is Kind.CLOSED
    assert [(await kinds(bot, id))[-1] for id in ("c2", "c3")] == [Kind.DELAYED] * 2


# ── places ──


@contextmanager
def shown(bot: Bot, *ids: str) -> Iterator[dict[str, list[Item]]]:
    """What the tabs of these customers are told of their place."""
    items: dict[str, list[Item]] = {id: [] for id in ids}

    def hear(id: str, item: Item) -> None:
        if id in items and isinstance(item, Place):
            items[id].append(item)

    with bot.hub.observe(hear):
        yield items


async def test_everybody_who_waits_is_told_their_place_when_it_moves(bot: Bot, hands: Hands) -> None:
    for id in ("c1", "c2", "c3"):
        await waits(bot, id)
        hands.go(seconds=1)
    ladder = Ladder(bot)
    with shown(bot, "c1", "c2", "c3") as told:
        await ladder.show_places()
        await ladder.show_places()
        assert [[place.position for place in told[id]] for id in told] == [[1], [2], [3]], "once"
        await bot.change("c2", lambda c: c.claimed("a1", at=bot.now()))
        await ladder.show_places()
        assert [[place.position for place in told[id]] for id in told] == [[1], [2], [3, 2]]


async def test_whoever_comes_back_into_line_is_told_again(bot: Bot) -> None:
    ladder, _ = Ladder(bot), await waits(bot)
    with shown(bot, "c1") as told, bot.hub.follow(ladder._hear):
        await ladder.show_places()
        await bot.change("c1", lambda c: c.claimed("a1", "Ana", at=bot.now()))
        await ladder.show_places()
        await bot.change("c1", lambda c: c.requeued("silent", at=bot.now()))
        await ladder.show_places()
    assert [place.position for place in told["c1"]] == [1, 1]


async def test_the_door_that_opens_and_the_agent_who_comes_are_news(bot: Bot, hands: Hands) -> None:
    office = replace(bot, house=replace(bot.house, hours=Hours.parse("Mon-Fri 13:00-17:00", UTC, "")))
    for n in range(3):
        await waits(office, f"past{n}")
        hands.go(seconds=60)
        await office.change(f"past{n}", lambda c: c.claimed("a9", at=office.now()))
    ladder, _ = Ladder(office), await waits(office)
    with shown(office, "c1") as told:
        await ladder.show_places()
        hands.go(hours=1)
        await ladder.show_places()
        with office.presence.here(ANA):
            await ladder.show_places()
    assert [(place.is_open, place.wait_s) for place in told["c1"]] == [(False, None), (True, None), (True, 60)]


async def test_nobody_asks_the_database_when_there_is_no_line_and_no_news(bot: Bot) -> None:
    ladder, asked = Ladder(bot), []
    await ladder.show_places()

    async def line() -> Any:
        asked.append(1)
        return ()

    bot.inbox.line = line  # type: ignore[method-assign]
    await ladder.show_places()
    assert asked == []


# ── the round ──


@contextmanager
def running(ladder: Ladder) -> Iterator["asyncio.Task[None]"]:
    task = asyncio.create_task(ladder.run())
    try:
        yield task
    finally:
        task.cancel()


async def test_it_goes_round_until_it_is_cancelled(bot: Bot, hands: Hands) -> None:
    await waits(bot)
    hands.go(seconds=T1)
    with running(Ladder(bot, every_s=0.002)) as task, shown(bot, "c1") as told:
        await eventually(lambda: bot.store.log["c1"][-1].kind is Kind.DELAYED)  # type: ignore[attr-defined]
        await eventually(lambda: told["c1"])
    with suppress(asyncio.CancelledError):
        await task
    assert not bot.hub._following, "it no longer listens"


async def test_a_database_that_is_away_is_asked_again(bot: Bot, hands: Hands, caplog: pytest.LogCaptureFixture) -> None:
    await waits(bot)
    hands.go(seconds=T1)
    late, tries = bot.inbox.late, 0

    async def away_twice(*arguments: Any) -> Any:
        nonlocal tries
        tries += 1
        if tries <= 2:
            raise Unavailable("the database cannot be used now")
        return await late(*arguments)

    bot.inbox.late = away_twice  # type: ignore[method-assign]
    with running(Ladder(bot, every_s=0.002)):
        await eventually(lambda: bot.store.log["c1"][-1].kind is Kind.DELAYED)  # type: ignore[attr-defined]
    assert "see_to_late failed" in caplog.text


async def test_who_says_what_happened_is_the_house(bot: Bot, hands: Hands) -> None:
    await claimed(bot)
    hands.go(seconds=T2)
    await Ladder(bot).see_to_late()
    assert (await last(bot)).author is Author.SYSTEM
