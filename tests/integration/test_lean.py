"""What an open socket holds while nothing is said."""

import asyncio
import base64
import gc
import json
from collections.abc import AsyncIterator

import pytest

from bot.web.lean import LeanSocket
from tests.fakes import writes
from tests.site import Site, running

MARK = "a-browser-says-so-much-of-itself"
MOST_SHARED = 30  # attributes whose names CPython's objects of a class share


@pytest.fixture
async def site(sqlite_url: str) -> AsyncIterator[Site]:
    async with running(sqlite_url, writes("Yes.")) as site:
        yield site


def masked(text: str) -> bytes:
    """A short frame as a client sends it, with a mask that changes nothing."""
    return bytes([0x81, 0x80 | 126]) + len(text).to_bytes(2) + bytes(4) + text.encode()


async def greeted(site: Site, headers: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """By hand: a client library keeps headers too."""
    id = await site.customer()
    hello = json.dumps({"type": "hello", "ticket": await site.ticket(id), "resume": [], "padding": " " * 126})
    host, _, port = site.address.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    key = base64.b64encode(bytes(16)).decode()
    writer.write(
        f"GET /v1/socket HTTP/1.1\r\nHost: {site.address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: bot.v1\r\n"
        f"{headers}\r\n".encode()
    )
    async with asyncio.timeout(10):
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 101")
        writer.write(masked(hello))
        while b"welcome" not in await reader.read(4_096):
            pass
    return reader, writer


def held(mark: str) -> list[object]:
    """What still refers to such a text."""
    gc.collect()
    objects = [one for one in gc.get_objects() if type(one) in (list, tuple, dict)]
    return [one for one in objects for text in gc.get_referents(one) if is_marked(text, mark)]


def is_marked(text: object, mark: str) -> bool:
    """By its type: `isinstance` asks the object, and some of torch's warn when they are asked anything."""
    return (type(text) is str and mark in text) or (type(text) is bytes and mark.encode() in text)


async def test_nothing_of_the_handshake_is_held_while_a_socket_is_open(site: Site) -> None:
    mark = f"{MARK}-{site.address}"  # no constant of this file
    _, writer = await greeted(site, "".join(f"X-{n}: {mark}\r\n" for n in range(20)))
    assert len(site.doors.open) == 1
    assert not held(mark)
    writer.close()


async def test_open_sockets_share_one_table_of_attributes(site: Site) -> None:
    _, writer = await greeted(site, "")
    open = [one for one in site.server.server_state.connections if isinstance(one, LeanSocket)]
    assert open
    assert all(len(vars(one)) <= MOST_SHARED for one in open)
    writer.close()
