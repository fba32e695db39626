"""R1, R3, R20, R30: the app, PostgreSQL and Redis are killed at random moments under load; what was acked is there."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

from tests.load.customer import Customer, arrived
from tests.load.figures import Figure, at_least, at_most, exactly, told
from tests.load.stored import Stored, stored
from tests.load.world import App, World, world

N_CUSTOMERS, MESSAGES, PAUSE_S = 40, 20, 0.3
SEED = 20260301
CALM_S, CALM_ACKS = 8.0, 80  # between two kills: not longer, not more
ANSWERED_S, GIVE_UP_S = 60.0, 90.0
VICTIMS = ("app", "app", "postgres", "redis")  # one kill of the app in four is of all its processes


@dataclass
class Log:
    kills: Counter[str] = field(default_factory=Counter)
    customers: list[Customer] = field(default_factory=list)
    lost: int = 0  # as seen after some restart
    slowest_s: dict[str, float] = field(default_factory=dict)
    checks: int = 0

    @property
    def n_acked(self) -> int:
        return sum(len(customer.acked) for customer in self.customers)

    @property
    def faults(self) -> list[str]:
        return [fault for customer in self.customers for fault in customer.faults]


async def measure(seconds: float) -> list[Figure]:
    single = await _loop("SQLite, one process", 1, False, seconds * 0.4)
    return single + await _loop("PostgreSQL, two processes", 2, True, seconds * 0.6)


async def _loop(name: str, n_apps: int, shared: bool, seconds: float) -> list[Figure]:
    async with world(n_apps, shared=shared) as here:
        log, dice = Log(), random.Random(SEED)
        async with _talking(here, log):
            ends = monotonic() + seconds
            while monotonic() < ends:
                await _calm(log, dice)
                await _kill(here, log, dice)
                await _check(here, log)
        end = await _answered(here)
        return _figures(name, log, end)


@asynccontextmanager
async def _talking(here: World, log: Log) -> AsyncIterator[None]:
    """Customers come, ask, and go; at the end each of them gets to the end of its last message."""
    is_over = asyncio.Event()

    async def place(n: int) -> None:
        while not is_over.is_set():
            (customer,) = await arrived(here.urls, 1, seed=SEED + n + len(log.customers))
            customer.at += n
            log.customers.append(customer)
            await customer.chat(is_over.is_set, MESSAGES, PAUSE_S)

    async with asyncio.TaskGroup() as tasks:
        for n in range(N_CUSTOMERS):
            tasks.create_task(place(n))
        try:
            yield
        finally:
            is_over.set()


async def _calm(log: Log, dice: random.Random) -> None:
    """Some messages long, whatever the machine: a process that dies before anybody reached it shows little."""
    wanted, ends = log.n_acked + dice.randint(0, CALM_ACKS), monotonic() + CALM_S
    while log.n_acked < wanted:
        await asyncio.sleep(dice.uniform(0, 0.1))
        if monotonic() > ends:
            return


async def _kill(here: World, log: Log, dice: random.Random) -> None:
    """One of them, at once; up again soon, or (every eighth time) later."""
    victim = dice.choice(VICTIMS)
    away_s = dice.uniform(1, 3) if dice.random() < 1 / 8 else 0.0
    started = monotonic()
    if victim == "postgres" and here.postgres is not None:
        here.postgres.kill()
        await asyncio.sleep(away_s)
        await asyncio.to_thread(here.postgres.restart)
    elif victim == "redis" and here.redis is not None:
        here.redis.kill()
        await asyncio.sleep(away_s)
        await asyncio.to_thread(here.redis.start)
    else:
        victim = "app"
        await _kill_app(dice.choice(here.apps), away_s, log)
        if len(here.apps) > 1 and dice.random() < 1 / 4:  # all of them
            for one in here.apps:
                await _kill_app(one, 0, log)
    log.kills[victim] += victim != "app"
    log.slowest_s[victim] = max(log.slowest_s.get(victim, 0), monotonic() - started - away_s)


async def _kill_app(one: App, away_s: float, log: Log) -> None:
    await one.kill()
    log.kills["app"] += 1
    await asyncio.sleep(away_s)
    one.start()
    await one.up()


async def _check(here: World, log: Log) -> None:
    """What was acknowledged up to now must be there now."""
    acked = [Customer((), conversation=c.conversation, acked=dict(c.acked)) for c in log.customers]
    log.lost += (await stored(here.url)).lost(acked)
    log.checks += 1


@dataclass(frozen=True)
class End:
    """What was stored once nothing was owed any more, or nothing came any more."""

    found: Stored
    n_owed: int  # when the last one was up again: customers ask faster than two cores answer
    took_s: float
    longest_s: float  # without an answer, while some were owed


async def _answered(here: World) -> End:
    """Waits as long as answers come, and a moment more, in which a second one might."""
    now = await stored(here.url)
    first, left, started = now.n_owed, now.n_owed, monotonic()
    moved, longest_s = started, 0.0
    while left and monotonic() < moved + GIVE_UP_S:
        await asyncio.sleep(0.5)
        now = await stored(here.url)
        longest_s = max(longest_s, monotonic() - moved)
        if now.n_owed < left:
            left, moved = now.n_owed, monotonic()
    took_s = monotonic() - started
    await asyncio.sleep(2)
    return End(await stored(here.url), first, took_s, longest_s)


def _figures(name: str, log: Log, end: End) -> list[Figure]:
    found = end.found
    figures: Sequence[Figure] = (
        at_least("R1", f"{name}: kills of the app", log.kills["app"], 100),
        *(at_least("R1", f"{name}: kills of {one}", n, 50) for one, n in log.kills.items() if one != "app"),
        at_least("R1", f"{name}: acknowledged messages", log.n_acked, 5_000),
        exactly("R1", f"{name}: acked and lost, after {log.checks} restarts", log.lost),
        exactly("R1", f"{name}: acked and lost, at the end", found.lost(log.customers)),
        exactly("R2", f"{name}: stored twice", found.doubled()),
        exactly("R3", f"{name}: conversations that are not 1 to N", found.holes()),
        exactly("R3", f"{name}: events seen out of order or elsewhere", found.inverted(log.customers)),
        exactly("R4", f"{name}: faults the customers saw", len(log.faults)),
        exactly("R30", f"{name}: questions answered twice", found.answered_twice()),
        exactly("R30", f"{name}: questions never answered", found.n_owed),
        at_most("R30", f"{name}: longest wait for any answer after the last restart", end.longest_s, ANSWERED_S, " s"),
        told("R30", f"{name}: {end.n_owed} owed then, the last of them answered after", f"{end.took_s:.0f} s"),
        told("", f"{name}: slowest restart", ", ".join(f"{one} {s:.1f} s" for one, s in log.slowest_s.items())),
    )
    return [*figures, *(told("R4", "such a fault", fault) for fault in sorted(set(log.faults))[:5])]
