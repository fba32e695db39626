"""Room for drafts: so many are written at once, so many wait for their turn, and who comes after that is told so."""

import asyncio

from bot.errors import Unavailable

AT_ONCE, MOST = 64, 16


class Room:
    """First come, first served. Whoever waits is late by their own clock, not by this one."""

    def __init__(self, at_once: int = AT_ONCE, most: int = MOST) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._most = most
        self.waiting = 0

    async def enter(self) -> None:
        """Raises Unavailable when too many wait already."""
        if self._places.locked() and self.waiting >= self._most:
            raise Unavailable(f"{self.waiting} drafts are waiting already")
        self.waiting += 1
        try:
            await self._places.acquire()
        finally:
            self.waiting -= 1

    def leave(self) -> None:
        self._places.release()
