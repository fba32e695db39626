"""Limits that several processes keep together, as long as what they share answers; each its own while it does not.

Whatever is taken is counted here too, so a process whose others are out of reach still knows its own part. What they
share is asked again a second later.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import Protocol, TypeVar

from bot.breaker import Breaker, Rules, State
from bot.errors import Unavailable
from bot.limits import Draw, Guess, OwnLimits

log = logging.getLogger(__name__)
LEASE_S = 30.0  # after that a place nobody keeps is free again: its process was killed
KEEP_S = 10.0  # how often places are kept
CLOSE_S = 1.0
MOST_AT_ONCE = 200  # places in one call
RULES = Rules(failures=1, window_s=1, pause_s=1, longest_pause_s=1, trial_s=1)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Place:
    what: str
    key: str
    holder: str  # one of them


class Tally(Protocol):
    """What processes share. Whatever it does not answer at once raises Unavailable."""

    async def take(self, *draws: Draw) -> float: ...
    async def give_back(self, *draws: Draw) -> None: ...
    async def guess(self, *guesses: Guess) -> float: ...
    async def unguess(self, *guesses: Guess) -> None: ...
    async def occupy(self, place: Place, most: int, lease_s: float) -> bool: ...
    async def keep(self, places: Sequence[Place], lease_s: float) -> None: ...
    async def vacate(self, places: Sequence[Place]) -> None: ...
    async def close(self) -> None: ...


class SharedLimits:
    """The Limits of several processes."""

    def __init__(
        self, shared: Tally, own: OwnLimits, clock: Callable[[], float] = monotonic, keep_s: float = KEEP_S
    ) -> None:
        self._shared, self._own, self._clock, self._keep_s = shared, own, clock, keep_s
        self._breaker = Breaker(RULES)
        self._held: set[Place] = set()
        self._left: set[Place] = set()
        self._somebody_left = asyncio.Event()
        self._is_closing = False
        self._tending: asyncio.Task[None] | None = None

    # ── allowances and tries ──

    async def take(self, *draws: Draw) -> float:
        wait = await self._ask(partial(self._shared.take, *draws))
        if not wait:  # nobody knows, or it was taken
            own = await self._own.take(*draws)
            return own if wait is None else 0.0
        return wait

    async def give_back(self, *draws: Draw) -> None:
        await self._own.give_back(*draws)
        await self._ask(partial(self._shared.give_back, *draws))

    async def guess(self, *guesses: Guess) -> float:
        wait = await self._ask(partial(self._shared.guess, *guesses))
        if not wait:
            own = await self._own.guess(*guesses)
            return own if wait is None else 0.0
        return wait

    async def unguess(self, *guesses: Guess) -> None:
        await self._own.unguess(*guesses)
        await self._ask(partial(self._shared.unguess, *guesses))

    # ── places ──

    @asynccontextmanager
    async def hold(self, what: str, key: str, most: int) -> AsyncIterator[float]:
        async with self._own.hold(what, key, most) as wait:
            if wait:
                yield wait
                return
            place, is_free = Place(what, key, secrets.token_hex(8)), None
            self._tend()
            try:
                is_free = await self._ask(partial(self._shared.occupy, place, most, LEASE_S))
                if is_free is not False:  # with nobody to ask it is registered as soon as there is
                    self._held.add(place)
                yield LEASE_S if is_free is False else 0.0
            finally:
                self._held.discard(place)
                if is_free is not False:
                    self._left.add(place)
                    self._somebody_left.set()

    def _tend(self) -> None:
        if self._tending is None:
            self._tending = asyncio.create_task(self._tend_places(), name="places of this process")

    async def _tend_places(self) -> None:
        """Give free places back as they come, and keep the others from time to time."""
        loop = asyncio.get_running_loop()
        due = loop.time() + self._keep_s
        while not self._is_closing:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._somebody_left.wait()
            await self._give_places_back()
            if loop.time() >= due:
                due = loop.time() + self._keep_s
                await self._keep_places()

    async def _keep_places(self) -> None:
        for some in _parts(tuple(self._held)):
            if still := [place for place in some if place in self._held]:
                await self._ask(partial(self._shared.keep, still, LEASE_S))

    async def _give_places_back(self) -> None:
        """One that cannot be given back now is free when its lease is over."""
        left, self._left = tuple(self._left), set()
        self._somebody_left.clear()
        for some in _parts(left):
            await self._ask(partial(self._shared.vacate, some))

    async def close(self) -> None:
        self._is_closing = True
        self._somebody_left.set()
        if self._tending is not None:  # not cut short: a client of Redis may swallow that
            await asyncio.wait({self._tending}, timeout=CLOSE_S)
        self._left |= self._held
        await self._give_places_back()
        await self._shared.close()

    # ── asking ──

    async def _ask(self, ask: Callable[[], Awaitable[T]]) -> T | None:
        """None when it does not answer, or has just not answered."""
        if not self._breaker.allows(at := self._clock()):
            return None
        self._breaker = self._breaker.called(at)
        try:
            answer = await ask()
        except Unavailable as error:
            self._note(self._breaker.failed(self._clock()), str(error))
            return None
        except BaseException:  # we were stopped: that says nothing of them
            self._breaker = self._breaker.given_up()
            raise
        self._note(self._breaker.succeeded(self._clock()), "")
        return answer

    def _note(self, now: Breaker, why: str) -> None:
        was, self._breaker = self._breaker, now
        if was.open_until is None and now.open_until is not None:
            log.warning("limits are counted by this process alone for now: %s", why)
        elif was.open_until is not None and now.state(self._clock()) is State.CLOSED:
            log.warning("limits are counted for all processes together again")


def _parts(places: Sequence[Place]) -> Sequence[Sequence[Place]]:
    return [places[n : n + MOST_AT_ONCE] for n in range(0, len(places), MOST_AT_ONCE)]
