"""Dense retrieval: an exact inner-product index of pieces, in FAISS.

Flat, because a shop has thousands of passages, not millions: it is exact, has nothing to train, and answers in a
millisecond. It neither reads nor writes files: it turns vectors into named bytes and back.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import faiss
import numpy as np

from bot.errors import IndexDamaged
from bot.knowledge import Piece
from bot.ports import Vectors

VECTORS, OWNERS = "vectors.faiss", "pieces.json"


class FaissPart:
    """Builds and loads the dense part of a generation."""

    def build(self, pieces: Sequence[Piece], vectors: Sequence[Any] | Vectors, dimension: int) -> dict[str, bytes]:
        rows = {piece.id: row for row, piece in enumerate(pieces)}  # a piece listed twice is kept once
        matrix = np.asarray(vectors, dtype=np.float32).reshape(len(pieces), dimension)
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        index.add_with_ids(np.ascontiguousarray(matrix[list(rows.values())]), np.fromiter(rows, np.int64, len(rows)))
        owners = {str(id): pieces[row].passage for id, row in rows.items()}
        return {VECTORS: faiss.serialize_index(index).tobytes(), OWNERS: json.dumps(owners).encode()}

    def load(self, files: Mapping[str, bytes], dimension: int) -> "FaissIndex":
        """`files` hold bytes that were checked before: FAISS trusts what it reads."""
        owners = {int(id): passage for id, passage in json.loads(files[OWNERS]).items()}
        try:
            index = faiss.deserialize_index(np.frombuffer(files[VECTORS], dtype=np.uint8))
        except RuntimeError as error:
            raise IndexDamaged(VECTORS) from error
        if index.d != dimension or index.ntotal != len(owners):
            raise IndexDamaged(VECTORS)
        return FaissIndex(index, owners)


class FaissIndex:
    """One loaded index; a passage scores as its best piece does."""

    def __init__(self, index: Any, owners: Mapping[int, str]) -> None:
        self._index = index
        self._owners = owners
        self._n_passages = len(set(owners.values()))

    def search(self, query: str, vector: Vectors | None, k: int) -> list[tuple[str, float]]:
        """The `k` passages nearest to `vector`, with cosines; `query` itself is not looked at."""
        if vector is None or not self._owners or k < 1:
            return []
        wanted = min(k, self._n_passages)
        n_pieces = min(2 * k, len(self._owners))
        while True:
            best = self._best(vector, n_pieces)
            if len(best) >= wanted or n_pieces == len(self._owners):
                return sorted(best.items(), key=lambda hit: -hit[1])[:k]
            n_pieces = min(n_pieces * 4, len(self._owners))

    def vectors(self, ids: Iterable[int]) -> dict[int, Any]:
        """The stored vectors of those of `ids` that are here."""
        return {id: self._index.reconstruct(id) for id in ids if id in self._owners}

    def nearest(self, vector: Vectors, k: int) -> list[tuple[str, float]]:
        """The `k` pieces nearest to `vector`, by their passages: for the decision, not for finding."""
        query = np.ascontiguousarray(np.asarray(vector, dtype=np.float32).reshape(1, -1))
        with _one_thread():
            scores, ids = self._index.search(query, k)
        found = zip(ids[0].tolist(), scores[0].tolist(), strict=True)
        return [(self._owners[id], score) for id, score in found if id in self._owners]

    def _best(self, vector: Vectors, n_pieces: int) -> dict[str, float]:
        query = np.ascontiguousarray(np.asarray(vector, dtype=np.float32).reshape(1, -1))
        with _one_thread():
            scores, ids = self._index.search(query, n_pieces)
        best: dict[str, float] = {}
        for id, score in zip(ids[0].tolist(), scores[0].tolist(), strict=True):
            if id in self._owners:  # FAISS fills up with -1
                best.setdefault(self._owners[id], score)  # best first, so the first is the maximum
        return best


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sharing one query out among two threads made it 36 times slower, not faster.

    The number belongs to the calling thread, and torch reads the same one: it is put back.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
