"""The chat over a network that breaks wherever it can: nothing acknowledged is lost, nothing is doubled, all agree.

A real server, a proxy that breaks connections by rule, and clients that keep the protocol; the database has the last
word.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

import pytest

from bot.conversation import Author
from bot.web.wire import EPHEMERAL
from tests.client import HASTY, Client, Pace, Stopped
from tests.fakes import FakeGenerator
from tests.fault_proxy import Close, Cut, Delay, FaultProxy, Inject, Refuse, Reorder, Repeat, Rule, Suppress
from tests.faulty_shop import ANSWER, QUESTION, SLOWLY, Arrived, Shop, shop, visited
from tests.site import Site, running

AT_ONCE = 8
SMALL_TALK = ("Hello", "Thank you")  # answered without a model
LASTS = frozenset({"welcome", "event", "ack"})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with shop(tmp_path_factory.mktemp("faults")) as one, one.open():
        yield one


@pytest.fixture
async def here(served: Shop) -> AsyncIterator[Shop]:
    async with visited(served) as one:
        yield one


async def all_of(work: Sequence[Callable[[], Awaitable[Any]]]) -> list[Any]:
    """A few at a time."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(do: Callable[[], Awaitable[Any]]) -> Any:
        async with places:
            return await do()

    async with asyncio.timeout(120), asyncio.TaskGroup() as tasks:
        begun = [tasks.create_task(one(do)) for do in work]
    return [task.result() for task in begun]


def has_reply(client: Client, n: int = 1) -> Callable[[], bool]:
    return lambda: sum(event["author"] == "bot" for event in client.events) >= n


# ── a cut at every frame ──


async def a_whole_conversation(client: Client) -> None:
    """Every frame a customer can send, each acknowledged, and everything that comes of them."""
    await client.welcomed()
    await client.hint("typing", on=True)
    await client.send(QUESTION)
    await client.until(has_reply(client))
    await client.hint("read", seq=client.position.last)
    for type, fields in (
        ("handoff", {}), ("send", {"text": "Thank you."}), ("email", {"email": "ann@shop.example"}), ("close", {}),
        ("rate", {"score": 5}),
    ):  # fmt: skip
        await client.act(type, **fields)
    await client.reaches(7)


KINDS = [
    ("message.created", "customer"), ("message.created", "bot"), ("conversation.handed_off", "system"),
    ("message.created", "customer"), ("conversation.email_left", "customer"), ("conversation.closed", "system"),
    ("conversation.rated", "customer"),
]  # fmt: skip


def waiting_for_acks(customer: Arrived, proxy: FaultProxy, seed: int) -> Client:
    """Its own event does not do: so every frame of the conversation is waited for."""
    return customer.client(proxy.url, seed=seed, believes_events=False)


async def broken_once(here: Shop, rule: Rule, seed: int) -> int:
    """A whole conversation in which `rule` strikes; returns how many connections it took."""
    customer = await here.arrive()
    async with FaultProxy(here.url, rule, seed=seed) as proxy, waiting_for_acks(customer, proxy, seed) as client:
        await a_whole_conversation(client)
    rows = customer.check(client)
    assert [(row.kind, row.author) for row in rows] == KINDS, f"{rule} {seed}"
    assert len(client.events) == 7
    assert client.syncs <= 1
    assert client.reloads == 0, "a cut is no reason to load everything anew"
    assert rule.fired == 1, "the fault was never met"
    return client.connections


async def frames_of_a_conversation(here: Shop) -> tuple[list[str], list[str]]:
    """What is certain to go each way, in order: (to the client, to the server)."""
    customer = await here.arrive()
    async with FaultProxy(here.url) as proxy, waiting_for_acks(customer, proxy, 0) as client:
        await a_whole_conversation(client)
    to_client = [type for type in proxy.types("client") if type in LASTS]
    return to_client, [type for type in proxy.types("server") if not type.startswith("ws.")]


def lasts(frame: Any) -> bool:
    return frame["type"] not in EPHEMERAL


CUTS = [
    Cut("end", "before"), Cut("end", "middle"), Cut("end", "after"), Cut("reset", "before"), Cut("reset", "middle"),
    Cut("reset", "after"), Close(4001, "after"),
]  # fmt: skip


