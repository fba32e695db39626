"""The port of looking through the knowledge base: a page of it, what an entry used to say, how often it was cited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.knowledge import Document, Passage


@dataclass(frozen=True, slots=True)
class Browse:
    """Which live entries. `file` is a path below its origin; the days are ISO, and "" asks for no day."""

    file: str = ""
    language: str = ""
    ends_before: str = ""  # entries that begin after `begins_after`, or end before this
    begins_after: str = ""
    offset: int = 0
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Listing:
    """`entries` by the first passage of each."""

    total: int
    entries: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What once happened to a passage: it was added, retired or revived."""

    passage: Passage
    action: str
    at: datetime


class Catalogue(Protocol):
    """Reads only."""

    async def page(self, wanted: Browse) -> Listing: ...
    async def files(self) -> Mapping[str, int]:
        """Every file with a live entry, and how many passages of it are live."""
        ...

    async def languages(self) -> Sequence[str]: ...
    async def parts(self, anchor: str) -> Sequence[Passage]:
        """The live passages of an entry, in order."""
        ...

    async def document(self, key: str) -> Document | None:
        """Whether anything of it is live or not."""
        ...

    async def past(self, anchor: str, limit: int) -> Sequence[Change]:
        """Newest first."""
        ...

    async def cited(self, anchor: str, since: datetime) -> int:
        """Messages that rest on it, or on what it said before."""
        ...
