"""R2: three acks in ten never arrive, and everything is sent up to five times more, to two processes at once."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic

from websockets.asyncio.client import ClientConnection

from tests.load.customer import LOST, Customer, Frame, arrived
from tests.load.figures import Figure, at_least, exactly, told
from tests.load.stored import stored
from tests.load.world import world

N_CUSTOMERS, SUPPRESSED, MOST_RETRIES = 60, 0.3, 5
ACK_S = 30.0
GOAL = 10_000


@dataclass
class Tally:
    n_sent: int = 0
    n_retries: int = 0
    n_suppressed: int = 0
    n_duplicates: int = 0  # acks that said so
    faults: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)  # sockets, with all that was under way on them


async def measure(seconds: float) -> list[Figure]:
    async with world(2, shared=True, BOT_MESSAGES_AT_ONCE="400") as here:
        customers = await arrived(here.urls, N_CUSTOMERS)
        tally, ends = Tally(), monotonic() + seconds / 5
        async with asyncio.TaskGroup() as tasks:
            for customer in customers:
                tasks.create_task(_insist(customer, tally, ends))
        await asyncio.sleep(1)
        found = await stored(here.url)
    n_unique = sum(len(customer.acked) for customer in customers)
    n_faults = sum(len(customer.faults) for customer in customers)
    return [
        at_least("R2", "frames sent to two processes, retries among them", tally.n_sent, GOAL),
        told("R2", "… messages · retries · acks suppressed", f"{n_unique} · {tally.n_retries} · {tally.n_suppressed}"),
        told("R2", "… sockets that did not last", str(Counter(tally.lost) if tally.lost else 0)),
        exactly("R2", "messages stored twice", found.doubled()),
        exactly("R2", "acks of one message that name different places", len(tally.faults)),
        exactly("R2", "faults the customers saw", n_faults),
        exactly("R2", "acknowledged and not stored", found.lost(customers)),
        exactly("R3", "conversations that are not 1 to N", found.holes()),
    ]


async def _insist(customer: Customer, tally: Tally, ends: float) -> None:
    """Two sockets, one to each process; a message goes to either, and its retries to both."""
    try:
        async with AsyncExitStack() as stack:
            lines = []
            for _ in customer.urls:
                customer.at += 1
                lines.append(await stack.enter_async_context(line(customer)))
            # A conversation that waits for a person: what is stored is what was sent, and nothing is answered.
            await lines[0].ask("handoff", f"p{customer.dice.getrandbits(60)}", tally)
            while monotonic() < ends and tally.n_sent < GOAL:
                await _one(customer, lines, tally)
    except LOST as lost:
        tally.lost.append(repr(lost))


async def _one(customer: Customer, lines: list["Line"], tally: Tally) -> None:
    cid, retries = f"m{customer.dice.getrandbits(60)}", customer.dice.randint(0, MOST_RETRIES)
    tally.n_retries += retries
    sends = [customer.dice.choice(lines).ask("send", cid, tally, text=f"Message {cid}") for _ in range(1 + retries)]
    acks = await asyncio.gather(*sends)
    tally.n_duplicates += sum(ack["duplicate"] for ack in acks)
    if len({ack["seq"] for ack in acks}) != 1:
        tally.faults.append(f"{cid}: {acks}")


@dataclass
class Line:
    """One socket on which several frames wait for their answers."""

    customer: Customer
    socket: ClientConnection
    answers: dict[str, "asyncio.Future[Frame]"] = field(default_factory=dict)

    async def listen(self) -> None:
        while True:
            frame = await self.customer.read(self.socket)
            if (waiting := self.answers.pop(frame.get("ref", ""), None)) and not waiting.done():
                waiting.set_result(frame)

    async def ask(self, type: str, cid: str, tally: Tally, **fields: str) -> Frame:
        """Until an ack arrives: those that are suppressed never did."""
        while True:
            ref = f"r{self.customer.dice.getrandbits(60)}"
            self.answers[ref] = asyncio.get_running_loop().create_future()
            frame = {"type": type, "id": ref, "conversation": self.customer.conversation, "cid": cid} | fields
            await self.socket.send(json.dumps(frame))
            answer = await asyncio.wait_for(self.answers[ref], ACK_S)
            if answer["type"] == "error":
                await asyncio.sleep(answer.get("after_ms", 300) / 1_000)
                continue
            tally.n_sent += 1
            if self.customer.dice.random() >= SUPPRESSED:
                return answer
            tally.n_suppressed += 1
            tally.n_retries += 1


@asynccontextmanager
async def line(customer: Customer) -> AsyncIterator[Line]:
    async with customer.socket() as socket:
        one = Line(customer, socket)
        listening = asyncio.create_task(one.listen())
        try:
            yield one
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
