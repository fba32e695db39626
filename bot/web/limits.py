"""How much one customer or address may do: token buckets and counters, in memory.

Loopback addresses are not limited per address: behind a reverse proxy that does not pass the customer's address on,
everybody would share one allowance.
"""

import ipaddress
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most `burst` at once, then one every `every_s` seconds."""

    burst: int
    every_s: float


class Buckets:
    """One token bucket per key; `take` says how long to wait (0: go ahead). Forgets the longest idle keys."""

    def __init__(self, allowance: Allowance, clock: Callable[[], float], most_keys: int = 50_000) -> None:
        self._allowance, self._clock, self._most_keys = allowance, clock, most_keys
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Seconds until this is allowed; 0 takes one token."""
        now = self._clock()
        tokens, then = self._buckets.pop(key, (float(self._allowance.burst), now))
        tokens = min(self._allowance.burst, tokens + (now - then) / self._allowance.every_s)
        wait = 0.0 if tokens >= 1 else (1 - tokens) * self._allowance.every_s
        self._buckets[key] = (tokens - 1 if not wait else tokens, now)
        while len(self._buckets) > self._most_keys:
            self._buckets.popitem(last=False)
        return wait


class Counters:
    """How many of something each key holds at the moment."""

    def __init__(self) -> None:
        self._held: Counter[str] = Counter()

    @contextmanager
    def hold(self, key: str, most: int) -> Iterator[bool]:
        """Take a place for as long as the block lasts; False when all are taken."""
        if self._held[key] >= most:
            yield False
            return
        self._held[key] += 1
        try:
            yield True
        finally:
            self._held[key] -= 1
            if not self._held[key]:
                del self._held[key]


def is_limited(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False  # a unix socket or a test client: no address to limit by
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return not (mapped or parsed).is_loopback
