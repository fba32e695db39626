"""Dense retrieval in FAISS: pieces are found, passages are told.

A shop has thousands of passages, and comparing each with the query is exact and takes a millisecond. Where there are
very many, only those that are near are compared. Neither way reads or writes files: vectors become named bytes.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from bot.adapters.faiss_cells import CODES, Cells, Progress
from bot.adapters.faiss_exact import OWNERS, VECTORS, Exact
from bot.indexes import Vectors
from bot.knowledge import Piece

__all__ = ["MANY", "OWNERS", "VECTORS", "FaissIndex", "FaissPart"]

MANY = 50_000  # pieces from which on comparing all of them takes too long and too much memory


class Shape(Protocol):
    """Pieces in a form that can be searched."""

    n_pieces: int
    n_passages: int

    def nearest(self, query: Any, n: int) -> list[tuple[str, float]]: ...
    def vectors(self, ids: Iterable[int]) -> Mapping[int, Any]: ...


class FaissPart:
    """Builds and loads the dense part of a generation; from `many` pieces on, one that compares only what is near."""

    def __init__(self, many: int = MANY) -> None:
        self._many = many
        self._latest: Cells | None = None  # loaded: what the next one is made from

    def build(
        self,
        pieces: Sequence[Piece],
        vectors: Sequence[Any] | Vectors,
        dimension: int,
        progress: Progress = lambda done, total: None,
    ) -> dict[str, bytes]:
        if len(pieces) >= self._many and dimension % 2 == 0:  # a code stands for two dimensions
            return Cells.build(pieces, vectors, dimension, progress, self._latest)
        return Exact.build(pieces, vectors, dimension)

    def load(self, files: Mapping[str, Any], dimension: int) -> "FaissIndex":
        """`files` were checked before: FAISS trusts what it reads. What stays on disk is there opened."""
        self._latest = Cells.load(files, dimension) if CODES in files else None
        return FaissIndex(self._latest or Exact.load(files, dimension))


class FaissIndex:
    """One loaded index; a passage scores as its best piece does."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    def search(self, query: str, vector: Vectors | None, k: int) -> list[tuple[str, float]]:
        """The `k` passages nearest to `vector`, with cosines; `query` itself is not looked at."""
        if vector is None or not self._shape.n_pieces or k < 1:
            return []
        wanted = min(k, self._shape.n_passages)
        n_pieces = min(2 * k, self._shape.n_pieces)
        while True:
            found = self.nearest(vector, n_pieces)
            best: dict[str, float] = {}
            for passage, cosine in found:
                best.setdefault(passage, cosine)  # best first, so the first is the maximum
            if len(best) >= wanted or len(found) < n_pieces or n_pieces == self._shape.n_pieces:
                return list(best.items())[:k]
            n_pieces = min(n_pieces * 4, self._shape.n_pieces)

    def vectors(self, ids: Iterable[int]) -> Mapping[int, Any]:
        """The stored vectors of those of `ids` that are here."""
        return self._shape.vectors(ids)

    def nearest(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """The `k` pieces nearest to `vector`, by their passages: for the decision, not for finding."""
        query = np.ascontiguousarray(np.asarray(vector, dtype=np.float32).reshape(1, -1))
        return self._shape.nearest(query, k)
