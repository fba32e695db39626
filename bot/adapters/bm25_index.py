"""Lexical retrieval: BM25 over whole passages, titles and phrasings included, with bm25s.

A score is the share of what the best imaginable passage would get for this query, 0..1: each term counts by its
rarity, and a term no passage has counts most of all. So a query that half matches scores low even where nothing
scores higher, and scores of different queries compare. (Divided by the best hit's score they do not: the top is 1,
however bad. On four sets of questions the share also ranked better once fused.)

Chinese passages are counted apart from the others: how rare a word is, and how long a passage usually is, are facts of
one language. What is found for a question in one language is so the same whatever was added in the other.
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
from bot.indexes import Vectors
from bot.knowledge import Passage, language_of, script_of
from bot.text import Spelling, runs, terms

FILE = "bm25.npz"
ARRAYS = ("data", "indices", "indptr")
SCRIPTS = ("latin", "zh")
K1, B = 1.5, 0.75  # the usual ones; shorter and flatter settings did worse on every set


class Bm25Part:
    """Builds and loads the lexical part of a generation. `is_known` tells words from slips of the keyboard.

    Only an unknown word is ever mended in a query, so without it none is.
    """

    def __init__(self, is_known: Callable[[str], bool] = lambda word: True) -> None:
        logging.getLogger("bm25s").setLevel(logging.WARNING)  # the library turns DEBUG on by itself
        self._is_known = is_known

    def build(self, passages: Sequence[Passage]) -> dict[str, bytes]:
        texts = {passage.id: "\n".join((passage.title, *passage.phrasings, passage.text)) for passage in passages}
        words = Counter(word for text in texts.values() for word in runs(text))
        arrays: dict[str, Any] = {}
        shelves: dict[str, Any] = {}
        for script in SCRIPTS:
            ids = [passage.id for passage in passages if script_of(passage.language) == script]
            vocabulary, own = _counted([texts[id] for id in ids])
            shelves[script] = {"passages": ids, "vocabulary": vocabulary}
            arrays.update((f"{script}.{name}", array) for name, array in own.items())
        arrays["about"] = np.frombuffer(json.dumps({"shelves": shelves, "words": words}).encode(), np.uint8)
        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        return {FILE: buffer.getvalue()}

    def load(self, files: Mapping[str, bytes]) -> "Bm25Index":
        try:
            with np.load(io.BytesIO(files[FILE]), allow_pickle=False) as stored:
                about = json.loads(stored["about"].tobytes())
                shelves = {script: _loaded(stored, f"{script}.", one) for script, one in _shelves(about).items()}
        except (ValueError, KeyError, OSError, BadZipFile) as error:
            raise IndexDamaged(FILE) from error
        return Bm25Index(shelves, Spelling(about["words"], self._is_known))


def _counted(texts: Sequence[str]) -> tuple[dict[str, int], dict[str, Any]]:
    """The vocabulary, and the arrays of a sparse matrix of scores."""
    stemmer = Stemmer.Stemmer("english")
    one: dict[str, str] = {}  # of each stem: a hundred thousand passages hold millions of them
    counted = [[one.setdefault(stem, stem) for stem in stemmer.stemWords(list(terms(text)))] for text in texts]
    if not any(counted):
        return {}, {name: np.zeros(1 if name == "indptr" else 0, np.int32) for name in ARRAYS}
    index = bm25s.BM25(k1=K1, b=B)
    index.index(counted, create_empty_token=False, show_progress=False)
    return index.vocab_dict, {name: index.scores[name] for name in ARRAYS}


def _shelves(about: Mapping[str, Any]) -> Mapping[str, Any]:
    """An index of before the languages were counted apart is one shelf, asked whatever the language."""
    shelves: Mapping[str, Any] = about.get("shelves", {"": about})
    return shelves


def _loaded(stored: Mapping[str, Any], prefix: str, about: Mapping[str, Any]) -> "_Shelf":
    arrays = {name: stored[prefix.removeprefix(".") + name] for name in ARRAYS}
    return _Shelf(arrays, about["passages"], about["vocabulary"])


class _Shelf:
    """The passages of one script."""

    def __init__(self, arrays: Mapping[str, Any], passages: Sequence[str], vocabulary: Mapping[str, int]) -> None:
        self._passages = passages
        self._vocabulary = vocabulary
        self._index = bm25s.BM25(k1=K1, b=B)
        self._index.scores = {**arrays, "num_docs": len(passages)}
        self._index.nonoccurrence_array = None
        frequency = np.diff(arrays["indptr"])
        self._rarity = np.log1p((len(passages) - frequency + 0.5) / (frequency + 0.5))
        self._rarest = float(np.log1p((len(passages) + 0.5) / 0.5))

    def search(self, wanted: Sequence[str], k: int) -> list[tuple[str, float]]:
        known = [self._vocabulary[term] for term in wanted if term in self._vocabulary]
        if not known:
            return []
        scores = self._index.get_scores_from_ids(known)
        attainable = float(self._rarity[known].sum()) + self._rarest * (len(wanted) - len(known))
        found = np.flatnonzero(scores)
        if 0 < k < len(found):  # of very many only those that can be among the best are put in order
            found = found[scores[found] >= np.partition(scores[found], -k)[-k]]
        best = found[np.argsort(-scores[found], kind="stable")][:k]
        return [(self._passages[row], min(1.0, float(scores[row]) / attainable)) for row in best]


class Bm25Index:
    def __init__(self, shelves: Mapping[str, _Shelf], spelling: Spelling) -> None:
        self._shelves = shelves
        self._spelling = spelling
        self._stemmer = Stemmer.Stemmer("english")
        self._stemming = threading.Lock()  # a stemmer works in a buffer of its own

    def search(self, query: str, vector: Vectors | None, k: int) -> list[tuple[str, float]]:
        """The `k` passages that share most with `query`; none that share nothing. Those in its own language first."""
        with self._stemming:
            wanted = list(dict.fromkeys(self._stemmer.stemWords(list(terms(query)))))
        own = script_of(language_of(query))
        shelves = sorted(self._shelves.items(), key=lambda shelf: shelf[0] != own)
        return [hit for _, shelf in shelves for hit in shelf.search(wanted, max(k, 0))][: max(k, 0)]

    def mended(self, query: str) -> str:
        """`query` with slips of the keyboard set right, by the words the passages use."""
        return self._spelling.mended(query)
