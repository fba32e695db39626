"""What one customer, address or agent may do to everybody else: little, and they are told when to come again."""

import time
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from bot.adapters.redis_limits import RedisLimits
from bot.adapters.sql_database import Database
from bot.adapters.sql_tickets import SqlAgentTickets, SqlCustomerTickets
from bot.budget import Budget
from bot.conversation import Author, Status
from bot.limits import Allowance, Draw, OwnLimits, Quota
from bot.shared_limits import SharedLimits
from bot.web import agent_socket, entrance, limits, wire
from bot.web.limits import PERSON, Rules
from bot.web.sockets import Customer
from tests.fakes import eventually, stock, writes
from tests.redis_server import RedisServer
from tests.site import Agent, Site, Tab, running

TRUE = "You can return unused items within 30 days."
QUESTION = "How do I return a lamp?"
OFFICE = {"x-forwarded-for": "203.0.113.7"}  # thirty people behind one address


@pytest.fixture
async def site(sqlite_url: str) -> AsyncIterator[Site]:
    async with running(sqlite_url, writes(TRUE)) as site:
        await stock(site.bot)
        yield site


def rule(site: Site, **rules: Any) -> None:
    object.__setattr__(site.doors, "rules", replace(Rules(), **rules))


async def opened(site: Site, stack: AsyncExitStack, id: str) -> Tab:
    """A tab from the office, greeted or not."""
    socket: ClientConnection = await stack.enter_async_context(site.connect(additional_headers=OFFICE))
    tab = Tab(socket, id)
    await tab.tell("hello", ticket=await site.ticket(id))
    return tab


async def patiently(tab: Tab) -> str:
    """The bot's answer: thirty of them at once take a busy machine some time."""
    for _ in range(12):
        with suppress(TimeoutError):
            return str((await tab.event(author="bot"))["body"]["text"])
    return "no answer"


def dial(site: Site, path: str) -> connect:
    origin = Origin(f"http://{site.address}")
    return connect(f"ws://{site.address}{path}", subprotocols=[Subprotocol("bot.v1")], proxy=None, origin=origin)


# ── sockets ──


async def test_thirty_customers_behind_one_address_all_get_their_answer(site: Site) -> None:
    async with AsyncExitStack() as stack:
        tabs = []
        for _ in range(30):
            made = await site.http.post("/v1/session", json={}, headers=OFFICE)
            assert made.status_code == 201
            shop = made.json()
            asked = await site.http.post("/v1/ticket", headers={"authorization": f"Bearer {shop['session']}"} | OFFICE)
            for _ in range(2):  # the second connection of each: the first one is not yet known to be dead
                socket = await stack.enter_async_context(site.connect(additional_headers=OFFICE))
            tab = Tab(socket, shop["conversation"])
            await tab.tell("hello", ticket=asked.json()["ticket"])
            await tab.next("welcome")
            tabs.append(tab)
        for tab in tabs:
            await tab.say(QUESTION)
        answers = [await patiently(tab) for tab in tabs]
    assert answers == [TRUE] * 30


async def test_an_address_with_too_many_sockets_is_told_when_to_come_again(site: Site) -> None:
    rule(site, sockets_per_address=3)
    async with AsyncExitStack() as stack:
        for _ in range(3):
            await (await opened(site, stack, await site.customer())).next("welcome")
        refused = await stack.enter_async_context(site.connect(additional_headers=OFFICE))
        tab = Tab(refused, "")
        error, bye = await tab.next("error"), await tab.next("bye")
        assert (error["code"], error["retry"]) == ("too_fast", True)
        assert error["after_ms"] > 0
        assert bye["retry_after_ms"] > 0
        assert await tab.closed() == wire.CLOSE["overloaded"] == bye["code"]
        async with site.tab(await site.customer()) as elsewhere:
            assert elsewhere.seen[0]["type"] == "welcome"


