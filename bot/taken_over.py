"""A person takes a conversation over while the bot is still thinking: then it says no further word."""

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

from bot.conversation import Event, Kind
from bot.errors import BotError
from bot.hub import Head, Item
from bot.ports import Bot

TAKES_OVER = frozenset({Kind.HANDED_OFF, Kind.CLAIMED, Kind.CLOSED})
EVENTS = 100  # read at once
T = TypeVar("T")


class TakenOver:
    """Listens from before the conversation is read, so that nothing falls between."""

    def __init__(self, bot: Bot, conversation: str) -> None:
        self._bot, self._conversation = bot, conversation
        self._latest = 0  # where a person took it over last
        self._heard = self._read_to = 0  # another process took it on to here; up to there we know what happened
        self._thinking: asyncio.Task[Any] | None = None
        self._reading: asyncio.Task[None] | None = None

    def notice(self, _: str, item: Item) -> None:
        if isinstance(item, Event) and item.kind in TAKES_OVER:
            self._over(item.seq)
        elif isinstance(item, Head):
            self._heard = max(self._heard, item.seq)
            self._look()

    def since(self, head: int) -> bool:
        return self._latest > head

    async def unless(self, head: int, thinking: Coroutine[Any, Any, T]) -> T | None:
        """None when a person took over after `head`: the draft nobody waits for stops at its next token."""
        self._read_to, self._thinking = head, asyncio.create_task(thinking)
        if self.since(head):
            self._thinking.cancel()
        self._look()
        try:
            answer: T = await self._thinking
            return answer
        except asyncio.CancelledError:
            here = asyncio.current_task()
            if here is not None and here.cancelling():  # the worker itself is stopped
                raise
            return None
        finally:
            if self._reading is not None:
                self._reading.cancel()

    def _over(self, seq: int) -> None:
        self._latest = max(self._latest, seq)
        if self._thinking is not None and self.since(self._read_to):
            self._thinking.cancel()

    def _look(self) -> None:
        is_behind = self._thinking is not None and self._heard > self._read_to
        if is_behind and (self._reading is None or self._reading.done()):
            self._reading = asyncio.create_task(self._read_on())

    async def _read_on(self) -> None:
        with suppress(BotError):  # what is not known here is found at the commit
            while self._heard > self._read_to:
                events = await self._bot.store.events(self._conversation, self._read_to, EVENTS)
                for event in events:
                    if event.kind in TAKES_OVER:
                        self._over(event.seq)
                if not events:
                    return
                self._read_to = events[-1].seq


@contextmanager
def taken_over(bot: Bot, conversation: str) -> Iterator[TakenOver]:
    taken = TakenOver(bot, conversation)
    with bot.hub.watch(conversation, taken.notice):
        yield taken
