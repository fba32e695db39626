"""Two tabs of a customer and an agent's console, each behind a network that fails, whatever they do in whatever order:
each always has a beginning of what the database has, and all of it once the network is well.

`SOAK=1000 pytest tests/integration/test_readers_agree.py` tries that many histories, other ones each time.
"""

import asyncio
import os
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, Literal, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from bot import reply
from bot.conversation import Author, Event, Status
from bot.events import INTERNAL
from bot.ports import Bot, Changed
from bot.web.wire import HIDDEN
from tests.client import HASTY, Client
from tests.fakes import AT, stock, writes
from tests.fault_proxy import FaultProxy, Repeat, Rule, Suppress
from tests.site import Agent, Site, running

SOAK = int(os.environ.get("SOAK", "0"))
HEARTBEAT_S = 0.3  # so soon a lost last event is noticed
TEXTS = ("How do I return a lamp?", "Hello", "Thank you", "请问怎么退货？", "I want to talk to a person", "x" * 3_000)
PAUSES = st.sampled_from((0.0, 0.002, 0.02))
READERS = ("tab", "other tab", "console")
T = TypeVar("T")


class World:
    """One running site, for all examples; each has a conversation of its own."""

    def __init__(self, url: str) -> None:
        self._runner, self._stack = asyncio.Runner(), AsyncExitStack()
        self.site, self.ana = self.run(self._open(url))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(work)

    async def _open(self, url: str) -> tuple[Site, Agent]:
        site = await self._stack.enter_async_context(
            running(url, writes("You can return unused items within 30 days."))
        )
        await stock(site.bot)
        site.lift_limits()
        object.__setattr__(site.doors, "heartbeat_s", HEARTBEAT_S)
        return site, await self._stack.enter_async_context(site.agent("ana", capacity=100))

    def close(self) -> None:
        self.run(self._stack.aclose())
        self._runner.close()


def shown(event: Event, reader: str) -> tuple[int, str, str]:
    """As this reader may see it."""
    if event.kind in INTERNAL and reader != "console":
        return event.seq, HIDDEN, "system"
    return event.seq, event.kind.value, event.author.value


