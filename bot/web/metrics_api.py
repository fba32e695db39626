"""The numbers by HTTP: figures, questions without a good answer, and both as CSV."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, tzinfo
from functools import partial
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from bot import unanswered
from bot.access import Action
from bot.csv_out import BOM, Cell, encoded, lines
from bot.desk import Unanswered
from bot.engagements import Engagement, engagements
from bot.errors import Refused
from bot.numbers import PERIODS, before, numbers, period
from bot.ports import Bot
from bot.unanswered import Group
from bot.web.console_login import Seat, may
from bot.web.served import served

BATCH = 500  # lines of a file sent at once
CONVERSATIONS = (
    "conversation", "customer", "language", "started_at", "ended_at", "closed", "reopened", "handled_by_bot",
    "auto_resolved", "handoff_reasons", "agents", "waiting_s", "first_response_s", "questions", "answered",
    "thumbs_up", "thumbs_down", "csat",
)  # fmt: skip
UNANSWERED = (
    "group", "group_conversations", "question", "language", "conversation", "seq", "asked_at", "nearest_passage",
    "score",
)  # fmt: skip


async def _unstored(response: Response) -> None:
    response.headers["cache-control"] = "no-store"


def _days(days: int = 30) -> int:
    if days not in PERIODS:
        raise Refused(f"days must be one of {', '.join(map(str, PERIODS))}")
    return days


router = APIRouter(prefix="/v1/console", dependencies=[Depends(_unstored)])
Viewer = Annotated[Seat, Depends(may(Action.METRICS))]
Exporter = Annotated[Seat, Depends(may(Action.EXPORT))]
Days = Annotated[int, Depends(_days)]
Language = Annotated[str, Query(max_length=16, pattern=r"^[A-Za-z0-9-]*$")]


@router.get("/metrics")
async def metrics(request: Request, who: Viewer, days: Days, language: Language = "") -> dict[str, Any]:
    bot, zone = _bot(request), _zone(request)
    now = bot.now()
    counted = await _engagements(bot, before(period(now, days, zone), days, zone).since, now)
    count = partial(numbers, counted, days=days, now=now, zone=zone, language=language)
    return asdict(await asyncio.to_thread(count))


@router.get("/unanswered")
async def unanswered_groups(request: Request, who: Viewer, days: Days) -> dict[str, Any]:
    return {"groups": [_group(group) for group in await _groups(request, days)]}


@router.get("/export/conversations.csv")
async def conversations_file(request: Request, who: Exporter, days: Days) -> Response:
    bot, zone = _bot(request), _zone(request)
    now = bot.now()
    wanted = period(now, days, zone)
    began = [one for one in await _engagements(bot, wanted.since, now) if wanted.holds(one)]
    began.sort(key=lambda one: (one.start, one.conversation))
    return _file("conversations", now, zone, [CONVERSATIONS, *(_conversation_row(one, now, zone) for one in began)])


@router.get("/export/unanswered.csv")
async def unanswered_file(request: Request, who: Exporter, days: Days) -> Response:
    zone = _zone(request)
    rows = [_question_row(group, one, zone) for group in await _groups(request, days) for one in group.members]
    return _file("unanswered", _bot(request).now(), zone, [UNANSWERED, *rows])


def _bot(request: Request) -> Bot:
    return served(request).bot


def _zone(request: Request) -> tzinfo:
    return ZoneInfo(served(request).settings.timezone)


async def _engagements(bot: Bot, since: datetime, until: datetime) -> list[Engagement]:
    """Read page by page, so that other requests get their turn in between."""
    return [one async for facts in bot.records.facts(since, until) for one in engagements(facts)]


async def _groups(request: Request, days: int) -> list[Group]:
    bot = _bot(request)
    return await unanswered.groups(bot, period(bot.now(), days, _zone(request)).since)


def _group(group: Group) -> dict[str, Any]:
    best = group.best
    return {
        "question": group.question,
        "language": group.language,
        "count": group.count,
        "conversations": group.conversations,
        "last_at": group.last_at,
        "examples": [
            {"text": one.text, "conversation": one.conversation, "seq": one.seq, "at": one.at} for one in group.examples
        ],
        "best": best and {"title": best.best_title, "score": round(best.best_score, 4)},
    }


# ── files ──


def _file(name: str, now: datetime, zone: tzinfo, rows: Sequence[Sequence[Cell]]) -> Response:
    day = now.astimezone(zone).date()
    headers = {"content-disposition": f'attachment; filename="{name}-{day}.csv"', "cache-control": "no-store"}
    return StreamingResponse(_written(rows), media_type="text/csv; charset=utf-8", headers=headers)


def _written(rows: Sequence[Sequence[Cell]]) -> Iterator[bytes]:
    yield encoded(BOM)
    for start in range(0, len(rows), BATCH):
        yield encoded(lines(rows[start : start + BATCH]))


def _conversation_row(one: Engagement, now: datetime, zone: tzinfo) -> tuple[Cell, ...]:
    answered = sum(question.is_answered for question in one.questions)
    return (
        one.conversation, one.customer, one.language, _time(one.start, zone), _time(one.end, zone),
        int(one.is_closed), int(one.is_reopened), int(one.is_bots), int(one.is_auto_resolved(now)),
        " ".join(one.reasons), ", ".join(name or id for id, name in one.names.items()),
        one.waits[0] if one.waits else None, one.responses[0].seconds if one.responses else None,
        len(one.questions), answered, one.thumbs_up, one.thumbs_down, one.csat,
    )  # fmt: skip


def _question_row(group: Group, one: Unanswered, zone: tzinfo) -> tuple[Cell, ...]:
    score = round(one.best_score, 4) if one.best_title else None
    return (
        group.question, group.conversations, one.text, one.language, one.conversation, one.seq, _time(one.at, zone),
        one.best_title, score,
    )  # fmt: skip


def _time(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).isoformat(timespec="seconds")
