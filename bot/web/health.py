"""Is the process alive, and can it serve? For whatever restarts it, and whatever sends it customers."""

import asyncio
import logging
from collections.abc import Awaitable

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from bot.breaker import State
from bot.model_servers import Breaks
from bot.ports import Bot
from bot.web.served import served

READY_S = 3.0  # a part that takes longer is not usable
log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)
UNSTORED = {"cache-control": "no-store"}


@router.get("/healthz")
async def alive() -> Response:
    """Asks nothing: restarting does not bring a database back."""
    return JSONResponse({"status": "ok"}, headers=UNSTORED)


@router.get("/readyz")
async def ready(request: Request) -> Response:
    """Names what is missing and says no more of it. Without Redis or a model's server the bot serves less well."""
    bot = served(request).bot
    missing = await unusable(bot)
    body: dict[str, object] = {"status": "unavailable", "missing": missing} if missing else {"status": "ok"}
    if states := server_states(bot):
        body["servers"] = {name: state.value for name, state in states.items()}
    if served(request).settings.redis_url:
        body["redis"] = "up" if request.app.state.bus.is_up else "down"
    return JSONResponse(body, 503 if missing else 200, headers=UNSTORED)


def server_states(bot: Bot) -> dict[str, State]:
    """Of the models that are behind a server."""
    parts = {"embedder": bot.embedder, "generator": bot.generator}
    return {name: part.state for name, part in parts.items() if isinstance(part, Breaks)}


async def unusable(bot: Bot) -> list[str]:
    # In threads of their own: the models' own executor may be busy for seconds, which is no reason to send nobody.
    parts: dict[str, Awaitable[object]] = {
        "database": bot.store.check(),
        "index": asyncio.to_thread(bot.indexes.current),
    }
    if not isinstance(bot.embedder, Breaks):  # without a server's the bot goes on by words
        parts["models"] = asyncio.to_thread(bot.embedder.embed, ["ready"], is_query=True)
    found = await asyncio.gather(*(_is_usable(name, asked) for name, asked in parts.items()))
    return [name for name, is_usable in zip(parts, found, strict=True) if not is_usable]


async def _is_usable(name: str, asked: Awaitable[object]) -> bool:
    try:
        async with asyncio.timeout(READY_S):
            await asked
    except Exception as wrong:
        log.warning("not ready: %s: %s", name, type(wrong).__name__)
        return False
    return True
