"""Falling back to what this process knows, and coming back: with what is shared under the test's thumb."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from math import isinf

import pytest

from bot.errors import Unavailable
from bot.limits import Allowance, Draw, Guess, OwnLimits, Quota
from bot.shared_limits import LEASE_S, Place, SharedLimits
from tests.clock import Clock
from tests.fakes import eventually

MINE = Draw("messages", "ann", Allowance(3, 10.0))
TRY = Guess("account", "ann", 5)


@dataclass
class Common:
    """The fake of the Tally port: what all processes share, while it answers."""

    clock: Clock
    is_away: bool = False
    asked: int = 0
    places: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.limits = OwnLimits(self.clock)

    def answer(self) -> OwnLimits:
        self.asked += 1
        if self.is_away:
            raise Unavailable("nobody answers")
        return self.limits

    async def take(self, *draws: Draw) -> float:
        return await self.answer().take(*draws)

    async def give_back(self, *draws: Draw) -> None:
        await self.answer().give_back(*draws)

    async def guess(self, *guesses: Guess) -> float:
        return await self.answer().guess(*guesses)

    async def unguess(self, *guesses: Guess) -> None:
        await self.answer().unguess(*guesses)

    async def occupy(self, place: Place, most: int, lease_s: float) -> bool:
        self.answer()
        taken = self.places.setdefault(place.key, set())
        if len(taken) >= most:
            return False
        taken.add(place.holder)
        return True

    async def keep(self, places: Sequence[Place], lease_s: float) -> None:
        self.answer()
        for place in places:
            self.places.setdefault(place.key, set()).add(place.holder)

    async def vacate(self, places: Sequence[Place]) -> None:
        self.answer()
        for place in places:
            self.places.get(place.key, set()).discard(place.holder)

    async def close(self) -> None:
        pass


@pytest.fixture
def clock() -> Clock:
    return Clock(100.0)


@pytest.fixture
def common(clock: Clock) -> Common:
    return Common(clock)


def process(common: Common, keep_s: float = 60.0) -> SharedLimits:
    return SharedLimits(common, OwnLimits(common.clock), common.clock, keep_s)


async def test_two_processes_have_one_allowance(common: Common) -> None:
    one, other = process(common), process(common)
    assert [await each.take(MINE) for each in (one, other, one)] == [0, 0, 0]
    assert await other.take(MINE) == 10.0


async def test_alone_a_process_still_knows_its_own_part(common: Common) -> None:
    limits = process(common)
    for _ in range(3):
        await limits.take(MINE)
    common.is_away = True
    assert await limits.take(MINE) == 10.0, "what was taken together counts when it is alone"


async def test_alone_a_process_refuses_by_itself(common: Common) -> None:
    limits = process(common)
    common.is_away = True
    assert [await limits.take(MINE) == 0 for _ in range(5)] == [True] * 3 + [False] * 2


async def test_who_does_not_answer_is_left_alone_for_a_second(common: Common, clock: Clock) -> None:
    limits = process(common)
    common.is_away = True
    for _ in range(50):
        await limits.take(MINE)
    assert common.asked == 1
    clock.now += 1.01
    for _ in range(50):
        await limits.take(MINE)
    assert common.asked == 2


async def test_it_comes_back_by_itself(common: Common, clock: Clock) -> None:
    one, other = process(common), process(common)
    common.is_away = True
    await one.take(MINE)
    common.is_away = False
    clock.now += 1.01
    for each in (one, other, one):
        assert await each.take(MINE) == 0
    assert await other.take(MINE) > 0


async def test_while_one_tries_the_others_do_not_wait(common: Common, clock: Clock) -> None:
    limits = process(common)
    common.is_away = True
    await limits.take(MINE)
    clock.now += 1.01
    asked, gate = common.asked, asyncio.Event()

    async def slow(*draws: Draw) -> float:
        common.asked += 1
        await gate.wait()
        return 0.0

    common.take = slow  # type: ignore[method-assign]
    trying = asyncio.create_task(limits.take(MINE))
    await asyncio.sleep(0)
    assert await limits.take(MINE) == 0
    assert common.asked == asked + 1
    gate.set()
    await trying


async def test_whoever_is_stopped_while_asking_leaves_nothing_shut(common: Common, clock: Clock) -> None:
    limits = process(common)
    common.is_away = True
    await limits.take(MINE)
    clock.now += 1.01
    real, common.is_away = common.take, False

    async def never(*draws: Draw) -> float:
        await asyncio.Event().wait()
        return 0.0

    common.take = never  # type: ignore[method-assign]
    trying = asyncio.create_task(limits.take(MINE))
    await asyncio.sleep(0)
    trying.cancel()
    await asyncio.gather(trying, return_exceptions=True)
    common.take = real  # type: ignore[method-assign]
    before = common.asked
    await limits.take(MINE)
    assert common.asked == before + 1


async def test_tries_at_a_password_are_counted_together(common: Common) -> None:
    one, other = process(common), process(common)
    allowed = [await each.guess(TRY) == 0 for _ in range(10) for each in (one, other)]
    assert sum(allowed) == 5
    await one.unguess(TRY)
    assert await other.guess(TRY) == 0


async def test_what_is_given_back_is_given_back_on_both_sides(common: Common) -> None:
    limits = process(common)
    whole = Draw("tokens", "all", Quota(10), 10)
    await limits.take(whole)
    await limits.give_back(whole)
    common.is_away = True
    assert await limits.take(whole) == 0


# ── places ──


async def test_places_are_counted_together_and_given_back(common: Common) -> None:
    one, other = process(common), process(common)
    async with AsyncExitStack() as stack:
        for each in (one, other):
            assert await stack.enter_async_context(each.hold("session", "s1", 2)) == 0
        async with one.hold("session", "s1", 2) as wait:
            assert wait == LEASE_S, "perhaps its process was killed: come again"
    await eventually(lambda: not common.places["s1"])
    async with one.hold("session", "s1", 2) as wait:
        assert wait == 0
    await asyncio.gather(one.close(), other.close())


async def test_whoever_has_all_places_here_is_told_so(common: Common) -> None:
    limits = process(common)
    async with limits.hold("session", "s1", 1) as first, limits.hold("session", "s1", 1) as second:
        assert (first, isinf(second)) == (0, True)
    await limits.close()


async def test_places_taken_alone_are_told_to_the_others_later(common: Common, clock: Clock) -> None:
    limits = process(common, keep_s=0.01)
    common.is_away = True
    async with limits.hold("session", "s1", 5) as wait:
        assert wait == 0
        common.is_away = False
        clock.now += 1.01
        await eventually(lambda: len(common.places.get("s1", ())) == 1)
    await limits.close()
    assert not common.places["s1"]


async def test_a_place_that_was_refused_is_not_given_back_for_somebody_else(common: Common) -> None:
    one, other = process(common), process(common)
    async with one.hold("session", "s1", 1):
        async with other.hold("session", "s1", 1) as wait:
            assert wait
        await other.close()
        assert len(common.places["s1"]) == 1
    await one.close()


async def test_closing_gives_back_what_is_still_held(common: Common) -> None:
    limits = process(common)
    async with limits.hold("session", "s1", 1):
        await limits.close()
        assert not common.places["s1"]
