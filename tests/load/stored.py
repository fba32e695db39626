"""What the database holds in the end, read by plain SQL beside the product: the judge of every correctness figure."""

import asyncio
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from tests.load.customer import Customer

EVENTS = "SELECT conversation_id, seq, author, cid, body FROM event ORDER BY conversation_id, seq"
HEADS = "SELECT id, last_seq FROM conversation"


@dataclass(frozen=True)
class Row:
    conversation: str
    seq: int
    author: str
    cid: str | None
    answers: int | None
    text: str


@dataclass(frozen=True)
class Stored:
    rows: Mapping[str, list[Row]]  # by conversation, in order
    heads: Mapping[str, int]

    @property
    def n_owed(self) -> int:
        """Questions without an answer, in conversations that the bot still holds."""
        return sum(len(self._questions(rows)) - len(self._answered(rows)) for rows in self.rows.values())

    def _questions(self, rows: Iterable[Row]) -> set[int]:
        return {row.seq for row in rows if row.author == "customer"}

    def _answered(self, rows: Iterable[Row]) -> set[int]:
        return {row.answers for row in rows if row.author == "bot" and row.answers is not None}

    def holes(self) -> int:
        """Conversations whose positions are not 1 to N, N being what the conversation says."""
        return sum([row.seq for row in self.rows.get(id, [])] != list(range(1, n + 1)) for id, n in self.heads.items())

    def doubled(self) -> int:
        """Messages that stand there more than once."""
        return self._more_than_once(lambda row: row.cid if row.author == "customer" else None)

    def answered_twice(self) -> int:
        return self._more_than_once(lambda row: row.answers if row.author == "bot" else None)

    def _more_than_once(self, key: Callable[[Row], object]) -> int:
        counted = [Counter(key(row) for row in rows if key(row)) for rows in self.rows.values()]
        return sum(n - 1 for counter in counted for n in counter.values())

    def lost(self, customers: Iterable[Customer]) -> int:
        """Acknowledged messages that are not there, or not where the ack said."""
        places = {(row.conversation, row.cid): row.seq for rows in self.rows.values() for row in rows}
        return sum(
            places.get((customer.conversation, cid)) != seq
            for customer in customers
            for cid, seq in tuple(customer.acked.items())
        )

    def inverted(self, customers: Iterable[Customer]) -> int:
        """Events that a customer saw at another place than where they stand, and reads that had a hole."""
        wrong = 0
        for customer in customers:
            there = {row.seq: row for row in self.rows.get(customer.conversation, [])}
            for seq, event in customer.seen.items():
                row = there.get(seq)
                wrong += row is None or (row.author, row.text) != (event["author"], event["body"].get("text", ""))
        return wrong


async def stored(url: str) -> Stored:
    if url.startswith("sqlite"):
        events, heads = await asyncio.to_thread(_sqlite, url.removeprefix("sqlite:///"))
    else:
        events, heads = await _postgresql(url)
    rows: dict[str, list[Row]] = defaultdict(list)
    for conversation, seq, author, cid, body in events:
        held = json.loads(body)
        rows[conversation].append(Row(conversation, seq, author, cid, held.get("answers"), held.get("text", "")))
    return Stored(rows, dict(heads))


def _sqlite(file: str) -> tuple[Iterable[Any], Iterable[Any]]:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as connection:
        connection.execute("BEGIN")
        return connection.execute(EVENTS).fetchall(), connection.execute(HEADS).fetchall()


async def _postgresql(url: str) -> tuple[Iterable[Any], Iterable[Any]]:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return [tuple(r) for r in await connection.fetch(EVENTS)], [tuple(r) for r in await connection.fetch(HEADS)]
    finally:
        await connection.close()


async def connections(url: str) -> int:
    """How many the app holds, as the database sees it."""
    connection = await asyncpg.connect(url)
    try:
        return int(
            await connection.fetchval("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'answerdesk'")
        )
    finally:
        await connection.close()
