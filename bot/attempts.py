"""Whose tries at a password are counted: the account's, the network's, or those of a device somebody logged in from
before.

A known device has its own, whatever happens to the account or the network it is in: guessing elsewhere does not lock
its owner out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.limits import Guess, Limits

PER_ACCOUNT = 5
PER_NETWORK = 20


@dataclass(frozen=True, slots=True)
class Attempts:
    limits: Limits

    async def count(self, account: str, *, device: str = "", network: str = "") -> "Counted":
        """Count one try, or none when `wait` comes back above 0."""
        if device:
            asked = [Guess("device", device, PER_ACCOUNT)]
        else:
            asked = [Guess("account", account, PER_ACCOUNT)]
            asked += [Guess("network", network, PER_NETWORK)] if network else []
        wait = await self.limits.guess(*asked)
        return Counted(wait, self.limits, () if wait else tuple(asked))


@dataclass(frozen=True, slots=True)
class Counted:
    wait: float
    limits: Limits
    guesses: Sequence[Guess]

    async def give_back(self) -> None:
        if self.guesses:
            await self.limits.unguess(*self.guesses)
