import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from bot.access import Agent
from bot.adapters.breaking import BreakingEmbedder, BreakingGenerator
from bot.breaker import Rules
from bot.conversation import Author, Event, Evidence, Kind
from bot.errors import ServerFails, Unavailable
from bot.hub import Draft, Typing
from bot.ports import Sampling
from bot.web import health, prometheus
from bot.web.prometheus import Meters
from bot.web.sockets import Customer
from tests.fakes import AT, FakeEmbedder, FakeIndexes, fake_bot, plays, shop_bot

TOKEN = "t" * 32
NEAR, FAR = "127.0.0.1", "203.0.113.9"


class FakeRecords:
    fails: Exception | None = None

    async def statuses(self) -> Mapping[str, int]:
        if self.fails is not None:
            raise self.fails
        return {"bot": 3, "waiting": 1}


@pytest.fixture
async def bot() -> Any:
    return replace(await shop_bot(), records=FakeRecords())


@pytest.fixture
def here(bot: Any) -> Any:
    """What the routes look at of what is served."""
    settings = SimpleNamespace(metrics_token="", public_url="", redis_url="")
    return SimpleNamespace(bot=bot, doors=SimpleNamespace(open=set()), settings=settings)


@pytest.fixture
def app(here: Any) -> FastAPI:
    app = FastAPI()
    app.state.served = here
    app.state.meters = prometheus.add_to(app)
    app.include_router(health.router)
    return app


async def get(app: FastAPI, path: str = "/metrics", address: str = NEAR, **headers: str | bytes) -> httpx.Response:
    transport = httpx.ASGITransport(app, client=(address, 1234))
    async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
        return await client.get(path, headers=headers)


def samples(text: str) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(text)
    return {
        (one.name, *(value for _, value in sorted(one.labels.items()))): one.value
        for family in families
        for one in family.samples
    }


async def scraped(app: FastAPI) -> dict[tuple[str, ...], float]:
    response = await get(app)
    assert response.status_code == 200
    return samples(response.text)


def event(kind: Kind = Kind.MESSAGE, author: Author = Author.SYSTEM, **fields: Any) -> Event:
    return Event(1, kind, author, AT, **fields)


# ── counting ──


async def test_what_passes_through_the_hub_is_counted(app: FastAPI, bot: Any) -> None:
    timings = {"embed": 20.0, "generate": 1_500.0}
    reply = event(author=Author.BOT, data={"source": "generated"}, evidence=Evidence("", "", "", "", timings=timings))
    async with app.state.meters.running(bot):
        for conversation in ("c1", "c2"):
            bot.hub.publish(conversation, event(author=Author.CUSTOMER))
        bot.hub.publish("c1", reply)
        bot.hub.publish("c1", event(Kind.HANDED_OFF, data={"reason": "angry"}))
        bot.hub.publish("c1", Typing(Author.AGENT, True))
        bot.hub.publish("c1", Draft(1, 0, "so far"))
    bot.hub.publish("c1", event(author=Author.CUSTOMER))  # nobody counts any more
    found = await scraped(app)
    assert found["answerdesk_messages_total", "customer"] == 2
    assert found["answerdesk_messages_total", "bot"] == 1
    assert found["answerdesk_replies_total", "generated"] == 1
    assert found["answerdesk_handoffs_total", "angry"] == 1
    assert found["answerdesk_stage_seconds_sum", "embed"] == 0.02
    assert found["answerdesk_stage_seconds_bucket", "1.0", "generate"] == 0
    assert found["answerdesk_stage_seconds_bucket", "2.5", "generate"] == 1


async def test_series_begin_at_zero_before_anything_happens(app: FastAPI) -> None:
    found = await scraped(app)
    for name, value in {"messages": "agent", "replies": "clarify", "handoffs": "failure"}.items():
        assert found[f"answerdesk_{name}_total", value] == 0
    assert found["answerdesk_stage_seconds_count", "total"] == 0


