"""How much of something one customer, address, agent or the whole shop may do, and who keeps count.

`Limits` is the port. Here is the one that counts in the memory of this process; `shared_limits` counts for all
processes together. Every wait is in seconds, and 0 means: go ahead.
"""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import Protocol

from bot.tries import Tries

DAY_S = 24 * 3_600.0
MOST_KEYS = 50_000  # of each kind; the longest idle are forgotten
Left = tuple[float, float]  # how much is left, and since when


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most `burst` at once, then one every `every_s` seconds."""

    burst: int
    every_s: float

    def left(self, kept: Left | None, now: float) -> Left:
        tokens, then = kept or (float(self.burst), now)
        return min(self.burst, tokens + (now - then) / self.every_s), now

    def wait(self, left: Left, n: int, now: float) -> float:
        return max(0.0, n - left[0]) * self.every_s


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `burst` in `window_s` seconds, which begin with the first of them."""

    burst: int
    window_s: float = DAY_S

    def left(self, kept: Left | None, now: float) -> Left:
        return kept if kept and now - kept[1] < self.window_s else (float(self.burst), now)

    def wait(self, left: Left, n: int, now: float) -> float:
        return 0.0 if left[0] >= n else left[1] + self.window_s - now


@dataclass(frozen=True, slots=True)
class Draw:
    """`n` of what `key` may have."""

    what: str
    key: str
    of: Allowance | Quota
    n: int = 1


@dataclass(frozen=True, slots=True)
class Guess:
    """One try at a password; `most` in a quarter of an hour."""

    what: str
    key: str
    most: int


class Limits(Protocol):
    async def take(self, *draws: Draw) -> float:
        """All of them, or none when one of them has to wait: the longest wait."""
        ...

    async def give_back(self, *draws: Draw) -> None: ...

    def hold(self, what: str, key: str, most: int) -> AbstractAsyncContextManager[float]:
        """A place among `most`, for as long as the block lasts.

        Yields 0, or when to come again: `inf` when somebody here has to leave first.
        """
        ...

    async def guess(self, *guesses: Guess) -> float:
        """Count a try for all of them, or for none when one of them has to wait."""
        ...

    async def unguess(self, *guesses: Guess) -> None:
        """That one was none."""
        ...

    async def close(self) -> None: ...


class Buckets:
    """One bucket per key; `take` says how long to wait. Forgets the longest idle keys."""

    def __init__(self, of: Allowance | Quota, clock: Callable[[], float], most_keys: int = MOST_KEYS) -> None:
        self._of, self._clock, self._most_keys = of, clock, most_keys
        self._kept: OrderedDict[str, Left] = OrderedDict()

    def wait(self, key: str, n: int = 1) -> float:
        """Seconds until `n` are allowed; takes nothing."""
        now = self._clock()
        left = self._of.left(self._kept.pop(key, None), now)
        self._kept[key] = left
        while len(self._kept) > self._most_keys:
            self._kept.popitem(last=False)
        return self._of.wait(left, n, now)

    def take(self, key: str, n: int = 1) -> float:
        """Seconds until `n` are allowed; 0 takes them."""
        wait = self.wait(key, n)
        if not wait:
            left, since = self._kept[key]
            self._kept[key] = left - n, since
        return wait

    def give_back(self, key: str, n: int = 1) -> None:
        if key in self._kept:
            left, since = self._kept[key]
            self._kept[key] = min(self._of.burst, left + n), since


class Counters:
    """How many of something each key holds at the moment, and all of them together."""

    def __init__(self) -> None:
        self._held: Counter[str] = Counter()
        self.total = 0

    @contextmanager
    def hold(self, key: str, most: int) -> Iterator[bool]:
        """Take a place for as long as the block lasts; False when all are taken."""
        if self._held[key] >= most:
            if not self._held[key]:
                del self._held[key]
            yield False
            return
        self._held[key] += 1
        self.total += 1
        try:
            yield True
        finally:
            self._held[key] -= 1
            self.total -= 1
            if not self._held[key]:
                del self._held[key]


class OwnLimits:
    """The Limits of one process, in memory and bounded."""

    def __init__(self, clock: Callable[[], float] = monotonic, most_keys: int = MOST_KEYS) -> None:
        self._clock, self._most_keys = clock, most_keys
        # By kind, so that a flood of one kind of key makes none of another kind forgotten.
        self._buckets: dict[tuple[str, Allowance | Quota], Buckets] = {}
        self._places: defaultdict[str, Counters] = defaultdict(Counters)
        self._tries: dict[tuple[str, int], Tries] = {}

    def _of(self, draw: Draw) -> Buckets:
        kind = draw.what, draw.of
        if kind not in self._buckets:
            self._buckets[kind] = Buckets(draw.of, self._clock, self._most_keys)
        return self._buckets[kind]

    async def take(self, *draws: Draw) -> float:
        wait = max((self._of(draw).wait(draw.key, draw.n) for draw in draws), default=0.0)
        if not wait:
            for draw in draws:
                self._of(draw).take(draw.key, draw.n)
        return wait

    async def give_back(self, *draws: Draw) -> None:
        for draw in draws:
            self._of(draw).give_back(draw.key, draw.n)

    @asynccontextmanager
    async def hold(self, what: str, key: str, most: int) -> AsyncIterator[float]:
        with self._places[what].hold(key, most) as is_free:
            yield 0.0 if is_free else inf

    def _guesses(self, guess: Guess) -> Tries:
        kind = guess.what, guess.most
        if kind not in self._tries:
            self._tries[kind] = Tries(guess.most, self._clock, self._most_keys)
        return self._tries[kind]

    async def guess(self, *guesses: Guess) -> float:
        wait = max(self._guesses(guess).wait(guess.key) for guess in guesses)
        if not wait:
            for guess in guesses:
                self._guesses(guess).count(guess.key)
        return wait

    async def unguess(self, *guesses: Guess) -> None:
        for guess in guesses:
            self._guesses(guess).give_back(guess.key)

    async def close(self) -> None:
        """Nothing is open."""
