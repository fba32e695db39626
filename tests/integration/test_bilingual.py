"""Two embedders in one: which text goes to which, and that their vectors never meet."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bot.adapters.bilingual import BilingualEmbedder
from bot.errors import Unavailable
from bot.indexes import Reading

DIMENSION = 4


class Narrow:
    """Vectors in a narrow cone around one direction, by what letters a text has; remembers what it was asked."""

    languages = frozenset({"en"})

    def __init__(self, name: str, dimension: int = DIMENSION) -> None:
        self.name, self.dimension = name, dimension
        self.asked: list[tuple[str, bool]] = []

    def embed(
        self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None
    ) -> list[list[float]]:
        self.asked += [(text, is_query) for text in texts]
        if progress:
            progress(len(texts))
        return [_unit([3.0, *(float(letter in text) for letter in "退礼a")]) for text in texts]

    def read(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Reading:
        words = [f"{self.name}: {text}" for text in texts]
        return Reading(self.embed(texts, is_query=is_query, progress=progress), words)

    def knows(self, word: str) -> bool:
        return word == "return"


def _unit(vector: list[float]) -> list[float]:
    length = sum(x * x for x in vector) ** 0.5
    return [x / length for x in vector]


@pytest.fixture
def centres(tmp_path: Path) -> Path:
    file = tmp_path / "centres.json"
    file.write_text(json.dumps({name: [0.9, 0, 0, 0] for name in ("queries", "passages", "english")}))
    return file


@pytest.fixture
def parts(centres: Path) -> tuple[BilingualEmbedder, Narrow, Narrow]:
    english, chinese = Narrow("small@1"), Narrow("e5@2")
    return BilingualEmbedder(english, chinese, centres), english, chinese


Parts = tuple[BilingualEmbedder, Narrow, Narrow]


def embedded(embedder: BilingualEmbedder, *texts: str, is_query: bool = True) -> Any:
    return np.asarray(embedder.embed(texts, is_query=is_query))


def test_each_text_goes_to_the_model_of_its_language(parts: Parts) -> None:
    embedder, english, chinese = parts
    embedder.embed(["return", "怎么退货？", "tent", "iPhone 的保修"], is_query=False)
    assert english.asked == [("return", False), ("tent", False)]
    assert chinese.asked == [("怎么退货？", False), ("iPhone 的保修", False)]


def test_vectors_come_in_the_order_of_the_texts_and_of_unit_length(parts: Parts) -> None:
    embedder, english, _ = parts
    vectors = embedded(embedder, "怎么退货？", "a tent", "礼品卡")
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors[1], english.embed(["a tent"], is_query=True)[0], atol=1e-6)
    np.testing.assert_allclose(vectors[2], embedded(embedder, "礼品卡")[0], atol=1e-6)


def test_without_the_middle_of_the_cone_cosines_are_spread(parts: Parts) -> None:
    embedder, _, chinese = parts
    raw = np.asarray(chinese.embed(["退货", "礼品卡"], is_query=True))
    asked, other, same = embedded(embedder, "退货", "礼品卡", "要退货")
    assert raw[0] @ raw[1] > 0.85
    assert asked @ other < 0.3
    assert asked @ same > 0.99


def test_no_text_gives_no_vector_and_asks_nobody(parts: Parts) -> None:
    embedder, english, chinese = parts
    assert embedded(embedder).shape == (0, DIMENSION)
    assert english.asked == chinese.asked == []


def test_words_come_in_the_order_of_the_texts_each_from_the_model_of_its_language(parts: Parts) -> None:
    read = parts[0].read(["退货", "tent", "礼品卡"], is_query=False)
    assert read.words == ["e5@2: 退货", "small@1: tent", "e5@2: 礼品卡"]


def test_progress_counts_up_to_the_end(parts: Parts) -> None:
    counted: list[int] = []
    parts[0].embed(["tent", "退货", "lamp"], is_query=False, progress=counted.append)
    assert counted == [2, 3]


def test_only_within_a_language_vectors_compare(parts: Parts) -> None:
    embedder = parts[0]
    assert embedder.compares("zh", "zh-TW")
    assert embedder.compares("en", "de")
    assert not embedder.compares("en", "zh")


def test_its_name_tells_both_models_and_it_knows_english_words(parts: Parts) -> None:
    embedder = parts[0]
    assert embedder.name == "small@1+e5@2"
    assert embedder.languages == {"en", "zh"}
    assert embedder.knows("return")
    assert not embedder.knows("retrun")


def test_entries_in_two_languages_are_told_by_the_model_that_reads_both(parts: Parts) -> None:
    embedder, english, _ = parts
    rows = embedder.likeness([[["退", "退?"], ["x 退"]]], [[["退"], ["退"]], [["礼"], ["礼"]]])
    assert rows[0][0] > 0.99
    assert rows[0][0] > rows[0][1] + 0.5
    assert english.asked == []


def test_vectors_of_different_lengths_cannot_share_an_index(centres: Path) -> None:
    with pytest.raises(Unavailable, match="different lengths"):
        BilingualEmbedder(Narrow("small@1"), Narrow("large@2", 8), centres)
