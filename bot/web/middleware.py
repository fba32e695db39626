"""What every request passes through: plain ASGI, which hands a socket on and is not there any more while it is open."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi.responses import JSONResponse

from bot.web import wire

MAX_BODY = 16 * 1024
MAX_CONSOLE_BODY = 256 * 1024  # canned replies are saved together
BODY_S = 30.0  # however slowly it comes
MESSAGES = "/v1/messages"  # one frame: as much as on a socket
UPLOADS = "/v1/console/knowledge/uploads"  # reads as much as it takes, after it knows who sends it

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
SendMessage = Callable[[MutableMapping[str, Any]], Awaitable[None]]
ASGI = Callable[[Scope, Receive, SendMessage], Awaitable[None]]


class SecurityHeaders:
    """A strict content policy on every page. Which sites may frame the chat is the shop's decision; nobody may frame
    the console, where a click acts with an agent's rights."""

    def __init__(self, app: ASGI, frame_ancestors: str) -> None:
        self._app = app
        self._chat = _headers(
            f"img-src 'self' data:; frame-src 'self'; form-action 'none'; frame-ancestors {frame_ancestors}"
        )
        self._console = _headers("img-src 'self'; form-action 'self'; frame-ancestors 'none'")

    def __call__(self, scope: Scope, receive: Receive, send: SendMessage) -> Awaitable[None]:
        if scope["type"] != "http":
            return self._app(scope, receive, send)
        headers = self._console if is_console(scope) else self._chat

        async def with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *headers]
            await send(message)

        return self._app(scope, receive, with_headers)


def _headers(policy: str) -> list[tuple[bytes, bytes]]:
    whole = (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        f"base-uri 'none'; require-trusted-types-for 'script'; {policy}"
    )
    return [
        (b"content-security-policy", whole.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
    ]


def is_console(scope: Scope) -> bool:
    return str(scope.get("path", "")).startswith(("/console", "/v1/console"))


def most_of(scope: Scope) -> int:
    """Bytes that the body of this request may have."""
    if scope["path"] == MESSAGES:
        return wire.MAX_FRAME
    return MAX_CONSOLE_BODY if is_console(scope) else MAX_BODY


class BodyLimit:
    """No request needs more: refused before anything parses it, however it is sent."""

    def __init__(self, app: ASGI) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: SendMessage) -> Awaitable[None]:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD") or scope["path"] == UPLOADS:
            return self._app(scope, receive, send)
        return self._bounded(scope, receive, send)

    async def _bounded(self, scope: Scope, receive: Receive, send: SendMessage) -> None:
        body, most = bytearray(), most_of(scope)
        due = asyncio.get_running_loop().time() + BODY_S
        while True:
            try:
                async with asyncio.timeout_at(due):
                    message = await receive()
            except TimeoutError:
                await JSONResponse({"error": "bad_request"}, 408)(scope, receive, send)
                return
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if len(body) > most:
                await JSONResponse({"error": "too_large"}, 413)(scope, receive, send)
                return
            if not message.get("more_body"):
                break
        parts = iter([{"type": "http.request", "body": bytes(body), "more_body": False}])

        async def replay() -> MutableMapping[str, Any]:
            return next(parts, None) or await receive()

        await self._app(scope, replay, send)
