"""Every piece compared with the query: exact, nothing to train, a millisecond for ten thousand."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any

import faiss
import numpy as np

from bot.errors import IndexDamaged
from bot.indexes import Vectors
from bot.knowledge import Piece

VECTORS, OWNERS = "vectors.faiss", "pieces.json"
SWELLS = 16  # FAISS may reckon a table of eight times the centres, which are in the file
MOST_CELLS = 1 << 20  # and more than that of anything an index counts while it is read

_restoring = Lock()


class Exact:
    def __init__(self, index: Any, owners: Mapping[int, str]) -> None:
        self._index = index
        self._owners = owners
        self.n_pieces = len(owners)
        self.n_passages = len(set(owners.values()))

    @staticmethod
    def build(pieces: Sequence[Piece], vectors: Sequence[Any] | Vectors, dimension: int) -> dict[str, bytes]:
        rows = {piece.id: row for row, piece in enumerate(pieces)}  # a piece listed twice is kept once
        matrix = np.asarray(vectors, dtype=np.float32).reshape(len(pieces), dimension)
        index = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        index.add_with_ids(np.ascontiguousarray(matrix[list(rows.values())]), np.fromiter(rows, np.int64, len(rows)))
        owners = {str(id): pieces[row].passage for id, row in rows.items()}
        return {VECTORS: faiss.serialize_index(index).tobytes(), OWNERS: json.dumps(owners).encode()}

    @classmethod
    def load(cls, files: Mapping[str, Any], dimension: int) -> "Exact":
        owners = {int(id): passage for id, passage in json.loads(files[OWNERS]).items()}
        index = restored(files[VECTORS], VECTORS, faiss.IndexIDMap2)
        if index.d != dimension or index.ntotal != len(owners):
            raise IndexDamaged(VECTORS)
        return cls(index, owners)

    def nearest(self, query: Any, n: int) -> list[tuple[str, float]]:
        """The `n` pieces nearest to `query` (1 × d), best first, each by its passage."""
        with one_thread():
            scores, ids = self._index.search(query, n)
        found = zip(ids[0].tolist(), scores[0].tolist(), strict=True)
        return [(self._owners[id], score) for id, score in found if id in self._owners]  # FAISS fills up with -1

    def vectors(self, ids: Iterable[int]) -> dict[int, Any]:
        return {id: self._index.reconstruct(id) for id in ids if id in self._owners}


def restored(data: bytes, name: str, kind: type) -> Any:
    """`data` was checked before: FAISS trusts what it reads. What it may be talked into is limited all the same."""
    try:
        with _limits(len(data)):
            index = faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8))
    except (RuntimeError, MemoryError) as error:
        raise IndexDamaged(name) from error
    if not isinstance(index, kind):
        raise IndexDamaged(name)
    return index


@contextmanager
def _limits(size: int) -> Iterator[None]:
    """Nothing larger than what is made of its file, and nothing more often than there may be cells.

    FAISS keeps both limits for the whole process, so one index is read at a time.
    """
    with _restoring:
        faiss.set_deserialization_vector_byte_limit(SWELLS * size)
        faiss.set_deserialization_loop_limit(MOST_CELLS)
        yield


@contextmanager
def one_thread() -> Iterator[None]:
    """Sharing one query out among two threads made it 36 times slower, not faster.

    The number belongs to the calling thread, and torch reads the same one: it is put back.
    """
    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)
