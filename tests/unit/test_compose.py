"""Composing: only whole, checked sentences leave; whatever the generator does, there is a draft in time."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bot import compose as composing
from bot.budget import Budget
from bot.compose import Draft, compose
from bot.grounding import Verdict
from bot.knowledge import Hit
from bot.limits import Draw, OwnLimits, Quota
from bot.ports import Bot, Generator, Sampling
from bot.prompt import END, HANDOFF, Turn
from bot.waiting import Room
from tests.fakes import DELIVERY, HANG, POLICY, RETURNS, Deaf, FakeGenerator, fake_bot, plays, writes

QUESTION = "How do I return a lamp?"
TRUE, ALSO_TRUE, FALSE = (
    "You can return unused items within 30 days.",
    "Bring the receipt with you.",
    "You can return unused items within 90 days.",
)
HITS = (Hit(RETURNS, 1.0), Hit(DELIVERY, 0.9))


class Shown:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, text: str, verdicts: Sequence[Verdict]) -> None:
        self.texts.append(text)


async def composed(generator: Generator, shown: Shown | None = None, **policy: Any) -> Draft:
    bot = fake_bot(generator, policy=replace(POLICY, **policy))
    return await compose(bot, QUESTION, HITS, (), shown or Shown())


async def test_each_checked_sentence_is_shown_as_soon_as_it_is_whole() -> None:
    shown = Shown()
    draft = await composed(writes(f"{TRUE} {ALSO_TRUE}"), shown)
    assert shown.texts == [TRUE, f"{TRUE} {ALSO_TRUE}"]
    assert [verdict.is_carried for verdict in draft.verdicts] == [True, True]
    assert draft.stands
    assert not draft.error
    assert draft.first_ms is not None
    assert draft.first_ms <= draft.total_ms


async def test_a_draft_ends_at_the_first_sentence_no_passage_carries() -> None:
    shown, generator = Shown(), plays(f"{TRUE} {FALSE} ", f"{ALSO_TRUE} ", HANG)
    draft = await composed(generator, shown)
    assert shown.texts == [TRUE]
    assert [verdict.is_carried for verdict in draft.verdicts] == [True, False]
    assert generator.n_cancelled == 1


async def test_a_draft_that_begins_with_a_lie_shows_nothing() -> None:
    shown = Shown()
    draft = await composed(writes(f"{FALSE} {TRUE}"), shown)
    assert shown.texts == []
    assert not draft.stands


async def test_half_a_sentence_is_never_shown() -> None:
    shown, generator = Shown(), plays("You can return unused ", "items within 30", RuntimeError("out of memory"))
    draft = await composed(generator, shown)
    assert shown.texts == []
    assert "out of memory" in draft.error
    assert draft.verdicts == ()


async def test_a_generator_is_asked_for_nothing_in_a_language_it_was_not_taught() -> None:
    page = replace(RETURNS, text="未使用的商品可在 30 天内退货。", language="zh")
    for taught, n_asked in ((["en"], 0), (["en", "zh-CN"], 1), ([], 1)):
        generator = writes(page.text)
        generator.languages = frozenset(taught)
        draft = await compose(fake_bot(generator), "退货期限是多少天？", [Hit(page, 1.0)], ())
        assert len(generator.prompts) == n_asked
        assert (draft.text != "") == draft.stands == bool(n_asked)
        assert not draft.error


async def test_what_stood_before_a_failure_still_stands() -> None:
    draft = await composed(plays(f"{TRUE} Bring", RuntimeError("gone")))
    assert draft.stands
    assert draft.error == "RuntimeError: gone"


async def test_courtesy_alone_is_nothing_to_show() -> None:
    shown = Shown()
    draft = await composed(writes("Happy to help!"), shown)
    assert shown.texts == []
    assert not draft.stands


@pytest.mark.parametrize("silent", [(), ("",), ("  \n ",)])
async def test_a_generator_that_writes_nothing_is_no_failure(silent: tuple[str, ...]) -> None:
    draft = await composed(plays(*silent))
    assert (draft.verdicts, draft.error) == ((), "")


# ── several drafts ──


async def test_another_draft_is_tried_with_some_heat_when_the_first_does_not_stand() -> None:
    generator = writes(FALSE, TRUE)
    draft = await composed(generator, drafts=3)
    assert draft.stands
    first, second = generator.samplings
    assert first == Sampling()
    assert second.temperature > 0
    assert second.seed != first.seed


async def test_one_that_stands_is_enough_and_a_failure_is_not_tried_again() -> None:
    for generator in (writes(TRUE), plays(RuntimeError("broken"))):
        await composed(generator, drafts=3)
        assert len(generator.prompts) == 1


async def test_the_last_draft_counts_when_none_stands() -> None:
    generator = writes(FALSE, "Lamps are free.")
    draft = await composed(generator, drafts=2)
    assert (draft.text.strip(), draft.stands, len(generator.prompts)) == ("Lamps are free.", False, 2)


# ── time ──


async def test_without_a_first_sentence_in_time_there_is_none() -> None:
    generator = plays("You can", HANG)
    draft = await composed(generator, first_sentence_s=0.05, drafts=3)
    assert (draft.error, draft.verdicts) == ("deadline", ())
    assert generator.n_cancelled == 1, "the generator was told to stop"
    assert len(generator.prompts) == 1, "no time is left for another"


async def test_an_unfinished_draft_is_taken_as_far_as_it_stands() -> None:
    draft = await composed(plays(f"{TRUE} Bring", HANG), first_sentence_s=5, deadline_s=0.1)
    assert draft.error == "deadline"
    assert [verdict.sentence for verdict in draft.verdicts] == [TRUE]


async def test_a_generator_that_does_not_stop_when_told_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(composing, "STOPPED_S", 0.05)
    deaf = Deaf()
    started = time.perf_counter()
    draft = await composed(plays(deaf), first_sentence_s=0.05)
    assert draft.error == "deadline"
    assert time.perf_counter() - started < 2
    deaf.set()


async def test_a_generator_that_never_stops_writing_is_cut_off() -> None:
    class Endless(FakeGenerator):
        def generate(self, prompt: str, sampling: Sampling, cancelled: Any = lambda: False) -> Any:
            while not cancelled():
                yield "and "

    draft = await composed(Endless())
    assert draft.error == "too long"
    assert draft.verdicts == ()


async def test_a_caller_that_goes_away_stops_the_generator() -> None:
    generator = plays(f"{TRUE} Bring", HANG)
    seen = asyncio.Event()
    bot = fake_bot(generator)
    task = asyncio.create_task(compose(bot, QUESTION, HITS, (), lambda text, verdicts: seen.set()))
    await seen.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert generator.n_cancelled == 1


async def test_an_executor_that_takes_nothing_more_is_a_failure_at_once() -> None:
    async def run(function: Any, *arguments: Any) -> Any:
        if len(calls := calls_of.setdefault("n", [])) >= 1:
            raise RuntimeError("cannot schedule new futures after shutdown")
        calls.append(1)
        return await asyncio.to_thread(function, *arguments)

    calls_of: dict[str, list[int]] = {}
    bot = replace(fake_bot(writes(TRUE)), run=run)
    started = time.perf_counter()
    draft = await compose(bot, QUESTION, HITS, ())
    assert "shutdown" in draft.error
    assert time.perf_counter() - started < 2


# ── markers ──


@pytest.mark.parametrize("cut", [0, 3, 6, len(HANDOFF)])
async def test_nothing_counts_after_the_handoff_marker_wherever_it_falls_apart(cut: int) -> None:
    shown = Shown()
    draft = await composed(plays(f"{TRUE} {HANDOFF[:cut]}", f"{HANDOFF[cut:]} {ALSO_TRUE} ", HANG), shown)
    assert shown.texts == [TRUE]
    assert [verdict.sentence for verdict in draft.verdicts] == [TRUE]


async def test_no_marker_ever_reaches_the_customer() -> None:
    shown = Shown()
    draft = await composed(writes(f"{TRUE} {ALSO_TRUE}{END} {END} {TRUE}"), shown)
    assert shown.texts[-1] == f"{TRUE} {ALSO_TRUE}"
    assert len(draft.verdicts) == 2


# ── the prompt ──


async def test_the_prompt_holds_question_passages_and_turns_within_the_budget() -> None:
    generator = FakeGenerator([[]], context=150)
    bot = fake_bot(generator)
    turns = [Turn(True, "Do you sell lamps?"), Turn(False, "Yes, lamps.")]
    draft = await compose(bot, QUESTION, HITS, turns)
    assert generator.prompts == [draft.prompt]
    for held in (QUESTION, RETURNS.text, DELIVERY.text, "Do you sell lamps?"):
        assert held in draft.prompt
    assert generator.count_tokens(draft.prompt) <= 150 - bot.sampling.max_tokens


async def test_the_generator_reads_the_same_prompt_for_every_draft() -> None:
    generator = writes(FALSE)
    await composed(generator, drafts=3)
    assert len(generator.prompts) == 3
    assert len(set(generator.prompts)) == 1


# ── what it may cost ──


async def left(bot: Bot, most: int) -> int:
    """Tokens of the day that nobody has set aside or used."""
    await asyncio.sleep(0)
    n = most
    while n and await bot.limits.take(Draw("tokens", "all", Quota(most), n)):
        n -= 1
    return n


def metered(generator: Generator, tokens: int = 500, drafts: int = 0) -> Bot:
    limits = OwnLimits()
    return fake_bot(generator, limits=limits, budget=Budget(limits, tokens, drafts))


async def test_what_was_written_is_spent_and_the_rest_is_given_back() -> None:
    bot = metered(generator := writes(FALSE, TRUE))
    bot = replace(bot, policy=replace(POLICY, drafts=3))
    assert (await compose(bot, QUESTION, HITS, (), conversation="c1")).stands
    assert await left(bot, 500) == 500 - generator.count_tokens(FALSE) - generator.count_tokens(TRUE)


async def test_a_draft_that_is_dropped_costs_what_was_written() -> None:
    bot = metered(generator := plays(f"{TRUE} Bring", HANG))
    seen = asyncio.Event()
    task = asyncio.create_task(compose(bot, QUESTION, HITS, (), lambda text, verdicts: seen.set(), "c1"))
    await seen.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await left(bot, 500) == 500 - generator.count_tokens(f"{TRUE} Bring")


async def test_a_draft_that_waits_in_vain_costs_no_tokens() -> None:
    bot = replace(metered(writes(TRUE)), room=(room := Room(at_once=1, most=0)))
    await room.enter()
    assert "waiting" in (await compose(bot, QUESTION, HITS, (), conversation="c1")).error
    assert await left(bot, 500) == 500


async def test_with_nothing_left_there_is_no_draft_and_a_reason() -> None:
    bot = metered(generator := writes(TRUE), drafts=1)
    assert (await compose(bot, QUESTION, HITS, (), conversation="c1")).stands
    draft = await compose(bot, QUESTION, HITS, (), conversation="c1")
    assert (draft.stands, draft.text) == (False, "")
    assert "used up" in draft.error
    assert len(generator.prompts) == 1
    assert draft.total_ms >= draft.excerpt_ms > 0  # the time for the excerpt was spent
