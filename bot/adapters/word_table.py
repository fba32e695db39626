"""How near a passage comes to each word of a question, by the words' own vectors: late interaction, as in ColBERT
(Khattab and Zaharia, 2020), with the vectors the embedder has made anyway.

One vector says what a text is about; "to Ireland" and "to the United Kingdom" are about the same. Word by word the
difference shows. A byte for each of WORD_DIMENSIONS directions is enough to order what was found by other means.
"""

import io
import json
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from bot.errors import IndexDamaged
from bot.indexes import WORD_DIMENSIONS, WORD_SCALE
from bot.knowledge import Piece

WORDS, PLACES = "words.i8", "words.json"
MOST = 4_000_000  # words, 256 MB: with more of them none are kept, and the order is what the other retrievers say


class WordPart:
    """Builds and loads the words of a generation."""

    def build(self, pieces: Sequence[Piece], words: Sequence[Any]) -> dict[str, bytes]:
        """`words` holds m × WORD_DIMENSIONS int8 for each piece, in order; or nothing at all."""
        places: dict[str, tuple[str, int, int]] = {}
        table, n = io.BytesIO(), 0
        for piece, rows in zip(pieces, words, strict=bool(len(words))):  # one at a time: they may be many
            if (id := str(piece.id)) not in places:
                places[id] = (piece.passage, n, len(rows))
                n += len(rows)
                if n <= MOST:
                    table.write(np.ascontiguousarray(rows, dtype=np.int8).tobytes())
        if n > MOST:
            table, places = io.BytesIO(), {id: (passage, 0, 0) for id, (passage, _, _) in places.items()}
        return {WORDS: table.getvalue(), PLACES: json.dumps(places).encode()}

    def load(self, files: Mapping[str, bytes]) -> "WordTable | None":
        """None for a generation that was built before words were kept."""
        if WORDS not in files:
            return None
        places = {int(id): (passage, start, count) for id, (passage, start, count) in json.loads(files[PLACES]).items()}
        table = np.frombuffer(files[WORDS], dtype=np.int8)
        if len(table) != WORD_DIMENSIONS * sum(count for _, _, count in places.values()):
            raise IndexDamaged(WORDS)
        return WordTable(table.reshape(-1, WORD_DIMENSIONS), places)


class WordTable:
    """The words of one loaded generation."""

    def __init__(self, table: Any, places: Mapping[int, tuple[str, int, int]]) -> None:
        self._table = table
        self._places = places
        self._of: dict[str, dict[int, slice]] = {}
        for id, (passage, start, count) in places.items():
            if count:
                self._of.setdefault(passage, {})[id] = slice(start, start + count)

    def words(self, ids: Iterable[int]) -> dict[int, Any]:
        """The stored words of those pieces that are here, even if they have none."""
        held = {id: self._places[id] for id in ids if id in self._places}
        return {id: self._table[start : start + count] for id, (_, start, count) in held.items()}

    def match(
        self, words: Any, passages: Iterable[str], without: Container[int] = ()
    ) -> dict[str, tuple[float, float]]:
        asked = np.asarray(words, dtype=np.float32) / WORD_SCALE**2
        found = {}
        for passage in passages:
            held = [part for id, part in self._of.get(passage, {}).items() if id not in without]
            if held:
                found[passage] = self._nearness(asked, held)
        return found

    def _nearness(self, asked: Any, slices: Sequence[slice]) -> tuple[float, float]:
        told = np.concatenate([self._table[part] for part in slices]).astype(np.float32)
        nearest = (asked @ told.T).max(axis=1)
        return float(nearest.mean()), float(nearest.min())