async def test_sockets_that_say_nothing_keep_nobody_out(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entrance, "UNNAMED_PER_ADDRESS", 5)
    id = await site.customer()
    async with AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(site.connect(additional_headers=OFFICE))
        with pytest.raises(InvalidStatus) as refused:
            await stack.enter_async_context(site.connect(additional_headers=OFFICE))
        assert refused.value.response.status_code == 429
        assert int(refused.value.response.headers["retry-after"]) > 0
        async with site.tab(id) as elsewhere:
            assert elsewhere.seen[0]["type"] == "welcome"
    async with AsyncExitStack() as stack:  # they left
        assert await (await opened(site, stack, id)).next("welcome")


@pytest.mark.parametrize("path", ["/v1/socket", "/v1/console/socket"])
async def test_a_process_has_room_for_so_many_sockets(site: Site, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(site.doors.entrance, "_most", 2)
    async with site.tab(await site.customer()) as tab, site.connect():
        with pytest.raises(InvalidStatus) as refused:
            async with dial(site, path):
                pass
        assert refused.value.response.status_code == 429
        await tab.say(QUESTION)
        assert await tab.event(author="bot")


async def test_the_places_of_closed_sockets_are_free(site: Site) -> None:
    rule(site, sockets_per_session=1, sockets_per_address=1)
    id = await site.customer()
    for _ in range(20):
        async with AsyncExitStack() as stack:
            await (await opened(site, stack, id)).next("welcome")
        await eventually(lambda: not site.doors.open)


async def test_a_page_that_comes_before_its_old_socket_is_gone_waits_for_its_place(site: Site) -> None:
    rule(site, sockets_per_session=1)
    id = await site.customer()
    async with AsyncExitStack() as stack:
        first = await opened(site, stack, id)
        await first.next("welcome")
        second = await opened(site, stack, id)
        assert not await second.quiet(0.3)
        first.socket.transport.abort()
        await second.next("welcome")
        third = await opened(site, stack, id)
        assert (await third.next("error"))["code"] == "too_fast"
        assert await third.closed() == wire.CLOSE["too_many_connections"]


# ── frames ──


async def test_a_flood_of_frames_is_read_slowly_and_nothing_of_it_is_lost(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Customer, "FRAMES", Allowance(10, 0.02))
    async with site.tab(await site.customer()) as tab, site.tab(await site.customer()) as other:
        started = time.monotonic()
        for n in range(60):
            await tab.tell("sync", id=f"s{n}", since=0)
        await other.say(QUESTION)
        await other.event(author="bot")
        acks = [await tab.next("ack", ref=f"s{n}") for n in range(60)]
        assert len(acks) == 60
        assert time.monotonic() - started >= 45 * 0.02
        await tab.say(QUESTION)
        assert await tab.event(author="bot")


async def test_what_nobody_reads_is_slowed_down_too(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Customer, "FRAMES", Allowance(5, 0.02))
    async with site.tab(await site.customer()) as tab:
        started = time.monotonic()
        for n in range(60):
            await tab.tell("read", seq=n)
        await tab.say("hello")
        await tab.next("ack")
        assert time.monotonic() - started >= 45 * 0.02


async def test_an_agent_who_writes_too_fast_is_told_when_to_go_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent_socket, "AGENT_WRITES", Allowance(3, 60.0))
    id = await site.customer()
    async with site.agent() as ana, ana.console(id) as console:
        for n in range(4):
            await console.tell("note", id=f"n{n}", cid=f"c{n}", text="as said")
        error = await console.next("error")
        assert (error["code"], error["ref"], error["retry"]) == ("too_fast", "n3", True)
        assert 0 < error["after_ms"] <= 60_001


# ── messages in a day ──


async def test_the_days_messages_end_and_a_person_can_still_be_asked_for(site: Site) -> None:
    rule(site, messages=Allowance(1_000, 0.001), messages_per_day=Quota(3))
    id = await site.customer()
    async with site.tab(id) as tab:
        for n in range(4):
            await tab.say("hello", cid=f"m{n}", id=f"f{n}")
        error = await tab.next("error")
        assert (error["code"], error["ref"], error["retry"]) == ("too_fast", "f3", True)
        assert error["after_ms"] > 3_600_000
        await tab.tell("handoff", id="p", cid="p")
        assert (await tab.next("ack", ref="p"))["duplicate"] is False
    assert (await site.bot.store.conversation(id)).status is Status.WAITING


