"""The Records port in SQL: which events happened, without what was said in them.

Conversations are read page by page, each page in a transaction of its own: a year of them neither fills the memory
nor holds a connection. JSON is taken apart by the database, and only where this kind of event has what is wanted.
"""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, TypeVar

from sqlalchemy import JSON, ColumnElement, Row, Text, and_, case, cast, func, or_, select, tuple_

from bot.adapters import tables as t
from bot.adapters.sql_database import Database, whole
from bot.desk import Unanswered
from bot.engagements import Fact, engagements
from bot.events import Author, Kind
from bot.knowledge import language_of

PAGE = 200  # conversations read at once: a few thousand rows
BATCH = 100  # questions whose evidence is read at once; it is long
CORRECTION = "correction"  # of what was told before: it answers nobody, and counts as nothing
LOOKED_AT = 100_000  # conversations, newest first, that are searched for questions without an answer

T = TypeVar("T")

c, e, u = t.conversation.c, t.event.c, t.turn.c
COUNTED = frozenset((
    Kind.MESSAGE, Kind.HANDED_OFF, Kind.CLAIMED, Kind.TRANSFERRED, Kind.RETURNED, Kind.CLOSED, Kind.REOPENED,
    Kind.RATED,
))  # fmt: skip


class SqlNumbers:
    def __init__(self, database: Database) -> None:
        self.database = database

    async def facts(self, since: datetime, until: datetime) -> AsyncIterator[Sequence[Fact]]:
        in_period = and_(c.updated_at >= since, c.created_at < until, c.last_seq > 0)
        last = ""
        while page := await self._conversations(in_period, last):
            for facts in await self._facts(in_period, e.conversation_id.between(page[0], last := page[-1])):
                yield facts

    @whole()
    async def _conversations(self, wanted: ColumnElement[bool], after: str) -> Sequence[str]:
        page = select(c.id).where(wanted, c.id > after).order_by(c.id).limit(PAGE)
        async with self.database.reading() as connection:
            return tuple(await connection.scalars(page))

    @whole()
    async def _facts(self, *wanted: ColumnElement[bool]) -> Sequence[Sequence[Fact]]:
        async with self.database.reading() as connection:
            query = select(*_columns(connection.dialect.name)).join(t.conversation, c.id == e.conversation_id)
            query = query.where(*wanted).order_by(e.conversation_id, e.seq)
            # Asked for the kinds, SQLite would take the index on them, and read all events for each page.
            facts = [_fact(row) for row in await connection.execute(query) if row.kind in COUNTED]
        return [tuple(theirs) for _, theirs in groupby(facts, key=lambda fact: fact.conversation)]

    @whole()
    async def statuses(self) -> Mapping[str, int]:
        by_status = select(c.status, func.count()).where(c.last_seq > 0).group_by(c.status)
        async with self.database.reading() as connection:
            return {row[0]: row[1] for row in await connection.execute(by_status)}

    # ── questions without a good answer ──

    async def unanswered(self, since: datetime, limit: int) -> Sequence[Unanswered]:
        places: list[Place] = []
        for some in _batches(await self._newest(since), PAGE):
            for facts in await self._facts(e.conversation_id.in_(some)):
                places += _missed(facts, since)
            if len(places) >= limit:
                break
        found: list[Unanswered] = []
        for batch in _batches(sorted(places, reverse=True)[:limit], BATCH):
            found += await self._questions([(conversation, seq) for _, conversation, seq in batch])
        return sorted(found, key=lambda question: (question.at, question.conversation, question.seq), reverse=True)

    @whole()
    async def _newest(self, since: datetime) -> Sequence[str]:
        newest = select(c.id).where(c.updated_at >= since, c.last_seq > 0).order_by(c.updated_at.desc(), c.id)
        async with self.database.reading() as connection:
            return tuple(await connection.scalars(newest.limit(LOOKED_AT)))

    @whole()
    async def _questions(self, places: Sequence[tuple[str, int]]) -> Sequence[Unanswered]:
        is_its_turn = and_(u.conversation_id == e.conversation_id, u.question_seq == e.seq)
        query = (
            select(e.conversation_id, e.seq, e.created_at, e.body, u.evidence)
            .outerjoin_from(t.event, t.turn, is_its_turn)
            .where(tuple_(e.conversation_id, e.seq).in_(places))
        )
        async with self.database.reading() as connection:
            return tuple(_question(row) for row in await connection.execute(query))