def machine(world: World) -> type[RuleBasedStateMachine]:
    class Readers(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.stack = AsyncExitStack()
            self.proxies: dict[str, FaultProxy] = {}
            self.clients: dict[str, Client] = {}
            self.posted: dict[str, tuple[str, str]] = {}  # cid → (who, what)
            self.unplugged: set[str] = set()
            world.run(self._begin())

        async def _begin(self) -> None:
            self.id = await world.site.customer()
            for reader in READERS:
                proxy = await self.stack.enter_async_context(FaultProxy(f"http://{world.site.address}"))
                client = self._client(reader, proxy.url)
                self.proxies[reader], self.clients[reader] = proxy, client
                await self.stack.enter_async_context(client)

        def _client(self, reader: str, url: str) -> Client:
            socket = url.replace("http", "ws", 1) + "/v1"
            if reader == "console":
                address = f"{socket}/console/socket"
                return Client(address, self.id, world.ana.ticket, pace=HASTY, opens=True, origin=url)
            return Client(f"{socket}/socket", self.id, lambda: world.site.ticket(self.id), pace=HASTY)

        def _post(self, reader: str, pause: float, type: str = "send", **fields: Any) -> None:
            async def post() -> None:
                self.posted[self.clients[reader].post(type, **fields)] = reader, type
                await asyncio.sleep(pause)

            world.run(post())

        # ── what people do ──

        @rule(tab=st.sampled_from(READERS[:2]), text=st.sampled_from(TEXTS), pause=PAUSES)
        def ask(self, tab: str, text: str, pause: float) -> None:
            self._post(tab, pause, text=text)

        @rule(tab=st.sampled_from(READERS[:2]), pause=PAUSES)
        def ask_for_a_person(self, tab: str, pause: float) -> None:
            self._post(tab, pause, "handoff")

        @rule(tab=st.sampled_from(READERS[:2]), pause=PAUSES)
        def end(self, tab: str, pause: float) -> None:
            self._post(tab, pause, "close")

        @rule(text=st.sampled_from(TEXTS), pause=PAUSES)
        def reply(self, text: str, pause: float) -> None:
            self._post("console", pause, text=text)

        @rule(pause=PAUSES)
        def note(self, pause: float) -> None:
            self._post("console", pause, "note", text="A note.")

        @rule(type=st.sampled_from(("claim", "claim", "return", "close")), pause=PAUSES)
        def take_or_give(self, type: str, pause: float) -> None:
            version = world.run(world.site.bot.store.conversation(self.id)).version
            self._post("console", pause, type, expect_version=version)

        @rule(reader=st.sampled_from(READERS), on=st.booleans())
        def type(self, reader: str, on: bool) -> None:
            world.run(self.clients[reader].hint("typing", on=on))

        # ── what the network does ──

        @rule(reader=st.sampled_from(READERS), how=st.sampled_from(("end", "reset")), pause=PAUSES)
        def cut(self, reader: str, how: Literal["end", "reset"], pause: float) -> None:
            async def cut() -> None:
                self.proxies[reader].cut(how)
                await asyncio.sleep(pause)

            world.run(cut())

        @rule(reader=st.sampled_from(READERS))
        def unplug(self, reader: str) -> None:
            if reader not in self.unplugged:
                self.unplugged.add(reader)
                world.run(self.proxies[reader].down())

        @rule(reader=st.sampled_from(READERS), pause=PAUSES)
        def plug_in(self, reader: str, pause: float) -> None:
            async def plug_in() -> None:
                if reader in self.unplugged:
                    self.unplugged.discard(reader)
                    await self.proxies[reader].up()
                await asyncio.sleep(pause)

            world.run(plug_in())

        @rule(reader=st.sampled_from(READERS), type=st.sampled_from(("ack", "event", "typing", "draft", "queue")))
        def lose(self, reader: str, type: str) -> None:
            """The next of these: an event, as when another process's news of it gets lost."""
            self.proxies[reader].rules.append(Rule("frame_to_client", Suppress(), type=type, times=1))

        @rule(reader=st.sampled_from(READERS), way=st.sampled_from(("frame_to_client", "frame_to_server")))
        def double(self, reader: str, way: Literal["frame_to_client", "frame_to_server"]) -> None:
            """The next message, or the next event."""
            type = "event" if way == "frame_to_client" else "send"
            self.proxies[reader].rules.append(Rule(way, Repeat(), type=type, times=1))

        @rule()
        def wait(self) -> None:
            world.run(asyncio.sleep(0.05))

        # ── what must hold ──

        @invariant()
        def each_reader_has_a_beginning_of_what_the_database_has(self) -> None:
            if not hasattr(self, "id"):
                return
            read = {  # first: the database goes on while it is read
                reader: [(event["seq"], event["kind"], event["author"]) for event in client.events]
                for reader, client in self.clients.items()
            }
            events = world.run(world.site.events(self.id))
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
            for reader, has in read.items():
                assert has == [shown(event, reader) for event in events][: len(has)], reader

        def teardown(self) -> None:
            if hasattr(self, "id"):
                try:
                    world.run(self._comes_to_rest())
                    self.each_reader_has_a_beginning_of_what_the_database_has()
                finally:
                    world.run(self._leave())
                world.run(self._counts())

        async def _leave(self) -> None:
            await self.stack.aclose()
            if (await world.site.bot.store.conversation(self.id)).status is not Status.CLOSED:
                await world.site.bot.change(self.id, lambda c: c.closed(at=AT))  # an agent holds only so many

        async def _comes_to_rest(self) -> None:
            for reader, proxy in self.proxies.items():
                proxy.rules.clear()
                if reader in self.unplugged:
                    await proxy.up()
            async with asyncio.timeout(30):
                while not await self._is_at_rest():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            answered = await world.ana.row(self.id)
            assert answered["head"] == len(await world.site.events(self.id)), "as told over HTTP"

        async def _is_at_rest(self) -> bool:
            if not all(client.is_idle for client in self.clients.values()):
                return False
            await world.site.worker.idle()
            head = (await world.site.bot.store.conversation(self.id)).head
            return all(client.position.last == head for client in self.clients.values())

        async def _counts(self) -> None:
            """Each message once, or refused; each answered question once; acks that say where it stands."""
            events = await world.site.events(self.id)
            for cid, (reader, type) in self.posted.items():
                own = [event.seq for event in events if event.cid == cid]
                client = self.clients[reader]
                acked = {ack["seq"] for ack in client.acks.get(cid, ())}
                assert len(own) <= 1, "a message is there twice"
                assert own or type != "send" or cid in client.refused, "a message got lost"
                assert not own or acked <= set(own), "an acknowledgement of another message"
            answers = [event.answers for event in events if event.author is Author.BOT]
            assert len(set(answers)) == len(answers), "a question was answered twice"

    return Readers


def histories(n: int, **more: Any) -> settings:
    return settings(
        max_examples=SOAK or n, stateful_step_count=30 if SOAK else 15, deadline=None, database=None,
        derandomize=not SOAK, suppress_health_check=list(HealthCheck), print_blob=True, **more,
    )  # fmt: skip


def all_agree(url: str, tried: settings) -> None:
    world = World(url)
    try:
        run_state_machine_as_test(machine(world), settings=tried)  # type: ignore[no-untyped-call]
    finally:
        world.close()


def test_all_readers_agree_on_sqlite(own_sqlite_url: str) -> None:
    all_agree(own_sqlite_url, histories(30))


def test_all_readers_agree_on_postgresql(postgresql_url: str) -> None:
    all_agree(postgresql_url, histories(10))


def test_a_server_that_acknowledges_what_it_does_not_keep_is_found_out(
    own_sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forgetful(bot: Bot, id: str, text: str, *, sender: str, cid: str) -> Changed:
        if text == "Hello":
            return Changed(await bot.store.conversation(id), ())
        return await receive(bot, id, text, sender=sender, cid=cid)

    receive = reply.receive
    monkeypatch.setattr(reply, "receive", forgetful)
    with pytest.raises(AssertionError, match="a message got lost"):
        all_agree(own_sqlite_url, histories(40, phases=[Phase.generate], report_multiple_bugs=False))
