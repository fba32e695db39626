"""Lexical retrieval: BM25 over whole passages, titles and phrasings included, with bm25s.

A score is the share of what the best imaginable passage would get for this query, 0..1: each term counts by its
rarity, and a term no passage has counts most of all. So a query that half matches scores low even where nothing
scores higher, and scores of different queries compare. (Divided by the best hit's score they do not: the top is 1,
however bad. On four sets of questions the share also ranked better once fused.)
"""

import io
import json
import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from zipfile import BadZipFile

import bm25s
import numpy as np
import Stemmer

from bot.errors import IndexDamaged
from bot.knowledge import Passage
from bot.ports import Vectors
from bot.text import Spelling, runs, terms

FILE = "bm25.npz"
K1, B = 1.5, 0.75  # the usual ones; shorter and flatter settings did worse on every set


class Bm25Part:
    """Builds and loads the lexical part of a generation. `is_known` tells words from slips of the keyboard.

    Only an unknown word is ever mended in a query, so without it none is.
    """

    def __init__(self, is_known: Callable[[str], bool] = lambda word: True) -> None:
        logging.getLogger("bm25s").setLevel(logging.WARNING)  # the library turns DEBUG on by itself
        self._is_known = is_known

    def build(self, passages: Sequence[Passage]) -> dict[str, bytes]:
        stemmer = Stemmer.Stemmer("english")
        texts = ["\n".join((passage.title, *passage.phrasings, passage.text)) for passage in passages]
        counted = [stemmer.stemWords(list(terms(text))) for text in texts]
        words = Counter(word for text in texts for word in runs(text))
        about: dict[str, Any] = {"passages": [passage.id for passage in passages], "words": words, "vocabulary": {}}
        arrays: dict[str, Any] = {
            name: np.zeros(1 if name == "indptr" else 0, np.int32) for name in ("data", "indices", "indptr")
        }
        if any(counted):
            index = bm25s.BM25(k1=K1, b=B)
            index.index(counted, create_empty_token=False, show_progress=False)
            arrays = {name: index.scores[name] for name in arrays}
            about["vocabulary"] = index.vocab_dict
        buffer = io.BytesIO()
        arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
        np.savez(buffer, allow_pickle=False, **arrays)
        return {FILE: buffer.getvalue()}

    def load(self, files: Mapping[str, bytes]) -> "Bm25Index":
        try:
            with np.load(io.BytesIO(files[FILE]), allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in ("data", "indices", "indptr")}
                about = json.loads(stored["about"].tobytes())
        except (ValueError, KeyError, OSError, BadZipFile) as error:
            raise IndexDamaged(FILE) from error
        return Bm25Index(arrays, about["passages"], about["vocabulary"], Spelling(about["words"], self._is_known))


class Bm25Index:
    def __init__(
        self, arrays: Mapping[str, Any], passages: Sequence[str], vocabulary: Mapping[str, int], spelling: Spelling
    ) -> None:
        self._passages = passages
        self._vocabulary = vocabulary
        self._spelling = spelling
        self._index = bm25s.BM25(k1=K1, b=B)
        self._index.scores = {**arrays, "num_docs": len(passages)}
        self._index.nonoccurrence_array = None
        self._stemmer = Stemmer.Stemmer("english")
        self._stemming = threading.Lock()  # a stemmer works in a buffer of its own
        frequency = np.diff(arrays["indptr"])
        self._rarity = np.log1p((len(passages) - frequency + 0.5) / (frequency + 0.5))
        self._rarest = float(np.log1p((len(passages) + 0.5) / 0.5))

    def search(self, query: str, vector: Vectors | None, k: int) -> list[tuple[str, float]]:
        """The `k` passages that share most with `query`; none that share nothing."""
        with self._stemming:
            wanted = list(dict.fromkeys(self._stemmer.stemWords(list(terms(query)))))
        known = [self._vocabulary[term] for term in wanted if term in self._vocabulary]
        if not known or k < 1:
            return []
        scores = self._index.get_scores_from_ids(known)
        attainable = float(self._rarity[known].sum()) + self._rarest * (len(wanted) - len(known))
        found = np.flatnonzero(scores)
        best = found[np.argsort(-scores[found], kind="stable")][:k]
        return [(self._passages[row], min(1.0, float(scores[row]) / attainable)) for row in best]

    def mended(self, query: str) -> str:
        """`query` with slips of the keyboard set right, by the words the passages use."""
        return self._spelling.mended(query)