@pytest.mark.parametrize("cut", CUTS, ids=str)
async def test_a_cut_at_any_frame_loses_and_doubles_nothing(here: Shop, cut: Cut | Close) -> None:
    to_client, to_server = await frames_of_a_conversation(here)
    assert to_client.count("ack") == 6
    assert to_client.count("event") == 7
    assert to_server == ["hello", "typing", "send", "read", "handoff", "send", "email", "close", "rate"]
    rules = [Rule("frame_to_client", cut, at=n + 1, connection=1, where=lasts) for n in range(len(to_client))]
    rules += [Rule("frame_to_client", cut, type=type, at=1, times=1) for type in ("typing", "draft")]
    rules += [Rule("frame_to_server", cut, at=n + 1, connection=1) for n in range(len(to_server))]
    took = await all_of([lambda n=n, rule=rule: broken_once(here, rule, n) for n, rule in enumerate(rules)])  # type: ignore[misc]
    assert len(took) == len(to_client) + 2 + len(to_server)
    assert sum(n == 2 for n in took) >= len(took) - 3, "one new connection is enough, or none at the very end"


# ── acknowledgements lost, messages doubled ──


async def test_lost_acknowledgements_and_doubled_sends_leave_one_message_each(here: Shop) -> None:
    """30 % of the acks never come, and each send arrives up to six times, on as many connections as it takes."""
    n_sent = 0

    async def customer(n: int) -> None:
        nonlocal n_sent
        arrived = await here.arrive()
        rules = [Rule("frame_to_client", Suppress(), type="ack", chance=0.3)]
        rules += [Rule("frame_to_server", Repeat(more), type="send", chance=1 / 6) for more in range(1, 6)]
        rules += [Rule("frame_to_client", Cut(), type="ack", chance=0.1, times=1)]
        async with (
            FaultProxy(here.url, *rules, seed=n) as proxy,
            arrived.client(proxy.url, seed=n, pace=HASTY, believes_events=False) as client,
            arrived.client() as other,
        ):
            for text in SMALL_TALK:
                await client.send(text)
            await client.reaches(4)
            await other.reaches(4)
        n_sent += sum(one.type == "send" for one in proxy.passed)
        rows = arrived.check(client, other)
        assert [row.body["text"] for row in rows if row.author == "customer"] == [*SMALL_TALK]
        assert sum(row.author == "bot" for row in rows) == 2
        assert all(acks for acks in client.acks.values())
        lost.append(rules[0].fired)
        doubled.append(sum(rule.fired for rule in rules[1:6]))

    lost: list[int] = []
    doubled: list[int] = []
    await all_of([lambda n=n: customer(n) for n in range(30)])  # type: ignore[misc]
    assert sum(lost) >= 10
    assert sum(doubled) >= 30
    assert n_sent > 60, "of a doubled send one ack is enough, so how many go again is chance: but some must"


async def test_delays_repetitions_and_overtaking_change_no_order(here: Shop) -> None:
    async def customer(n: int) -> None:
        arrived = await here.arrive()
        rules = [
            Rule("frame_to_client", Delay(0.02), chance=0.3), Rule("frame_to_client", Repeat(), chance=0.3),
            Rule("frame_to_client", Reorder(0.05), type="ack", chance=0.5),
            Rule("frame_to_client", Reorder(0.05), type="draft", chance=0.5),
            Rule("frame_to_client", Suppress(), type="typing"),
            Rule("frame_to_server", Delay(0.02), chance=0.3),
        ]  # fmt: skip
        async with FaultProxy(here.url, *rules, seed=n) as proxy, arrived.client(proxy.url, seed=n) as client:
            await a_whole_conversation(client)
        assert len(arrived.check(client)) == 7
        assert client.connections == 1
        fired.extend(index for index, rule in enumerate(rules) if rule.fired)

    fired: list[int] = []
    await all_of([lambda n=n: customer(n) for n in range(16)])  # type: ignore[misc]
    assert set(fired) == {0, 1, 2, 3, 4, 5}


async def test_events_that_never_came_are_fetched_without_a_new_connection(here: Shop) -> None:
    """As when another process's news got lost: the next event shows the gap."""

    async def customer(n: int) -> None:
        arrived = await here.arrive()
        rules = [
            Rule("frame_to_client", Suppress(), type="event", chance=0.5, times=2, where=lambda one: one["seq"] < 7),
            Rule("frame_to_client", Suppress(), type="ack", times=1, where=lambda frame: "cid" not in frame),
        ]  # fmt: skip
        async with FaultProxy(here.url, *rules, seed=n) as proxy, arrived.client(proxy.url, seed=n) as client:
            for type, fields in (
                ("handoff", {}), ("send", {"text": "one"}), ("send", {"text": "two"}), ("send", {"text": "three"}),
                ("email", {"email": "ann@shop.example"}), ("close", {}), ("rate", {"score": 4}),
            ):  # fmt: skip
                await client.act(type, **fields)
            await client.reaches(7)
        assert len(arrived.check(client)) == 7
        assert client.connections == 1
        assert client.reloads == 0
        gaps.append(rules[0].fired)
        syncs.append(client.syncs)

    gaps: list[int] = []
    syncs: list[int] = []
    await all_of([lambda n=n: customer(n) for n in range(12)])  # type: ignore[misc]
    assert sum(gaps) >= 12
    assert 0 < sum(syncs) <= 3 * sum(gaps)


