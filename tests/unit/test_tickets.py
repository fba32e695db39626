"""Tickets: once, soon, and of whoever the session still is."""

import hashlib
from dataclasses import dataclass, field

import pytest

from bot.access import Agent
from bot.ports import Session
from bot.tickets import TICKET_S, OwnTickets, SharedTickets
from bot.web.auth import Seat

SESSION = Session("s1", "ann", "c1")


class Clock:
    now = 50.0

    def __call__(self) -> float:
        return self.now


async def test_a_ticket_opens_one_socket_only() -> None:
    tickets = OwnTickets[Session](Clock())
    ticket = await tickets.issue(SESSION, "hash")
    assert await tickets.redeem(ticket) is SESSION
    assert await tickets.redeem(ticket) is None


async def test_a_ticket_is_good_for_thirty_seconds() -> None:
    clock = Clock()
    tickets = OwnTickets[Session](clock)
    in_time, late = await tickets.issue(SESSION, "hash"), await tickets.issue(SESSION, "hash")
    clock.now += TICKET_S
    assert await tickets.redeem(in_time) is SESSION
    clock.now += 0.1
    assert await tickets.redeem(late) is None


async def test_an_agents_ticket_is_their_seat() -> None:
    seat = Seat(Agent("a1", "ann", "Ann"), "s1", "hash")
    tickets = OwnTickets[Seat](Clock())
    ticket = await tickets.issue(seat, seat.secret_hash)
    assert await tickets.redeem(ticket) is seat
    assert await tickets.redeem(ticket) is None


@pytest.mark.parametrize("made_up", ["", "x", "é", "\x00", "a" * 128])
async def test_a_made_up_ticket_is_nobody(made_up: str) -> None:
    tickets = OwnTickets[Session](Clock())
    await tickets.issue(SESSION, "hash")
    assert await tickets.redeem(made_up) is None


async def test_tickets_nobody_redeems_do_not_pile_up() -> None:
    clock = Clock()
    tickets = OwnTickets[Session](clock, most=5)
    issued = [await tickets.issue(SESSION, "hash") for _ in range(8)]
    assert [ticket for ticket in issued if await tickets.redeem(ticket)] == issued[-5:]
    stale = await tickets.issue(SESSION, "hash")
    clock.now += TICKET_S + 1
    await tickets.issue(SESSION, "hash")
    clock.now -= TICKET_S + 1
    assert await tickets.redeem(stale) is None


# ── those of several processes ──


@dataclass
class Kept:
    """The fake of the Counterfoils port."""

    rows: dict[tuple[str, str], str] = field(default_factory=dict)

    async def keep(self, kind: str, ticket_hash: str, secret_hash: str, lifetime_s: float) -> None:
        self.rows[kind, ticket_hash] = secret_hash

    async def tear(self, kind: str, ticket_hash: str) -> str | None:
        return self.rows.pop((kind, ticket_hash), None)


async def found(secret_hash: str) -> Session | None:
    return SESSION if secret_hash == "hash of mine" else None


async def test_what_one_process_issued_another_redeems_once() -> None:
    kept = Kept()
    one, other = (SharedTickets(kept, "customer", found) for _ in range(2))
    ticket = await one.issue(SESSION, "hash of mine")
    assert await other.redeem(ticket) is SESSION
    assert await one.redeem(ticket) is None


async def test_an_agents_ticket_is_none_of_a_customers() -> None:
    kept = Kept()
    ticket = await SharedTickets(kept, "agent", found).issue(SESSION, "hash of mine")
    assert await SharedTickets(kept, "customer", found).redeem(ticket) is None


async def test_a_session_that_ended_meanwhile_opens_nothing() -> None:
    tickets = SharedTickets(Kept(), "customer", found)
    assert await tickets.redeem(await tickets.issue(SESSION, "hash of a session that is gone")) is None


async def test_only_hashes_are_kept() -> None:
    kept = Kept()
    ticket = await SharedTickets(kept, "customer", found).issue(SESSION, "hash of mine")
    assert kept.rows == {("customer", hashlib.sha256(ticket.encode()).hexdigest()): "hash of mine"}
