"""R15, R16 and speed: a thousand idle sockets, fifty busy conversations beside them, and five hundred who come back."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from math import inf
from time import monotonic, perf_counter
from typing import Any

from tests.load.beat import beating
from tests.load.customer import LOST, Customer, arrived
from tests.load.figures import Figure, at_most, exactly, percentile, told
from tests.load.world import World, world

N_WARM, N_IDLE, N_BUSY, BUSY_S = 50, 1_000, 50, 15.0
BURST, N_STORM = 8, 500
IDLE_KIB, LAG_MS, STORM_S, STATEMENTS = 40, 200, 10, 2


async def measure(seconds: float) -> list[Figure]:
    """Idle, busy and as fast as it goes on one process with SQLite, then the storm on two with PostgreSQL."""
    async with world(1) as here:
        figures = await _idle_and_busy(here)
        figures += await _as_fast_as_it_goes(here)
    async with world(2, shared=True) as here:
        return figures + await _storm(here)


@asynccontextmanager
async def _open(customers: list[Customer], at_once: int = 25) -> AsyncIterator[AsyncExitStack]:
    """Sockets that are greeted and then left alone. In the end they are dropped: a thousand goodbyes take a while."""
    places, sockets = asyncio.Semaphore(at_once), []

    async def one(customer: Customer) -> None:
        async with places:
            sockets.append(await stack.enter_async_context(customer.socket()))

    async with AsyncExitStack() as stack:
        try:
            await asyncio.gather(*(one(customer) for customer in customers))
            yield stack
        finally:
            for socket in sockets:
                socket.transport.abort()
            await asyncio.sleep(0.2)


async def _idle_and_busy(here: World) -> list[Figure]:
    (one,) = here.apps
    async with _open(await arrived(here.urls, N_WARM, seed=1)):
        pass
    customers = await arrived(here.urls, N_IDLE, seed=2)
    await asyncio.sleep(1)
    before = await one.ask()
    async with _open(customers):
        await asyncio.sleep(1)
        after = await one.ask()
        ours = sum(os.times()[:2])
        async with beating(here.urls, N_BUSY) as beat:
            await asyncio.sleep(BUSY_S)
            delivered, answered = beat.taken()
            busy = await one.ask()
    kib = (after["rss_kib"] - before["rss_kib"]) / N_IDLE
    return [
        at_most("R15", f"memory of an idle socket, {N_IDLE:,} of them", kib, IDLE_KIB, " KiB"),
        told("R15", f"{N_BUSY} busy conversations beside them: delivery p50 · p99", _ms(delivered)),
        told("R15", "… answered p50 · p99", _ms(answered)),
        at_most("R15", "… event loop late p99", percentile(busy["late_ms"], 0.99), LAG_MS, " ms"),
        told("R15", "… event loop late p50 · p99", _ms(busy["late_ms"])),
        told("R15", f"… processor time in {BUSY_S:.0f} s: app · clients", _cpu(after, busy, ours)),
        exactly("R15", "… messages not heard of, or sockets lost", beat.n_late + len(beat.faults)),
    ]


async def _as_fast_as_it_goes(here: World) -> list[Figure]:
    """Each customer sends as much as nobody is held back for, each message after the last one's ack."""
    (one,) = here.apps
    customers, before, ours = await arrived(here.urls, N_BUSY, seed=3), await one.ask(), sum(os.times()[:2])
    started = perf_counter()
    await asyncio.gather(*(customer.chat(lambda: False, BURST) for customer in customers))
    took, after = perf_counter() - started, await one.ask()
    n = N_BUSY * BURST
    return [
        told("", f"{N_BUSY} customers, {n} messages as fast as it goes: acked in a second", f"{n / took:.0f}"),
        told("", "… processor time: app · clients", _cpu(before, after, ours)),
        told(
            "", "… app's processor time for a message, its answer under way", f"{_used(before, after) / n * 1e3:.1f} ms"
        ),
    ]


async def _storm(here: World) -> list[Figure]:
    """All of them are on one process; that one dies; all come back to the other."""
    dying, left = here.apps
    customers = await arrived([dying.url, left.url], N_STORM, seed=4)
    for customer in customers:
        customer.at = 0
    resumed_s: list[float] = []
    errors: list[str] = []
    async with _open(customers) as stack:
        await left.ask()
        background_started = monotonic()
        await asyncio.sleep(4)
        quiet = await left.ask()
        a_second = quiet["n_statements"] / (monotonic() - background_started)
        await dying.kill()
        started, ours = monotonic(), sum(os.times()[:2])
        await asyncio.gather(*(_come_back(customer, stack, started, resumed_s, errors) for customer in customers))
        took = monotonic() - started
        storm = await left.ask()
    n_tickets = storm["n_tickets"]  # each is a request of its own, and one statement
    # To a tenth: what a process says of itself beside them is an estimate, and it says more while customers come.
    statements = round((storm["n_statements"] - n_tickets - a_second * took) / N_STORM, 1)
    return [
        at_most(
            "R16", f"{N_STORM} cut at once: the last one resumed after", max(resumed_s, default=inf), STORM_S, " s"
        ),
        exactly("R16", "… not resumed, or resumed with a fault", N_STORM - len(resumed_s) + len(errors)),
        at_most("R16", "… statements a resume", statements, STATEMENTS),
        told("R16", "… statements for its ticket, a request of its own", f"{n_tickets / N_STORM:.3g}"),
        at_most("R16", "… event loop late p99", percentile(storm["late_ms"], 0.99), LAG_MS, " ms"),
        told("R16", "… processor time: app · clients", _cpu(quiet, storm, ours)),
    ]


async def _come_back(
    customer: Customer, stack: AsyncExitStack, started: float, resumed_s: list[float], errors: list[str]
) -> None:
    """As the browser's client does: full jitter from half a second on, twice as long each time."""
    customer.at = 1
    for attempt in range(6):
        await asyncio.sleep(customer.dice.random() * min(30.0, 0.5 * 2**attempt))
        try:
            socket = await stack.enter_async_context(customer.socket())
            stack.callback(socket.transport.abort)
        except LOST as lost:
            errors.append(repr(lost))
        else:
            resumed_s.append(monotonic() - started)
            errors.extend(customer.faults)
            return


def _ms(values: list[float]) -> str:
    return f"{percentile(values, 0.5):.0f} · {percentile(values, 0.99):.0f} ms"


def _used(before: dict[str, Any], after: dict[str, Any]) -> float:
    return float(after["cpu_s"] - before["cpu_s"])


def _cpu(before: dict[str, Any], after: dict[str, Any], ours: float) -> str:
    return f"{_used(before, after):.1f} · {sum(os.times()[:2]) - ours:.1f} s"
