"""A bounded outbox: what must not be missed is sent in order or the socket closes; the head is never cut."""

import asyncio
import json
from typing import Any

import pytest

from bot.web import outbox as outbox_module
from bot.web.outbox import Outbox
from bot.web.wire import CLOSE


def event(n: int) -> dict[str, Any]:
    return {"type": "event", "seq": n}


def draft(n: int) -> dict[str, Any]:
    return {"type": "draft", "n": n}


class Wire:
    """The other end: takes frames unless it is stopped."""

    def __init__(self) -> None:
        self.frames: list[dict[str, Any]] = []
        self.flows = asyncio.Event()
        self.flows.set()

    async def send(self, text: str) -> None:
        await self.flows.wait()
        self.frames.append(json.loads(text))


async def drained(outbox: Outbox, wire: Wire, code: int = 1000) -> int:
    outbox.close(code)
    return await outbox.drain(wire.send)


async def test_frames_leave_in_the_order_they_came_and_then_the_code() -> None:
    outbox, wire = Outbox(), Wire()
    sending = asyncio.create_task(outbox.drain(wire.send))
    for n in range(5):
        outbox.put(event(n))
        await asyncio.sleep(0)
    outbox.close(4001)
    assert await sending == 4001
    assert wire.frames == [event(n) for n in range(5)]


async def test_too_many_frames_close_the_socket_and_what_was_sent_has_no_hole() -> None:
    outbox, wire = Outbox(most_frames=3), Wire()
    for n in range(1, 6):
        outbox.put(event(n))
    assert outbox.close_code == CLOSE["too_slow"] == 4002
    assert await outbox.drain(wire.send) == 4002
    assert [frame["seq"] for frame in wire.frames] == [1, 2, 3]


async def test_too_many_bytes_close_the_socket_too() -> None:
    outbox, wire = Outbox(most_bytes=100), Wire()
    outbox.put({"type": "event", "text": "x" * 40})
    outbox.put({"type": "event", "text": "退" * 20})  # 60 bytes, though 20 characters
    assert outbox.close_code == 4002
    assert await outbox.drain(wire.send) == 4002
    assert len(wire.frames) == 1


async def test_room_comes_back_as_frames_leave() -> None:
    outbox, wire = Outbox(most_frames=2, most_bytes=60), Wire()
    sending = asyncio.create_task(outbox.drain(wire.send))
    for n in range(20):
        outbox.put(event(n))
        await asyncio.sleep(0.001)
    assert outbox.close_code is None
    outbox.close(1000)
    await sending
    assert len(wire.frames) == 20


async def test_passing_frames_are_dropped_from_half_full_on() -> None:
    outbox, wire = Outbox(most_frames=4), Wire()
    for n in range(6):
        outbox.put(draft(n))
    outbox.put(event(1))
    outbox.put(event(2))
    assert await drained(outbox, wire) == 1000
    assert wire.frames == [draft(0), draft(1), event(1), event(2)]


async def test_the_first_reason_to_close_stands_and_nothing_is_taken_after_it() -> None:
    outbox, wire = Outbox(), Wire()
    outbox.put(event(1))
    outbox.close(4001)
    outbox.close(4002)
    outbox.put(event(2))
    assert await outbox.drain(wire.send) == 4001
    assert wire.frames == [event(1)]


async def test_a_reader_that_stops_reading_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "SEND_S", 0.02)
    outbox, wire = Outbox(), Wire()
    wire.flows.clear()
    outbox.put(event(1))
    assert await outbox.drain(wire.send) == 4002


async def test_a_reader_that_takes_a_sip_at_a_time_cannot_put_off_the_close(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "SEND_S", 0.05)
    outbox, sent = Outbox(), []

    async def sip(text: str) -> None:
        await asyncio.sleep(0.02)
        sent.append(text)

    for n in range(100):
        outbox.put(event(n))
    outbox.close(4002)
    async with asyncio.timeout(1):
        assert await outbox.drain(sip) == 4002
    assert len(sent) < 10


async def test_history_waits_for_room_instead_of_closing_the_socket() -> None:
    outbox, wire = Outbox(most_frames=10), Wire()
    sending = asyncio.create_task(outbox.drain(wire.send))
    for n in range(100):
        await outbox.room()
        outbox.put(event(n))
    outbox.close(1000)
    assert await sending == 1000
    assert wire.frames == [event(n) for n in range(100)]


async def test_whoever_waits_for_room_goes_on_when_the_socket_closes() -> None:
    outbox = Outbox(most_frames=2)
    outbox.put(event(1))
    waiting = asyncio.create_task(outbox.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    outbox.close(4001)
    async with asyncio.timeout(1):
        await waiting
