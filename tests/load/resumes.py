"""R30, R31: reconnects while the bot writes, and one final answer to each question; claims at once, and one winner."""

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from time import monotonic
from uuid import uuid4

from bot import inbox
from bot.conversation import Kind
from tests.integration.test_claim_races import agent, at_once, desk_over, waiting, won
from tests.load.app import SLOW
from tests.load.customer import LOST, Customer, arrived
from tests.load.figures import Figure, at_least, exactly
from tests.load.shop import ANSWERS, QUESTIONS
from tests.load.stored import Stored, stored
from tests.load.world import World, world

N_CUSTOMERS, GOAL, ANSWER_S = 24, 1_000, 60.0
N_CLAIMS, ROUNDS = 50, 4


@dataclass
class Tally:
    reconnects: int = 0  # while the bot owed an answer
    unanswered: int = 0


async def measure(seconds: float) -> list[Figure]:
    settings = {"BOT_GENERATOR": SLOW, "BOT_MODEL_WORKERS": str(N_CUSTOMERS), "BOT_FIRST_SENTENCE_SECONDS": "30",
                "BOT_DEADLINE_SECONDS": "30"}  # fmt: skip
    async with world(2, shared=True, **settings) as here:
        figures = await _reconnects(here, seconds / 4)
        return figures + await _claims(here)


async def _reconnects(here: World, seconds: float) -> list[Figure]:
    customers, tally = await arrived(here.urls, N_CUSTOMERS), Tally()
    ends = monotonic() + seconds
    await asyncio.gather(*(_restless(customer, tally, ends) for customer in customers))
    await asyncio.sleep(2)
    found = await stored(here.url)
    return [
        at_least("R30", "reconnects while an answer was being written", tally.reconnects, GOAL),
        exactly("R30", "… questions answered twice", found.answered_twice()),
        exactly("R30", "… questions not answered", found.n_owed + tally.unanswered),
        exactly("R30", "… answers that say something else than without a reconnect", _altered(found)),
        exactly("R4", "… events seen elsewhere, or never seen", found.inverted(customers) + _unseen(found, customers)),
        exactly("R4", "… faults the customers saw", sum(len(customer.faults) for customer in customers)),
    ]


async def _restless(customer: Customer, tally: Tally, ends: float) -> None:
    """Asks, and then cannot sit still until the answer has come: each socket is dropped, the next one is elsewhere."""
    for n, _ in enumerate(QUESTIONS):
        if monotonic() > ends or tally.reconnects >= GOAL:
            return
        cid, asked_at = f"q{n}-{uuid4().hex}", monotonic()
        customer.asked.append(cid)
        while not _is_answered(customer, cid):
            if monotonic() > asked_at + ANSWER_S:
                tally.unanswered += 1
                return
            try:
                async with customer.socket() as socket:
                    if cid not in customer.acked:
                        await customer.put(socket, cid)
                    await customer.until(socket, lambda: _is_answered(customer, cid), customer.dice.uniform(0.05, 0.4))  # noqa: B023
            except LOST:
                customer.at += 1
                tally.reconnects += not _is_answered(customer, cid)


def _is_answered(customer: Customer, cid: str) -> bool:
    seq = customer.acked.get(cid)
    return seq is not None and any(
        e["author"] == "bot" and e["body"].get("answers") == seq for e in customer.seen.values()
    )


def _altered(found: Stored) -> int:
    """The passage has one sentence: that is what an answer without any reconnect says."""
    wrong = 0
    for rows in found.rows.values():
        asked = {row.seq: row.text for row in rows if row.author == "customer"}
        wrong += sum(
            row.text != ANSWERS[asked[row.answers]] for row in rows if row.author == "bot" and row.answers is not None
        )
    return wrong


def _unseen(found: Stored, customers: list[Customer]) -> int:
    """Each customer is up to date up to its last answer; whatever lies before it must have been shown."""
    return sum(
        row.seq not in customer.seen
        for customer in customers
        for row in found.rows[customer.conversation]
        if row.seq <= max(customer.seen, default=0)
    )


async def _claims(here: World) -> list[Figure]:
    """Half of the agents on one process, half on the other."""
    winners, claimed = Counter[int](), 0
    async with AsyncExitStack() as stack:
        desks = [await stack.enter_async_context(desk_over(here.url)) for _ in range(2)]
        for _ in range(ROUNDS):
            id = await waiting(desks[0])
            results = await at_once(
                *(inbox.claim(desks[n % 2].bot, agent(n), id, cid="claim", expected=1) for n in range(N_CLAIMS))
            )
            winners[len(won(results))] += 1
            claimed += (await desks[0].kinds(id)).count(Kind.CLAIMED)
    return [
        exactly("R31", f"{N_CLAIMS} claims at once, {ROUNDS} times: rounds with one winner", winners[1], ROUNDS),
        exactly("R31", "… claims stored", claimed, ROUNDS),
    ]
