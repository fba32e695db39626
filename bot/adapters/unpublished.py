"""Vectors that were computed and not published yet, in files: an ingest that is stopped goes on where it stopped.

    folder/0c3f….npz      the ids, vectors and words of one batch, and the embedder that made them

Files are written whole, and each carries its own check sums (those of a zip archive). What cannot be read is no loss:
it is computed again.
"""

import io
import logging
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from bot.indexes import WORD_DIMENSIONS, Reading
from bot.knowledge import Piece

OLDEST = 7 * 24 * 3600  # seconds; what nobody published by then is not waited for

log = logging.getLogger(__name__)


class UnpublishedVectors:
    """`folder` need not exist. Several processes may share it."""

    def __init__(self, folder: Path, embedder: str) -> None:
        self._folder = folder
        self._embedder = embedder

    def keep(self, pieces: Sequence[Piece], made: Reading) -> None:
        """Put by what was made of each piece. Where that is not possible the ingest goes on without."""
        ids = np.fromiter((piece.id for piece in pieces), np.int64, len(pieces))
        name = self._folder / secrets.token_hex(8)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with name.with_suffix(".new").open("wb") as file:
                np.savez(file, allow_pickle=False, ids=ids, embedder=np.array(self._embedder), **_arrays(made))
            os.replace(name.with_suffix(".new"), name.with_suffix(".npz"))
        except OSError as error:
            log.warning(
                "vectors cannot be put by in %s (%s): an ingest that is stopped begins anew", self._folder, error
            )

    def vectors(self, ids: Iterable[int]) -> dict[int, Any]:
        """Those of `ids` that this embedder made."""
        return {id: vector for id, vector, _ in self._found(ids)}

    def words(self, ids: Iterable[int]) -> dict[int, Any]:
        return {id: words for id, _, words in self._found(ids)}

    def _found(self, ids: Iterable[int]) -> Iterator[tuple[int, Any, Any]]:
        wanted = set(ids)
        for file in sorted(self._folder.glob("*.npz")) if wanted else ():
            yield from (one for one in self._held(file) if one[0] in wanted)

    def forget(self, published: Iterable[int]) -> None:
        """Remove files of which all was published, and old ones."""
        done = set(published)
        now = time.time()
        for file in (*self._folder.glob("*.npz"), *self._folder.glob("*.new")):
            try:
                is_old = now - file.stat().st_mtime > OLDEST
                if is_old or (file.suffix == ".npz" and done.issuperset(id for id, *_ in self._held(file))):
                    file.unlink(missing_ok=True)
            except OSError:
                continue  # another process removed it

    def _held(self, file: Path) -> Iterator[tuple[int, Any, Any]]:
        try:
            with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as held:
                if str(held["embedder"]) != self._embedder:
                    return
                ids, vectors, ends = held["ids"].tolist(), held["vectors"], np.cumsum(held["counts"])
                words = np.split(held["words"], ends[:-1]) if len(ends) else []
            yield from zip(ids, vectors, words, strict=True)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            log.warning("%s cannot be read (%s): what it held is computed again", file, error)


def _arrays(made: Reading) -> dict[str, Any]:
    """The words of all texts one after the other, and how many each has."""
    words = [np.asarray(one, dtype=np.int8).reshape(-1, WORD_DIMENSIONS) for one in made.words]
    return {
        "vectors": np.asarray(made.vectors, dtype=np.float32),
        "words": np.concatenate([np.zeros((0, WORD_DIMENSIONS), np.int8), *words]),
        "counts": np.array([len(one) for one in words], np.int64),
    }
