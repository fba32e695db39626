"""What a socket reads of a conversation's past: all that is asked for, in order, and no faster than it is taken."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from bot.events import Author, Event, Kind
from bot.hub import Hub
from bot.ports import Bot
from bot.web import wire
from bot.web.outbox import Outbox
from bot.web.peer import HANDFUL, Following

AT = datetime(2026, 11, 22, tzinfo=UTC)


class Past:
    """A store that counts what is read of it."""

    def __init__(self, n: int) -> None:
        self.n_read = self.n_at_once = self.most_at_once = 0
        self._events = [Event(seq, Kind.MESSAGE, Author.CUSTOMER, AT, text="x" * 10_000) for seq in range(1, n + 1)]

    async def position(self, _: str) -> tuple[str, int]:
        return "e", len(self._events)

    async def events(self, _: str, since: int, limit: int) -> Sequence[Event]:
        self.n_at_once += 1
        self.most_at_once = max(self.most_at_once, self.n_at_once)
        await asyncio.sleep(0.001)
        self.n_at_once -= 1
        found = [event for event in self._events if event.seq > since][:limit]
        self.n_read += len(found)
        return found


def reading(past: Past, hub: Hub | None = None, **outbox: int) -> tuple[Following, Outbox]:
    queue = Outbox(**outbox)
    bot = cast(Bot, SimpleNamespace(store=past, hub=hub or Hub()))
    return Following(bot, "c", queue, shown), queue


def shown(_: str, item: Any) -> dict[str, Any]:
    return {"type": "event", "seq": item.seq, "text": item.text}


async def frames(queue: Outbox) -> list[dict[str, Any]]:
    got: list[dict[str, Any]] = []

    async def send(text: str) -> None:
        got.append(json.loads(text))

    queue.close(1000)
    await queue.drain(send)
    return got


async def test_a_sync_brings_all_that_is_asked_for_and_says_so() -> None:
    for n, limit in ((0, 100), (1, 100), (HANDFUL, 100), (50, 100), (50, 45), (50, 1)):
        following, queue = reading(Past(n), most_bytes=10_000_000, most_frames=1_000)
        await following.sync(wire.Sync("s", "c", "e", 0, limit))
        *events, last = await frames(queue)
        assert [event["seq"] for event in events] == list(range(1, min(n, limit) + 1))
        assert (last["type"], last["seq"]) == ("ack", n)


async def test_of_a_long_past_only_as_much_is_read_as_is_taken() -> None:
    past = Past(100)
    following, queue = reading(past)
    asking = asyncio.create_task(following.sync(wire.Sync("s", "c", "e", 0, 100)))
    await asyncio.sleep(0.05)
    assert not asking.done()
    assert past.n_read < 100
    queue.close(1000)
    await asking
    assert past.n_read < 100


async def test_many_who_ask_for_their_past_at_once_are_read_for_by_two_at_a_time() -> None:
    past, hub = Past(40), Hub()
    asked = [reading(past, hub, most_bytes=10_000_000, most_frames=1_000) for _ in range(12)]
    await asyncio.gather(*(following.sync(wire.Sync("s", "c", "e", 0, 40)) for following, _ in asked))
    assert past.most_at_once == 2
    assert past.n_read == 12 * 40
