"""An echo on a websocket, served with the very configuration `bot serve` has: what Autobahn's suite talks to."""

import asyncio
import socket
import sys
from typing import Any

import uvicorn

from bot import commands

Message = dict[str, Any]


async def app(scope: Message, receive: Any, send: Any) -> None:
    if scope["type"] != "websocket":
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message.get("text"), "bytes": message.get("bytes")})


async def serve(port: int) -> None:
    config = commands._uvicorn(app)
    config.lifespan = "off"
    config.ws_max_size = 32 * 1024 * 1024  # the suite sends up to 16 MiB, which is what it is there for
    listening = socket.create_server(("127.0.0.1", port))
    await uvicorn.Server(config).serve([listening])


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
