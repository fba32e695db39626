"""What an agent needs beside the thread: why it is here, what the bot tried, and who asks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.conversation import Author, Event, Kind
from bot.desk import Row, Turn
from bot.errors import NotFound
from bot.knowledge import Passage
from bot.ports import Bot
from bot.text import fold, runs

EARLIER = 20  # conversations of the same customer
LOOK_BACK = 1_000  # events in which the last hand-off is looked for


@dataclass(frozen=True, slots=True)
class Card:
    """A passage that was tried: what the evidence noted of it, and what it says (if it is known still)."""

    noted: Mapping[str, Any]
    passage: Passage | None
    is_live: bool


@dataclass(frozen=True, slots=True)
class Packet:
    row: Row
    handed_off: Event | None
    question: Event | None
    turn: Turn | None
    cards: Sequence[Card]
    earlier: Sequence[Row]
    turns: Sequence[Turn]


async def packet(bot: Bot, id: str) -> Packet:
    """Raises NotFound."""
    row = await bot.inbox.row(id)
    events = await bot.store.events(id, max(row.conversation.head - LOOK_BACK, 0), LOOK_BACK)
    turns = await bot.inbox.turns(id)
    handed_off = next((event for event in reversed(events) if event.kind is Kind.HANDED_OFF), None)
    turn = _telling(turns, handed_off)
    question = await _question(bot, id, events, turn, handed_off)
    cards = await _cards(bot, turn.evidence) if turn else ()
    earlier = await bot.inbox.earlier(row.conversation.customer, id, EARLIER)
    return Packet(row, handed_off, question, turn, cards, earlier, turns)


def _telling(turns: Sequence[Turn], handed_off: Event | None) -> Turn | None:
    """The turn that ended in the hand-off; else the last that searched, which is what the customer read."""
    for turn in reversed(turns):
        if handed_off is not None and turn.reply_seq == handed_off.seq and turn.evidence.get("hits"):
            return turn
    return next((turn for turn in reversed(turns) if turn.evidence.get("hits")), turns[-1] if turns else None)


async def _question(
    bot: Bot, id: str, events: Sequence[Event], turn: Turn | None, handed_off: Event | None
) -> Event | None:
    """What was asked: the question of the hand-off, else the customer's last message before it."""
    seq = handed_off.answers if handed_off and handed_off.answers else None
    if seq is None:
        asked = [event for event in events if event.is_question and (not handed_off or event.seq < handed_off.seq)]
        seq = asked[-1].seq if asked else turn.question_seq if turn else None
    if seq is None:
        return None
    return next(iter(await bot.store.events(id, seq - 1, 1)), None)


async def _cards(bot: Bot, evidence: Mapping[str, Any]) -> Sequence[Card]:
    hits = evidence.get("hits") or ()
    known = await bot.inbox.passages_ever([hit["passage"] for hit in hits])
    return [Card(hit, *known.get(hit["passage"], (None, False))) for hit in hits]


# ── the evidence of one reply ──


@dataclass(frozen=True, slots=True)
class Inquiry:
    turn: Turn
    question: Event | None
    reply: Event | None
    cards: Sequence[Card]
    words: Sequence[Sequence[str]]  # for each verdict, the words of its sentence that stand in its passage


async def inquiry(bot: Bot, id: str, seq: int) -> Inquiry:
    """By the seq of the question or of the reply. Raises NotFound."""
    await bot.inbox.row(id)
    turn = await bot.inbox.turn(id, seq)
    question = next(iter(await bot.store.events(id, turn.question_seq - 1, 1)), None)
    reply = next(iter(await bot.store.events(id, turn.reply_seq - 1, 1)), None)
    if question is None or reply is None or reply.author is Author.AGENT:
        raise NotFound("there is no such turn")
    cards = await _cards(bot, turn.evidence)
    words = [_carried_words(verdict, cards) for verdict in turn.evidence.get("verdicts") or ()]
    return Inquiry(turn, question, reply, cards, words)


def _carried_words(verdict: Mapping[str, Any], cards: Sequence[Card]) -> Sequence[str]:
    index = verdict.get("passage")
    if not verdict.get("is_carried") or index is None or not 0 <= index < len(cards):
        return ()
    passage = cards[index].passage
    held = {fold(run) for run in runs(f"{passage.title} {passage.text}")} if passage else set()
    return [word for word in dict.fromkeys(runs(verdict["sentence"])) if fold(word) in held]


def first_seen(earlier: Sequence[Row], row: Row) -> datetime | None:
    """When this customer first wrote."""
    return min((one.conversation.created_at for one in (*earlier, row) if one.conversation.created_at), default=None)