async def test_no_label_takes_a_value_from_outside(app: FastAPI) -> None:
    for n in range(50):
        app.state.meters.observe(f"c{n}", event(author=Author.BOT, data={"source": f"s{n}"}))
        app.state.meters.observe(f"c{n}", event(Kind.HANDED_OFF, data={"reason": f"r{n}"}))
        timings = {f"stage {n}": 1.0}
        app.state.meters.observe("c", event(author=Author.BOT, evidence=Evidence("", "", "", "", timings=timings)))
    found = await scraped(app)
    assert found["answerdesk_replies_total", "other"] == 100
    assert found["answerdesk_handoffs_total", "other"] == 50
    assert found["answerdesk_stage_seconds_count", "other"] == 50
    assert not [key for key in found if any(label.startswith(("s4", "r4", "stage ")) for label in key[1:])]


async def test_two_apps_count_for_themselves() -> None:
    one, other = Meters(), Meters()
    one.observe("c1", event(author=Author.CUSTOMER))
    value = other.registry.get_sample_value("answerdesk_messages_total", {"author": "customer"})
    assert value == 0


# ── gauges ──


async def test_gauges_are_read_when_asked_for(app: FastAPI, here: Any) -> None:
    here.doors.open = {object.__new__(Customer), object(), object()}
    with here.bot.presence.here(Agent("a1", "ann", "Ann")):
        found = await scraped(app)
    assert (found["answerdesk_sockets", "customer"], found["answerdesk_sockets", "agent"]) == (1, 2)
    assert found[("answerdesk_agents_online",)] == 1
    assert (found["answerdesk_conversations", "bot"], found["answerdesk_conversations", "closed"]) == (3, 0)
    assert found[("answerdesk_index_passages",)] == 3
    assert found[("process_resident_memory_bytes",)] > 0
    here.doors.open = set()
    found = await scraped(app)
    assert (found["answerdesk_sockets", "customer"], found[("answerdesk_agents_online",)]) == (0, 0)


async def test_servers_and_the_line_of_drafts_show(app: FastAPI, here: Any) -> None:
    here.bot = replace(here.bot, generator=BreakingGenerator(plays(ServerFails("away")), Rules(failures=1)))
    here.bot.room.waiting = 3
    assert (await scraped(app))["answerdesk_model_server_open", "generator"] == 0
    with pytest.raises(ServerFails):
        list(here.bot.generator.generate("", Sampling()))
    found = await scraped(app)
    assert found["answerdesk_model_server_open", "generator"] == 1
    assert found[("answerdesk_drafts_waiting",)] == 3
    assert ("answerdesk_model_server_open", "embedder") not in found


async def test_a_database_that_is_away_hides_its_own_gauge_only(app: FastAPI, here: Any) -> None:
    await scraped(app)
    here.bot.records.fails = Unavailable("gone")
    here.bot.indexes.fails = Unavailable("damaged")
    found = await scraped(app)
    assert not [key for key in found if key[0] == "answerdesk_conversations"]
    assert found[("answerdesk_index_passages",)] == 0
    assert found["answerdesk_messages_total", "customer"] == 0


async def test_a_late_event_loop_shows(app: FastAPI, bot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus, "SAMPLE_S", 0.01)
    lag = ("answerdesk_event_loop_lag_seconds",)
    assert (await scraped(app))[lag] == 0
    async with app.state.meters.running(bot):
        await asyncio.sleep(0.02)
        until = asyncio.get_running_loop().time() + 0.3
        while asyncio.get_running_loop().time() < until:  # nothing else gets a turn
            pass
        await asyncio.sleep(0.02)
    assert (await scraped(app))[lag] > 0.2


