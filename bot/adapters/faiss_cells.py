"""For more pieces than can be compared one by one: cells of near pieces, short codes, and the vectors themselves.

A search looks into the cells nearest to the query. There it compares codes, four bits for two dimensions, which the
processor adds up 32 at a time; the best of them are compared once more by their vectors, which stay on disk in half
precision. So cosines are right to the fourth place, and a vector that is used again for the next generation is as it
was. Measured against a graph (HNSW) and against bytes instead of codes: docs/evaluation.md.

How many cells is found when the index is built: as many as it takes to find again what comparing everything finds.
Building takes minutes, so when little has changed the cells of the latest index are kept, and only that is changed.
"""

import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any
from zipfile import BadZipFile

import faiss
import numpy as np

from bot.adapters import faiss_rows
from bot.adapters.faiss_exact import one_thread, restored
from bot.adapters.read_late import ReadLate
from bot.errors import IndexDamaged
from bot.indexes import Vectors
from bot.knowledge import Piece

CODES, PIECES = "cells.faiss", "pieces.npz"
COMPARED = 400  # pieces, at least, whose codes were nearest and which are compared by their vectors
PER_CELL = 40  # pieces that k-means looks at for each cell
ROUNDS = 10  # of k-means
WORN = 0.1  # of the pieces: when more than that came or went, the centres are found anew
BLOCK = 16_384
ASKED, NEAREST = 256, 10  # queries that are tried to find the number of cells, and how many pieces nearest to each
RECALL = 0.985  # of those pieces; of what is nearest to real questions, which lie further off, it was 0.96
SEED = 20261122

Progress = Callable[[int, int], None]


class Cells:
    """`ids` are sorted; row n of `rows` belongs to ids[n], and to passages[owners[n]]. `n_changed` pieces came or went
    since the centres were found."""

    def __init__(
        self, index: Any, ids: Any, owners: Any, passages: Any, rows: faiss_rows.Rows, n_changed: int = 0
    ) -> None:
        self._index, self._n_changed = index, n_changed
        self._ids, self._owners, self._passages, self._rows = ids, owners, passages, rows
        self.n_pieces, self.n_passages = len(ids), len(passages)

    @staticmethod
    def build(
        pieces: Sequence[Piece],
        vectors: Sequence[Any] | Vectors,
        dimension: int,
        progress: Progress,
        latest: "Cells | None" = None,
    ) -> dict[str, bytes]:
        """`latest` was made by the same embedder: the same piece has the same vector."""
        ids, first = np.unique(np.fromiter((piece.id for piece in pieces), np.int64, len(pieces)), return_index=True)
        rows = faiss_rows.packed(_gathered(vectors, first))
        matrix = np.frombuffer(rows, faiss_rows.HALF).reshape(len(ids), dimension)
        index, n_changed = latest.renewed(ids, matrix) if latest else (None, 0)
        if index is None:
            index, n_changed = _filled(ids, matrix, progress), 0
            index.nprobe = _enough_cells(index, matrix)
        progress(2 * len(ids), 2 * len(ids))
        named = np.array([pieces[row].passage.encode() for row in first.tolist()])
        passages, owners = np.unique(named, return_inverse=True)
        about = io.BytesIO()
        arrays: dict[str, Any] = {
            "ids": ids,
            "owners": owners.astype(np.int32),
            "passages": passages,
            "n_changed": np.array(n_changed),
        }
        np.savez(about, allow_pickle=False, **arrays)
        return {
            CODES: faiss.serialize_index(index).tobytes(),
            PIECES: about.getvalue(),
            faiss_rows.NAME: rows,
        }

    @classmethod
    def load(cls, files: Mapping[str, Any], dimension: int) -> "Cells":
        try:
            with np.load(io.BytesIO(files[PIECES]), allow_pickle=False) as held:
                ids, owners, passages, n_changed = (held[name] for name in ("ids", "owners", "passages", "n_changed"))
        except (ValueError, KeyError, OSError, BadZipFile) as error:
            raise IndexDamaged(PIECES) from error
        index = restored(files[CODES], CODES, faiss.IndexIVFPQFastScan)
        rows = faiss_rows.Rows(files[faiss_rows.NAME], dimension)
        if index.d != dimension or {index.ntotal, len(owners), len(rows)} != {len(ids)}:
            raise IndexDamaged(CODES)
        if np.any(ids[:-1] >= ids[1:]) or np.any(owners < 0) or np.any(owners >= len(passages)):
            raise IndexDamaged(PIECES)
        return cls(index, ids, owners, passages, rows, int(n_changed))

    def renewed(self, ids: Any, matrix: Any) -> tuple[Any, int]:
        """The codes with what is gone taken out and what is new put in; none when the centres are worn."""
        gone = np.setdiff1d(self._ids, ids, assume_unique=True)
        new = np.setdiff1d(ids, self._ids, assume_unique=True)
        n_changed = self._n_changed + len(gone) + len(new)
        if self._index.d != matrix.shape[1] or n_changed > WORN * len(ids):
            return None, 0
        # A copy: this one is being searched.
        index = restored(faiss.serialize_index(self._index).tobytes(), CODES, type(self._index))
        if len(gone):
            index.remove_ids(gone)
        if len(new):
            index.add_with_ids(matrix[np.searchsorted(ids, new)].astype(np.float32), new)
        return index, n_changed

    def nearest(self, query: Any, n: int) -> list[tuple[str, float]]:
        """The `n` pieces nearest to `query` (1 × d), best first, each by its passage; almost always the nearest."""
        n_compared = max(n, COMPARED)
        with one_thread():
            _, found = self._index.search(query, n_compared, params=_cells(self._index, n_compared))
        rows = np.searchsorted(self._ids, found[0][found[0] >= 0])  # FAISS fills up with -1
        cosines = self._rows.take(rows) @ query[0]
        order = np.argsort(-cosines, kind="stable")[:n]
        names = self._passages[self._owners[rows[order]]].tolist()
        return [(name.decode(), cosine) for name, cosine in zip(names, cosines[order].tolist(), strict=True)]

    def vectors(self, ids: Iterable[int]) -> Mapping[int, Any]:
        asked = np.unique(np.fromiter(ids, np.int64))
        rows = np.minimum(np.searchsorted(self._ids, asked), len(self._ids) - 1)
        is_here = self._ids[rows] == asked
        return ReadLate(asked[is_here], partial(self._row, rows[is_here]))

    def _row(self, rows: Any, n: int) -> Any:
        return self._rows.take(rows[n : n + 1])[0]


