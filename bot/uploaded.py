"""The port of uploaded files: put by until somebody has looked at what they would change, then kept in a folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Staged:
    """A file that was uploaded and is not published yet: something to ingest."""

    origin: str
    path: str
    held: bytes = field(repr=False)
    fields: Mapping[str, str] = field(default_factory=dict)

    def data(self) -> bytes:
        return self.held


class Uploads(Protocol):
    """A batch is named by whoever began it. What is put by and never published goes after a day."""

    async def put(self, batch: str, name: str, data: bytes) -> str:
        """Add a file, or replace it; returns the name it has now. Raises Refused for a batch that grows too large."""
        ...

    async def staged(self, batch: str) -> Sequence[Staged]:
        """Raises NotFound."""
        ...

    async def keep(self, batch: str) -> None:
        """Its files stand in the folder from now on. Once more is no error."""
        ...

    async def forget(self, batch: str) -> None: ...
