"""What processes share of their limits, in Redis: buckets, places, tries.

Keys are hashes, so that nothing in Redis names a customer or an address. What somebody writes there loosens or tightens
limits, and does nothing else.
"""

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from typing import Any

from redis.asyncio import BlockingConnectionPool

from bot.adapters import redis_scripts as scripts
from bot.adapters.redis_client import client
from bot.errors import Unavailable
from bot.limits import Allowance, Draw, Guess
from bot.shared_limits import Place
from bot.tries import FORGOTTEN_S, LONGEST_S, WINDOW_S

PREFIX = "answerdesk:limits"
PATIENCE_S = 0.1  # longer than this nobody waits for a limit
CONNECTIONS = 16


class RedisLimits:
    """The Tally port. With a clock of its own for tests; else Redis' clock counts for everybody."""

    def __init__(self, url: str, clock: Callable[[], float] | None = None, patience_s: float = PATIENCE_S) -> None:
        self._clock, self._patience_s = clock, patience_s
        self._redis = client(url, BlockingConnectionPool, max_connections=CONNECTIONS, timeout=patience_s)
        self._take, self._give_back = self._script(scripts.TAKE), self._script(scripts.GIVE_BACK)
        self._occupy, self._keep = self._script(scripts.OCCUPY), self._script(scripts.KEEP)
        self._vacate = self._script(scripts.VACATE)
        self._guess, self._unguess = self._script(scripts.GUESS), self._script(scripts.UNGUESS)

    def _script(self, source: str) -> Any:
        return self._redis.register_script(source)

    async def take(self, *draws: Draw) -> float:
        return float(await self._run(self._take, _keys(draws), [self._now(), *_asked(draws)]))

    async def give_back(self, *draws: Draw) -> None:
        await self._run(self._give_back, _keys(draws), [self._now(), *_asked(draws)])

    async def occupy(self, place: Place, most: int, lease_s: float) -> bool:
        return bool(await self._run(self._occupy, _keys([place]), [self._now(), lease_s, most, place.holder]))

    async def keep(self, places: Sequence[Place], lease_s: float) -> None:
        holders = [place.holder for place in places]
        await self._run(self._keep, _keys(places), [self._now(), lease_s, *holders])

    async def vacate(self, places: Sequence[Place]) -> None:
        await self._run(self._vacate, _keys(places), [place.holder for place in places])

    async def guess(self, *guesses: Guess) -> float:
        return float(await self._run(self._guess, _keys(guesses), self._rules(guesses)))

    async def unguess(self, *guesses: Guess) -> None:
        await self._run(self._unguess, _keys(guesses), self._rules(guesses))

    def _rules(self, guesses: Sequence[Guess]) -> list[Any]:
        return [self._now(), WINDOW_S, LONGEST_S, FORGOTTEN_S, *(guess.most for guess in guesses)]

    async def close(self) -> None:
        await self._redis.aclose()

    def _now(self) -> str:
        return repr(self._clock()) if self._clock else ""

    async def _run(self, script: Any, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        try:
            async with asyncio.timeout(self._patience_s):
                return await script(keys, arguments)
        except TimeoutError:
            raise Unavailable("Redis does not answer") from None
        except Exception as error:  # nobody is refused anything because a client of Redis failed
            raise Unavailable(f"Redis cannot be used ({type(error).__name__})") from None


def _keys(things: Sequence[Draw | Guess | Place]) -> list[str]:
    return [f"{PREFIX}:{one.what}:{_digest(one.key)}" for one in things]


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()[:32]


def _asked(draws: Sequence[Draw]) -> list[Any]:
    every: list[Any] = []
    for draw in draws:
        is_allowance = isinstance(draw.of, Allowance)
        span = draw.of.every_s if isinstance(draw.of, Allowance) else draw.of.window_s
        every += ["allowance" if is_allowance else "quota", draw.of.burst, repr(float(span)), draw.n]
    return every
