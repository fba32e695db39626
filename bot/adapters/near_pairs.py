"""Pairs of vectors that lie near each other, within memory that does not grow with their number squared."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

ROWS = 512  # compared at once with all after them: 100,000 of them take 200 MB


def near_pairs(
    vectors: Sequence[Any], floor: float, most: int, progress: Callable[[int, int], None] = lambda done, total: None
) -> list[tuple[int, int, float]]:
    """(row, later row, cosine) from `floor` on; of one row at most `most` later ones, the nearest. Blocks."""
    found: list[tuple[int, int, float]] = []
    if len(vectors) < 2:
        return found
    matrix = np.asarray(np.stack(list(vectors)), dtype=np.float32)
    for start in range(0, len(matrix), ROWS):
        found += _of_block(matrix, start, floor, most)
        progress(min(start + ROWS, len(matrix)), len(matrix))
    return found


def _of_block(matrix: Any, start: int, floor: float, most: int) -> list[tuple[int, int, float]]:
    cosines = matrix[start : start + ROWS] @ matrix[start:].T
    cosines[np.tril_indices(len(cosines), 0, cosines.shape[1])] = -1.0  # itself, and those before it
    found = []
    for row in np.flatnonzero((cosines >= floor).any(axis=1)).tolist():
        near = np.flatnonzero(cosines[row] >= floor)
        if len(near) > most:
            near = near[np.argpartition(-cosines[row, near], most - 1)[:most]]
        found += [(start + row, start + int(column), float(cosines[row, column])) for column in sorted(near.tolist())]
    return found
