"""Customers who were told what is no longer so: who they are, what it says now, and a correction to send them.

Somebody is affected by a passage that was retired after it was cited to them, and whose text nothing live repeats.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.access import Action, Agent, may
from bot.conversation import MAX_TEXT, Conversation, Event
from bot.desk import Row
from bot.errors import Conflict, Forbidden
from bot.hours import MONTHS
from bot.knowledge import Citation, Passage
from bot.ports import Bot, Changed
from bot.recalled import Gone, Told
from bot.successors import Live, says_the_same

DAYS = 14  # a conversation that is closed is listed for so long after its last event
MOST_DAYS = 3_650
SHOWN = 100  # in one list
IN_FLIGHT = timedelta(seconds=60)  # a reply that was begun before a publish is committed after it

Became = dict[str, tuple[Passage, Passage | None]]


@dataclass(frozen=True, slots=True)
class Case:
    """One customer and one passage that they were told and that is gone; `new` is what says it now, if anything."""

    told: Told
    old: Passage
    new: Passage | None


@dataclass(frozen=True, slots=True)
class Affected:
    """A case as an agent needs it: with the conversation, what was said, and a correction to send."""

    case: Case
    row: Row
    message: Event
    correction: str


# ── who is affected ──


async def affected(bot: Bot, days: int = DAYS, limit: int = SHOWN) -> tuple[int, Sequence[Affected]]:
    """(how many there are, the newest of them)."""
    cases = await _cases(bot, days)
    shown = cases[: max(limit, 0)]
    said = await bot.recalled.messages([case.told for case in shown])
    return len(cases), [
        Affected(case, row, message, correction(bot, case, row.conversation.language))
        for case, (row, message) in zip(shown, said, strict=True)
    ]


async def count(bot: Bot, days: int = DAYS) -> int:
    return len(await _cases(bot, days))


async def _cases(bot: Bot, days: int = DAYS, conversation: str = "") -> list[Case]:
    told = list(newest(await bot.recalled.told(bot.now() - timedelta(days=days), conversation)))
    if not told:
        return []
    retired_at = {one.passage: one.retired_at for one in told}
    known = await bot.inbox.passages_ever(list(retired_at))
    gone = [Gone(known[id][0], at) for id, at in retired_at.items() if id in known]
    became = await _became(bot, gone)
    return [Case(one, *became[one.passage]) for one in told if one.passage in became]


async def _became(bot: Bot, gone: Sequence[Gone]) -> Became:
    """(the passage, what says it now) for those that nothing live repeats, by id."""
    live = await bot.recalled.heirs(gone)
    changed: Became = await bot.run(_changed, gone, live, bot.now().astimezone(bot.house.hours.zone))
    return changed


def _changed(gone: Sequence[Gone], live: Sequence[Passage], at: datetime) -> Became:
    now = Live(live, at)
    found = {one.passage.id: (one.passage, now.successor(one.passage)) for one in gone}
    return {id: (old, new) for id, (old, new) in found.items() if not says_the_same(new, old)}


def newest(told: Sequence[Told]) -> Iterator[Told]:
    """The newest message of each conversation and passage that was said before the passage was retired."""
    seen = set[tuple[str, str]]()
    for one in told:
        if one.at - IN_FLIGHT < one.retired_at and (one.conversation, one.passage) not in seen:
            seen.add((one.conversation, one.passage))
            yield one


# ── what to say ──


def correction(bot: Bot, case: Case, language: str) -> str:
    """The words of the shop for it; "" when it switched them off."""
    date = day(case.told.at.astimezone(bot.house.hours.zone), language)
    say = bot.house.texts.say
    if case.new is None:
        return say("recall.gone", language, date=date, title=case.old.title)
    around = len(say("recall.changed", language, date=date, title=case.old.title, text=""))
    return say("recall.changed", language, date=date, title=case.old.title, text=cut(case.new.text, MAX_TEXT - around))


def day(at: datetime, language: str) -> str:
    if language == "zh":
        return f"{at.year}年{at.month}月{at.day}日"
    return f"{at.day} {MONTHS[at.month - 1]} {at.year}"


def cut(text: str, most: int) -> str:
    """No longer than a message may be; the whole is in the citation."""
    return text if len(text) <= most else text[: max(most - 1, 0)].rstrip() + "…"


# ── settling it ──


async def send(bot: Bot, agent: Agent, conversation: str, passage: str, text: str, *, new: str, cid: str) -> Changed:
    """A message to the customer about `passage`, citing `new`: what the agent saw it become ("": taken out).

    Raises Conflict, and says nothing, when it has become something else since ("changed"), or was seen to ("settled").
    """
    _allow(agent)
    at = bot.now()  # before looking: what is retired from here on was retired after this message
    case = await _one(bot, conversation, passage)

    def step(c: Conversation) -> Conversation:  # not run for a `cid` that was used before
        if case is None:
            raise Conflict("this was seen to already, or is right again", "settled")
        if new != (case.new.id if case.new else ""):
            raise Conflict("what it says now has changed once more: look at it again", "changed")
        return c.corrected(
            text, settles(case.told), agent=agent.id, name=agent.name, cid=cid, at=at, citations=_cited(case.new)
        )

    return await bot.change(conversation, step, sender=agent.id, cid=cid)


def settles(told: Told) -> dict[str, str | int]:
    """What a correction's event carries, so that it and the record of it are one."""
    return {"passage": told.passage, "retired_at": told.retired_at.isoformat(), "told": told.seq}


def _cited(new: Passage | None) -> tuple[Citation, ...]:
    return (Citation(1, new.document, new.id, new.title, new.text, new.url, 1.0),) if new else ()


async def dismiss(bot: Bot, agent: Agent, conversation: str, passage: str) -> None:
    """No correction is needed. What was seen to already stays as it is. Raises NotFound."""
    _allow(agent)
    await bot.inbox.row(conversation)
    if case := await _one(bot, conversation, passage):
        await bot.recalled.dismiss(case.told, agent, bot.now())


async def _one(bot: Bot, conversation: str, passage: str) -> Case | None:
    return next((case for case in await _cases(bot, 0, conversation) if case.told.passage == passage), None)


def _allow(agent: Agent) -> None:
    if not may(agent, Action.RECALL):
        raise Forbidden(f"{agent.name} may not {Action.RECALL}")