async def test_a_gap_that_no_sync_fills_ends_in_a_reload_and_in_no_new_connection(here: Shop) -> None:
    arrived = await here.arrive()
    forged = {"type": "event", "conversation": arrived.conversation, "seq": 9, "kind": "message.created",
              "author": "bot", "at": "", "body": {"text": "no such thing"}}  # fmt: skip
    rule = Rule("frame_to_client", Inject(forged), type="ack", times=1)
    async with FaultProxy(here.url, rule) as proxy, arrived.client(proxy.url) as client:
        await client.send("Hello")
        await client.until(lambda: client.reloads)
        await client.reaches(2)
        assert client.connections == 1
        assert client.seen["ack"] >= 4, "three syncs before it"
    arrived.check(client)


# ── positions ──


async def test_a_position_before_anything_was_received_is_resumed(here: Shop) -> None:
    arrived = await here.arrive()
    cut = Rule("frame_to_client", Cut(), type="welcome", times=1)
    gate = Rule("connect", Refuse(), connection=2)
    async with FaultProxy(here.url, cut, gate) as proxy, arrived.client(proxy.url) as client:
        async with arrived.client() as other:
            await client.until(lambda: client.seen["welcome"])
            assert client.position.last == 0
            await other.send("Hello")
        await client.reaches(2)
    assert client.connections == 3
    assert client.reloads == client.syncs == 0, "replayed in place"
    arrived.check(client, other)


async def test_twenty_resumes_in_a_row_bring_what_was_missed_each_time(here: Shop) -> None:
    arrived = await here.arrive()
    slow = Pace(reconnect_s=(0.001, 0.002))
    async with FaultProxy(here.url) as proxy, arrived.client(proxy.url, pace=slow) as client:
        await client.send("Hello")
        for n in range(20):
            await client.welcomed()
            proxy.cut("reset" if n % 2 else "end")
            if n % 4 == 0:
                async with arrived.client() as other:
                    await other.send(SMALL_TALK[n % 8 == 0])
            await client.until(lambda n=n: client.seen["welcome"] >= n + 2)  # type: ignore[misc]
        await client.reaches(12)
    assert client.connections == 21
    assert client.reloads == client.syncs == client.position.repeated == 0
    assert len(arrived.check(client, other)) == 12


async def missed(arrived: Arrived, n: int) -> None:
    """So many more messages than are there, as if said while nobody was connected."""
    for _ in range(n):
        arrived.shop.write(
            "INSERT INTO event SELECT conversation_id, seq + 1, kind, author, sender_id, NULL, "
            "json_remove(body, '$.answers'), created_at "
            "FROM event WHERE conversation_id = ? ORDER BY seq DESC LIMIT 1", arrived.conversation,
        )  # fmt: skip
    arrived.shop.write("UPDATE conversation SET last_seq = last_seq + ? WHERE id = ?", n, arrived.conversation)


async def said_and_left(here: Shop) -> tuple[Arrived, Client]:
    """Two events, and a client that has them and is gone."""
    arrived = await here.arrive()
    async with arrived.client() as client:
        await client.send("Hello")
        await client.reaches(2)
    return arrived, client


async def come_back(arrived: Arrived, before: Client) -> Client:
    """With what it had."""
    client = arrived.client()
    client.position = before.position
    async with client:
        await client.welcomed()
        await client.until(lambda: client.position.last == len(arrived.shop.rows(arrived.conversation)))
        await client.send("Hello again")
    return client


