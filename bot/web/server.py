"""uvicorn, made to say goodbye: every socket gets `bye` and a code to come back on before the server goes."""

import asyncio
import socket

import uvicorn

from bot.web.sockets import Doors

BYE_S = 3.0  # for the sockets to finish what is in hand, send what is queued and close


class Server(uvicorn.Server):
    """uvicorn closes websockets with 1012 before the application hears of the end; so the doors are shut first."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in self.servers:
            listening.close()
        served = getattr(getattr(self.config.app, "state", None), "served", None)
        if served is not None:
            await _say_goodbye(served.doors)
        await super().shutdown(sockets)


async def _say_goodbye(doors: Doors) -> None:
    doors.shut()
    loop = asyncio.get_running_loop()
    ends = loop.time() + BYE_S
    while doors.open and loop.time() < ends:  # noqa: ASYNC110 (for a second at most, once)
        await asyncio.sleep(0.01)
