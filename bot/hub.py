"""Fan-out: what happened to a conversation goes to every socket that watches it, in this process. Nothing is kept.

A subscriber's `deliver` must not block or raise: it puts the item into that socket's own bounded outbox.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from bot.conversation import Event, Kind
from bot.knowledge import Citation


@dataclass(frozen=True, slots=True)
class Draft:
    """The checked sentences of a reply so far: shown at once, replaced by the event. Never stored."""

    answers: int
    n: int
    text: str
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Typing:
    author: str
    on: bool
    name: str = ""  # which agent


@dataclass(frozen=True, slots=True)
class Place:
    """Where a waiting customer stands. Never stored: it moves when others come and go."""

    position: int  # 1 is next
    wait_s: int | None  # None: too little is known
    is_open: bool
    opens_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """Another process took the conversation on, to here: what is missing stands in the database."""

    seq: int


ENDS_DRAFT = frozenset({Kind.HANDED_OFF, Kind.CLAIMED, Kind.RETURNED, Kind.CLOSED})
Shown = Event | Draft | Typing | Place
Item = Shown | Head
Deliver = Callable[[str, Item], None]


class Hub:
    def __init__(self) -> None:
        self._watching: dict[str, set[Deliver]] = defaultdict(set)
        self._following: set[Callable[[], None]] = set()
        self._observing: set[Deliver] = set()
        self._drafts: dict[str, Draft] = {}
        self.looking_back = asyncio.Semaphore(2)  # so many read history at once: what happens now goes first

    @contextmanager
    def follow(self, wake: Callable[[], None]) -> Iterator[None]:
        """Be told that the inbox feed has something new; what it is stands in the database."""
        self._following.add(wake)
        try:
            yield
        finally:
            self._following.discard(wake)

    def wake(self) -> None:
        """The inbox feed has something new."""
        for wake in tuple(self._following):
            wake()

    @contextmanager
    def observe(self, deliver: Deliver) -> Iterator[None]:
        """Receive every item of every conversation that happens in this process: for counting, not for showing."""
        self._observing.add(deliver)
        try:
            yield
        finally:
            self._observing.discard(deliver)

    @contextmanager
    def watch(self, conversation: str, deliver: Deliver) -> Iterator[Draft | None]:
        """Receive what happens from now on. Yields the draft in progress, so that a resumed tab sees it whole."""
        self._watching[conversation].add(deliver)
        try:
            yield self._drafts.get(conversation)
        finally:
            self._watching[conversation].discard(deliver)
            if not self._watching[conversation]:
                del self._watching[conversation]

    def publish(self, conversation: str, item: Item) -> None:
        """What happened in this process."""
        if isinstance(item, Draft):
            self._drafts[conversation] = item
        elif isinstance(item, Event) and self._ends_draft(conversation, item):
            del self._drafts[conversation]
        self.relay(conversation, item)
        for deliver in tuple(self._observing):
            deliver(conversation, item)

    def relay(self, conversation: str, item: Item) -> None:
        """What happened in another process: whoever observes that one has heard of it there."""
        for deliver in tuple(self._watching.get(conversation, ())):
            deliver(conversation, item)

    def draft(self, conversation: str) -> Draft | None:
        """The one that is being written in this process."""
        return self._drafts.get(conversation)

    def _ends_draft(self, conversation: str, event: Event) -> bool:
        """Its reply does, and a change of hands; a second question meanwhile does not."""
        draft = self._drafts.get(conversation)
        is_its_reply = draft is not None and event.answers == draft.answers
        return draft is not None and (is_its_reply or event.kind in ENDS_DRAFT)

    def withdraw(self, conversation: str) -> None:
        """The draft in progress will not become a reply: a later tab must not see it."""
        self._drafts.pop(conversation, None)

    @property
    def watched(self) -> Collection[str]:
        """The conversations that somebody watches."""
        return self._watching.keys()
