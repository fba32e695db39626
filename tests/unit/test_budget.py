"""What may be generated in a day, with a clock in hand."""

import asyncio

import pytest

from bot.budget import Budget
from bot.errors import Unavailable
from bot.limits import DAY_S, OwnLimits
from tests.clock import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock(0.0)


async def drafts(budget: Budget, conversation: str, used: int, most: int = 100) -> int:
    """How many drafts can be written one after the other."""
    n = 0
    while n < 1_000:
        try:
            spending = await budget.begin(conversation, most)
        except Unavailable:
            return n
        spending.used = used
        budget.settle(spending)
        await asyncio.sleep(0)
        n += 1
    return n


async def test_the_days_tokens_are_what_was_written_give_or_take_one_draft(clock: Clock) -> None:
    n = await drafts(Budget(OwnLimits(clock), tokens=1_000), "c1", used=10)
    assert 1_000 - 100 <= n * 10 <= 1_000


async def test_however_many_are_written_at_once_the_days_tokens_hold(clock: Clock) -> None:
    budget = Budget(OwnLimits(clock), tokens=1_000)
    begun = await asyncio.gather(*(budget.begin(f"c{n}", 100) for n in range(50)), return_exceptions=True)
    assert sum(not isinstance(one, Unavailable) for one in begun) == 10


async def test_the_next_day_has_its_own(clock: Clock) -> None:
    budget = Budget(OwnLimits(clock), tokens=100)
    assert await drafts(budget, "c1", used=100) == 1
    clock.now += DAY_S
    assert await drafts(budget, "c1", used=100) == 1


async def test_one_conversation_uses_up_its_own_drafts_only(clock: Clock) -> None:
    budget = Budget(OwnLimits(clock), drafts=50)
    assert await drafts(budget, "c1", used=1) == 50
    assert await drafts(budget, "c2", used=1) == 50


async def test_a_conversation_without_drafts_left_costs_the_others_no_tokens(clock: Clock) -> None:
    budget = Budget(OwnLimits(clock), tokens=300, drafts=1)
    assert await drafts(budget, "c1", used=100) == 1
    for _ in range(10):
        with pytest.raises(Unavailable):
            await budget.begin("c1", 100)
    assert await drafts(budget, "c2", used=100) == 1
    assert await drafts(budget, "c3", used=100) == 1


async def test_a_draft_that_goes_on_keeps_what_was_set_aside(clock: Clock) -> None:
    budget = Budget(OwnLimits(clock), tokens=100)
    spending = await budget.begin("c1", 100)
    spending.n_open = 1
    budget.settle(spending)
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await budget.begin("c2", 100)


@pytest.mark.parametrize("budget", [Budget(), Budget(tokens=0, drafts=0)])
async def test_without_a_limit_there_is_none(budget: Budget) -> None:
    assert await drafts(budget, "c1", used=100) == 1_000


async def test_what_is_asked_outside_a_conversation_is_not_counted(clock: Clock) -> None:
    budget = Budget(OwnLimits(clock), tokens=100, drafts=1)
    assert await drafts(budget, "", used=100) == 1_000
    assert await drafts(budget, "c1", used=100) == 1