Place = tuple[datetime, str, int]  # when and where it was asked: conversation, seq


def _missed(facts: Sequence[Fact], since: datetime) -> Iterator[Place]:
    for one in engagements(facts):
        for question in one.questions:
            if not question.is_answered and question.at >= since:
                yield question.at, one.conversation, question.seq


def _question(row: Any) -> Unanswered:
    evidence = row.evidence or {}
    best: Mapping[str, Any] = next(iter(evidence.get("hits") or ()), {})
    text = row.body.get("text", "")
    language = row.body.get("data", {}).get("language") or language_of(text)
    return Unanswered(
        row.conversation_id, row.seq, text, language, row.created_at,
        best.get("title", ""), float(evidence.get("score") or 0.0) if best else 0.0,
    )  # fmt: skip


# ── what a body holds ──


def _columns(dialect: str) -> tuple[ColumnElement[Any], ...]:
    body = _readable_body(dialect)

    def part(*path: str) -> ColumnElement[Any]:
        found: ColumnElement[Any] = body[path].as_string()
        return found

    is_bots = and_(e.kind == Kind.MESSAGE.value, e.author == Author.BOT.value)
    is_agents = and_(e.kind == Kind.MESSAGE.value, e.author == Author.AGENT.value)
    is_handoff, is_rating = e.kind == Kind.HANDED_OFF.value, e.kind == Kind.RATED.value
    is_taking = e.kind.in_([Kind.CLAIMED.value, Kind.TRANSFERRED.value])
    is_correction = and_(is_agents, case((is_agents, part("data", "corrects", "passage"))).is_not(None))
    return (
        e.conversation_id, e.seq, case((is_correction, CORRECTION), else_=e.kind).label("kind"), e.author,
        e.created_at, c.customer, c.language,
        case((is_handoff, part("data", "reason"))).label("reason"),
        case((is_bots, part("data", "source"))).label("source"),
        case((is_rating, part("data", "score"))).label("score"),
        case((is_rating, part("data", "about"))).label("about"),
        case((or_(is_bots, is_handoff), part("answers"))).label("answers"),
        case((is_agents, e.sender_id), (is_taking, part("data", "agent_id"))).label("agent_id"),
        case((or_(is_agents, is_taking), part("data", "agent"))).label("agent_name"),
    )  # fmt: skip


# PostgreSQL keeps these in JSON but will not look into JSON that has one: a passage that was quoted may.
_NO_TEXT = r"\\u(0000|[dD][89a-fA-F][0-9a-fA-F]{2})"
_SUSPECT = ("\\u0000", "\\ud", "\\uD")  # looked for first: a hundred times as many bodies have none


def _readable_body(dialect: str) -> ColumnElement[Any]:
    if dialect == "sqlite":
        return e.body
    text = cast(e.body, Text)
    is_suspect = or_(*(func.strpos(text, mark) > 0 for mark in _SUSPECT))
    return case((is_suspect, cast(func.regexp_replace(text, _NO_TEXT, r"\\ufffd", "g"), JSON)), else_=e.body)


def _fact(row: Row[Any]) -> Fact:
    name = row.agent_name or ""
    return Fact(
        row.conversation_id, row.seq, row.kind, row.author, row.created_at, row.customer, row.language,
        reason=row.reason or "", source=row.source or "", score=_whole(row.score), about=_whole(row.about),
        answers=_whole(row.answers), agent_id=row.agent_id or name, agent_name=name,
    )  # fmt: skip


def _whole(value: Any) -> int | None:
    try:
        return None if value is None else int(value)
    except ValueError:
        return None


def _batches(every: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for start in range(0, len(every), size):
        yield every[start : start + size]
