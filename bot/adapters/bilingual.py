"""English by one model, Chinese by another: a model for many languages reads English less well than one for English.

Both write vectors of the same length into one index. Across the two languages they mean nothing, which `compares`
says, and no passage is found by them.

All texts of a model like E5 lie in one narrow cone: two that have nothing in common have a cosine of 0.85. The middle
of the cone is taken out, so that cosines are spread like those of the other model and thresholds mean the same.
"""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from bot.errors import Unavailable
from bot.indexes import Reading, Vectors
from bot.knowledge import language_of, script_of
from bot.ports import Embedder

CENTRES = Path(__file__).parents[1] / "models" / "multilingual" / "centres.json"
ENOUGH = 20  # entries whose own middle says more than the general one
Entry = Sequence[Sequence[str]]  # groups of texts


class BilingualEmbedder:
    """`centres` is a file with the middle of the Chinese model's vectors: of Chinese "queries" and "passages", and of
    "english" passages. The Chinese model must read English, too, for `likeness`."""

    def __init__(self, english: Embedder, chinese: Embedder, centres: Path = CENTRES) -> None:
        if english.dimension != chinese.dimension:
            raise Unavailable(f"{english.name} and {chinese.name} write vectors of different lengths: choose another")
        held = json.loads(centres.read_text(encoding="utf-8"))
        self._centres = {name: np.asarray(held[name], dtype=np.float32) for name in ("queries", "passages", "english")}
        self._english, self._chinese = english, chinese
        self.name = f"{english.name}+{chinese.name}"
        self.dimension = english.dimension
        self.languages = frozenset({"en", "zh"})

    def embed(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Vectors:
        return self.read(texts, is_query=is_query, progress=progress).vectors

    def read(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Reading:
        vectors: Any = np.zeros((len(texts), self.dimension), dtype=np.float32)
        words: list[Any] = [None] * len(texts)
        chinese = [row for row, text in enumerate(texts) if script_of(language_of(text)) == "zh"]
        english = sorted(set(range(len(texts))) - set(chinese))
        counted = progress or (lambda done: None)
        if english:
            found = self._english.read([texts[row] for row in english], is_query=is_query, progress=progress)
            vectors[english] = found.vectors
            _put(words, english, found.words)
        if chinese:
            later = partial(_add, counted, len(english))
            found = self._chinese.read([texts[row] for row in chinese], is_query=is_query, progress=later)
            vectors[chinese] = self._centred(found.vectors, is_query)
            _put(words, chinese, found.words)
        return Reading(vectors, words)

    def likeness(self, english: Sequence[Entry], chinese: Sequence[Entry]) -> Any:
        """How near each English entry is to each Chinese one, by the Chinese model, which reads both."""
        ours, theirs = self._entries(english, "english"), self._entries(chinese, "passages")
        return (ours @ theirs.T).tolist()

    def _entries(self, entries: Sequence[Entry], centre: str) -> Any:
        """One vector each: the middle of each group of texts, all groups alike."""
        texts = [text for entry in entries for group in entry for text in group]
        vectors = _unit(np.asarray(self._chinese.embed(texts, is_query=False)) - self._centres[centre])
        groups = np.asarray([(n, g) for n, entry in enumerate(entries) for g, group in enumerate(entry) for _ in group])
        found = np.zeros((len(entries), self.dimension), dtype=np.float32)
        for g in range(groups[:, 1].max() + 1):
            sums = np.zeros_like(found)
            rows = groups[:, 1] == g
            np.add.at(sums, groups[rows, 0], vectors[rows])
            found += _unit(sums)
        return _unit(found - found.mean(axis=0) if len(entries) >= ENOUGH else found)

    def compares(self, one: str, other: str) -> bool:
        return script_of(one) == script_of(other)

    def knows(self, word: str) -> bool:
        """Whether `word` is an English word that the English model was given whole."""
        known: Callable[[str], bool] = getattr(self._english, "knows", lambda word: True)
        return known(word)

    def _centred(self, vectors: Any, is_query: bool) -> Any:
        return _unit(np.asarray(vectors) - self._centres["queries" if is_query else "passages"])


def _unit(vectors: Any) -> Any:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)


def _put(words: list[Any], rows: Sequence[int], found: Sequence[Any]) -> None:
    for row, one in zip(rows, found, strict=True):
        words[row] = one


def _add(counted: Callable[[int], None], before: int, done: int) -> None:
    counted(before + done)
