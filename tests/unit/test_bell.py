"""Waiting: nobody is forgotten, nobody waits for what is there, and whoever gives up leaves nothing behind."""

import asyncio

import pytest

from bot.web.bell import Bell, Mailbox


async def a_moment() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


async def test_everybody_who_waits_goes_on_when_it_is_set() -> None:
    bell = Bell()
    waiting = [asyncio.create_task(bell.wait()) for _ in range(3)]
    await a_moment()
    assert not any(task.done() for task in waiting)
    bell.set()
    async with asyncio.timeout(1):
        await asyncio.gather(*waiting)


async def test_who_comes_later_waits_only_after_it_was_cleared() -> None:
    bell = Bell()
    bell.set()
    async with asyncio.timeout(1):
        await bell.wait()
    bell.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await bell.wait()


async def test_who_was_woken_goes_on_though_it_is_cleared_at_once() -> None:
    bell = Bell()
    waiting = asyncio.create_task(bell.wait())
    await a_moment()
    bell.set()
    bell.clear()
    async with asyncio.timeout(1):
        await waiting


async def test_who_gives_up_takes_nothing_from_the_others() -> None:
    bell = Bell()
    impatient, patient = (asyncio.create_task(bell.wait()) for _ in range(2))
    await a_moment()
    bell.set()
    impatient.cancel()  # woken already, and cancelled before it goes on
    async with asyncio.timeout(1):
        await patient
        await asyncio.gather(impatient, return_exceptions=True)
    bell.set()


async def test_letters_come_in_the_order_they_were_put() -> None:
    box = Mailbox[int]()
    reading = asyncio.create_task(box.get())
    await a_moment()
    for n in range(3):
        box.put_nowait(n)
    async with asyncio.timeout(1):
        assert [await reading, await box.get(), await box.get()] == [0, 1, 2]
    assert box.empty()


async def test_a_reader_who_is_cancelled_loses_no_letter() -> None:
    box = Mailbox[str]()
    reading = asyncio.create_task(box.get())
    await a_moment()
    box.put_nowait("first")
    reading.cancel()  # it was woken, and has not read yet
    await asyncio.gather(reading, return_exceptions=True)
    assert not box.empty()
    async with asyncio.timeout(1):
        assert await box.get() == "first"


async def test_one_letter_is_read_by_one_reader() -> None:
    box = Mailbox[int]()
    readers = [asyncio.create_task(box.get()) for _ in range(2)]
    await a_moment()
    box.put_nowait(1)
    await a_moment()
    assert sorted(task.done() for task in readers) == [False, True]
    box.put_nowait(2)
    async with asyncio.timeout(1):
        assert sorted(await asyncio.gather(*readers)) == [1, 2]
