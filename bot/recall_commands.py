"""`bot kb affected`: customers who were told what is no longer so, for the terminal."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bot import bootstrap, recall
from bot.events import name_of
from bot.hub import Hub
from bot.knowledge import Passage
from bot.output import Output
from bot.ports import ABSENT, Bot
from bot.recall import Affected
from bot.settings import Settings

MOST = 10_000  # listed
LINE = 70  # characters of a text in the table


async def affected(settings: Settings, output: Output, days: int) -> int:
    """Needs the database only: no model is loaded."""
    desk = bootstrap.make_desk(settings)
    bot = Bot(
        indexes=ABSENT, embedder=ABSENT, generator=ABSENT, hub=Hub(), policy=bootstrap.policy(settings),
        now=lambda: datetime.now(UTC), run=asyncio.to_thread, house=bootstrap.make_house(settings), **desk,
    )  # fmt: skip
    try:
        await bot.store.check()
        n_cases, found = await recall.affected(bot, days, MOST)
    finally:
        await bot.store.close()
    _report(output, n_cases, found)
    output.result({"count": n_cases, "days": days, "affected": [_as_mapping(one) for one in found]})
    return 0


def _report(output: Output, n_cases: int, found: Sequence[Affected]) -> None:
    if not n_cases:
        output.line("Nobody was told anything that has changed since.")
        return
    output.table(["told at", "conversation", "customer", "status", "about", "it said", "it says now"], [
        [
            f"{one.case.told.at:%Y-%m-%d %H:%M}", one.row.conversation.id, name_of(one.row.conversation.customer)[0],
            one.row.conversation.status.value, one.case.old.title, _line(one.case.old), _line(one.case.new),
        ]
        for one in found
    ])  # fmt: skip
    answers = "answer" if n_cases == 1 else "answers"
    output.line(f"{n_cases} {answers} to correct: look at them in the console, at /console/recall.")


def _line(passage: Passage | None) -> str:
    return recall.cut(" ".join(passage.text.split()), LINE) if passage else "(taken out)"


def _as_mapping(one: Affected) -> dict[str, Any]:
    told, c = one.case.told, one.row.conversation
    return {
        "conversation": c.id,
        "customer": name_of(c.customer)[0],
        "status": c.status.value,
        "seq": told.seq,
        "told_at": told.at.isoformat(),
        "changed_at": told.retired_at.isoformat(),
        "old": _passage(one.case.old),
        "new": _passage(one.case.new) if one.case.new else None,
        "correction": one.correction,
    }


def _passage(passage: Passage) -> dict[str, str]:
    return {"passage": passage.id, "title": passage.title, "text": passage.text, "source": passage.source}
