"""R17, R18: a thousand customers torn away mid-word leave nothing behind; and SIGTERM under load ends well and soon."""

import asyncio
import socket
from time import monotonic
from typing import Any
from uuid import uuid4

from websockets.exceptions import ConnectionClosed

from tests.load.customer import LOST, Customer, arrived
from tests.load.figures import Figure, at_most, exactly, told
from tests.load.raw import RESET, greeted
from tests.load.stored import connections, stored
from tests.load.world import App, World, world

N_CUSTOMERS, TIMES, AT_ONCE = 125, 8, 20
BACK_S, GIVE_UP_S, NEAR = 10.0, 120.0, 2  # a machine that does other work may need longer: it must only end
N_BUSY, LOADED_S, EXIT_S, SHUTTING_DOWN = 50, 4.0, 10.0, 4001


async def measure(seconds: float) -> list[Figure]:
    async with world(1, shared=True) as here:
        figures = await _leaks(here)
    async with world(1, shared=True) as here:
        return figures + await _term(here)


# ── nothing stays behind ──


async def _leaks(here: World) -> list[Figure]:
    customers = await arrived(here.urls, N_CUSTOMERS, seed=7)
    for customer in customers:  # who waits for a person is not answered: what is counted is what sockets leave behind
        async with customer.socket() as one:
            await customer.put(one, _next(customer), "I want to talk to a person")
    await _tear(customers[:AT_ONCE], 1)
    await asyncio.sleep(5)
    base = await _counts(here)
    await _tear(customers, TIMES)
    started, now = monotonic(), await _counts(here)
    while not all(_near(now, base)) and monotonic() < started + GIVE_UP_S:
        await asyncio.sleep(0.5)
        now = await _counts(here)
    took = monotonic() - started if all(_near(now, base)) else float("inf")
    found = await stored(here.url)
    return [
        at_most(
            "R18",
            f"{N_CUSTOMERS * TIMES:,} torn away: all back to base ±{NEAR} after",
            took,
            BACK_S,
            " s",
        ),
        exactly(
            "R18",
            f"… kinds of things still left behind after {GIVE_UP_S:.0f} s",
            sum(not ok for ok in _near(now, base)),
        ),
        told("R18", "… tasks · descriptors · database connections", " · ".join(f"{base[k]} → {now[k]}" for k in base)),
        exactly("R1", "… acked and lost", found.lost(customers)),
        exactly("R3", "… conversations that are not 1 to N", found.holes()),
    ]


def _next(customer: Customer) -> str:
    customer.asked.append(uuid4().hex)
    return customer.asked[-1]


async def _tear(customers: list[Customer], times: int) -> None:
    """Every second one while it is greeted, the others while their message is stored."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(customer: Customer, n: int) -> None:
        try:
            async with customer.socket(0) as open:
                if n % 2:
                    await customer.send(open, _next(customer))
                    await asyncio.sleep(customer.dice.random() * 0.02)
                open.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                open.transport.abort()
        except LOST:
            pass

    async def all_of(customer: Customer) -> None:
        for n in range(times):
            async with places:
                await one(customer, n)

    await asyncio.gather(*(all_of(customer) for customer in customers))


async def _counts(here: World) -> dict[str, int]:
    now = await here.apps[0].ask()
    return {"tasks": now["n_tasks"], "files": now["n_files"], "connections": await connections(here.url)}


def _near(now: dict[str, int], base: dict[str, int]) -> list[bool]:
    return [now[name] <= base[name] + NEAR for name in base]


# ── SIGTERM ──


async def _term(here: World) -> list[Figure]:
    (one,) = here.apps
    customers, codes = await arrived(here.urls, N_BUSY + 1, seed=8), []
    stalled = await greeted(customers.pop(), buffer=4_096)
    talking = [asyncio.create_task(_until_closed(customer)) for customer in customers]
    await asyncio.sleep(LOADED_S)
    started = monotonic()
    took = await _ended(one)
    codes = await asyncio.gather(*talking)
    stalled.close()
    found = await stored(here.url)
    kept = {(row.conversation, row.cid) for rows in found.rows.values() for row in rows if row.author == "customer"}
    unsaid = sum((c.conversation, cid) in kept for c in customers for cid in c.asked if cid not in c.acked)
    return [
        at_most(
            "R17",
            f"SIGTERM, {N_BUSY} talking and one that does not read: gone after",
            took,
            EXIT_S,
            " s",
            is_speed=False,
        ),
        exactly("R17", "… sockets closed with another code than 4001", sum(code != SHUTTING_DOWN for code in codes)),
        exactly("R17", "… sends stored and not acknowledged", unsaid),
        exactly("R1", "… acknowledged and not stored", found.lost(customers)),
        told("R17", "… the last socket closed after", f"{max(c.closed_at for c in customers) - started:.1f} s"),  # type: ignore[attr-defined]
    ]


async def _ended(one: App) -> float:
    assert one.process is not None
    started = monotonic()
    one.process.terminate()
    await asyncio.to_thread(one.process.join, 60)
    return monotonic() - started if not one.process.is_alive() else float("inf")


async def _until_closed(customer: Any) -> int:
    """Asks one thing after another on one socket; the code that ended it."""
    code = 0
    try:
        async with customer.socket() as one:
            while True:
                await customer.put(one, _next(customer))
                await asyncio.sleep(customer.dice.random() * 2)
    except ConnectionClosed as closed:
        code = closed.rcvd.code if closed.rcvd else 1006
    except LOST:
        pass
    customer.closed_at = monotonic()
    return code
