"""What every generator and every embedder keeps to: the fakes, those behind a server, and those in their wrappings."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import numpy as np
import pytest

from bot.adapters.breaking import BreakingEmbedder, BreakingGenerator
from bot.adapters.openai_calls import Calls
from bot.adapters.openai_embedder import OpenAiEmbedder
from bot.adapters.openai_generator import OpenAiGenerator
from bot.adapters.redacting import RedactingEmbedder, RedactingGenerator
from bot.adapters.remembering import RememberingEmbedder
from bot.adapters.silent import SilentGenerator
from bot.ports import Embedder, Generator, Sampling
from bot.prompt import build
from tests.fakes import FakeEmbedder, plays
from tests.model_server import (
    Answering,
    Vector,
    chat_piece,
    completions,
    model_server,
    ollama,
    openai_vectors,
    tei_vectors,
    vllm,
)

PIECES = ("You can return ", "unused items ", "within 30 days.")
WRITTEN = "".join(PIECES)
PROMPT = build("How do I return it?", [("Returns", WRITTEN)], count_tokens=len, budget=9_999)


def hangs(to: Answering) -> None:
    to.begin()
    to.write(chat_piece(PIECES[0]))
    to.stall()


def hung_completion(to: Answering) -> None:
    to.begin()
    to.write(b'data: {"choices": [{"text": "You can return "}]}\n\n')
    to.stall()


Writes = Callable[[Callable[[Answering], None], str], Generator]


@pytest.fixture
def behind() -> Iterator[Writes]:
    """A generator behind a server that answers so."""
    with ExitStack() as stack:

        def made(answer: Callable[[Answering], None], api: Any = "chat") -> Generator:
            server = stack.enter_context(model_server())
            server.answer = answer
            calls = Calls(server.url, what="BOT_GENERATOR")
            return stack.enter_context(closing(OpenAiGenerator(calls, "tiny", api=api)))

        yield made


# name → how to make one that writes PIECES, and one that writes the first of them and hangs
GENERATORS: dict[str, Callable[[Writes, bool], Generator]] = {
    "fake": lambda behind, hang: plays(PIECES[0], None) if hang else plays(*PIECES),
    "vllm": lambda behind, hang: behind(hangs if hang else vllm(*PIECES), "chat"),
    "ollama": lambda behind, hang: behind(hangs if hang else ollama(*PIECES), "chat"),
    "completions": lambda behind, hang: behind(hung_completion if hang else completions(*PIECES), "completions"),
    "wrapped": lambda behind, hang: BreakingGenerator(
        RedactingGenerator(behind(hangs if hang else vllm(*PIECES), "chat"))
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", GENERATORS)
class TestGenerators:
    def test_writes_its_draft_piece_by_piece(self, kind: str, behind: Writes) -> None:
        generator = GENERATORS[kind](behind, False)
        assert list(generator.generate(PROMPT, Sampling())) == list(PIECES)
        assert "".join(generator.generate(PROMPT, Sampling())) == WRITTEN, "and again"

    def test_stops_soon_after_it_is_cancelled(self, kind: str, behind: Writes) -> None:
        generator, stop = GENERATORS[kind](behind, True), threading.Event()
        written = generator.generate(PROMPT, Sampling(), stop.is_set)
        assert next(written) == PIECES[0]
        stop.set()
        began = time.monotonic()
        assert list(written) == []
        assert time.monotonic() - began < 0.5

    def test_may_be_left_in_the_middle(self, kind: str, behind: Writes) -> None:
        generator = GENERATORS[kind](behind, False)
        left = generator.generate(PROMPT, Sampling())
        next(left)
        left.close()  # type: ignore[attr-defined]
        assert "".join(generator.generate(PROMPT, Sampling())) == WRITTEN

    def test_writes_for_several_threads_at_once(self, kind: str, behind: Writes) -> None:
        generator, drafts = GENERATORS[kind](behind, False), list[str]()
        threads = [
            threading.Thread(target=lambda: drafts.append("".join(generator.generate(PROMPT, Sampling()))))
            for _ in range(6)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(5)
        assert drafts == [WRITTEN] * 6

    def test_counts_tokens_and_has_a_name_and_room(self, kind: str, behind: Writes) -> None:
        generator = GENERATORS[kind](behind, False)
        assert generator.name
        assert generator.context >= 512
        assert generator.count_tokens("") == 0
        assert 0 < generator.count_tokens("one two") < generator.count_tokens("one two three four")


def test_one_that_is_silent_writes_nothing() -> None:
    assert list(SilentGenerator().generate(PROMPT, Sampling())) == []


# ── embedders ──


def by_keywords(text: str) -> list[float]:
    """Never without a direction."""
    return [*FakeEmbedder()._vector(text.lower()), 0.1]


EMBEDDERS: dict[str, Callable[[Callable[..., Embedder]], Embedder]] = {
    "fake": lambda behind: FakeEmbedder(),
    "openai": lambda behind: behind(openai_vectors, "openai"),
    "tei": lambda behind: behind(tei_vectors, "tei"),
    "wrapped": lambda behind: RememberingEmbedder(
        BreakingEmbedder(RedactingEmbedder(behind(openai_vectors, "openai")))
    ),
}  # fmt: skip
TEXTS = ("returns", "delivery and refund", "warranty", "a gift refund", "退货")


@pytest.fixture
def embeds() -> Iterator[Callable[..., Embedder]]:
    with ExitStack() as stack:

        def made(protocol: Callable[[Vector], Callable[[Answering], None]], api: Any) -> Embedder:
            server = stack.enter_context(model_server())
            server.answer = protocol(by_keywords)
            calls = Calls(server.url, what="BOT_EMBEDDER")
            return stack.enter_context(closing(OpenAiEmbedder(calls, "tiny", api=api)))

        yield made


@pytest.mark.parametrize("kind", EMBEDDERS)
class TestEmbedders:
    def test_makes_one_vector_of_unit_length_of_each_text(self, kind: str, embeds: Callable[..., Embedder]) -> None:
        embedder = EMBEDDERS[kind](embeds)
        for is_query in (True, False):
            vectors = np.asarray(embedder.embed(TEXTS, is_query=is_query))
            assert vectors.shape == (len(TEXTS), embedder.dimension)
            np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)

    def test_the_same_text_has_the_same_vector_alone_or_among_others(
        self, kind: str, embeds: Callable[..., Embedder]
    ) -> None:
        embedder = EMBEDDERS[kind](embeds)
        among = np.asarray(embedder.embed(TEXTS, is_query=True))
        for row, text in enumerate(TEXTS):
            np.testing.assert_allclose(np.asarray(embedder.embed([text], is_query=True))[0], among[row], rtol=1e-5)

    def test_near_meanings_lie_near(self, kind: str, embeds: Callable[..., Embedder]) -> None:
        embedder = EMBEDDERS[kind](embeds)
        one, near, far = np.asarray(embedder.embed(["refund", "a gift refund", "warranty"], is_query=True))
        assert one @ near > one @ far

    def test_reads_the_same_vectors_with_words_for_each_text(self, kind: str, embeds: Callable[..., Embedder]) -> None:
        embedder = EMBEDDERS[kind](embeds)
        read = embedder.read(TEXTS, is_query=False)
        np.testing.assert_allclose(np.asarray(read.vectors), np.asarray(embedder.embed(TEXTS, is_query=False)))
        assert len(read.words) == len(TEXTS)

    def test_has_a_name_and_languages(self, kind: str, embeds: Callable[..., Embedder]) -> None:
        embedder = EMBEDDERS[kind](embeds)
        assert embedder.name
        assert embedder.languages