def _gathered(vectors: Sequence[Any] | Vectors, rows: Any) -> Iterator[Any]:
    for start in range(0, len(rows), BLOCK):
        yield np.asarray([vectors[row] for row in rows[start : start + BLOCK].tolist()], dtype=np.float32)


def _filled(ids: Any, matrix: Any, progress: Progress) -> Any:
    """The cells, with the codes of all pieces in them."""
    n, dimension = matrix.shape
    n_cells = _number_of_cells(n)
    sample = _single(matrix, _some(n, PER_CELL * n_cells))
    centres = faiss.IndexFlatIP(dimension)
    centres.add(_centres(sample, n_cells, lambda done: progress(n * done // ROUNDS, 2 * n)))
    index = faiss.IndexIVFPQFastScan(centres, dimension, n_cells, dimension // 2, 4, faiss.METRIC_INNER_PRODUCT)
    index.train(sample)
    for start in range(0, n, BLOCK):
        index.add_with_ids(matrix[start : start + BLOCK].astype(np.float32), ids[start : start + BLOCK])
        progress(n + min(start + BLOCK, n), 2 * n)
    return index


def _single(matrix: Any, rows: Any) -> Any:
    """Those rows in single precision, without a copy of all of them in half."""
    found = np.empty((len(rows), matrix.shape[1]), np.float32)
    for start in range(0, len(rows), BLOCK):
        found[start : start + BLOCK] = matrix[rows[start : start + BLOCK]]
    return found


def _number_of_cells(n: int) -> int:
    """About 4 √n, a power of two; fewer where there are too few pieces to find so many centres."""
    return max(1, min(1 << round(math.log2(4 * math.sqrt(n))), n // PER_CELL))


def _some(n: int, wanted: int) -> Any:
    return np.sort(np.random.default_rng(SEED).permutation(n)[:wanted])


def _centres(sample: Any, n_cells: int, told: Callable[[int], None]) -> Any:
    """k-means, a round at a time, so that there is something to tell."""
    centres = None
    for done in range(1, ROUNDS + 1):
        means = faiss.Kmeans(sample.shape[1], n_cells, niter=1, spherical=True, seed=SEED, min_points_per_centroid=1)
        means.train(sample, init_centroids=centres)
        centres = means.centroids
        told(done)
    return centres


def _cells(index: Any, n_compared: int) -> Any:
    """The number that was found; more when so much is asked for that these hold too little."""
    per_cell = max(1, index.ntotal // index.nlist)
    parameters = faiss.SearchParametersIVF()
    parameters.nprobe = min(index.nlist, max(index.nprobe, 4 * n_compared // per_cell))
    return parameters


# ── how many cells? ──


def _enough_cells(index: Any, matrix: Any) -> int:
    """The fewest cells that hold enough of what is nearest to queries like a customer's: not pieces themselves, but
    something between two of them."""
    queries = _between(matrix)
    wanted = _nearest(matrix, queries)
    _, order = index.quantizer.search(queries, index.nlist)
    place = np.empty_like(order)  # of each cell, in the order of the query
    np.put_along_axis(place, order, np.arange(index.nlist)[None, :].repeat(len(order), 0), axis=1)
    _, cell = index.quantizer.search(matrix[wanted.ravel()].astype(np.float32), 1)
    needed = np.take_along_axis(place, cell.reshape(wanted.shape), axis=1)
    return int(np.quantile(needed, RECALL)) + 1


def _between(matrix: Any) -> Any:
    """Piece and another piece mixed, so that the cosine with the first is about 0.7."""
    n = len(matrix)
    rows = np.random.default_rng(SEED).integers(0, n, (2, ASKED))
    one, other = (matrix[row].astype(np.float32) for row in rows)
    mixed = one + other
    return mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)


def _nearest(matrix: Any, queries: Any) -> Any:
    """The rows that comparing everything finds."""
    exact = faiss.IndexFlatIP(matrix.shape[1])
    best, where = np.full((len(queries), 0), 0.0, np.float32), np.zeros((len(queries), 0), np.int64)
    for start in range(0, len(matrix), BLOCK):
        exact.reset()
        exact.add(matrix[start : start + BLOCK].astype(np.float32))
        scores, rows = exact.search(queries, min(NEAREST, exact.ntotal))
        best, where = np.hstack((best, scores)), np.hstack((where, rows + start))
        order = np.argsort(-best, axis=1, kind="stable")[:, :NEAREST]
        best, where = np.take_along_axis(best, order, 1), np.take_along_axis(where, order, 1)
    return where
