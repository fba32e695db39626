"""What a socket passes before it is anybody's: is there room for one more, and what is said when there is none."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from math import ceil, isinf

from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from bot.limits import Counters
from bot.web import wire
from bot.web.limits import COME_AGAIN_S, UNNAMED, UNNAMED_PER_ADDRESS, after_ms
from bot.web.peer import Peer, hang_up

FULL_S = 60.0  # told to whoever has all places themselves
SEND_S = 2.0


class Entrance:
    """The sockets of one process: `open` are those that said hello, others have ten seconds to."""

    def __init__(self, most: int) -> None:
        self.open: set[Peer] = set()
        self._most = most
        self._unnamed = Counters()

    @contextmanager
    def knock(self, network: str) -> Iterator[bool]:
        """A place for as long as nobody knows who it is; False when there is none."""
        is_full = self._unnamed.total >= UNNAMED or len(self.open) + self._unnamed.total >= self._most
        with self._unnamed.hold(network, UNNAMED_PER_ADDRESS if network else UNNAMED) as is_free:
            yield is_free and not is_full


async def turn_away(websocket: WebSocket) -> None:
    """Before anything is accepted: it costs next to nothing."""
    headers = {"retry-after": str(ceil(COME_AGAIN_S))}
    await websocket.send_denial_response(PlainTextResponse("too many connections", 429, headers))


async def refuse(websocket: WebSocket, wait: float) -> None:
    """No place: a client that has all of them itself stops; any other comes again."""
    code = wire.CLOSE["too_many_connections" if isinf(wait) else "overloaded"]
    frames = [wire.error("too_fast", retry=True, after_ms=after_ms(FULL_S if isinf(wait) else wait))]
    if not isinf(wait):
        frames.append({"type": "bye", "code": code, "retry_after_ms": after_ms(wait)})
    with suppress(TimeoutError, RuntimeError, WebSocketDisconnect):
        async with asyncio.timeout(SEND_S):
            for frame in frames:
                await websocket.send_text(wire.dump(frame))
    await hang_up(websocket, code)
