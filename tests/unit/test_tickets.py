"""Tickets: once, soon, and of whoever the session still is."""

import hashlib
from dataclasses import dataclass, field

import pytest

from bot.ports import Session
from bot.tickets import TICKET_S, OwnTickets, SharedTickets, Tickets
from tests.clock import Clock

SESSION = Session("s1", "ann", "c1")


async def found(secret_hash: str) -> Session | None:
    return SESSION if secret_hash == "hash" else None


async def issued(tickets: Tickets[Session]) -> str:
    ticket = await tickets.issue("hash")
    assert ticket is not None
    return ticket


async def test_a_ticket_opens_one_socket_only() -> None:
    tickets = OwnTickets(found, Clock(50.0))
    ticket = await issued(tickets)
    assert await tickets.redeem(ticket) is SESSION
    assert await tickets.redeem(ticket) is None


async def test_a_ticket_is_good_for_thirty_seconds() -> None:
    clock = Clock(50.0)
    tickets = OwnTickets(found, clock)
    in_time, late = await issued(tickets), await issued(tickets)
    clock.now += TICKET_S
    assert await tickets.redeem(in_time) is SESSION
    clock.now += 0.1
    assert await tickets.redeem(late) is None


async def test_who_has_no_session_gets_no_ticket() -> None:
    assert await OwnTickets(found, Clock(50.0)).issue("hash of a made-up secret") is None
    assert await SharedTickets(Kept()).issue("hash of a made-up secret") is None


@pytest.mark.parametrize("made_up", ["", "x", "é", "\x00", "a" * 128])
async def test_a_made_up_ticket_is_nobody(made_up: str) -> None:
    tickets = OwnTickets(found, Clock(50.0))
    await issued(tickets)
    assert await tickets.redeem(made_up) is None


async def test_tickets_nobody_redeems_do_not_pile_up() -> None:
    clock = Clock(50.0)
    tickets = OwnTickets(found, clock, most=5)
    every = [await issued(tickets) for _ in range(8)]
    assert [ticket for ticket in every if await tickets.redeem(ticket)] == every[-5:]
    stale = await issued(tickets)
    clock.now += TICKET_S + 1
    await issued(tickets)
    clock.now -= TICKET_S + 1
    assert await tickets.redeem(stale) is None


# ── those of several processes ──


@dataclass
class Kept:
    """The fake of the Counterfoils port."""

    rows: dict[str, str] = field(default_factory=dict)

    async def keep(self, ticket_hash: str, secret_hash: str, lifetime_s: float) -> bool:
        if await found(secret_hash) is None:
            return False
        self.rows[ticket_hash] = secret_hash
        return True

    async def tear(self, ticket_hash: str) -> Session | None:
        return await found(self.rows.pop(ticket_hash, ""))


async def test_what_one_process_issued_another_redeems_once() -> None:
    kept = Kept()
    one, other = (SharedTickets(kept) for _ in range(2))
    ticket = await issued(one)
    assert await other.redeem(ticket) is SESSION
    assert await one.redeem(ticket) is None


async def test_only_hashes_are_kept() -> None:
    kept = Kept()
    ticket = await issued(SharedTickets(kept))
    assert kept.rows == {hashlib.sha256(ticket.encode()).hexdigest(): "hash"}
