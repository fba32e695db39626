"""R10, R11, R12, T17: who does not read, does not speak, or is gone, costs little, soon goes, and hurts nobody."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic

from bot.adapters.sql import SqlStore
from bot.adapters.sql_database import Database
from bot.conversation import Conversation, Reason
from tests.load.beat import Beat, beating
from tests.load.customer import Customer, arrived
from tests.load.figures import Figure, at_most, exactly, percentile, told
from tests.load.raw import OURS, cable, drip, greeted, half_open, pull
from tests.load.world import App, World, world

N_HEALTHY, N_STALLED, N_HALF_OPEN = 50, 20, 2_000
CALM_S, ROUNDS, BETWEEN_S = 10.0, 2, 3.0
HISTORY, LONG = 100, "很长的话，" * 800  # 12 KB each
BUFFER = 4_096  # what a stalled client's system takes for it
MIB, GONE_S, VANISHED_S, STALLED_RATIO, SLOW_RATIO = 2.0, 30.0, 45.0, 1.2, 1.5
GIVE_UP_S = 75.0


async def measure(seconds: float) -> list[Figure]:
    async with world(1, shared=True) as here:
        vanishing = asyncio.create_task(_vanished(here))
        async with beating(here.urls, N_HEALTHY, asks=False) as beat:
            figures = await _stalled(here, beat)
            figures += await _slow(here, beat)
        figures += await vanishing
    return [
        *figures,
        exactly("R10", "healthy customers who lost their socket meanwhile", len(beat.faults)),
        told("R10", "… messages that took them more than 30 s", str(beat.n_late)),
        *(told("R10", "… such a loss", fault) for fault in sorted(set(beat.faults))[:3]),
    ]


@dataclass
class Watch:
    """The app's memory and its sockets from now on, as the system counts them."""

    app: App
    rss_kib: int = 0
    most_kib: int = 0

    @classmethod
    def over(cls, app: App) -> "Watch":
        return cls(app, app.rss_kib)

    async def gone(self, sockets: Sequence[socket.socket]) -> float:
        """Seconds until it holds none of them; others come and go meanwhile."""
        left = {one.getsockname()[1] for one in sockets}

        def are_gone() -> bool:
            left.intersection_update(self.app.sockets)  # for good: somebody else may get the port of one that is gone
            return not left

        return await self.until(are_gone)

    async def until(self, has_come: Callable[[], bool]) -> float:
        started = monotonic()
        while monotonic() < started + GIVE_UP_S:
            self.most_kib = max(self.most_kib, self.app.rss_kib - self.rss_kib)
            if has_come():
                return monotonic() - started
            await asyncio.sleep(0.5)
        return float("inf")


# ── readers that do not read ──


async def _stalled(here: World, beat: Beat) -> list[Figure]:
    (one,), calm, disturbed, gone, costs = here.apps[:1], [], [], [], []
    customers = await arrived(here.urls, N_STALLED, seed=5)
    await _with_history(here.url, customers)
    for _ in range(ROUNDS):
        calm += await _calm(beat)
        watch = Watch.over(one)
        sockets = await asyncio.gather(*(_stall(customer) for customer in customers))
        gone.append(await watch.gone(sockets))
        disturbed += beat.taken()[0]
        costs.append(watch.most_kib / 1024 / N_STALLED)
        for one_socket in sockets:
            one_socket.close()
    return [
        at_most("R10", f"{N_STALLED} who do not read: memory for each of them", max(costs), MIB, " MiB"),
        at_most("R11", "… the last one removed after", max(gone), GONE_S, " s"),
        _ratio(
            "R10", f"… delivery p99 to {N_HEALTHY} others, times as long as undisturbed", calm, disturbed, STALLED_RATIO
        ),
    ]


async def _calm(beat: Beat) -> list[float]:
    await asyncio.sleep(BETWEEN_S)
    beat.taken()
    await asyncio.sleep(CALM_S)
    return beat.taken()[0]


async def _stall(customer: Customer) -> socket.socket:
    """Asks for everything, again and again, and reads none of it."""
    ask = {"type": "sync", "conversation": customer.conversation, "epoch": customer.epoch, "since": 0, "limit": HISTORY}
    return await greeted(customer, *({**ask, "id": str(n)} for n in range(5)), buffer=BUFFER)


async def _with_history(url: str, customers: Sequence[Customer]) -> None:
    """Long talks with a person whom nobody has called yet, so nothing is answered."""
    at = datetime.now(UTC)

    def step(c: Conversation) -> Conversation:
        c = c.said("A person, please.", sender="someone", cid="0", at=at).handed_off(Reason.NO_ANSWER, at=at)
        for n in range(1, HISTORY):
            c = c.said(LONG[:4_000], sender="someone", cid=str(n), at=at)
        return c

    store = SqlStore(Database(url))
    try:
        for customer in customers:
            await store.change(customer.conversation, step)
    finally:
        await store.close()


# ── handshakes that never end ──


async def _slow(here: World, beat: Beat) -> list[Figure]:
    one = here.apps[0]
    calm = await _calm(beat)
    watch = Watch.over(one)
    sockets = await asyncio.to_thread(half_open, one.host, one.port, N_HALF_OPEN)
    gone = asyncio.create_task(watch.gone(sockets))
    beat.taken()
    while not gone.done():
        drip(sockets)
        await asyncio.sleep(1)
    disturbed = beat.taken()[0]
    for each in sockets:
        each.close()
    return [
        _ratio("T17", f"{N_HALF_OPEN:,} half-open sockets: delivery p99, times as long", calm, disturbed, SLOW_RATIO),
        at_most("T17", "… all of them gone after", gone.result(), GONE_S, " s", is_speed=False),
        told("T17", "… memory for each", f"{watch.most_kib / N_HALF_OPEN:.1f} KiB"),
    ]


def _ratio(row: str, name: str, calm: list[float], disturbed: list[float], goal: float) -> Figure:
    before, after = percentile(calm, 0.99), percentile(disturbed, 0.99)
    told_as = f"{after / before:.2f} ({before:.0f} → {after:.0f} ms; p50 {percentile(calm, 0.5):.0f} → " \
              f"{percentile(disturbed, 0.5):.0f})"  # fmt: skip
    return Figure(row, name, f"≤ {goal}", told_as, after <= goal * before, is_speed=True)


# ── the cable is pulled ──


async def _vanished(here: World) -> list[Figure]:
    """On a process of its own, reached by a cable of its own; beside it, over loopback, one that merely fell silent."""
    with ExitStack() as stack:
        try:
            network = stack.enter_context(cable())
        except OSError as error:
            return [told("R12", "a peer whose cable is pulled", str(error))]
        other = App(here.folder, here.apps[0].settings, host=OURS)  # not one of `here`: nobody else is sent there
        stack.callback(lambda: other.process and other.process.kill())
        other.start()
        await other.up()
        customers = await arrived([other.url], 2, seed=6)
        watch = Watch.over(other)
        before = len(other.sockets)
        far = await greeted(customers[0], network=network)
        near = await greeted(customers[1])
        await asyncio.sleep(2)
        pull(network)
        both = await asyncio.gather(
            watch.until(lambda: len(other.sockets) <= before + 1), watch.until(lambda: len(other.sockets) <= before)
        )
        for one in (far, near):
            one.close()
    return [
        at_most(
            "R12",
            "a vanished peer and a silent one: the first removed after",
            both[0],
            VANISHED_S,
            " s",
            is_speed=False,
        ),
        at_most("R12", "… the second", both[1], VANISHED_S, " s", is_speed=False),
    ]
