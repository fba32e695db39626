"""Single-use proofs for opening a socket: they may end up in a log, a session's secret may not.

`Tickets` is the port. One process keeps its own in memory; several keep them where all of them look.
"""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

TICKET_S = 30
Whose = TypeVar("Whose")


class Tickets(Protocol[Whose]):
    async def issue(self, whose: Whose, secret_hash: str) -> str: ...

    async def redeem(self, ticket: str) -> Whose | None:
        """Whose it is, once; None for an unknown, used or old ticket."""
        ...


@dataclass(frozen=True, slots=True)
class _Issued(Generic[Whose]):
    whose: Whose
    expires: float


class OwnTickets(Generic[Whose]):
    """Those of one process, in memory."""

    def __init__(self, clock: Callable[[], float], lifetime_s: float = TICKET_S, most: int = 10_000) -> None:
        self._clock, self._lifetime, self._most = clock, lifetime_s, most
        self._tickets: dict[str, _Issued[Whose]] = {}

    async def issue(self, whose: Whose, secret_hash: str) -> str:
        self._forget_old()
        ticket = new_ticket()
        self._tickets[ticket] = _Issued(whose, self._clock() + self._lifetime)
        return ticket

    async def redeem(self, ticket: str) -> Whose | None:
        found = self._tickets.pop(ticket, None)
        return found.whose if found and found.expires >= self._clock() else None

    def _forget_old(self) -> None:
        """They are in the order they were issued in."""
        now = self._clock()
        while self._tickets:
            oldest = next(iter(self._tickets))
            if self._tickets[oldest].expires >= now and len(self._tickets) < self._most:
                return
            del self._tickets[oldest]


class Counterfoils(Protocol):
    """What is kept of tickets where several processes find it: hashes only."""

    async def keep(self, kind: str, ticket_hash: str, secret_hash: str, lifetime_s: float) -> None: ...

    async def tear(self, kind: str, ticket_hash: str) -> str | None:
        """The hash of the session's secret, for the first who asks and in time."""
        ...


@dataclass(frozen=True, slots=True)
class SharedTickets(Generic[Whose]):
    """Those of several processes. `find` says whose session it is, if it still is."""

    kept: Counterfoils
    kind: str  # customer | agent
    find: Callable[[str], Awaitable[Whose | None]]
    lifetime_s: float = TICKET_S

    async def issue(self, whose: Whose, secret_hash: str) -> str:
        ticket = new_ticket()
        await self.kept.keep(self.kind, _hashed(ticket), secret_hash, self.lifetime_s)
        return ticket

    async def redeem(self, ticket: str) -> Whose | None:
        secret_hash = await self.kept.tear(self.kind, _hashed(ticket))
        return await self.find(secret_hash) if secret_hash else None


def new_ticket() -> str:
    return secrets.token_urlsafe(24)


def _hashed(ticket: str) -> str:
    return hashlib.sha256(ticket.encode(errors="replace")).hexdigest()
