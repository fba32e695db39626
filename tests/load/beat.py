"""Healthy customers at a steady pace, each with two tabs: how late does the second hear what the first has said?"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter
from uuid import uuid4

from tests.load.customer import Customer, arrived
from tests.load.shop import QUESTIONS

EVERY_S = 2.5  # a little slower than what one customer may do for ever


@dataclass
class Beat:
    delivered_ms: list[float] = field(default_factory=list)
    answered_ms: list[float] = field(default_factory=list)
    n_late: int = 0  # not heard of before the next one was due
    faults: list[str] = field(default_factory=list)

    def taken(self) -> tuple[list[float], list[float]]:
        """What was measured since the last time."""
        taken = self.delivered_ms, self.answered_ms
        self.delivered_ms, self.answered_ms = [], []
        return taken


@asynccontextmanager
async def beating(urls: Sequence[str], n: int, *, asks: bool = True) -> AsyncIterator[Beat]:
    """For as long as the block lasts. `asks`: the bot answers; else they wait for a person, and it does not."""
    beat, customers = Beat(), await arrived(urls, n, seed=n)
    tasks = [asyncio.create_task(_talk(customer, beat, k / n, asks)) for k, customer in enumerate(customers)]
    try:
        yield beat
    finally:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        beat.faults += [repr(one) for one in ended if isinstance(one, Exception)]


async def _talk(customer: Customer, beat: Beat, phase: float, asks: bool) -> None:
    """New customers take over from those who asked everything there is to ask."""
    await asyncio.sleep(phase * EVERY_S)
    while True:
        async with AsyncExitStack() as stack:
            first = await stack.enter_async_context(customer.socket())
            second = await stack.enter_async_context(customer.socket())
            if not asks:
                await customer.put(first, await _asked(customer), "I want to talk to a person")
            for _ in QUESTIONS:
                started = perf_counter()
                cid = await _asked(customer)
                await customer.send(first, cid)
                await _heard(customer, first, second, cid, started, beat, asks)
                await asyncio.sleep(max(0.0, started + EVERY_S - perf_counter()))
        (customer,) = await arrived(customer.urls, 1, seed=customer.dice.getrandbits(30))


async def _asked(customer: Customer) -> str:
    customer.asked.append(uuid4().hex)
    return customer.asked[-1]


async def _heard(customer, first, second, cid, started, beat, asks) -> None:  # type: ignore[no-untyped-def]
    seq = 0

    async def acknowledged() -> None:
        await customer.until(first, lambda: cid in customer.acked, 30)

    async def delivered() -> None:
        nonlocal seq
        while not seq:
            frame = await customer.read(second)
            if frame["type"] == "event" and frame["author"] == "customer" and frame.get("cid") == cid:
                beat.delivered_ms.append((perf_counter() - started) * 1_000)
                seq = frame["seq"]
        while asks:
            frame = await customer.read(second)
            if frame["type"] == "event" and frame["author"] == "bot" and frame["body"].get("answers") == seq:
                beat.answered_ms.append((perf_counter() - started) * 1_000)
                return

    try:
        async with asyncio.timeout(30):
            await asyncio.gather(acknowledged(), delivered())
    except TimeoutError:
        beat.n_late += 1
