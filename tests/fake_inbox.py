"""The Inbox port over the dictionaries of the fake store, held to the same contract as the real one."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from bot.conversation import Event, Kind, Status
from bot.desk import Page, Row, Turn, View, Wanted
from bot.errors import NotFound, Refused
from bot.knowledge import Passage
from tests.fake_store import FakeStore

NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")
Place = tuple[datetime, str]  # where a row stands in a list


class FakeInbox:
    """Every method gives the loop a turn first, as a database would."""

    def __init__(self, store: FakeStore) -> None:
        self.store = store
        self.letters: dict[str, int] = {}  # conversation → the seq up to which letters went out

    # ── lists ──

    async def page(self, wanted: Wanted) -> Page:
        await asyncio.sleep(0)
        if NO_TEXT.search(wanted.reason + wanted.language + wanted.tag + wanted.agent + wanted.text):
            raise Refused("a filter holds characters that are not text")
        is_line = wanted.view is View.WAITING
        place, limit = _in_line if is_line else _newest, max(wanted.limit, 1)
        rows = sorted((row for row in self._rows() if self._is_wanted(row, wanted)), key=place, reverse=not is_line)
        if wanted.before:
            here = _cursor(wanted.before)
            rows = [row for row in rows if (place(row) > here if is_line else place(row) < here)]
        following = _cursor_of(place(rows[limit - 1])) if len(rows) > limit else ""
        return Page(rows[:limit], following, *self._position())

    async def row(self, id: str) -> Row:
        await asyncio.sleep(0)
        if id not in self.store.conversations:
            raise NotFound("there is no such conversation")
        return self._row(id)

    async def position(self) -> tuple[str, int]:
        await asyncio.sleep(0)
        return self._position()

    def _position(self) -> tuple[str, int]:
        return (self.store.epoch, self.store.feed) if self.store.feed else ("", 0)

    async def since(self, position: int, limit: int) -> Sequence[Row]:
        await asyncio.sleep(0)
        changed = [row for row in self._rows() if row.position > max(position, 0)]
        return sorted(changed, key=lambda row: row.position)[: max(limit, 0)]

    async def counts(self, agent: str) -> Mapping[str, int]:
        spoken = [row.conversation for row in self._rows() if row.conversation.head]
        by_status = {name: sum(c.status == name for c in spoken) for name in ("waiting", "agent", "bot", "closed")}
        return by_status | {"mine": (await self.held()).get(agent, 0)}

    async def tags(self) -> Sequence[str]:
        await asyncio.sleep(0)
        return sorted({tag for row in self._rows() for tag in row.conversation.tags})

    async def held(self) -> Mapping[str, int]:
        await asyncio.sleep(0)
        holders = [row.conversation.agent for row in self._rows() if row.conversation.agent]
        return {agent: holders.count(agent) for agent in holders}

    async def earlier(self, customer: str, but: str, limit: int) -> Sequence[Row]:
        await asyncio.sleep(0)
        theirs = [row for row in self._rows() if row.conversation.customer == customer and row.conversation.id != but]
        return sorted((row for row in theirs if row.conversation.head), key=_newest, reverse=True)[: max(limit, 0)]

    # ── the line, and its timers ──

    async def line(self) -> Sequence[Row]:
        await asyncio.sleep(0)
        return sorted((row for row in self._rows() if row.conversation.status is Status.WAITING), key=_in_line)

    async def waits(self, since: datetime, limit: int) -> Sequence[float]:
        await asyncio.sleep(0)
        claims = [
            event
            for log in self.store.log.values()
            for event in log
            if event.kind is Kind.CLAIMED and event.at > since and "waited_s" in event.data
        ]
        newest = sorted(claims, key=lambda event: event.at, reverse=True)[: max(limit, 0)]
        return tuple(float(event.data["waited_s"]) for event in newest)

    async def late(self, waiting_before: datetime, owed_before: datetime) -> Sequence[str]:
        await asyncio.sleep(0)
        return tuple(row.conversation.id for row in self._rows() if _is_late(row, waiting_before, owed_before))

    async def unmailed(self) -> Sequence[tuple[str, int]]:
        await asyncio.sleep(0)
        left = [row.conversation for row in self._rows() if row.conversation.email]
        return [(c.id, self.letters.get(c.id, 0)) for c in left if self.letters.get(c.id, 0) < c.head]

    async def mailed(self, id: str, seq: int) -> None:
        await asyncio.sleep(0)
        self.letters[id] = max(seq, self.letters.get(id, 0))

    # ── what led to a reply ──

    async def turns(self, id: str) -> Sequence[Turn]:
        await asyncio.sleep(0)
        questions = sorted(question for conversation, question in self.store.turns if conversation == id)
        return [Turn(seq, self.store.replies[id, seq], self.store.turns[id, seq]) for seq in questions]

    async def turn(self, id: str, seq: int) -> Turn:
        for turn in await self.turns(id):
            if seq in (turn.question_seq, turn.reply_seq):
                return turn
        raise NotFound("there is no such turn")

    async def passages_ever(self, ids: Sequence[str]) -> Mapping[str, tuple[Passage, bool]]:
        await asyncio.sleep(0)
        known = self.store.known_passages
        return {id: (known[id], id not in self.store.retired) for id in ids if id in known}

    # ── rows ──

    def _rows(self) -> Iterator[Row]:
        return map(self._row, list(self.store.conversations))

    def _row(self, id: str) -> Row:
        return Row(self.store.conversations[id], self.store.positions.get(id, 0), self.store.updated_at[id])

    def _is_wanted(self, row: Row, wanted: Wanted) -> bool:
        c, text = row.conversation, wanted.text.strip().lower()
        return (
            _is_in_view(row, wanted)
            and all(not asked or asked == is_ for asked, is_ in _equal(row, wanted))
            and (not wanted.tag or wanted.tag in c.tags)
            and (not text or any(text in said.lower() for event in self.store.log[c.id] for said in _said(event)))
        )


def _is_in_view(row: Row, wanted: Wanted) -> bool:
    c = row.conversation
    views: Mapping[View, Callable[[], bool]] = {
        View.WAITING: lambda: c.status is Status.WAITING,
        View.MINE: lambda: c.status is Status.AGENT and c.agent == wanted.asker,
        View.ALL: lambda: c.head > 0,
        View.CLOSED: lambda: c.status is Status.CLOSED,
    }
    return views[wanted.view]()


def _equal(row: Row, wanted: Wanted) -> Iterator[tuple[str, str | None]]:
    c = row.conversation
    yield from ((wanted.reason, c.reason), (wanted.language, c.language), (wanted.agent, c.agent))


def _said(event: Event) -> Iterator[str]:
    yield from (event.text, event.data.get("note", ""))


def _is_late(row: Row, waiting_before: datetime, owed_before: datetime) -> bool:
    c = row.conversation
    is_unclaimed = c.waiting_since is not None and c.waiting_since <= waiting_before and not c.is_delayed
    return is_unclaimed or (c.owed_since is not None and c.owed_since <= owed_before)


def _in_line(row: Row) -> Place:
    assert row.conversation.queue_at is not None, "whoever waits has a place in line"
    return row.conversation.queue_at, row.conversation.id


def _newest(row: Row) -> Place:
    return row.updated_at, row.conversation.id


def _cursor_of(place: Place) -> str:
    return f"{place[0].isoformat()}|{place[1]}"


def _cursor(text: str) -> Place:
    at, _, id = text.partition("|")
    try:
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None or NO_TEXT.search(id):
            raise ValueError("no page ends there")
        return moment.astimezone(UTC), id
    except (ValueError, OverflowError):
        raise Refused("`before` is the `next` of the page before") from None
