"""The Inbox port in SQL: lists, the feed, the timers, and what led to a reply."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, and_, case, cast, exists, false, func, not_, or_, select, update
from sqlalchemy import Row as SqlRow
from sqlalchemy.sql.operators import gt, lt

from bot.adapters import tables as t
from bot.adapters.rows import as_conversation, as_passage
from bot.adapters.sql_database import Database, one, whole
from bot.conversation import MAX_TEXT, Kind, Status
from bot.desk import Page, Row, Turn, View, Wanted
from bot.errors import Refused
from bot.knowledge import Passage

INBOX = "inbox"
BATCH = 500  # ids in one statement
LATE = 100  # conversations whose timer is seen to at once
RECENT_TAGS = 2_000  # conversations looked at for the tags in use
MOST = 2**31 - 1
NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")
UNREADABLE = (Kind.RATED.value, Kind.TAGGED.value)  # say nothing, and carry what nobody checked
c = t.conversation.c
LISTED = (*t.conversation.columns,)


class SqlInbox:
    def __init__(self, database: Database) -> None:
        self.database = database

    # ── lists ──

    @whole()
    async def page(self, wanted: Wanted) -> Page:
        is_line = wanted.view is View.WAITING
        column, follows = (c.queue_at, gt) if is_line else (c.updated_at, lt)
        order = (c.queue_at, c.id) if is_line else (c.updated_at.desc(), c.id.desc())
        limit = max(wanted.limit, 1)
        query = select(*LISTED).where(*_filters(wanted)).order_by(*order).limit(limit + 1)
        if wanted.before:
            at, id = _cursor(wanted.before)
            query = query.where(or_(follows(column, at), and_(column == at, follows(c.id, id))))
        async with self.database.reading() as connection:
            epoch, position = await _position(connection)
            found = list(await connection.execute(query))
        following = _cursor_of(found[limit - 1], column.name) if len(found) > limit else ""
        return Page([_row(row) for row in found[:limit]], following, epoch, position)

    @whole()
    async def row(self, id: str) -> Row:
        async with self.database.reading() as connection:
            return _row(await one(connection, select(*LISTED).where(c.id == id), "conversation"))

    @whole()
    async def position(self) -> tuple[str, int]:
        async with self.database.reading() as connection:
            return await _position(connection)

    @whole()
    async def since(self, position: int, limit: int) -> Sequence[Row]:
        changed = select(*LISTED).where(c.inbox_seq > _bounded(position)).order_by(c.inbox_seq)
        return await self._rows(changed.limit(max(limit, 0)))

    @whole()
    async def counts(self, agent: str) -> Mapping[str, int]:
        by_status = select(c.status, func.count()).where(c.last_seq > 0).group_by(c.status)
        mine = select(func.count()).where(c.status == Status.AGENT.value, c.agent == agent)
        async with self.database.reading() as connection:
            counted = {row[0]: row[1] for row in await connection.execute(by_status)}
            counted["mine"] = await connection.scalar(mine)
        return {name: counted.get(name, 0) for name in ("waiting", "mine", "agent", "bot", "closed")}

    @whole()
    async def tags(self) -> Sequence[str]:
        recent = select(c.tags).where(cast(c.tags, Text) != "[]").order_by(c.updated_at.desc()).limit(RECENT_TAGS)
        async with self.database.reading() as connection:
            return sorted({tag for tags in await connection.scalars(recent) for tag in tags})

    @whole()
    async def held(self) -> Mapping[str, int]:
        by_agent = select(c.agent, func.count()).where(c.status == Status.AGENT.value).group_by(c.agent)
        async with self.database.reading() as connection:
            return {row[0]: row[1] for row in await connection.execute(by_agent)}

    @whole()
    async def earlier(self, customer: str, but: str, limit: int) -> Sequence[Row]:
        theirs = c.customer == customer, c.id != but, c.last_seq > 0
        newest = select(*LISTED).where(*theirs).order_by(c.updated_at.desc(), c.id.desc())
        return await self._rows(newest.limit(max(limit, 0)))

    # ── the line, and its timers ──

    @whole()
    async def line(self) -> Sequence[Row]:
        waiting = select(*LISTED).where(c.status == Status.WAITING.value)
        return await self._rows(waiting.order_by(c.queue_at, c.id))

    @whole()
    async def waits(self, since: datetime, limit: int) -> Sequence[float]:
        e = t.event.c
        waited = e.body["data"]["waited_s"].as_float()  # none when it was taken from under the bot
        claims = select(waited).where(e.kind == Kind.CLAIMED.value, e.created_at > since, waited.is_not(None))
        async with self.database.reading() as connection:
            newest = await connection.scalars(claims.order_by(e.created_at.desc()).limit(max(limit, 0)))
            return tuple(newest)

    @whole()
    async def late(self, waiting_before: datetime, owed_before: datetime) -> Sequence[str]:
        untold = and_(c.status == Status.WAITING.value, c.waiting_since <= waiting_before, not_(c.delayed))
        silent = and_(c.status == Status.AGENT.value, c.owed_since <= owed_before)
        query = select(c.id).where(or_(untold, silent)).order_by(c.updated_at, c.id).limit(LATE)
        async with self.database.reading() as connection:
            return tuple(await connection.scalars(query))

    @whole()
    async def unmailed(self) -> Sequence[tuple[str, int]]:
        owed = select(c.id, c.mailed).where(c.email != "", c.mailed < c.last_seq).order_by(c.updated_at).limit(LATE)
        async with self.database.reading() as connection:
            return tuple((id, seq) for id, seq in await connection.execute(owed))

    @whole()
    async def mailed(self, id: str, seq: int) -> None:
        async with self.database.writing() as connection:
            await connection.execute(update(t.conversation).where(c.id == id, c.mailed < seq).values(mailed=seq))

    # ── what led to a reply ──

    @whole()
    async def turns(self, id: str) -> Sequence[Turn]:
        query = select(t.turn).where(t.turn.c.conversation_id == id).order_by(t.turn.c.question_seq)
        async with self.database.reading() as connection:
            return tuple(_turn(row) for row in await connection.execute(query))

    @whole()
    async def turn(self, id: str, seq: int) -> Turn:
        u, seq = t.turn.c, _bounded(seq)
        named = u.conversation_id == id, or_(u.question_seq == seq, u.reply_seq == seq)
        async with self.database.reading() as connection:
            return _turn(await one(connection, select(t.turn).where(*named), "turn"))

    @whole()
    async def passages_ever(self, ids: Sequence[str]) -> Mapping[str, tuple[Passage, bool]]:
        found: dict[str, tuple[Passage, bool]] = {}
        async with self.database.reading() as connection:
            for some in _batches(ids):
                rows = await connection.execute(select(t.passage).where(t.passage.c.id.in_(some)))
                found.update((row.id, (as_passage(row), row.retired_at is None)) for row in rows)
        return found

    async def _rows(self, query: Select[Any]) -> Sequence[Row]:
        async with self.database.reading() as connection:
            return tuple(_row(row) for row in await connection.execute(query))


# ── statements ──


def _filters(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    if NO_TEXT.search(wanted.reason + wanted.language + wanted.tag + wanted.agent + wanted.text):
        raise Refused("a filter holds characters that are not text")
    match wanted.view:
        case View.WAITING:
            yield c.status == Status.WAITING.value
        case View.MINE:
            yield and_(c.status == Status.AGENT.value, c.agent == wanted.asker)
        case View.CLOSED:
            yield c.status == Status.CLOSED.value
        case View.ALL:
            yield c.last_seq > 0  # somebody said something
    for column, value in ((c.reason, wanted.reason), (c.language, wanted.language), (c.agent, wanted.agent)):
        if value:
            yield column == value
    if wanted.tag:
        yield _is_tagged(wanted.tag)
    if text := wanted.text.strip():
        yield _says(text)


def _is_tagged(tag: str) -> ColumnElement[bool]:
    """In the JSON as it is stored. The quote must open a tag: one inside a tag has a backslash before it.

    By `replace`, because SQLite's LIKE takes "late" for "Late".
    """
    stored, written = cast(c.tags, Text), json.dumps(" ".join(tag.split()))
    return or_(*(func.replace(stored, start + written, "") != stored for start in ("[", " ")))


def _says(text: str) -> ColumnElement[bool]:
    """Reads every message: fine for a shop's year of conversations, no full-text index to keep.

    Only what cannot hold anything but text is opened: PostgreSQL fails on a whole body for one NUL in a comment.
    """
    e = t.event.c
    said = (e.body["text"].as_string(), e.body["data"]["note"].as_string())
    like = func.lower(f"%{_literally(text[:MAX_TEXT])}%")  # lower as the database does it, on both sides
    found = or_(*(func.lower(one).like(like, escape="/") for one in said))
    return exists().where(e.conversation_id == c.id, case((e.kind.not_in(UNREADABLE), found), else_=false()))


def _literally(text: str) -> str:
    return re.sub(r"[%_/]", r"/\g<0>", text)


async def _position(connection: Any) -> tuple[str, int]:
    row = (await connection.execute(select(t.feed).where(t.feed.c.name == INBOX))).first()
    return (row.epoch, row.last_seq) if row else ("", 0)


def _cursor_of(row: SqlRow[Any], column: str) -> str:
    return f"{row._mapping[column].isoformat()}|{row.id}"


def _cursor(text: str) -> tuple[datetime, str]:
    at, _, id = text.partition("|")
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or NO_TEXT.search(id):
            raise ValueError("no page ends there")
        return moment.astimezone(UTC), id
    except (ValueError, OverflowError):
        raise Refused("`before` is the `next` of the page before") from None


def _row(row: SqlRow[Any]) -> Row:
    return Row(as_conversation(row), row.inbox_seq, row.updated_at)


def _turn(row: SqlRow[Any]) -> Turn:
    return Turn(row.question_seq, row.reply_seq, dict(row.evidence))


def _bounded(number: int) -> int:
    return min(max(number, 0), MOST)


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    every = list(dict.fromkeys(ids))
    for start in range(0, len(every), BATCH):
        yield every[start : start + BATCH]
