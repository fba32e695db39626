"""How often somebody may try a password. Each key has a few tries in a quarter of an hour; whoever uses them up waits,
and each time twice as long, but never for ever: a lock that stays is a way to shut somebody else out.

A try is counted before the password is looked at, so that a hundred at once are no more than one after another, and
taken back when it was right. In memory, bounded; time comes from the clock that is given. The same arithmetic stands in
`adapters/redis_scripts`, for tries that several processes count together.
"""

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

WINDOW_S = 15 * 60.0
LONGEST_S = 60 * 60.0  # of one wait
FORGOTTEN_S = 24 * 3_600.0  # after the last wait ended: the next one is short again


@dataclass(slots=True)
class _Tries:
    at: deque[float]
    strikes: int = 0  # how often all tries were used up
    until: float = float("-inf")  # nothing is allowed before


@dataclass(slots=True)
class Tries:
    """At most `most` in WINDOW_S for each key."""

    most: int
    clock: Callable[[], float]
    most_keys: int = 50_000
    _keys: OrderedDict[str, _Tries] = field(default_factory=OrderedDict)

    def wait(self, key: str) -> float:
        """Seconds until the next try; 0: go ahead."""
        tries = self._keys.get(key)
        return max(0.0, tries.until - self.clock()) if tries else 0.0

    def count(self, key: str) -> None:
        now = self.clock()
        tries = self._keys.pop(key, None) or _Tries(deque(maxlen=self.most))
        self._keys[key] = tries
        if now - tries.until > FORGOTTEN_S:
            tries.strikes = 0
        tries.at.append(now)
        if len(tries.at) == self.most and now - tries.at[0] < WINDOW_S:
            tries.until = now + min(LONGEST_S, WINDOW_S * 2.0**tries.strikes)
            tries.strikes = min(tries.strikes + 1, 10)
        while len(self._keys) > self.most_keys:
            self._keys.popitem(last=False)

    def give_back(self, key: str) -> None:
        """One try was none: it was right, or it was not looked at."""
        tries = self._keys.get(key)
        if tries is None or not tries.at:
            return
        tries.at.pop()
        if tries.until > self.clock():  # it was allowed, so the wait began with it or after it
            tries.until, tries.strikes = self.clock(), tries.strikes - 1
        if not tries.at and not tries.strikes:
            del self._keys[key]
