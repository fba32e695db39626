"""The port of uploaded files: put by until somebody has looked at what they would change, then kept in a folder."""

from collections.abc import Sequence
from typing import Protocol

from bot.content import HeldFile


class Uploads(Protocol):
    """A batch is named by whoever began it. What is put by and never published goes after a day."""

    async def put(self, batch: str, name: str, data: bytes) -> str:
        """Add a file, or replace it; returns the name it has now. Raises Refused for a batch that grows too large."""
        ...

    async def staged(self, batch: str) -> Sequence[HeldFile]:
        """Raises NotFound."""
        ...

    async def keep(self, batch: str) -> None:
        """Its files stand in the folder from now on. Once more is no error."""
        ...

    async def forget(self, batch: str) -> None: ...