@pytest.mark.parametrize(("n", "reloads"), [(300, 0), (301, 1), (420, 1)])
async def test_three_hundred_missed_events_are_replayed_and_more_are_fetched_anew(
    here: Shop, n: int, reloads: int
) -> None:
    arrived, client = await said_and_left(here)
    await missed(arrived, n)
    again = await come_back(arrived, client)
    assert again.reloads == reloads
    assert again.syncs == (-(-(n + 2) // 100) if reloads else 0)
    assert again.position.repeated == 0
    arrived.check(again)


async def test_a_position_a_day_old_is_as_good_as_any(here: Shop) -> None:
    arrived, client = await said_and_left(here)
    await missed(arrived, 3)
    for table in ("event", "conversation"):
        key = "conversation_id" if table == "event" else "id"
        aged = "created_at = datetime(created_at, '-25 hours')"
        here.write(f"UPDATE {table} SET {aged} WHERE {key} = ?", arrived.conversation)
    again = await come_back(arrived, client)
    assert again.reloads == again.syncs == 0
    arrived.check(again)


async def test_a_position_of_another_epoch_is_never_trusted(here: Shop) -> None:
    arrived, client = await said_and_left(here)
    here.write("UPDATE conversation SET epoch = 'restored' WHERE id = ?", arrived.conversation)
    here.write("UPDATE event SET body = replace(body, 'Hello', 'Moin') WHERE conversation_id = ?", arrived.conversation)
    again = await come_back(arrived, client)
    assert (again.reloads, again.position.epoch) == (1, "restored")
    assert again.events[0]["body"]["text"] == "Moin", "the same position, another event"
    arrived.check(again)


async def test_a_server_that_lost_the_last_events_is_believed(here: Shop) -> None:
    """A backup was restored without a new epoch: a position beyond the head is not one."""
    arrived, client = await said_and_left(here)
    here.write("DELETE FROM turn WHERE conversation_id = ?", arrived.conversation)
    here.write("DELETE FROM event WHERE conversation_id = ? AND seq > 1", arrived.conversation)
    here.write("UPDATE conversation SET last_seq = 1 WHERE id = ?", arrived.conversation)
    again = await come_back(arrived, client)
    assert again.reloads == 1
    arrived.check(again)


# ── one message by one cid ──


async def test_one_cid_is_one_message_whatever_it_says_and_another_in_another_conversation(here: Shop) -> None:
    first, second = await here.arrive(), await here.arrive()
    one, two, other = (of.client(believes_events=False) for of in (first, first, second))
    async with one, two, other:
        assert await one.send("Hello", cid="c-1") == 1
        assert await two.send("Hello to you", cid="c-1") == 1, "the first stands"
        assert await other.send("Hello", cid="c-1") == 1
        await one.reaches(2)
        await two.reaches(2)
    assert two.acks["c-1"][-1]["duplicate"] is True
    assert other.acks["c-1"][-1]["duplicate"] is False
    assert [row.body["text"] for row in first.check(one, two) if row.author == "customer"] == ["Hello"]
    second.check(other)


@pytest.mark.parametrize("n_sites", [1, 2])
async def test_sixteen_at_once_with_one_cid_are_one_message(n_sites: int, database_url: str) -> None:
    """Over four sockets of one session, on one server or spread over two."""
    async with AsyncExitStack() as stack:
        sites = [await stack.enter_async_context(running(database_url, FakeGenerator())) for _ in range(n_sites)]
        for site in sites:
            site.lift_limits()
        for n in range(4):
            await race(stack, sites, f"race-{n}")


async def race(stack: AsyncExitStack, sites: Sequence[Site], cid: str) -> None:
    id = await sites[0].customer()
    tabs = [await stack.enter_async_context(sites[n % len(sites)].tab(id)) for n in range(4)]
    sent = [tabs[n % 4].say(f"Hello from {n}", cid=cid, id=f"r{n}") for n in range(16)]
    await asyncio.gather(*sent)
    acks = [await tabs[n % 4].next("ack", ref=f"r{n}") for n in range(16)]
    assert {ack["seq"] for ack in acks} == {1}
    assert [ack["duplicate"] for ack in acks].count(False) == 1
    events = await sites[0].events(id)
    assert [event.author for event in events].count(Author.CUSTOMER) == 1


# ── one answer ──


async def test_however_often_the_customer_reconnects_meanwhile_a_question_has_one_answer(here: Shop) -> None:
    async def impatient(n: int) -> int:
        dice = random.Random(n)
        arrived = await here.arrive()
        async with FaultProxy(here.url, seed=n) as proxy, arrived.client(proxy.url, seed=n) as client:
            await client.send(f"{QUESTION} Tell me {SLOWLY}.")
            while not has_reply(client)():
                await client.welcomed()
                await asyncio.sleep(dice.uniform(0, 0.05))
                proxy.cut(dice.choice(("end", "reset")))
                client.drop()
            await client.welcomed()
            await client.send("Thank you")
            await client.reaches(4)
        rows = arrived.check(client)
        assert [row.body["answers"] for row in rows if row.author == "bot"] == [1, 3]
        drafts = [frame for frame in client.others if frame["type"] == "draft"]
        assert all(ANSWER.startswith(frame["text"]) for frame in drafts), "a draft is the reply so far, whole"
        return client.connections

    reconnects = await all_of([lambda n=n: impatient(n) for n in range(6)])  # type: ignore[misc]
    assert sum(reconnects) >= 60


async def test_a_client_that_is_told_to_stop_stops(here: Shop) -> None:
    arrived = await here.arrive()
    async with FaultProxy(here.url, Rule("frame_to_client", Close(4506), type="welcome")) as proxy:
        client = arrived.client(proxy.url)
        async with AsyncExitStack() as stack:
            stack.enter_context(pytest.raises(Stopped, match="4506"))
            await stack.enter_async_context(client)
            await client.until(lambda: client.connections > 1, 5)
    assert client.connections == 1
