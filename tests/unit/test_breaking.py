"""A server that fails is left alone: answers degrade at once, and single trials find out when it is back."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from bot import calibrate, evaluate, reply, retrieval, shipped
from bot.adapters.breaking import BreakingEmbedder, BreakingGenerator
from bot.adapters.remembering import RememberingEmbedder
from bot.breaker import Rules, State
from bot.decision import Model
from bot.dialogue import Thresholds
from bot.errors import Refused, ServerFails
from bot.judged import Query
from bot.model_servers import Breaks
from bot.mood import Heard
from bot.ports import Generator, Sampling
from bot.web import health
from tests.clock import Clock
from tests.fakes import POLICY, RETURNS, FakeEmbedder, plays, shop_bot, writes

RULES = Rules(failures=2, window_s=30, pause_s=5)
AWAY = ServerFails("the server at 10.0.0.2 cannot be reached")


class Shaky(FakeEmbedder):
    """Fails while it is told to."""

    fails: Exception | None = None
    n_asked = 0

    def embed(self, *arguments: Any, **how: Any) -> list[list[float]]:
        self.n_asked += 1
        if self.fails is not None:
            raise self.fails
        return super().embed(*arguments, **how)


def draft(generator: Generator, cancelled: Callable[[], bool] = lambda: False) -> str:
    return "".join(generator.generate("", Sampling(), cancelled))


def fail(generator: Generator, sentence: str = "cannot be reached") -> None:
    with pytest.raises(ServerFails, match=sentence):
        draft(generator)


# ── the generator ──


def test_after_some_failures_nobody_waits_and_a_trial_brings_it_back(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    clock, inner = Clock(100.0), replace(writes("Yes."), scripts=[(AWAY,), (AWAY,), ("Yes.",)])
    generator = BreakingGenerator(inner, RULES, clock)
    fail(generator)
    fail(generator)
    assert generator.state is State.OPEN
    fail(generator, "is left alone for")
    assert len(inner.prompts) == 2, "the third asked nothing"
    clock.now += 5
    assert generator.state is State.HALF_OPEN
    assert draft(generator) == "Yes."
    assert generator.state is State.CLOSED
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_one_that_fails_after_it_began_to_write_fails_all_the_same() -> None:
    generator = BreakingGenerator(plays("You", AWAY), RULES, Clock(100.0))
    fail(generator)
    fail(generator)
    assert generator.state is State.OPEN


def test_a_request_that_is_wrong_opens_nothing() -> None:
    generator = BreakingGenerator(plays(Refused("too long")), RULES, Clock(100.0))
    for _ in range(5):
        with pytest.raises(Refused):
            draft(generator)
    assert generator.state is State.CLOSED


def test_a_server_that_asks_for_a_pause_gets_it() -> None:
    clock, generator = Clock(100.0), BreakingGenerator(plays(ServerFails("busy", 20.0)), RULES, clock := Clock(100.0))
    fail(generator, "busy")
    clock.now += 19
    assert generator.state is State.OPEN


@pytest.mark.parametrize(("script", "state"), [((), State.HALF_OPEN), (("Yes.",), State.CLOSED)])
def test_a_trial_nobody_waited_for_says_something_only_if_the_server_did(script: tuple[str, ...], state: State) -> None:
    clock, inner = Clock(100.0), replace(writes(""), scripts=[(AWAY,), (AWAY,), script])
    generator = BreakingGenerator(inner, RULES, clock)
    fail(generator)
    fail(generator)
    clock.now += 5
    draft(generator, lambda: True)
    assert generator.state is state


def test_only_one_call_tries() -> None:
    clock, inner = Clock(100.0), replace(writes(""), scripts=[(AWAY,), (AWAY,), ("Yes", ".")])
    generator = BreakingGenerator(inner, RULES, clock)
    fail(generator)
    fail(generator)
    clock.now += 5
    trial = generator.generate("", Sampling())
    next(trial)
    fail(generator, "is left alone")
    list(trial)
    assert draft(generator) == "Yes."


async def test_a_customer_reads_the_passage_at_once_while_the_server_is_left_alone() -> None:
    bot = await shop_bot(BreakingGenerator(plays(AWAY), RULES, Clock(100.0)))
    outcomes = [await reply.ask(bot, "How do I return something?") for _ in range(3)]
    assert [outcome.source for outcome in outcomes] == ["verbatim"] * 3
    assert "cannot be reached" in outcomes[0].evidence.error
    assert "is left alone" in outcomes[2].evidence.error


# ── the embedder ──


def shaky() -> tuple[Shaky, Any, Clock]:
    clock, inner = Clock(100.0), Shaky()
    return inner, RememberingEmbedder(BreakingEmbedder(inner, RULES, clock)), clock


async def test_without_a_vector_words_alone_find_what_is_asked_for_and_then_it_is_as_before() -> None:
    inner, embedder, clock = shaky()
    bot = await shop_bot(writes("Unused."), embedder=embedder)
    whole = await retrieval.search(bot, "How long does delivery take", language="en", may_lack=True)
    assert not whole.by_words
    inner.fails, n_before = AWAY, inner.n_asked
    for n in range(4):
        found = await retrieval.search(bot, f"How long does delivery take {n}", language="en", may_lack=True)
        assert found.by_words
        assert found.hits[0].passage == whole.hits[0].passage
        assert found.hits[0].dense == 0.0
        assert found.hits[0].lexical > 0.0
    assert inner.n_asked - n_before == RULES.failures, "then it was left alone"
    inner.fails = None
    clock.now += 5
    assert not (await retrieval.search(bot, "How long does delivery take 9", language="en", may_lack=True)).by_words
    assert embedder.state is State.CLOSED


async def test_nothing_is_measured_without_vectors() -> None:
    """Else a publish gate or a calibration would be about another search than the one customers get."""
    inner, embedder, _ = shaky()
    bot = await shop_bot(embedder=embedder)
    inner.fails = AWAY
    with pytest.raises(ServerFails):
        await evaluate.judge(bot, [Query("q", "How do I return something?", relevant={RETURNS.anchor: 1})])
    with pytest.raises(ServerFails):
        await calibrate.gather(bot, [], ["What is the weather?"])


async def test_an_answer_found_by_words_says_so_in_its_evidence_and_still_comes() -> None:
    inner, embedder, _ = shaky()
    policy = replace(POLICY, thresholds=Thresholds(0.2, 0.1), insists=frozenset({"en"}))
    bot = await shop_bot(writes("You can return unused items within 30 days."), embedder=embedder, policy=policy)
    inner.fails = AWAY
    outcome = await reply.ask(bot, "How do I return something?")
    assert outcome.citations
    assert "by words alone" in outcome.evidence.error


async def test_what_was_calibrated_with_vectors_decides_nothing_without() -> None:
    inner, embedder, _ = shaky()
    bot = await shop_bot(embedder=embedder, policy=replace(POLICY, thresholds=Thresholds(0.9, 0.8)))
    bot.indexes.calibrate(Model({}, {"en": Thresholds(0.1, 0.05)}), bot.indexes.live())
    with_vectors = await retrieval.search(bot, "How do I return something?", language="en", may_lack=True)
    assert retrieval.weigh(bot, with_vectors, "en").thresholds == Thresholds(0.1, 0.05)
    inner.fails = AWAY
    found = await retrieval.search(bot, "How do I return something now?", language="en", may_lack=True)
    weighed = retrieval.weigh(bot, found, "en")
    assert weighed.thresholds == shipped.BY_WORDS
    assert weighed.score < retrieval.decision_score(found.hits), "surer by hand than words alone allow"
    insisting = replace(bot, policy=replace(bot.policy, insists=frozenset({"en"})))
    assert retrieval.weigh(insisting, found, "en").thresholds == Thresholds(0.9, 0.8)


async def test_moods_that_cannot_be_heard_are_left_to_the_words() -> None:
    class Deafened:
        def hear(self, texts: Any) -> Heard | None:
            raise AWAY

        def prepare(self) -> None: ...

    bot = await shop_bot(writes("You can return unused items within 30 days."), moods=Deafened())
    assert (await reply.ask(bot, "How do I return something?")).citations
    assert (await reply.ask(bot, "I want to talk to a person")).reason is not None


async def test_any_other_failure_of_an_embedder_is_no_reason_to_go_on() -> None:
    inner, embedder, _ = shaky()
    bot = await shop_bot(embedder=embedder)
    inner.fails = RuntimeError("out of memory")
    with pytest.raises(RuntimeError):
        await retrieval.search(bot, "How do I return something?", language="en", may_lack=True)
    assert embedder.state is State.CLOSED


# ── who is told ──


async def test_readiness_names_the_state_of_servers_and_stays_ready() -> None:
    inner, embedder, _ = shaky()
    bot = await shop_bot(BreakingGenerator(writes(""), RULES, Clock(100.0)), embedder=embedder)
    inner.fails = AWAY
    for n in range(2):
        await retrieval.search(bot, f"delivery {n}", language="en", may_lack=True)
    assert health.server_states(bot) == {"embedder": State.OPEN, "generator": State.CLOSED}
    assert await health.unusable(bot) == []


async def test_parts_without_a_server_have_no_state() -> None:
    bot = await shop_bot()
    assert health.server_states(bot) == {}
    assert not isinstance(RememberingEmbedder(FakeEmbedder()), Breaks)