async def test_what_came_in_is_acknowledged_again_though_the_day_is_used_up(site: Site) -> None:
    rule(site, messages=Allowance(1_000, 0.001), messages_per_day=Quota(1))
    id = await site.customer()
    async with site.tab(id) as tab:
        await tab.say("hello", cid="m0", id="a")
        first = await tab.next("ack")
        for n in range(5):
            await tab.say("hello", cid="m0", id=f"again{n}")
            again = await tab.next("ack", ref=f"again{n}")
            assert (again["seq"], again["duplicate"]) == (first["seq"], True)
        await tab.say("one more", cid="m1", id="b")
        assert (await tab.next("error"))["ref"] == "b"
    said = [event for event in await site.events(id) if event.author is Author.CUSTOMER]
    assert len(said) == 1


async def test_a_retry_uses_up_nothing_of_the_day(site: Site) -> None:
    rule(site, messages=Allowance(1_000, 0.001), messages_per_day=Quota(2))
    async with site.tab(await site.customer()) as tab:
        for n in range(10):
            await tab.say("hello", cid="m0", id=f"f{n}")
            await tab.next("ack", ref=f"f{n}")
        await tab.say("second", cid="m1", id="second")
        assert (await tab.next("ack", ref="second"))["duplicate"] is False


async def test_asking_for_a_person_all_the_time_has_an_end(site: Site) -> None:
    async with site.tab(await site.customer()) as tab:
        for n in range(PERSON.burst + 1):
            await tab.tell("handoff", id=f"p{n}", cid=f"p{n}")
        error = await tab.next("error")
        assert (error["code"], error["ref"]) == ("too_fast", f"p{PERSON.burst}")
        assert 0 < error["after_ms"] <= 10_001


# ── drafts and tokens in a day ──


async def test_when_the_day_is_used_up_the_passage_is_quoted(sqlite_url: str) -> None:
    budget = Budget(OwnLimits(), drafts=1)
    async with running(sqlite_url, writes(TRUE), budget=budget) as site:
        await stock(site.bot)
        id = await site.customer()
        async with site.tab(id) as tab:
            sources = []
            for question in (QUESTION, "And how long does delivery take?"):
                await tab.say(question)
                sources.append((await tab.event(author="bot"))["body"]["source"])
            assert sources == ["generated", "verbatim"]
        evidence = await site.bot.store.evidence(id, 3)
        assert "used up" in evidence["error"]
        async with site.tab(await site.customer()) as other:
            await other.say(QUESTION)
            assert (await other.event(author="bot"))["body"]["source"] == "generated"


async def test_the_days_tokens_are_counted_as_they_are_written(sqlite_url: str) -> None:
    own = OwnLimits()
    budget = Budget(own, tokens=1_000)
    async with running(sqlite_url, writes(TRUE), budget=budget) as site:
        await stock(site.bot)
        async with site.tab(await site.customer()) as tab:
            await tab.say(QUESTION)
            await tab.event(author="bot")
        written = site.bot.generator.count_tokens(TRUE)
        left = Draw("tokens", "all", Quota(1_000), 1_000 - written)
        assert await own.take(replace(left, n=left.n + 1)) > 0
        assert await own.take(left) == 0


# ── HTTP ──


async def test_tickets_and_sessions_by_http_are_refused_with_the_time_to_wait(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "SESSION_TICKETS", Allowance(2, 30.0))
    monkeypatch.setattr(limits, "ADDRESS_TICKETS", Allowance(3, 30.0))
    rule(site, starts=Allowance(1, 30.0))
    mine, other = [{"authorization": f"Bearer secret-{await site.customer()}"} for _ in range(2)]

    async def ask(path: str, headers: dict[str, str]) -> int:
        answer = await site.http.post(path, json={}, headers=headers)
        if answer.status_code == 429:
            assert answer.json()["error"] == "too_fast"
            assert 0 < answer.json()["after_ms"] <= 30_001
            assert 0 < int(answer.headers["retry-after"]) <= 31
        return answer.status_code

    assert [await ask("/v1/ticket", mine | OFFICE) for _ in range(3)] == [200, 200, 429]
    assert [await ask("/v1/ticket", other | OFFICE) for _ in range(2)] == [200, 429], "the address has no more"
    assert await ask("/v1/ticket", other) == 200, "from elsewhere it has"
    assert [await ask("/v1/session", OFFICE) for _ in range(2)] == [201, 429]
    assert await ask("/v1/session", {"x-forwarded-for": "203.0.113.8"}) == 201


