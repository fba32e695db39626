"""The line for a person: where a customer stands, how long it takes, and whether anybody is there."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from statistics import median
from typing import Any

from bot.conversation import HEAD_START, Conversation, Reason
from bot.hub import Place
from bot.ports import Bot

log = logging.getLogger(__name__)
WAITS = 20  # newest claims that the expected wait follows from
WAITS_FROM = timedelta(days=14)
FEW = 3  # fewer tell nothing


@dataclass(frozen=True, slots=True)
class Standing:
    """What a customer who waits, or is about to, can be told."""

    place: Place
    is_staffed: bool  # somebody is at a console and not away

    @property
    def needs_address(self) -> bool:
        """Nobody will come soon: better to leave an e-mail address."""
        return not (self.place.is_open and self.is_staffed)


async def standing(bot: Bot, queue_at: datetime, but: str = "") -> Standing:
    """For whoever joined the line at `queue_at`; `but` is their own conversation."""
    ahead = [row for row in await bot.inbox.line() if row.conversation.id != but]
    position = 1 + sum(_joined(row.conversation) <= queue_at for row in ahead)
    return await _standing(bot, position)


def _joined(conversation: Conversation) -> datetime:
    assert conversation.queue_at is not None, "whoever waits has a place in line"
    return conversation.queue_at


async def _standing(bot: Bot, position: int) -> Standing:
    now, hours = bot.now(), bot.house.hours
    available = bot.presence.available
    is_open = hours.is_open(now)
    wait = await expected_wait(bot, position, len(available)) if is_open and available else None
    return Standing(Place(position, wait, is_open, None if is_open else hours.next_opening(now)), bool(available))


async def expected_wait(bot: Bot, position: int, n_available: int) -> int | None:
    """Seconds: what it usually takes, once for each round of claims before this place."""
    waits = await bot.inbox.waits(bot.now() - WAITS_FROM, WAITS)
    if len(waits) < FEW:
        return None
    return ceil(median(waits) * ceil(position / max(n_available, 1)))


async def places(bot: Bot) -> Mapping[str, Place]:
    """Where everybody who waits stands now."""
    waiting = await bot.inbox.line()
    if not waiting:
        return {}
    first = (await _standing(bot, 1)).place
    n_available = len(bot.presence.available)
    rounds = {n: ceil(n / max(n_available, 1)) for n in range(1, len(waiting) + 1)}
    waits = dict.fromkeys(rounds.values())
    if first.wait_s is not None:
        for n, round in rounds.items():
            waits[round] = waits[round] or await expected_wait(bot, n, n_available)
    return {
        row.conversation.id: Place(n, waits[rounds[n]], first.is_open, first.opens_at)
        for n, row in enumerate(waiting, start=1)
    }


async def joining(bot: Bot, conversation: str, reason: Reason) -> Standing | None:
    """For a conversation that is about to be handed off.

    Only words hang on it: what goes wrong here must not stop a hand-off.
    """
    try:
        return await standing(bot, bot.now() - HEAD_START.get(reason, timedelta()), but=conversation)
    except Exception:
        log.exception("the place in line is not known")
        return None


def with_place(bot: Bot, here: Standing | None, c: Conversation, text: str) -> tuple[str, Mapping[str, Any]]:
    """(what a customer who is handed off reads, what the event carries besides)."""
    if here is None:
        return text, {}
    place, data = told(bot, here, c.language, c.email)
    return joined(c.language, text, place), data


def told(bot: Bot, here: Standing, language: str, email: str) -> tuple[str, Mapping[str, Any]]:
    """(what the customer reads after the reason, what the event carries besides)."""
    say, place = bot.house.texts.say, here.place
    data: dict[str, Any] = {"position": place.position}
    known = "_known" if email else ""
    if here.needs_address and not email:
        data["offer"] = "email"
    if not place.is_open:
        if place.opens_at is None:
            return say("line.nobody_known" if email else "line.closed_unknown", language), data
        opens = bot.house.hours.spoken(place.opens_at, bot.now(), language)
        return say(f"line.closed{known}", language, opens=opens), data | {"opens_at": place.opens_at.isoformat()}
    if not here.is_staffed:
        return say(f"line.nobody{known}", language), data
    return _position_and_wait(bot, place, language, data)


def _position_and_wait(bot: Bot, place: Place, language: str, data: dict[str, Any]) -> tuple[str, Mapping[str, Any]]:
    say = bot.house.texts.say
    where = (
        say("line.next", language) if place.position == 1 else say("line.position", language, position=place.position)
    )
    if place.wait_s is None:
        return where, data
    minutes = ceil(place.wait_s / 60)
    wait = say("line.wait", language, minutes=minutes) if minutes > 1 else say("line.wait_short", language)
    return joined(language, where, wait), data | {"wait_s": place.wait_s}


def joined(language: str, *lines: str) -> str:
    """Lines that follow each other; those that the shop left empty are not there."""
    return ("" if language == "zh" else " ").join(line for line in lines if line)
