"""HTTP: the pages and their files, customers' sessions and tickets; and the sockets' doors."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any, Literal

from fastapi import FastAPI, Header, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, Field
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from bot import bootstrap
from bot.attempts import Attempts
from bot.conversation import MAX_TEXT, Conversation
from bot.errors import Conflict, Forbidden, NotFound, Refused, StorageFull, Unavailable
from bot.ladder import Ladder
from bot.limits import Draw
from bot.neighbours import Neighbours
from bot.ports import Bot, Session
from bot.post import Post
from bot.settings import Settings
from bot.tickets import TICKET_S, OwnTickets, SharedTickets, Tickets
from bot.web import (
    answers_api,
    console_api,
    console_login,
    health,
    knowledge_api,
    knowledge_changes_api,
    limits,
    metrics_api,
    polling_api,
    prometheus,
    recall_api,
    sockets,
)
from bot.web.auth import AgentTickets, hashed, new_secret, verified_customer
from bot.web.console_login import Denied, denied
from bot.web.middleware import BodyLimit, SecurityHeaders
from bot.web.served import Served, served
from bot.web.sockets import Doors
from bot.worker import Worker

log = logging.getLogger(__name__)
STATIC = Path(__file__).parent / "static"
PAGES = {
    "/": "demo.html",
    "/chat": "chat.html",
    "/widget.js": "widget.js",
    "/console": "console.html",
    "/console/evidence": "evidence.html",
    "/console/answers": "answers.html",
    "/console/metrics": "metrics.html",
    "/console/recall": "recall.html",
    "/console/knowledge": "knowledge.html",
}
ROUTERS = (
    health.router, console_login.router, console_api.router, answers_api.router, metrics_api.router, recall_api.router,
    knowledge_api.router, knowledge_changes_api.router, polling_api.router,
)  # fmt: skip
Assemble = Callable[[Worker], AbstractAsyncContextManager[Bot]]


class SessionRequest(BaseModel):
    locale: Literal["en", "zh"] = "en"
    page: str = Field("", max_length=2_000)
    user_token: str | None = Field(None, max_length=4_096)


def create_app(settings: Settings, assemble: Assemble) -> FastAPI:
    """The application. `assemble` makes the Bot when the server starts and takes it apart when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        worker = Worker()
        async with assemble(worker) as bot, meters.running(bot):
            worker.start(bot)
            app.state.served = _served(bot, settings)
            app.state.bus = bootstrap.make_bus(settings)
            works = [Ladder(bot).run(), Post(bot).run(), _prepared(bot)]
            if bootstrap.serves_several(settings):
                works.append(Neighbours(bot, app.state.bus, worker.resume).run())
            duties = [asyncio.create_task(_unending(work)) for work in works]
            await worker.resume()
            yield
            app.state.served.doors.shut()
            for duty in duties:
                duty.cancel()
            await asyncio.gather(*duties, return_exceptions=True)
            await app.state.served.publishing.stop()
            await worker.stop()

    app = FastAPI(title="Answerdesk", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders, frame_ancestors=_ancestors(settings.embed_origins))
    _errors(app)
    _pages(app)
    _customer(app, settings)
    for router in ROUTERS:
        app.include_router(router)
    meters = prometheus.add_to(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


async def _unending(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Exception:
        log.exception("a duty of the server has ended: restart it")


async def _prepared(bot: Bot) -> None:
    if bot.moods is not None:
        await bot.run(bot.moods.prepare)


def _served(bot: Bot, settings: Settings) -> Served:
    doors = Doors(bot, *_tickets(bot), monotonic, settings.public_url, limits.Rules.of(settings))
    return Served(bot, doors, settings, Attempts(bot.limits))


def _tickets(bot: Bot) -> tuple[Tickets[Session], AgentTickets]:
    """Customers' and agents'."""

    async def customer(secret_hash: str) -> Session | None:
        try:
            return await bot.store.session(secret_hash)
        except NotFound:
            return None

    async def agent(secret_hash: str) -> str:
        return secret_hash

    if bot.counterfoils is None or bot.agent_counterfoils is None:
        return OwnTickets(customer, monotonic), OwnTickets(agent, monotonic)
    return SharedTickets(bot.counterfoils), SharedTickets(bot.agent_counterfoils)


def _ancestors(origins: tuple[str, ...]) -> str:
    return " ".join(["'self'", *(origin for origin in origins if origin)])


def _errors(app: FastAPI) -> None:
    """Errors as codes. Only what is wrong with the input is said in words; never another exception's text."""

    app.add_exception_handler(Denied, denied)
    codes: Mapping[type[Exception], tuple[int, str]] = {
        NotFound: (404, "not_found"),
        Forbidden: (403, "forbidden"),
        Conflict: (409, "conflict"),
        Refused: (400, "bad_request"),
        RequestValidationError: (422, "bad_request"),  # FastAPI's own would echo what was sent, and fail on half of it
        StorageFull: (503, "storage_full"),
        Unavailable: (503, "storage_unavailable"),
        Exception: (500, "internal"),
    }
    for kind, (status, code) in codes.items():
        app.add_exception_handler(kind, _answer_with(status, code))


def _answer_with(status: int, code: str) -> Callable[[Request, Exception], Response]:
    def answer(request: Request, error: Exception) -> Response:
        said = {"says": str(error)} if isinstance(error, Refused | Conflict) else {}
        return JSONResponse({"error": code, **said}, status)

    return answer


# ── routes ──


def _pages(app: FastAPI) -> None:
    def page(name: str) -> Callable[[], Awaitable[FileResponse]]:
        async def serve() -> FileResponse:
            return FileResponse(STATIC / name, headers={"cache-control": "no-cache"})

        return serve

    for path, name in PAGES.items():
        app.add_api_route(path, page(name), methods=["GET"], include_in_schema=False)


def _customer(app: FastAPI, settings: Settings) -> None:
    @app.get("/v1/config")
    async def config(request: Request, locale: Literal["en", "zh"] = "en") -> dict[str, object]:
        is_chinese = locale == "zh"
        return {
            "shop": settings.shop_name,
            "accent": settings.accent,
            "locale": locale,
            "greeting": settings.greeting_zh if is_chinese else settings.greeting_en,
            "openers": list(settings.openers_zh if is_chinese else settings.openers_en),
            "quick_replies": {"handoff": served(request).bot.house.texts.say("person", locale)},
            "limits": {"text": MAX_TEXT},
        }

    @app.post("/v1/session", status_code=201)
    async def session(request: Request, asked: SessionRequest) -> dict[str, str]:
        here = served(request)
        await _must_not_be_too_fast(here, here.doors.rules.start(limits.network(request)))
        return await _start(here.bot, settings, asked)

    @app.post("/v1/ticket")
    async def ticket(request: Request, authorization: str = Header("")) -> dict[str, object]:
        here = served(request)
        secret_hash = hashed(authorization.removeprefix("Bearer "))
        await _must_not_be_too_fast(here, limits.ticket(secret_hash, limits.network(request)))
        issued = await here.doors.tickets.issue(secret_hash)
        if issued is None:
            raise HTTPException(401)
        return {"ticket": issued, "expires_in": TICKET_S}

    @app.websocket("/v1/socket")
    async def socket(websocket: WebSocket) -> None:
        await sockets.serve(websocket, served(websocket).doors)


async def _must_not_be_too_fast(here: Served, draws: Sequence[Draw]) -> None:
    if draws and (wait := await here.bot.limits.take(*draws)):
        raise Denied(429, "too_fast", after_ms=limits.after_ms(wait))


async def _start(bot: Bot, settings: Settings, asked: SessionRequest) -> dict[str, str]:
    """A new session with its own conversation. A customer the shop signed in carries the shop's id."""
    signed = (
        verified_customer(asked.user_token, settings.identity_secret, settings.identity_audience)
        if asked.user_token
        else None
    )
    secret = new_secret()
    customer = f"shop:{signed}" if signed else f"visitor:{secrets.token_hex(8)}"
    conversation = Conversation(
        id=secrets.token_hex(16), customer=customer, epoch=secrets.token_hex(8), language=asked.locale, page=asked.page
    )
    session = Session(secrets.token_hex(16), customer, conversation.id, signed is not None)
    await bot.store.start(conversation, session, hashed(secret), bot.now())
    return {"session": secret, "conversation": conversation.id, "epoch": conversation.epoch}
