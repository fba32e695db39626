"""What was asked last is not embedded again, and nothing else changes."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from bot.adapters import remembering
from bot.adapters.remembering import RememberingEmbedder
from bot.indexes import Reading


class Counting:
    name, dimension, languages = "counting", 2, frozenset({"en"})

    def __init__(self) -> None:
        self.embedded: list[tuple[str, ...]] = []

    def embed(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Any:
        return self.read(texts, is_query=is_query).vectors

    def read(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Reading:
        self.embedded.append(tuple(texts))
        vectors = np.array([[len(text), float(is_query)] for text in texts], dtype=np.float32)
        return Reading(vectors, [text.split() for text in texts])

    def knows(self, word: str) -> bool:
        return word == "lamp"


def asked(embedder: RememberingEmbedder, *texts: str, is_query: bool = True) -> list[list[float]]:
    return np.asarray(embedder.embed(texts, is_query=is_query)).tolist()  # type: ignore[no-any-return]


def test_the_same_question_is_embedded_once() -> None:
    counting = Counting()
    embedder = RememberingEmbedder(counting)
    assert asked(embedder, "lamp?") == asked(embedder, "lamp?") == [[5.0, 1.0]]
    assert counting.embedded == [("lamp?",)]


def test_passages_batches_and_long_texts_are_embedded_each_time() -> None:
    counting = Counting()
    embedder = RememberingEmbedder(counting)
    for _ in range(2):
        assert asked(embedder, "lamp?", is_query=False) == [[5.0, 0.0]]
        assert asked(embedder, "a", "bc") == [[1.0, 1.0], [2.0, 1.0]]
        asked(embedder, "x" * 513)
    assert len(counting.embedded) == 6


def test_what_was_not_asked_for_longest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembering, "MOST", 2)
    counting = Counting()
    embedder = RememberingEmbedder(counting)
    for text in ("a", "b", "a", "c", "a", "b"):
        asked(embedder, text)
    assert counting.embedded == [("a",), ("b",), ("c",), ("b",)]


def test_words_are_remembered_with_the_vector_whoever_asked_first() -> None:
    counting = Counting()
    embedder = RememberingEmbedder(counting)
    asked(embedder, "a lamp")
    assert embedder.read(["a lamp"], is_query=True).words == [["a", "lamp"]]
    assert counting.embedded == [("a lamp",)]


def test_who_writes_into_a_vector_changes_nobody_elses() -> None:
    embedder = RememberingEmbedder(Counting())
    vectors: Any = embedder.embed(["lamp?"], is_query=True)
    vectors[0, 0] = 99.0
    assert asked(embedder, "lamp?") == [[5.0, 1.0]]


def test_it_is_like_the_embedder_it_was_given() -> None:
    embedder = RememberingEmbedder(Counting())
    assert (embedder.name, embedder.dimension, embedder.languages) == ("counting", 2, {"en"})
    assert embedder.knows("lamp")
    assert not hasattr(embedder, "compares")
    heard: list[int] = []
    for _ in range(2):
        embedder.embed(["lamp?"], is_query=True, progress=heard.append)
    assert heard == [1, 1]