async def test_a_household_of_ipv6_has_one_allowance(site: Site) -> None:
    rule(site, starts=Allowance(2, 30.0))
    codes = [
        (await site.http.post("/v1/session", json={}, headers={"x-forwarded-for": f"2001:db8::{n}"})).status_code
        for n in range(1, 5)
    ]
    assert codes == [201, 201, 429, 429]


# ── two processes ──


@pytest.fixture
async def pair(postgresql_url: str, redis_server: RedisServer) -> AsyncIterator[list[Site]]:
    """Two servers on one PostgreSQL and one Redis."""
    async with AsyncExitStack() as stack:
        sites = []
        for _ in range(2):
            database = Database(postgresql_url)
            shared = SharedLimits(RedisLimits(redis_server.url, patience_s=10), OwnLimits())
            stack.push_async_callback(database.close)
            stack.push_async_callback(shared.close)
            tickets = {
                "counterfoils": SqlCustomerTickets(database), "agent_counterfoils": SqlAgentTickets(database)
            }  # fmt: skip
            site = running(postgresql_url, writes(TRUE), limits=shared, **tickets)
            sites.append(await stack.enter_async_context(site))
        yield sites


async def test_a_ticket_of_one_process_opens_a_socket_at_the_other(pair: list[Site]) -> None:
    one, other = pair
    id = await one.customer()
    ticket = await one.ticket(id)
    async with other.connect() as socket, one.connect() as again:
        await (tab := Tab(socket, id)).tell("hello", ticket=ticket)
        assert (await tab.next("welcome"))["conversations"][0]["conversation"] == id
        await (late := Tab(again, id)).tell("hello", ticket=ticket)
        assert await late.closed() == wire.CLOSE["bad_ticket"]


async def test_an_agents_ticket_of_one_process_opens_a_console_at_the_other(pair: list[Site]) -> None:
    one, other = pair
    async with one.agent(f"ana-{uuid.uuid4().hex[:6]}") as ana:
        ticket = await ana.ticket()
        async with dial(other, "/v1/console/socket") as socket:
            await (console := Tab(socket, "")).tell("hello", ticket=ticket)
            assert await console.next("welcome")


async def test_tabs_and_messages_are_counted_for_both_processes_together(pair: list[Site]) -> None:
    one, other = pair
    for site in pair:
        rule(site, messages=Allowance(4, 600.0), sockets_per_session=2)
    id = await one.customer()
    async with one.tab(id) as here, other.tab(id) as there:
        async with other.connect() as socket:
            await (third := Tab(socket, id)).tell("hello", ticket=await one.ticket(id))
            assert (await third.next("error"))["after_ms"] > 0
            assert await third.closed() == wire.CLOSE["overloaded"]
        for n in range(3):
            for tab, name in ((here, "a"), (there, "b")):
                await tab.say("hello", cid=f"{name}{n}", id=f"{name}{n}")
        refs = [await tab.next("error") for tab in (here, there)]
        assert all(0 < error["after_ms"] <= 600_001 for error in refs)
    said = [event for event in await one.events(id) if event.author is Author.CUSTOMER]
    assert len(said) == 4


async def test_guesses_at_a_password_are_counted_for_both_processes_together(pair: list[Site]) -> None:
    login = f"ana-{uuid.uuid4().hex[:6]}"
    async with pair[0].agent(login):
        pass  # she works here
    answers = []
    for n in range(8):
        site = pair[n % 2]
        async with httpx.AsyncClient(base_url=f"http://{site.address}", trust_env=False) as http:
            stranger = Agent(site, http)
            stranger.csrf = (await stranger.request("GET", "me")).json()["csrf"]
            answers.append(await stranger.post("login", login=login, password=f"guess number {n}"))
    assert [answer.status_code for answer in answers] == [401] * 5 + [429] * 3
    assert all(answer.json()["after_ms"] > 0 for answer in answers[5:])
