"""What the processes that serve one shop keep for each other in its database, and how they wake each other.

The database is the truth. A bus only says that there is something new, by ids; what it is, each process reads for
itself. So a forged or lost message costs a look at the database, and no more.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from bot.hub import Draft


class What(StrEnum):
    EVENT = "event"  # a conversation went on, to `n`
    DRAFT = "draft"  # the draft of a conversation's reply has grown
    TYPING = "typing"  # `who` (an author) types, or no longer does: `n` is 1 or 0
    PEOPLE = "people"  # somebody came, went, or is away


@dataclass(frozen=True, slots=True)
class News:
    what: What
    conversation: str = ""
    n: int = 0
    who: str = ""


class Bus(Protocol):
    """Wakes the other processes. May lose news, and repeat it; never blocks."""

    @property
    def is_up(self) -> bool:
        """Has it been heard from within the last two seconds? When not, look into the database instead."""
        ...

    def tell(self, news: News) -> None:
        """To all the other processes, soon. Dropped while the bus is down."""
        ...

    async def run(self, hear: Callable[[News], None]) -> None:
        """Listens until cancelled; a connection that broke, or hangs, is made again."""
        ...

    async def check(self) -> str:
        """Asks once, and returns a line for `bot doctor`. Raises Unavailable."""
        ...


class Silence:
    """No bus: the other processes look into the database."""

    is_up = False

    def tell(self, news: News) -> None:
        pass

    async def run(self, hear: Callable[[News], None]) -> None:
        pass

    async def check(self) -> str:
        return "none: BOT_REDIS_URL is not set"


@dataclass(frozen=True, slots=True)
class Here:
    """Who is at one process. An agent's `(is away, version)`: what was said last, by whichever process, is true."""

    agents: Mapping[str, tuple[bool, int]] = field(default_factory=dict)
    readers: Collection[str] = frozenset()  # conversations that a customer has open


class Shared(Protocol):
    """Kept in the database for all processes. Time is the database's own: the machines' clocks may disagree."""

    async def take(self, name: str, seconds: float) -> bool:
        """The lease is ours for so long: free until now, ours already (it then lasts longer), or run out."""
        ...

    async def release(self, name: str) -> None:
        """Nothing happens when it is somebody else's by now."""
        ...

    async def heads(self, conversations: Iterable[str]) -> Mapping[str, int]:
        """The newest seq of each; those that are not there are left out."""
        ...

    async def put_draft(self, conversation: str, draft: Draft) -> None: ...
    async def draft(self, conversation: str) -> Draft | None: ...
    async def drop_draft(self, conversation: str) -> None: ...

    async def say(self, here: Here) -> None:
        """This process lives, and who is at it."""
        ...

    async def others(self, within_s: float) -> Sequence[Here]:
        """The processes that said so within this time, without our own."""
        ...

    async def leave(self) -> None:
        """This process ends."""
        ...


class Alone:
    """One process on its own: whatever is asked for is ours, and there is nobody else."""

    async def take(self, name: str, seconds: float) -> bool:
        return True

    async def release(self, name: str) -> None:
        pass

    async def heads(self, conversations: Iterable[str]) -> Mapping[str, int]:
        return {}

    async def put_draft(self, conversation: str, draft: Draft) -> None:
        pass

    async def draft(self, conversation: str) -> Draft | None:
        return None

    async def drop_draft(self, conversation: str) -> None:
        pass

    async def say(self, here: Here) -> None:
        pass

    async def others(self, within_s: float) -> Sequence[Here]:
        return ()

    async def leave(self) -> None:
        pass
