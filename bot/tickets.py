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
Whose_co = TypeVar("Whose_co", covariant=True)


class Tickets(Protocol[Whose_co]):
    async def issue(self, secret_hash: str) -> str | None:
        """For whoever has the session with this secret; None when there is no such session."""
        ...

    async def redeem(self, ticket: str) -> Whose_co | None:
        """Whose it is, once; None for an unknown, used or old ticket."""
        ...


@dataclass(frozen=True, slots=True)
class _Issued(Generic[Whose]):
    whose: Whose
    expires: float


class OwnTickets(Generic[Whose]):
    """Those of one process, in memory. `find` says whose session it is, if it is anybody's."""

    def __init__(
        self,
        find: Callable[[str], Awaitable[Whose | None]],
        clock: Callable[[], float],
        lifetime_s: float = TICKET_S,
        most: int = 10_000,
    ) -> None:
        self._find, self._clock, self._lifetime, self._most = find, clock, lifetime_s, most
        self._tickets: dict[str, _Issued[Whose]] = {}

    async def issue(self, secret_hash: str) -> str | None:
        if (whose := await self._find(secret_hash)) is None:
            return None
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


class Counterfoils(Protocol[Whose_co]):
    """What is kept of one kind of tickets where several processes find it: hashes only."""

    async def keep(self, ticket_hash: str, secret_hash: str, lifetime_s: float) -> bool:
        """False when there is no session with this secret."""
        ...

    async def tear(self, ticket_hash: str) -> Whose_co | None:
        """Whose it is, if it still is, for the first who asks and in time."""
        ...


@dataclass(frozen=True, slots=True)
class SharedTickets(Generic[Whose]):
    """Those of several processes."""

    kept: Counterfoils[Whose]
    lifetime_s: float = TICKET_S

    async def issue(self, secret_hash: str) -> str | None:
        ticket = new_ticket()
        return ticket if await self.kept.keep(_hashed(ticket), secret_hash, self.lifetime_s) else None

    async def redeem(self, ticket: str) -> Whose | None:
        return await self.kept.tear(_hashed(ticket))


def new_ticket() -> str:
    return secrets.token_urlsafe(24)


def _hashed(ticket: str) -> str:
    return hashlib.sha256(ticket.encode(errors="replace")).hexdigest()
