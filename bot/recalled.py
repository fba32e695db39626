"""The port of recalled answers: which messages rest on passages that are retired now, and what was done about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.access import Agent
from bot.desk import Row
from bot.events import Event
from bot.knowledge import Passage


@dataclass(frozen=True, slots=True)
class Told:
    """A message that rests on a passage which is retired now: where it stands, and when the two happened."""

    conversation: str
    seq: int
    at: datetime
    passage: str
    retired_at: datetime


@dataclass(frozen=True, slots=True)
class Gone:
    """A passage as it was until it was retired."""

    passage: Passage
    retired_at: datetime


class Recalled(Protocol):
    """Reads only, but for `dismiss`. That a correction was sent is written by the store, with the correction."""

    async def told(self, since: datetime, conversation: str = "") -> Sequence[Told]:
        """Newest first, what nobody has seen to yet: in conversations that are open, or where something happened
        since then. Of one `conversation`, however old it is."""
        ...

    async def messages(self, told: Sequence[Told]) -> Sequence[tuple[Row, Event]]:
        """The conversation (without its events) and the message of each, in the same order."""
        ...

    async def heirs(self, gone: Sequence[Gone]) -> Sequence[Passage]:
        """Live passages that may say now what these said: of the same document; and where the anchor is gone, those
        that say the very same, and those that came into the same file since."""
        ...

    async def dismiss(self, told: Told, agent: Agent, at: datetime) -> None:
        """It needs no correction. What was seen to before stays as it is."""
        ...
