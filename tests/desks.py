"""What the tests of agents and access stand on: quick passwords, and a clock in hand."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.desk import Roster
from bot.errors import Unavailable

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


@dataclass
class Hands:
    """Both clocks: of the day, and the one that only goes forward."""

    at: datetime = NOON

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - NOON).total_seconds()

    def go(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class QuickPasswords:
    """The fake of the Passwords port: the same answers at once, and what was asked."""

    asked: list[tuple[str, str]] = field(default_factory=list)
    is_full: bool = False

    async def hash(self, password: str) -> str:
        return f"hash of {password}"

    async def verify(self, password_hash: str, password: str) -> bool:
        if self.is_full:
            raise Unavailable("too many people log in at once")
        self.asked.append((password_hash, password))
        return password_hash == f"hash of {password}"


@dataclass
class FakeDesk:
    roster: Roster
    passwords: QuickPasswords = field(default_factory=QuickPasswords)
    hands: Hands = field(default_factory=Hands)

    def now(self) -> datetime:
        return self.hands.now()
