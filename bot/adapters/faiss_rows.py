"""Vectors in half precision, one after the other: read where they lie, in the file of a generation.

Nothing of them is kept in memory: the system keeps what is asked for often. They are read, not mapped: a mapped file
that is cut short ends the whole process, and every page once touched counts as the server's own memory.
"""

import io
import os
import weakref
from collections.abc import Iterable
from typing import Any, BinaryIO

import numpy as np

from bot.errors import IndexDamaged

NAME = "vectors.rows"  # generations checks files of this ending, and hands them over opened
HALF = np.dtype("<f2")
TOGETHER = 4_096  # rows that are read in one piece, when many are asked for


def packed(matrices: Iterable[Any]) -> bytes:
    """Rounding is done once: what is read back and packed again stays as it is."""
    buffer = io.BytesIO()
    for matrix in matrices:
        buffer.write(np.ascontiguousarray(matrix, dtype=HALF).data)
    return buffer.getvalue()


class Rows:
    """`held` is an open file, which may be closed afterwards, or the bytes of one."""

    def __init__(self, held: bytes | BinaryIO, dimension: int) -> None:
        self._held = held if isinstance(held, bytes) else _own(self, held)
        self._dimension = dimension
        self._width = dimension * HALF.itemsize
        size = len(held) if isinstance(held, bytes) else os.fstat(held.fileno()).st_size
        if size % self._width:
            raise IndexDamaged(NAME)
        self._count = size // self._width

    def __len__(self) -> int:
        return self._count

    def take(self, rows: Any) -> Any:
        """The vectors of `rows`, an array of row numbers, as float32."""
        found = np.empty((len(rows), self._dimension), HALF)
        if len(rows) < TOGETHER:
            for n, row in enumerate(rows.tolist()):
                self._read(found[n], row)
        else:
            self._take_many(rows, found)
        return found.astype(np.float32)

    def _take_many(self, rows: Any, found: Any) -> None:
        order = np.argsort(rows, kind="stable")
        starts = range(0, self._count, TOGETHER)
        for start, chosen in zip(starts, np.split(order, np.searchsorted(rows[order], starts[1:])), strict=True):
            if len(chosen):
                block = np.empty((min(TOGETHER, self._count - start), self._dimension), HALF)
                self._read(block, start)
                found[chosen] = block[rows[chosen] - start]

    def _read(self, into: Any, row: int) -> None:
        start = row * self._width
        if isinstance(self._held, bytes):
            into[...] = np.frombuffer(self._held, HALF, into.size, start).reshape(into.shape)
        elif os.preadv(self._held, [into], start) != into.nbytes:
            raise IndexDamaged(NAME)


def _own(rows: Rows, file: BinaryIO) -> int:
    """A descriptor as long as `rows` is there: it stays readable when its generation is swept."""
    descriptor = os.dup(file.fileno())
    weakref.finalize(rows, os.close, descriptor)
    return descriptor
