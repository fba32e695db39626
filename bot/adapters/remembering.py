"""An embedder that remembers the last questions: what was listened to is not embedded again for the search."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bot.indexes import Reading, Vectors
from bot.ports import Embedder

MOST = 1_024  # questions: 1.5 MB of vectors, and about as much of words
LONGEST = 512  # code points: longer ones are not asked twice, and would be what the memory is full of


class RememberingEmbedder:
    """Like the embedder it is given, in everything."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.name, self.dimension, self.languages = embedder.name, embedder.dimension, embedder.languages
        self._known: OrderedDict[str, Reading] = OrderedDict()
        self._turning = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._embedder, name)

    def embed(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Vectors:
        return self.read(texts, is_query=is_query, progress=progress).vectors

    def read(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Reading:
        if not is_query or len(texts) != 1 or len(texts[0]) > LONGEST:
            return self._embedder.read(texts, is_query=is_query, progress=progress)
        with self._turning:
            known = self._known.pop(texts[0], None)
            if known is not None:
                self._known[texts[0]] = known
        if known is None:
            known = self._embedder.read(texts, is_query=True)
            self._keep(texts[0], known)
        if progress:
            progress(1)
        return Reading(np.array(known.vectors, dtype=np.float32), known.words)  # whoever asked may write into it

    def _keep(self, text: str, read: Reading) -> None:
        with self._turning:
            self._known[text] = read
            while len(self._known) > MOST:
                self._known.popitem(last=False)
