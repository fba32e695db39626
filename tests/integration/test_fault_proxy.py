"""The fault proxy itself, in front of a server that echoes: each rule does what it says, and nothing else."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidMessage, InvalidStatus

from tests.fault_proxy import Close, Cut, Delay, FaultProxy, Inject, Refuse, Reorder, Repeat, Rule, Suppress


class Echo:
    """Answers each frame with the same, as `ack`; remembers what came and how each connection ended."""

    def __init__(self) -> None:
        self.url = ""
        self.heard: list[dict[str, Any]] = []
        self.ends: list[int | None] = []

    async def serve(self, socket: ServerConnection) -> None:
        try:
            async for raw in socket:
                self.heard.append(json.loads(raw))
                await socket.send(json.dumps(self.heard[-1] | {"type": "ack"}))
        except ConnectionClosed:
            pass
        self.ends.append(socket.close_code)


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    echo = Echo()
    async with serve(echo.serve, "127.0.0.1", 0, compression=None) as server:
        echo.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield echo


def reach(proxy: FaultProxy) -> connect:
    return connect(proxy.url.replace("http", "ws"), proxy=None, compression=None, close_timeout=2)


async def ask(socket: ClientConnection, *ns: int) -> None:
    for n in ns:
        await socket.send(json.dumps({"type": "send", "n": n}))


async def answers(socket: ClientConnection, k: int) -> list[Any]:
    async with asyncio.timeout(5):
        return [json.loads(await socket.recv()).get("n") for _ in range(k)]


async def all_answers(socket: ClientConnection) -> tuple[list[Any], int | None]:
    """What comes until the connection ends, and the code it ends with (1006: none)."""
    got = []
    async with asyncio.timeout(5):
        try:
            while True:
                got.append(json.loads(await socket.recv()).get("n"))
        except ConnectionClosed:
            return got, socket.close_code


async def test_without_rules_everything_passes_whatever_its_size_and_is_written_down(echo: Echo) -> None:
    async with FaultProxy(echo.url) as proxy, reach(proxy) as socket:
        for size in (0, 1, 125, 126, 65_535, 65_536, 300_000):
            text = "é退" * (size // 5) + "x" * (size % 5)
            await socket.send(json.dumps({"type": "send", "text": text}, ensure_ascii=False))
            assert json.loads(await socket.recv())["text"] == text
        await socket.send("no JSON [")
        assert (await all_answers(socket))[1] == 1011, "the server's own close code comes through"
    assert proxy.types("server") == ["send"] * 7 + ["ws.text", "ws.close"]
    assert proxy.types("client") == ["ack"] * 7 + ["ws.close"]


async def test_a_request_that_asks_for_no_socket_passes_as_bytes(echo: Echo) -> None:
    async with FaultProxy(echo.url, Rule("connect", Refuse())) as proxy:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(proxy.url.rsplit(":", 1)[1]))
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        assert b" 426 " in await reader.readline(), "the server says: upgrade required"
        writer.close()
        assert proxy.opened == 0


async def test_connections_are_refused_as_often_as_told(echo: Echo) -> None:
    reset, status = Rule("connect", Refuse(), times=1), Rule("connect", Refuse(503), times=1)
    async with FaultProxy(echo.url, reset, status) as proxy:
        with pytest.raises((ConnectionResetError, InvalidMessage)):
            await reach(proxy)
        with pytest.raises(InvalidStatus) as refused:
            await reach(proxy)
        assert refused.value.response.status_code == 503
        async with reach(proxy) as socket:
            await ask(socket, 1)
            assert await answers(socket, 1) == [1]
    assert (reset.fired, status.fired, proxy.opened) == (1, 1, 3)


@pytest.mark.parametrize("how", ["end", "reset"])
@pytest.mark.parametrize(("place", "got"), [("before", [1]), ("middle", [1]), ("after", [1, 2])])
async def test_a_cut_to_the_client_comes_just_where_it_is_told(
    echo: Echo, how: Any, place: Any, got: list[int]
) -> None:
    rule = Rule("frame_to_client", Cut(how, place), type="ack", at=2)
    async with FaultProxy(echo.url, rule) as proxy, reach(proxy) as socket:
        await ask(socket, 1, 2)
        assert await all_answers(socket) == (got, 1006)
    assert [frame["n"] for frame in echo.heard] == [1, 2]
    assert rule.fired == 1


@pytest.mark.parametrize("how", ["end", "reset"])
@pytest.mark.parametrize(("place", "heard"), [("before", [1]), ("middle", [1]), ("after", [1, 2])])
async def test_a_cut_to_the_server_comes_just_where_it_is_told(
    echo: Echo, how: Any, place: Any, heard: list[int]
) -> None:
    async with FaultProxy(echo.url, Rule("frame_to_server", Cut(how, place), at=2)) as proxy, reach(proxy) as socket:
        await ask(socket, 1)
        assert await answers(socket, 1) == [1]
        await ask(socket, 2)
        assert (await all_answers(socket))[1] == 1006
        async with asyncio.timeout(5):
            while not echo.ends:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
    assert [frame["n"] for frame in echo.heard] == heard
    assert echo.ends == [1006]


async def test_a_reset_is_one_and_an_end_is_none(echo: Echo) -> None:
    for how, wrong in (("reset", ConnectionResetError), ("end", EOFError)):
        async with FaultProxy(echo.url, Rule("frame_to_client", Cut(how, "before"))) as proxy:  # type: ignore[arg-type]
            socket = await reach(proxy)
            await ask(socket, 1)
            with pytest.raises(ConnectionClosedError) as closed:
                await socket.recv()
            assert isinstance(closed.value.__cause__, wrong), repr(closed.value.__cause__)
            await socket.close()


@pytest.mark.parametrize(("place", "got"), [("before", []), ("after", [1])])
async def test_a_close_frame_reaches_both_sides(echo: Echo, place: Any, got: list[int]) -> None:
    rule = Rule("frame_to_client", Close(4001, place), type="ack")
    async with FaultProxy(echo.url, rule) as proxy, reach(proxy) as socket:
        await ask(socket, 1)
        assert await all_answers(socket) == (got, 4001)
        async with asyncio.timeout(5):
            while not echo.ends:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
    assert echo.ends == [4001]


async def test_some_time_after_the_opening_it_closes_or_says_something(echo: Echo) -> None:
    bye = Rule("delay", Inject({"type": "bye", "n": 9}), after_s=0.02)
    async with (
        FaultProxy(echo.url, bye, Rule("delay", Close(4001), after_s=0.08)) as proxy,
        reach(proxy) as socket,
    ):
        assert await all_answers(socket) == ([9], 4001)


async def test_what_is_lost_is_that_frame_alone(echo: Echo) -> None:
    odd = Rule("frame_to_client", Suppress(), where=lambda frame: frame["n"] % 2 == 1)
    async with FaultProxy(echo.url, odd) as proxy, reach(proxy) as socket:
        await ask(socket, *range(6))
        assert await answers(socket, 3) == [0, 2, 4]
    assert (len(echo.heard), odd.fired) == (6, 3)


async def test_a_delayed_frame_delays_what_is_behind_it_and_nothing_else(echo: Echo) -> None:
    slow = Rule("frame_to_client", Delay(0.15), where=lambda frame: frame["n"] == 1)
    async with FaultProxy(echo.url, slow) as proxy, reach(proxy) as socket:
        started = asyncio.get_running_loop().time()
        await ask(socket, 0, 1, 2)
        assert await answers(socket, 1) == [0]
        assert asyncio.get_running_loop().time() - started < 0.15
        assert await answers(socket, 2) == [1, 2]
        assert asyncio.get_running_loop().time() - started >= 0.15
    assert len(echo.heard) == 3, "the other direction goes on"


async def test_a_connection_in_which_everything_hangs_can_still_be_cut(echo: Echo) -> None:
    rules = Rule("frame_to_client", Delay(3_600)), Rule("frame_to_server", Delay(3_600), at=2)
    async with FaultProxy(echo.url, *rules) as proxy, reach(proxy) as socket:
        await ask(socket, 1, 2)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(socket.recv(), 0.05)
        assert proxy.cut() == 1
        assert await all_answers(socket) == ([], 1006)


async def test_a_frame_is_repeated_in_either_direction(echo: Echo) -> None:
    rules = Rule("frame_to_server", Repeat(2), at=1), Rule("frame_to_client", Repeat(1), at=4)
    async with FaultProxy(echo.url, *rules) as proxy, reach(proxy) as socket:
        await ask(socket, 1, 2)
        assert await answers(socket, 5) == [1, 1, 1, 2, 2]


async def test_a_frame_is_overtaken_by_the_next_or_by_none(echo: Echo) -> None:
    async with FaultProxy(echo.url, Rule("frame_to_client", Reorder(0.1), type="ack", at=2)) as proxy:
        async with reach(proxy) as socket:
            await ask(socket, 1, 2, 3)
            assert await answers(socket, 3) == [1, 3, 2]
        async with reach(proxy) as socket:
            await ask(socket, 1, 2)
            assert await answers(socket, 2) == [1, 2]
    with pytest.raises(ValueError, match="overtaken"):
        Rule("frame_to_client", Reorder(), type="event")


async def test_a_frame_nobody_sent_is_one_for_whoever_gets_it(echo: Echo) -> None:
    forged = {"type": "send", "n": 7}
    rules = Rule("frame_to_server", Inject(forged, "before"), at=1), Rule("frame_to_client", Inject({"n": 8}), at=2)
    async with FaultProxy(echo.url, *rules) as proxy, reach(proxy) as socket:
        await ask(socket, 1)
        assert await answers(socket, 3) == [7, 1, 8]
    assert echo.heard == [forged, {"type": "send", "n": 1}]


async def lost(echo: Echo, seed: int, connections: int = 3) -> list[list[int]]:
    """Which of twenty answers came, on each connection."""
    came = []
    rule = Rule("frame_to_client", Suppress(), chance=0.3, where=lambda frame: frame["n"] < 20)
    async with FaultProxy(echo.url, rule, seed=seed) as proxy:
        for _ in range(connections):
            async with reach(proxy) as socket:
                await ask(socket, *range(21))
                came.append(await until(socket, 20))
    return came


async def until(socket: ClientConnection, last: int) -> list[int]:
    got: list[int] = []
    while last not in got:
        got += await answers(socket, 1)
    return got


async def test_the_same_seed_brings_the_same_faults(echo: Echo) -> None:
    first = await lost(echo, seed=1)
    assert first == await lost(echo, seed=1)
    assert first != await lost(echo, seed=2)
    assert first[0] != first[1]
    assert 30 <= sum(map(len, first)) < 60


async def test_a_rule_may_be_for_one_connection(echo: Echo) -> None:
    async with FaultProxy(echo.url, Rule("frame_to_client", Cut(), connection=2)) as proxy:
        for n, code in ((1, 1000), (2, 1006), (3, 1000)):
            async with reach(proxy) as socket:
                await ask(socket, n)
                assert await answers(socket, 1) == [n]
                await asyncio.sleep(0.02)
            assert socket.close_code == code


async def test_unplugged_and_plugged_in_again_at_the_same_address(echo: Echo) -> None:
    async with FaultProxy(echo.url) as proxy:
        async with reach(proxy) as socket:
            await ask(socket, 1)
            await answers(socket, 1)
            await proxy.down()
            assert await all_answers(socket) == ([], 1006)
        with pytest.raises(OSError, match="Connect call failed"):
            await reach(proxy)
        await proxy.up()
        async with reach(proxy) as socket:
            await ask(socket, 2)
            assert await answers(socket, 1) == [2]


async def test_a_server_that_is_away_is_a_connection_that_breaks(echo: Echo) -> None:
    async with FaultProxy("http://127.0.0.1:1") as proxy:
        with pytest.raises((ConnectionResetError, InvalidMessage)):
            await reach(proxy)
