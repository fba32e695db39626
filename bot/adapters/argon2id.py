"""Passwords by Argon2id, with OWASP's parameters: off the event loop, two at once, and a short line before the door."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import Argon2Error, InvalidHashError

from bot.errors import TooLarge, Unavailable

AT_ONCE = 2
MOST_WAITING = 20  # a hash takes tens of milliseconds: who comes later would wait longer than it takes to try again
MAX_BYTES = 1_024
T = TypeVar("T")


class Argon2id:
    """The Passwords port. The threads are its own: a cancelled caller does not let a third hash begin."""

    def __init__(self, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING) -> None:
        self._hasher = PasswordHasher(
            time_cost=2, memory_cost=19_456, parallelism=1, hash_len=32, salt_len=16, type=Type.ID
        )
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="password")
        self._places = at_once + most_waiting
        self._inside = 0

    async def hash(self, password: str) -> str:
        """Raises TooLarge above 1 KiB, and Unavailable when too many wait already."""
        secret = _bytes(password)
        if secret is None:
            raise TooLarge(f"the password is longer than {MAX_BYTES} bytes")
        return await self._run(lambda: self._hasher.hash(secret))

    async def verify(self, password_hash: str, password: str) -> bool:
        """False for anything wrong, a malformed hash included. Raises Unavailable when too many wait already."""
        secret = _bytes(password)
        return secret is not None and await self._run(lambda: self._is_right(password_hash, secret))

    def _is_right(self, password_hash: str, secret: bytes) -> bool:
        try:
            return self._hasher.verify(password_hash, secret)
        except (Argon2Error, InvalidHashError, ValueError):
            return False

    async def _run(self, work: Callable[[], T]) -> T:
        if self._inside >= self._places:
            raise Unavailable("too many people log in at once: try again in a moment")
        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._inside -= 1


def _bytes(password: str) -> bytes | None:
    """None when it is too long. Half a surrogate pair is no text, but it must not be an error either."""
    secret = password.encode(errors="surrogatepass")
    return secret if len(secret) <= MAX_BYTES else None
