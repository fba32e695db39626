"""Rows that lie in files, read when each is asked for: the vectors and words of much content need not be in memory."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np


class ReadLate(Mapping[int, Any]):
    """`ids` (any order, each once) and how to read the n-th of them."""

    def __init__(self, ids: Any, read: Callable[[int], Any]) -> None:
        self._order = np.argsort(ids)
        self._ids = np.asarray(ids, np.int64)[self._order]
        self._read = read

    def __getitem__(self, id: int) -> Any:
        row = self._row(id)
        if row < 0:
            raise KeyError(id)
        return self._read(row)

    def __contains__(self, id: object) -> bool:
        return self._row(id) >= 0

    def __iter__(self) -> Iterator[int]:
        yield from self._ids.tolist()

    def __len__(self) -> int:
        return len(self._ids)

    def _row(self, id: Any) -> int:
        place = int(np.searchsorted(self._ids, id))
        return int(self._order[place]) if place < len(self._ids) and self._ids[place] == id else -1


class Either(Mapping[int, Any]):
    """What the first holds, and else the second."""

    def __init__(self, first: Mapping[int, Any], second: Mapping[int, Any]) -> None:
        self._first, self._second = first, second

    def __getitem__(self, id: int) -> Any:
        return self._first[id] if id in self._first else self._second[id]

    def __contains__(self, id: object) -> bool:
        return id in self._first or id in self._second

    def __iter__(self) -> Iterator[int]:
        yield from self._first
        yield from (id for id in self._second if id not in self._first)

    def __len__(self) -> int:
        return sum(1 for _ in self)
