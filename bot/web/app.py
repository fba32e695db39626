"""HTTP: the widget's pages and files, sessions and tickets, health; and the socket's door."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Literal

from fastapi import FastAPI, Header, HTTPException, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from pydantic import BaseModel, Field
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket

from bot.conversation import MAX_TEXT, Conversation
from bot.errors import NotFound, Refused, Unavailable
from bot.ports import Bot, Session
from bot.settings import Settings
from bot.texts import say
from bot.web import sockets
from bot.web.auth import Tickets, hashed, new_secret, verified_customer
from bot.web.limits import Allowance, Buckets, is_limited
from bot.web.sockets import Doors
from bot.worker import Worker

STATIC = Path(__file__).parent / "static"
MAX_BODY = 16 * 1024
Assemble = Callable[[Worker], AbstractAsyncContextManager[Bot]]


@dataclass(frozen=True, slots=True)
class Served:
    """What the routes need, made when the server starts."""

    bot: Bot
    doors: Doors
    starts: Buckets  # new conversations by address


class SessionRequest(BaseModel):
    locale: Literal["en", "zh"] = "en"
    page: str = Field("", max_length=2_000)
    user_token: str | None = Field(None, max_length=4_096)


def create_app(settings: Settings, assemble: Assemble) -> FastAPI:
    """The application. `assemble` makes the Bot when the server starts and takes it apart when it stops."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        worker = Worker()
        async with assemble(worker) as bot:
            worker.start(bot)
            doors = Doors(bot, Tickets(monotonic), monotonic, settings.public_url)
            per_hour = settings.conversations_per_hour
            app.state.served = Served(bot, doors, Buckets(Allowance(per_hour, 3_600 / per_hour), monotonic))
            await worker.resume()
            yield
            doors.shut()
            await worker.stop()

    app = FastAPI(title="Answerdesk", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(BodyLimit)
    app.add_middleware(SecurityHeaders, frame_ancestors=_ancestors(settings.embed_origins))
    _errors(app)
    _pages(app)
    _customer(app, settings)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


def served(request: Request | WebSocket) -> Served:
    found: Served = request.app.state.served
    return found


def _ancestors(origins: tuple[str, ...]) -> str:
    return " ".join(["'self'", *(origin for origin in origins if origin)])


# ── middleware: plain ASGI, so that it costs nothing on sockets ──

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
SendMessage = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGI = Callable[[Scope, Receive, SendMessage], Awaitable[None]]


class SecurityHeaders:
    """A strict content policy on every page; which sites may frame the chat is the shop's decision."""

    def __init__(self, app: ASGI, frame_ancestors: str) -> None:
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            "frame-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; "
            f"frame-ancestors {frame_ancestors}"
        )
        self._app = app
        self._headers = [
            (b"content-security-policy", policy.encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"no-referrer"),
            (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: SendMessage) -> None:
        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *self._headers]
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


class BodyLimit:
    """No request needs more than MAX_BODY: refused before anything parses it, however it is sent."""

    def __init__(self, app: ASGI) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: SendMessage) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if len(body) > MAX_BODY:
                await JSONResponse({"error": "too_large"}, 413)(scope, receive, send)
                return
            if not message.get("more_body"):
                break
        parts = iter([{"type": "http.request", "body": bytes(body), "more_body": False}])

        async def replay() -> MutableMapping[str, Any]:
            return next(parts, None) or await receive()

        await self._app(scope, replay, send)


def _errors(app: FastAPI) -> None:
    """Errors as codes; never an exception's text."""

    codes: Mapping[type[Exception], tuple[int, str]] = {
        NotFound: (404, "not_found"),
        Refused: (400, "bad_request"),
        RequestValidationError: (422, "bad_request"),  # FastAPI's own would echo what was sent, and fail on half of it
        Unavailable: (503, "storage_unavailable"),
        Exception: (500, "internal"),
    }
    for kind, (status, code) in codes.items():
        app.add_exception_handler(kind, _answer_with(status, code))


def _answer_with(status: int, code: str) -> Callable[[Request, Exception], Response]:
    return lambda request, error: JSONResponse({"error": code}, status)


# ── routes ──


def _pages(app: FastAPI) -> None:
    def page(name: str) -> Callable[[], Awaitable[FileResponse]]:
        async def serve() -> FileResponse:
            return FileResponse(STATIC / name, headers={"cache-control": "no-cache"})

        return serve

    for path, name in {"/": "demo.html", "/chat": "chat.html", "/widget.js": "widget.js"}.items():
        app.add_api_route(path, page(name), methods=["GET"], include_in_schema=False)

    @app.get("/healthz")
    async def health(request: Request) -> dict[str, str]:
        await served(request).bot.store.check()
        return {"status": "ok"}


def _customer(app: FastAPI, settings: Settings) -> None:
    @app.get("/v1/config")
    async def config(locale: Literal["en", "zh"] = "en") -> dict[str, object]:
        is_chinese = locale == "zh"
        return {
            "shop": settings.shop_name,
            "accent": settings.accent,
            "locale": locale,
            "greeting": settings.greeting_zh if is_chinese else settings.greeting_en,
            "openers": list(settings.openers_zh if is_chinese else settings.openers_en),
            "quick_replies": {"handoff": say("person", locale)},
            "limits": {"text": MAX_TEXT},
        }

    @app.post("/v1/session", status_code=201)
    async def session(request: Request, asked: SessionRequest) -> dict[str, str]:
        here = served(request)
        address = request.client.host if request.client else ""
        if is_limited(address) and (wait := here.starts.take(address)):
            raise HTTPException(429, headers={"retry-after": str(int(wait) + 1)})
        return await _start(here.bot, settings, asked)

    @app.post("/v1/ticket")
    async def ticket(request: Request, authorization: str = Header("")) -> dict[str, object]:
        here = served(request)
        secret_hash = hashed(authorization.removeprefix("Bearer "))
        try:
            found = await here.bot.store.session(secret_hash)
        except NotFound:
            raise HTTPException(401) from None
        return {"ticket": here.doors.tickets.issue(found, secret_hash), "expires_in": 30}

    @app.websocket("/v1/socket")
    async def socket(websocket: WebSocket) -> None:
        await sockets.serve(websocket, served(websocket).doors)


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
