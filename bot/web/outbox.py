"""What one socket still has to send: bounded, one sender. It cuts the tail, never the head.

An ephemeral frame (a draft, typing) is dropped once the outbox is half full. When a frame that must not be missed does
not fit, the socket is closed and the client resumes from the last position it saw: nothing has a hole.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from math import inf
from typing import Any

from bot.web import wire
from bot.web.bell import Bell

MOST_FRAMES = 256
MOST_BYTES = 1024 * 1024
HISTORY = 8  # that part of the outbox may be taken by what is long past
SEND_S = 10.0


class Outbox:
    def __init__(self, most_frames: int = MOST_FRAMES, most_bytes: int = MOST_BYTES) -> None:
        self._frames: list[str] = []
        self._bytes = 0
        self._most_frames, self._most_bytes = most_frames, most_bytes
        self._news, self._left = Bell(), Bell()
        self._until = inf  # on the loop's clock: when a close no longer waits for what is queued
        self.close_code: int | None = None

    def put(self, frame: Mapping[str, Any]) -> None:
        """Queue a frame; never blocks. After the close was decided nothing more is taken."""
        if self.close_code is not None:
            return
        text = wire.dump(frame)
        if frame["type"] in wire.EPHEMERAL and self._is_half_full:
            return
        if len(self._frames) >= self._most_frames or self._bytes + len(text.encode()) > self._most_bytes:
            self.close(wire.CLOSE["too_slow"])
            return
        self._frames.append(text)
        self._bytes += len(text.encode())
        self._news.set()

    @property
    def _is_half_full(self) -> bool:
        return len(self._frames) * 2 >= self._most_frames or self._bytes * 2 >= self._most_bytes

    def close(self, code: int) -> None:
        """Close the socket after what is queued; the first reason stands."""
        if self.close_code is None:
            self.close_code = code
            self._until = asyncio.get_running_loop().time() + SEND_S
            self._news.set()
            self._left.set()

    @property
    def _is_for_history(self) -> bool:
        """A little of it at a time, so that who asks for much and reads none of it keeps nobody else waiting."""
        return len(self._frames) * HISTORY < self._most_frames and self._bytes * HISTORY < self._most_bytes

    async def room(self) -> None:
        """Wait until there is room for history, or the outbox is closed: it may come as fast as it is read."""
        while not self._is_for_history and self.close_code is None:
            self._left.clear()
            await self._left.wait()

    async def drain(self, send: Callable[[str], Awaitable[None]]) -> int:
        """Send until closed; returns the close code. A send that takes too long is a reader that is too slow.

        What is queued when the close is decided has as long as one send: sips cannot put it off.
        """
        loop = asyncio.get_running_loop()
        while True:
            while self._frames:
                text = self._frames.pop(0)
                self._bytes -= len(text.encode())
                self._left.set()
                try:
                    async with asyncio.timeout_at(min(loop.time() + SEND_S, self._until)):
                        await send(text)
                except TimeoutError:
                    return wire.CLOSE["too_slow"]
            if self.close_code is not None:
                return self.close_code
            self._news.clear()
            await self._news.wait()
