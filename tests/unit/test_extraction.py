"""Extraction: what the models say of each sentence, and what is left when one of them says nothing."""

import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.errors import ServerFails
from bot.excerpt import ENOUGH
from bot.extraction import MOST, extract
from bot.indexes import Reading
from bot.ports import Likelihood
from tests.fakes import RETURNS, FakeGenerator, fake_bot, writes

PAGE = replace(
    RETURNS,
    kind="policy",
    text="Lamps come with a bulb. The return window is 30 days. Chairs come in oak. Our shop is in Ghent.",
)


class Opinionated(FakeGenerator):
    """Would begin its reply with what holds `favourite`."""

    def __init__(self, favourite: str) -> None:
        super().__init__([])
        self.favourite, self.asked = favourite, list[tuple[str, int]]()

    def likelihoods(self, prompt: str, texts: Sequence[str], first: int = 0) -> list[Likelihood]:
        self.asked.append((prompt, first))
        return [Likelihood(0.0 if self.favourite in text else -40.0, 4) for text in texts]


async def test_the_sentence_that_shares_most_with_the_question_is_found() -> None:
    found = await extract(fake_bot(writes("")), "and the return window?", PAGE, "")
    assert found is not None
    assert found.said == ("The return window is 30 days.",)
    assert found.chance >= ENOUGH


async def test_the_opening_of_an_faqs_answer_counts_for_more_and_stays_where_it_decides() -> None:
    entry = replace(PAGE, kind="faq")
    found = await extract(fake_bot(writes("")), "how long is the return window?", entry, "")
    assert found is not None
    assert "Lamps come with a bulb." in found.said
    text = "No, they cannot. The return window for lamps is 30 days in all our shops. Chairs come in oak."
    found = await extract(
        fake_bot(Opinionated("30 days")), "the return window for lamps in days", replace(entry, text=text), "p"
    )
    assert found is not None
    assert found.said[0] == "No, they cannot."


async def test_the_generators_opinion_decides_where_nothing_else_does() -> None:
    for favourite in ("oak", "Ghent"):
        found = await extract(fake_bot(Opinionated(favourite)), "tell me more?", PAGE, "the prompt")
        assert found is not None
        assert favourite in found.text


async def test_it_is_asked_for_the_beginning_only_and_not_at_all_without_a_prompt() -> None:
    generator = Opinionated("oak")
    await extract(fake_bot(generator), "tell me more?", PAGE, "the prompt")
    await extract(fake_bot(generator), "tell me more?", PAGE, "")
    assert generator.asked == [("the prompt", 4)]


@pytest.mark.parametrize("error", [ServerFails("the server is away"), RuntimeError("out of memory")])
async def test_a_model_that_fails_leaves_no_excerpt_and_the_log_says_why(
    error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    bot = fake_bot(writes(""))

    def fails(*_: object, **__: object) -> None:
        raise error

    bot.embedder.read = fails  # type: ignore[method-assign,assignment]
    assert await extract(bot, "how long?", PAGE, "") is None
    assert PAGE.id in caplog.text
    assert str(error) in caplog.text


async def test_a_model_that_takes_too_long_leaves_no_excerpt() -> None:
    bot = fake_bot(writes(""))
    bot = replace(bot, policy=replace(bot.policy, first_sentence_s=0.05))
    read, is_over = bot.embedder.read, threading.Event()

    def late(texts: Sequence[str], *, is_query: bool) -> Reading:
        is_over.wait(10)
        return read(texts, is_query=is_query)

    bot.embedder.read = late  # type: ignore[method-assign]
    try:
        assert await extract(bot, "how long?", PAGE, "") is None
    finally:
        is_over.set()


async def test_no_excerpt_of_nothing_or_of_a_passage_that_is_more_table_than_text() -> None:
    bot = fake_bot(writes(""))
    assert await extract(bot, "how long?", replace(PAGE, text=" "), "") is None
    assert await extract(bot, "how long?", replace(PAGE, text="One row.\n" * (MOST + 1)), "") is None
