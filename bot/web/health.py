"""Is the process alive, and can it serve? For whatever restarts it, and whatever sends it customers."""

import asyncio
import logging
from collections.abc import Awaitable

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

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
    """Names what is missing and says no more of it."""
    missing = await unusable(served(request).bot)
    body = {"status": "unavailable", "missing": missing} if missing else {"status": "ok"}
    return JSONResponse(body, 503 if missing else 200, headers=UNSTORED)


async def unusable(bot: Bot) -> list[str]:
    # In threads of their own: the models' own executor may be busy for seconds, which is no reason to send nobody.
    parts = {
        "database": bot.store.check(),
        "index": asyncio.to_thread(bot.indexes.current),
        "models": asyncio.to_thread(bot.embedder.embed, ["ready"], is_query=True),
    }
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