# ── who may look ──


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        (NEAR, {}, 200),
        ("::1", {}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        (FAR, {}, 404),
        ("", {}, 404),
        ("localhost", {}, 404),
        (NEAR, {"x-forwarded-for": NEAR}, 404),  # by way of a proxy on this machine
        (NEAR, {"forwarded": "for=203.0.113.9"}, 404),
        (NEAR, {"x-real-ip": FAR}, 404),
        (FAR, {"authorization": f"Bearer {TOKEN}"}, 200),
        (FAR, {"authorization": f"bearer {TOKEN}"}, 200),
        (FAR, {"authorization": f"Bearer {TOKEN}x"}, 404),
        (FAR, {"authorization": "Bearer "}, 404),
        (FAR, {"authorization": TOKEN}, 404),
    ],
)
async def test_figures_are_for_this_machine_and_for_the_token(
    app: FastAPI, here: Any, address: str, headers: dict[str, str], status: int
) -> None:
    here.settings.metrics_token = TOKEN
    response = await get(app, address=address, **headers)
    assert response.status_code == status
    if status == 404:
        assert response.json() == (await get(app, "/no-such-page")).json()


async def test_without_a_token_none_opens_the_door(app: FastAPI) -> None:
    for given in (b"", b"Bearer ", b"Bearer", b"Bearer \xe9\xff"):
        assert (await get(app, address=FAR, authorization=given)).status_code == 404


async def test_behind_a_proxy_everybody_seems_near_so_only_the_token_counts(app: FastAPI, here: Any) -> None:
    here.settings.public_url, here.settings.metrics_token = "https://chat.shop.example", TOKEN
    assert (await get(app)).status_code == 404
    assert (await get(app, authorization=f"Bearer {TOKEN}")).status_code == 200


# ── alive and ready ──


async def test_alive_asks_nothing(app: FastAPI) -> None:
    app.state.served = None
    response = await get(app, "/healthz", FAR)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_ready_when_every_part_is_usable(app: FastAPI) -> None:
    response = await get(app, "/readyz", FAR)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert response.headers["cache-control"] == "no-store"


async def test_servers_that_fail_are_named_and_do_not_make_the_bot_unready(app: FastAPI, here: Any) -> None:
    embedder = BreakingEmbedder(FakeEmbedder(), Rules(failures=1))
    here.bot = replace(here.bot, embedder=embedder)
    embedder._line.begin()
    embedder._line.failed(ServerFails("the server at 10.0.0.7 fails"))
    response = await get(app, "/readyz", FAR)
    assert (response.status_code, response.json()) == (200, {"status": "ok", "servers": {"embedder": "open"}})


@pytest.fixture
def broken(here: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    async def no_database() -> str:
        raise Unavailable("postgresql://admin:secret@db")

    def no_model(texts: object, *, is_query: bool) -> object:
        raise MemoryError("/srv/models")

    def breaks(part: str) -> None:
        if part == "database":
            monkeypatch.setattr(here.bot.store, "check", no_database)
        elif part == "index":
            here.bot.indexes.fails = Unavailable("/srv/index is damaged")
        else:
            monkeypatch.setattr(here.bot.embedder, "embed", no_model)

    return breaks


@pytest.mark.parametrize("parts", [["database"], ["index"], ["models"], ["database", "index", "models"]])
async def test_not_ready_names_the_part_and_no_more(
    app: FastAPI, broken: Callable[[str], None], parts: list[str]
) -> None:
    for part in parts:
        broken(part)
    response = await get(app, "/readyz", FAR)
    assert (response.status_code, response.json()) == (503, {"status": "unavailable", "missing": parts})


async def test_a_shop_that_has_ingested_nothing_is_not_ready() -> None:
    assert await health.unusable(fake_bot(indexes=FakeIndexes())) == ["index"]


async def test_a_part_that_hangs_is_not_waited_for(app: FastAPI, here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def hangs() -> str:
        await asyncio.sleep(60)
        return "never"

    monkeypatch.setattr(health, "READY_S", 0.05)
    monkeypatch.setattr(here.bot.store, "check", hangs)
    assert await health.unusable(here.bot) == ["database"]
