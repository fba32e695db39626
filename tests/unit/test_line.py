"""The line for a person: where somebody stands, how long it takes, and what they are told of it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot import customer, line
from bot.access import Agent
from bot.conversation import Conversation, Kind, Reason, Status
from bot.hours import Hours
from bot.house import House
from bot.hub import Place
from bot.line import Standing
from bot.ports import Bot
from bot.presence import Presence
from bot.texts import Texts, say
from tests.desks import NOON, Hands
from tests.fakes import begin, fake_bot

ANA, BEN = Agent("a1", "ana", "Ana"), Agent("a2", "ben", "Ben")
WEEKDAYS = Hours.parse("Mon-Fri 09:00-17:00", UTC, "")  # NOON is a Monday


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def bot(hands: Hands) -> Bot:
    return replace(fake_bot(), now=hands.now, house=House("Lamps", WEEKDAYS))


async def waits(bot: Bot, id: str, reason: Reason = Reason.NO_ANSWER, **fields: Any) -> str:
    """A conversation in line since now."""
    await begin(bot, id, **fields)
    await bot.change(id, lambda c: c.handed_off(reason, at=bot.now()))
    return id


async def claimed_after(bot: Bot, hands: Hands, *seconds: float) -> None:
    """Claims of the past, each after so long a wait."""
    for n, wait in enumerate(seconds):
        await waits(bot, f"past{n}-{wait}")
        hands.go(seconds=wait)
        await bot.change(f"past{n}-{wait}", lambda c: c.claimed("a9", at=bot.now()))


async def positions(bot: Bot) -> dict[str, int]:
    return {id: place.position for id, place in (await line.places(bot)).items()}


# ── who is next ──


async def test_whoever_came_first_is_next(bot: Bot, hands: Hands) -> None:
    for id in ("c1", "c2", "c3"):
        await waits(bot, id)
        hands.go(seconds=5)
    assert await positions(bot) == {"c1": 1, "c2": 2, "c3": 3}
    await bot.change("c1", lambda c: c.claimed("a1", at=bot.now()))
    assert await positions(bot) == {"c2": 1, "c3": 2}


async def test_anger_counts_as_having_come_earlier(bot: Bot, hands: Hands) -> None:
    for id, reason in (("plain", Reason.NO_ANSWER), ("asked", Reason.ASKED), ("angry", Reason.ANGRY)):
        await waits(bot, id, reason)
        hands.go(minutes=1)
    assert await positions(bot) == {"angry": 1, "asked": 2, "plain": 3}
    hands.go(minutes=10)
    await waits(bot, "late and angry", Reason.ANGRY)
    assert (await positions(bot))["late and angry"] == 4, "nobody waits for ever behind the angry"


async def test_whoever_was_let_down_is_first_in_line(bot: Bot, hands: Hands) -> None:
    await waits(bot, "silent")
    await bot.change("silent", lambda c: c.claimed("a1", at=bot.now()))
    hands.go(hours=2)
    await waits(bot, "angry", Reason.ANGRY)
    await bot.change("silent", lambda c: c.requeued("silent", at=bot.now()))
    assert await positions(bot) == {"silent": 1, "angry": 2}
    assert (await bot.store.conversation("silent")).is_first_in_line


async def test_nobody_waits_and_there_is_no_line(bot: Bot) -> None:
    await begin(bot)
    assert await line.places(bot) == {}


async def test_whoever_is_about_to_join_is_told_their_own_place(bot: Bot, hands: Hands) -> None:
    await waits(bot, "c1")
    hands.go(minutes=1)
    await waits(bot, "c2")
    joins = await line.joining(bot, "new", Reason.NO_ANSWER)
    angry = await line.joining(bot, "new", Reason.ANGRY)
    assert joins is not None
    assert angry is not None
    assert (joins.place.position, angry.place.position) == (3, 1)


async def test_one_does_not_stand_behind_oneself(bot: Bot) -> None:
    await waits(bot, "c1")
    queue_at = (await bot.store.conversation("c1")).queue_at
    assert queue_at is not None
    assert (await line.standing(bot, queue_at, but="c1")).place.position == 1


async def test_what_goes_wrong_with_the_line_stops_no_hand_off(bot: Bot) -> None:
    await begin(bot)
    broken = replace(bot, inbox=None)  # type: ignore[arg-type]
    assert await line.joining(broken, "c1", Reason.ASKED) is None
    changed = await customer.ask_person(broken, "c1", sender="ann", cid="h")
    assert changed.conversation.status is Status.WAITING
    assert changed.events[-1].text == say("handoff.asked_for_person", "en")


# ── how long ──


async def test_the_wait_is_what_the_newest_claims_took(bot: Bot, hands: Hands) -> None:
    await claimed_after(bot, hands, 30, 60, 600)
    assert await line.expected_wait(bot, 1, 1) == 60
    assert await line.expected_wait(bot, 3, 1) == 180
    assert await line.expected_wait(bot, 3, 2) == 120, "two at once"
    assert await line.expected_wait(bot, 3, 0) == 180


async def test_of_few_claims_nothing_is_known(bot: Bot, hands: Hands) -> None:
    await claimed_after(bot, hands, 30, 60)
    assert await line.expected_wait(bot, 1, 1) is None
    await claimed_after(bot, hands, 90)
    assert await line.expected_wait(bot, 1, 1) == 60
    hands.go(days=15)
    assert await line.expected_wait(bot, 1, 1) is None, "what was long ago says nothing"


async def test_a_wait_is_told_only_while_somebody_is_there(bot: Bot, hands: Hands) -> None:
    await claimed_after(bot, hands, 60, 60, 60)
    await waits(bot, "c1")
    assert (await line.places(bot))["c1"].wait_s is None, "nobody is at a console"
    with bot.presence.here(ANA):
        assert (await line.places(bot))["c1"] == Place(1, 60, True)
        bot.presence.go_away("a1", True)
        assert (await line.places(bot))["c1"].wait_s is None
    hands.go(hours=9)
    with bot.presence.here(ANA):
        closed = (await line.places(bot))["c1"]
    assert closed == Place(1, None, False, datetime(2026, 5, 5, 9, tzinfo=UTC))


async def test_each_place_in_line_is_what_one_who_asks_alone_is_told(bot: Bot, hands: Hands) -> None:
    await claimed_after(bot, hands, 61, 61, 61)
    for n in range(5):
        await waits(bot, f"c{n}")
        hands.go(seconds=1)
    with bot.presence.here(ANA), bot.presence.here(BEN):
        for id, place in (await line.places(bot)).items():
            queue_at = (await bot.store.conversation(id)).queue_at
            assert queue_at is not None
            assert (await line.standing(bot, queue_at, but=id)).place == place


# ── what is said of it ──

OPEN = Standing(Place(1, None, True), is_staffed=True)
TUESDAY = datetime(2026, 5, 5, 9, tzinfo=UTC)


def told(bot: Bot, here: Standing, language: str = "en", email: str = "") -> tuple[str, dict[str, Any]]:
    text, data = line.told(bot, here, language, email)
    return text, dict(data)


@pytest.mark.parametrize(
    ("position", "wait", "text"),
    [
        (1, None, "You are next in line."),
        (4, None, "You are number 4 in line."),
        (1, 30, "You are next in line. It usually takes about a minute."),
        (1, 60, "You are next in line. It usually takes about a minute."),
        (2, 61, "You are number 2 in line. It usually takes about 2 minutes."),
        (9, 1_200, "You are number 9 in line. It usually takes about 20 minutes."),
        (1, 0, "You are next in line. It usually takes about a minute."),
    ],
)
def test_position_and_wait_are_told_in_words_and_in_numbers(
    bot: Bot, position: int, wait: int | None, text: str
) -> None:
    said, data = told(bot, Standing(Place(position, wait, True), True))
    assert said == text
    assert data == {"position": position} | ({"wait_s": wait} if wait is not None else {})


def test_in_chinese_no_blanks_stand_between_sentences(bot: Bot) -> None:
    said, _ = told(bot, Standing(Place(2, 300, True), True), "zh")
    assert said == "您排在第2位。一般等5分钟左右。"


def test_outside_the_opening_hours_it_says_when_we_are_back(bot: Bot) -> None:
    said, data = told(bot, Standing(Place(1, None, False, TUESDAY), False))
    assert said.startswith("Nobody is here right now; we are back tomorrow at 9:00.")
    assert data == {"position": 1, "offer": "email", "opens_at": "2026-05-05T09:00:00+00:00"}
    chinese, _ = told(bot, Standing(Place(1, None, False, TUESDAY), False), "zh")
    assert "明天9:00" in chinese


def test_a_shop_that_does_not_say_when_it_opens_is_simply_closed(bot: Bot) -> None:
    said, data = told(bot, Standing(Place(1, None, False, None), False))
    assert said == say("line.closed_unknown", "en")
    assert data == {"position": 1, "offer": "email"}


def test_when_nobody_is_online_an_address_may_be_left(bot: Bot) -> None:
    said, data = told(bot, Standing(Place(3, None, True), False))
    assert (said, data) == (say("line.nobody", "en"), {"position": 3, "offer": "email"})


@pytest.mark.parametrize(
    "here", [Standing(Place(1, None, False, TUESDAY), False), Standing(Place(1, None, True), False)]
)
def test_an_address_we_have_is_not_asked_for_again(bot: Bot, here: Standing) -> None:
    assert "offer" not in told(bot, here, email="mia@example.com")[1]


def test_somebody_at_a_closed_shops_console_does_not_make_it_open() -> None:
    assert Standing(Place(1, None, False, TUESDAY), is_staffed=True).needs_address
    assert Standing(Place(1, None, True), is_staffed=False).needs_address
    assert not OPEN.needs_address


EMPTY = (
    "line.next",
    "line.position",
    "line.wait",
    "line.wait_short",
    "line.nobody",
    "line.closed",
    "line.closed_unknown",
)


@pytest.mark.parametrize("off", [*[(one,) for one in EMPTY], EMPTY])
def test_a_line_that_the_shop_switched_off_leaves_no_gap(bot: Bot, off: Sequence[str]) -> None:
    quiet = replace(bot, house=replace(bot.house, texts=Texts({"en": dict.fromkeys(off, "")})))
    reason = say("handoff.no_answer", "en")
    waiting = Conversation("c1", "ann", "e1")
    for here in (Standing(Place(1, 30, True), True), Standing(Place(2, 300, True), True),
                 Standing(Place(1, None, True), False), Standing(Place(1, None, False, TUESDAY), False),
                 Standing(Place(1, None, False), False)):  # fmt: skip
        text, data = line.with_place(quiet, here, waiting, reason)
        assert text.startswith(reason)
        assert text == text.strip()
        assert "  " not in text
        assert data["position"] == here.place.position, "the numbers are told still"
        if off == EMPTY:
            assert text == reason


def test_without_a_known_place_the_reason_is_said_alone(bot: Bot) -> None:
    assert line.with_place(bot, None, Conversation("c1", "ann", "e1"), "Soon.") == ("Soon.", {})


async def test_a_hand_off_says_why_and_where_one_stands(bot: Bot, hands: Hands) -> None:
    await claimed_after(bot, hands, 150, 150, 150)
    await waits(bot, "before", Reason.ANGRY)
    await begin(bot, "c1")
    with bot.presence.here(ANA):
        handed = (await customer.ask_person(bot, "c1", sender="ann", cid="h")).events[-1]
    assert handed.kind is Kind.HANDED_OFF
    assert handed.text == (
        "Of course. I've asked a colleague to take over. You are number 2 in line. It usually takes about 5 minutes."
    )
    assert dict(handed.data) == {"reason": "asked_for_person", "position": 2, "wait_s": 300}


async def test_at_night_a_hand_off_offers_to_write(bot: Bot, hands: Hands) -> None:
    hands.go(hours=10)
    await begin(bot, "c1", language="zh")
    handed = (await customer.ask_person(bot, "c1", sender="ann", cid="h")).events[-1]
    assert handed.text.startswith("好的，已为您通知人工客服。现在没有人工客服在线，我们明天9:00回来。")
    assert handed.data["offer"] == "email"
    assert handed.data["opens_at"] == "2026-05-05T09:00:00+00:00"
    assert (await bot.store.conversation("c1")).is_delayed, "told already that it takes longer"


def test_presence_is_what_staffed_means(bot: Bot) -> None:
    presence = Presence()
    with presence.here(ANA), presence.here(ANA):
        assert presence.available == {"a1"}
        presence.go_away("a1", True)
        assert presence.available == frozenset()
    assert not presence.is_online("a1")
    with presence.here(ANA):
        assert presence.available == {"a1"}, "whoever comes back is no longer away"


def test_noon_is_within_the_hours() -> None:
    assert WEEKDAYS.is_open(NOON)
    assert not WEEKDAYS.is_open(NOON + timedelta(hours=9))
