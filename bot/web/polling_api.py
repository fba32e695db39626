"""For networks that break WebSockets: the customer's frames by HTTP. A poll is a `hello` that is held until there is
news; a message is one frame, answered by what a socket would have answered. Nothing is remembered in between.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from typing import Annotated, Any

from fastapi import APIRouter, Header, HTTPException, Query, Request
from fastapi.responses import Response

from bot.errors import NotFound
from bot.limits import Draw
from bot.ports import Session
from bot.web import wire
from bot.web.auth import hashed
from bot.web.limits import REQUESTS, after_ms, network
from bot.web.outbox import Outbox
from bot.web.served import served
from bot.web.sockets import Customer, Doors

HELD_S = 25.0
LINGER_S = 5.0  # between two polls the customer has not gone away
STATUS = {"too_fast": 429, "not_found": 404, "conflict": 409, "too_large": 413, "forbidden": 403,
          "storage_unavailable": 503, "storage_full": 503, "internal": 500}  # fmt: skip

router = APIRouter()


class Answer(Outbox):
    """What one request is answered with. It goes in one piece, so there is no reader to wait for."""

    def __init__(self) -> None:
        super().__init__(sys.maxsize, sys.maxsize)
        self.frames: list[Mapping[str, Any]] = []
        self.is_news = asyncio.Event()

    def put(self, frame: Mapping[str, Any]) -> None:
        """Drafts and typing are for sockets: each of them would cost a poll."""
        if self.close_code is None and frame["type"] not in ("draft", "typing"):
            self.frames.append(frame)
            if frame["type"] in ("event", "bye"):
                self.is_news.set()


class Visit(Customer):
    """One request of one customer."""

    outbox: Answer

    def __init__(self, doors: Doors, session: Session, resume: Sequence[wire.Position] = ()) -> None:
        super().__init__(doors, session, resume, Answer())

    async def poll(self, held_s: float) -> None:
        """Where it stands, and what came after the client's position: at once, or as soon as there is something."""
        with self._conversation.watch():
            if await self._greet(None):
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.outbox.is_news.wait(), held_s)


@router.get("/v1/events")
async def events(
    request: Request,
    authorization: str = Header(""),
    since: Annotated[int, Query(ge=0, le=2**53)] = 0,
    epoch: Annotated[str, Query(max_length=64)] = "",
    wait: Annotated[float, Query(ge=0, le=HELD_S)] = HELD_S,
) -> Response:
    doors = served(request).doors
    session = await _whose(doors, authorization)
    if after := await doors.bot.limits.take(Draw("requests", session.id, REQUESTS)):
        return _refusal("too_fast", after)
    async with _place(request, doors, session) as is_free:
        if not is_free:
            return _refusal("too_fast", LINGER_S)
        visit = Visit(doors, session, [wire.Position(session.conversation, epoch, since)])
        doors.open.add(visit)
        try:
            await _unless_gone(request, visit.poll(wait))
        finally:
            doors.open.discard(visit)
    return _answer(visit)


@router.post("/v1/messages")
async def messages(request: Request, authorization: str = Header("")) -> Response:
    doors = served(request).doors
    session = await _whose(doors, authorization)
    if after := await doors.bot.limits.take(Draw("requests", session.id, REQUESTS)):
        return _refusal("too_fast", after)
    visit = Visit(doors, session)
    # What is no UTF-8 becomes half surrogate pairs, which no field takes.
    await visit.handle((await request.body()).decode(errors="surrogateescape"))
    return _answer(visit)


async def _whose(doors: Doors, authorization: str) -> Session:
    """The session of a secret, which stands in a header and never in a URL."""
    try:
        return await doors.bot.store.session(hashed(authorization.removeprefix("Bearer ")))
    except NotFound:
        raise HTTPException(401) from None


@asynccontextmanager
async def _place(request: Request, doors: Doors, session: Session) -> AsyncIterator[bool]:
    """A poll takes the place of a socket, and the customer is here a little longer than it lasts."""
    async with AsyncExitStack() as places:
        taken = await places.enter_async_context(doors.at_address(network(request)))
        is_free = not taken and not await places.enter_async_context(doors.of_session(session))
        here = ExitStack()
        here.enter_context(doors.bot.presence.reading(session.conversation))
        places.callback(asyncio.get_running_loop().call_later, LINGER_S, here.close)
        yield is_free


async def _unless_gone(request: Request, work: Coroutine[Any, Any, None]) -> None:
    """Do it for as long as somebody waits for it."""
    tasks = [asyncio.create_task(work), asyncio.create_task(_gone(request))]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        if tasks[0].done():
            tasks[0].result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _answer(visit: Visit) -> Response:
    frames = visit.outbox.frames
    code = next((str(frame["code"]) for frame in frames if frame["type"] == "error"), "")
    wait = next((int(frame["after_ms"]) for frame in frames if "after_ms" in frame), 0)
    return _frames(frames, STATUS.get(code, 400) if code else 200, wait)


def _refusal(code: str, after_s: float) -> Response:
    wait = after_ms(after_s)
    return _frames([wire.error(code, retry=True, after_ms=wait)], STATUS[code], wait)


def _frames(frames: Sequence[Mapping[str, Any]], status: int, wait_ms: int) -> Response:
    headers = {"cache-control": "no-store"} | ({"retry-after": str(-(-wait_ms // 1_000))} if wait_ms else {})
    return Response(wire.dump({"frames": frames}), status, headers, "application/json")
