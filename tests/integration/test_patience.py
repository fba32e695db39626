"""Connections that never get to the point, and those that must not be taken for one."""

import asyncio
import resource
import socket
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from bot import commands
from bot.web import middleware, patience
from tests.fakes import writes
from tests.site import Site, running

HEAD_S = 0.5
REQUEST = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"
Pipe = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def site(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(patience, "HEAD_S", HEAD_S)
    async with running(sqlite_url, writes("Yes.")) as site:
        yield site


async def dialled(site: Site) -> Pipe:
    host, _, port = site.address.partition(":")
    return await asyncio.open_connection(host, int(port))


async def seconds_until_closed(pipe: Pipe, drip: bytes = b"") -> float:
    """How long the server puts up with it; a byte of `drip` is sent each moment."""
    loop = asyncio.get_running_loop()
    started, reading = loop.time(), asyncio.ensure_future(pipe[0].read())
    try:
        async with asyncio.timeout(20):
            for byte in drip:
                if reading.done():
                    break
                pipe[1].write(bytes([byte]))
                await asyncio.wait({reading}, timeout=HEAD_S / 5)
            await asyncio.wait({reading})
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        pipe[1].close()
    return loop.time() - started


async def answered(pipe: Pipe) -> None:
    pipe[1].write(REQUEST)
    async with asyncio.timeout(10):
        head = await pipe[0].readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        await pipe[0].readexactly(int(lengths[0].split(b":")[1]))


@pytest.mark.parametrize("drip", [b"", b"G", REQUEST[:-2].ljust(200, b"x")])
async def test_who_does_not_get_to_the_point_is_hung_up_on(site: Site, drip: bytes) -> None:
    assert await seconds_until_closed(await dialled(site), drip) >= HEAD_S * 0.9


async def test_a_second_request_that_comes_in_drops_is_hung_up_on_too(site: Site) -> None:
    pipe = await dialled(site)
    await answered(pipe)
    assert await seconds_until_closed(pipe, REQUEST[:-2].ljust(200, b"x")) >= HEAD_S * 0.9


async def test_a_connection_that_is_kept_is_answered_again(site: Site) -> None:
    pipe = await dialled(site)
    for _ in range(3):
        await answered(pipe)
        await asyncio.sleep(HEAD_S * 1.2)
    pipe[1].close()


async def test_a_body_that_comes_in_drops_is_answered_before_it_is_whole(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(middleware, "BODY_S", HEAD_S)
    pipe = await dialled(site)
    pipe[1].write(b"POST /v1/session HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{")
    async with asyncio.timeout(10):
        assert (await pipe[0].readline()).startswith(b"HTTP/1.1 408")
    pipe[1].close()


async def test_a_socket_outlives_all_that(site: Site) -> None:
    async with site.tab(await site.customer()) as tab:
        await asyncio.sleep(HEAD_S * 2)
        await tab.say("hello")
        assert await tab.next("ack")


async def test_two_hundred_of_them_keep_nobody_waiting(site: Site) -> None:
    pipes = [await dialled(site) for _ in range(200)]
    await answered(pipe := await dialled(site))
    pipe[1].close()
    await asyncio.gather(*(seconds_until_closed(pipe) for pipe in pipes))


def test_as_many_files_may_be_open_as_sockets_need(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(resource, "setrlimit", lambda which, limits: asked.append(limits))
    for limits in ((1_024, 524_288), (1_024, 4_096), (1_024, resource.RLIM_INFINITY), (9_000, 524_288)):
        monkeypatch.setattr(resource, "getrlimit", lambda which, limits=limits: limits)
        patience.allow_sockets(5_000)
    assert asked == [(6_000, 524_288), (4_096, 4_096), (6_000, resource.RLIM_INFINITY)]


def test_for_a_reader_who_reads_nothing_the_system_takes_little() -> None:
    """By itself it takes megabytes, and all of them have to be read from the database first."""
    with commands._listen("127.0.0.1", 0) as listening:
        listening.listen()
        with socket.create_connection(listening.getsockname()) as reader, listening.accept()[0] as accepted:
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            accepted.setblocking(False)
            sent = 0
            with suppress(BlockingIOError):
                while sent < 16_000_000:
                    sent += accepted.send(bytes(65_536))
            assert sent < 1_000_000
