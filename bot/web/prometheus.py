"""Counters and gauges for Prometheus: what passes through the hub, and what is there at the moment.

One registry for each app. No label has a value that somebody outside could choose.
"""

import asyncio
import ipaddress
import secrets
from collections import Counter as Tally
from collections import deque
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI, HTTPException, Request, Response
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from bot.breaker import State
from bot.conversation import Author, Event, Kind, Reason, Status
from bot.errors import BotError
from bot.hub import Item
from bot.ports import Bot
from bot.settings import Settings
from bot.web.health import server_states
from bot.web.served import Served, served
from bot.web.sockets import Customer

SOURCES = ("generated", "extractive", "verbatim", "canned", "clarify")
STAGES = ("embed", "search", "fuse", "rerank", "excerpt", "first_sentence", "generate", "guard", "total")
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
OTHER = "other"
SAMPLE_S = 0.5  # how often the event loop is asked how late it is
KEPT = 60  # samples: the worst of half a minute is shown, however often it is asked for
OPEN_AS = {State.CLOSED: 0.0, State.HALF_OPEN: 0.5, State.OPEN: 1.0}
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


class Meters:
    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._messages = Counter("answerdesk_messages", "Messages by author.", ["author"], registry=registry)
        self._replies = Counter(
            "answerdesk_replies", "Bot replies by how they came about.", ["source"], registry=registry
        )
        self._handoffs = Counter("answerdesk_handoffs", "Hand-offs by reason.", ["reason"], registry=registry)
        self._stages = Histogram(
            "answerdesk_stage_seconds", "Time a stage of answering took.", ["stage"], buckets=SECONDS, registry=registry
        )
        self._sockets = Gauge("answerdesk_sockets", "Open sockets.", ["kind"], registry=registry)
        self._conversations = Gauge(
            "answerdesk_conversations", "Conversations by status.", ["status"], registry=registry
        )
        self._agents = Gauge("answerdesk_agents_online", "Agents with an open console, not away.", registry=registry)
        self._passages = Gauge("answerdesk_index_passages", "Passages in the live index.", registry=registry)
        self._servers = Gauge(
            "answerdesk_model_server_open", "1 while a model's server is left alone, 0.5 while it is tried again.",
            ["part"], registry=registry,
        )  # fmt: skip
        self._waiting = Gauge("answerdesk_drafts_waiting", "Drafts that wait for their turn.", registry=registry)
        self._lag = Gauge(
            "answerdesk_event_loop_lag_seconds", "How late the event loop was, at worst, lately.", registry=registry
        )
        self._late: deque[float] = deque([0.0], KEPT)
        ProcessCollector(registry=registry)
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        """A series that is not there until its first event hides that event from `rate()`."""
        _children(self._messages, Author)
        _children(self._replies, SOURCES)
        _children(self._handoffs, Reason)
        _children(self._stages, STAGES)

    # ── what happens ──

    @asynccontextmanager
    async def running(self, bot: Bot) -> AsyncIterator[None]:
        """Counts for as long as the block lasts."""
        watching = asyncio.create_task(self._watch_loop(), name="event loop lag")
        try:
            with bot.hub.observe(self.observe):
                yield
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    async def _watch_loop(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + SAMPLE_S
            await asyncio.sleep(SAMPLE_S)
            self._late.append(max(0.0, loop.time() - due))

    def observe(self, conversation: str, item: Item) -> None:
        if not isinstance(item, Event):
            return
        if item.kind is Kind.MESSAGE:
            self._messages.labels(_one_of(Author, item.author)).inc()
            if item.author is Author.BOT:
                self._replies.labels(_one_of(SOURCES, item.data.get("source"))).inc()
        elif item.kind is Kind.HANDED_OFF:
            self._handoffs.labels(_one_of(Reason, item.data.get("reason"))).inc()
        for stage, milliseconds in (item.evidence.timings if item.evidence else {}).items():
            self._stages.labels(_one_of(STAGES, stage)).observe(milliseconds / 1_000)

    # ── what is there ──

    async def read(self, here: Served) -> None:
        """Brings the gauges up to date; one that cannot be read is left out, the others still tell."""
        kinds = Tally("customer" if isinstance(peer, Customer) else "agent" for peer in here.doors.open)
        for kind in ("customer", "agent"):
            self._sockets.labels(kind).set(kinds[kind])
        self._agents.set(len(here.bot.presence.available))
        self._lag.set(max(self._late))
        self._waiting.set(here.bot.room.waiting)
        for part, state in server_states(here.bot).items():
            self._servers.labels(part).set(OPEN_AS[state])
        await self._read_statuses(here.bot)
        await self._read_index(here.bot)

    async def _read_statuses(self, bot: Bot) -> None:
        self._conversations.clear()
        with suppress(BotError):
            counted = await bot.records.statuses()
            for status in Status:
                self._conversations.labels(status.value).set(counted.get(status.value, 0))

    async def _read_index(self, bot: Bot) -> None:
        """An index that cannot be loaded answers nothing: it holds 0 passages."""
        self._passages.set(0)
        with suppress(BotError):
            index = await asyncio.to_thread(bot.indexes.current)
            self._passages.set(index.manifest.passages)


def _children(metric: Counter | Histogram, values: Iterable[str]) -> None:
    for value in values:
        metric.labels(str(value))


def _one_of(known: Iterable[str], value: object) -> str:
    return next((str(one) for one in known if one == value), OTHER)


# ── the page ──


def add_to(app: FastAPI) -> Meters:
    """`GET /metrics`, for this machine and for whoever has the token; for anybody else there is no such page."""
    meters = Meters()

    @app.get("/metrics", include_in_schema=False)
    async def metrics(request: Request) -> Response:
        here = served(request)
        if not is_welcome(request, here.settings):
            raise HTTPException(404)
        await meters.read(here)
        text = await asyncio.to_thread(generate_latest, meters.registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST, headers={"cache-control": "no-store"})

    return meters


def is_welcome(request: Request, settings: Settings) -> bool:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    is_given = scheme.lower() == "bearer" and secrets.compare_digest(token.encode(), settings.metrics_token.encode())
    return (is_given and bool(settings.metrics_token)) or _is_near(request, settings)


def _is_near(request: Request, settings: Settings) -> bool:
    """From this machine, and not by way of a proxy here, behind which everybody seems to be."""
    is_proxied = bool(settings.public_url) or any(name in request.headers for name in FORWARDED)
    return not is_proxied and request.client is not None and _is_loopback(request.client.host)


def _is_loopback(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return (mapped or parsed).is_loopback
