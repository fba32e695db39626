"""Vectors that were computed and not published yet, in files: an ingest that is stopped goes on where it stopped.

    folder/0c3f….npz      the ids, vectors and words of one batch, and the embedder that made them

Files are written whole, and each carries its own check sums (those of a zip archive). What cannot be read is no loss:
it is computed again. Each file is read once to be checked; after that, vectors and words are read where they lie, one
by one, so that those of a hundred thousand passages are never in memory together.
"""

import io
import logging
import os
import secrets
import struct
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

import numpy as np

from bot.adapters.read_late import ReadLate
from bot.errors import Unavailable
from bot.indexes import WORD_DIMENSIONS, Reading
from bot.knowledge import Piece

OLDEST = 7 * 24 * 3600  # seconds; what nobody published by then is not waited for

log = logging.getLogger(__name__)


class UnpublishedVectors:
    """`folder` need not exist. Several processes may share it."""

    def __init__(self, folder: Path, embedder: str) -> None:
        self._folder = folder
        self._embedder = embedder

    def keep(self, pieces: Sequence[Piece], made: Reading) -> bool:
        """Put by what was made of each piece. Where that is not possible (False) the ingest goes on without."""
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
            return False
        return True

    def vectors(self, ids: Iterable[int]) -> Mapping[int, Any]:
        """Those of `ids` that this embedder made."""
        found = self._found(ids)

        def read(n: int) -> Any:
            batch, row = found[n]
            return batch.vectors.rows(row, 1)[0]

        return ReadLate([batch.ids[row] for batch, row in found], read)

    def words(self, ids: Iterable[int]) -> Mapping[int, Any]:
        found = self._found(ids)

        def read(n: int) -> Any:
            batch, row = found[n]
            return batch.words.rows(int(batch.ends[row] - batch.counts[row]), int(batch.counts[row]))

        return ReadLate([batch.ids[row] for batch, row in found], read)

    def _found(self, ids: Iterable[int]) -> list[tuple["_Batch", int]]:
        """Where each lies: its batch, and the row of it there."""
        wanted = set(ids)
        places: dict[int, tuple[_Batch, int]] = {}
        for file in sorted(self._folder.glob("*.npz")) if wanted else ():
            if batch := self._batch(file):
                places.update((id, (batch, row)) for row, id in enumerate(batch.ids) if id in wanted)
        return list(places.values())

    def forget(self, published: Iterable[int]) -> None:
        """Remove files of which all was published, and old ones."""
        done = set(published)
        now = time.time()
        for file in (*self._folder.glob("*.npz"), *self._folder.glob("*.new")):
            try:
                is_old = now - file.stat().st_mtime > OLDEST
                if is_old or (file.suffix == ".npz" and self._is_done(file, done)):
                    file.unlink(missing_ok=True)
            except OSError:
                continue  # another process removed it

    def _is_done(self, file: Path, done: set[int]) -> bool:
        """One that cannot be read is of no use to anybody, nor is another embedder's."""
        batch = self._batch(file)
        return batch is None or done.issuperset(batch.ids)

    def _batch(self, file: Path) -> "_Batch | None":
        """None for another embedder's, and for what cannot be read."""
        try:
            data = io.BytesIO(file.read_bytes())
            with np.load(data, allow_pickle=False) as held:
                if str(held["embedder"]) != self._embedder:
                    return None
                ids, counts = held["ids"].tolist(), held["counts"]
                shapes = {name: held[name].shape for name in ("vectors", "words")}  # reads them, and so checks the sums
            if not len(ids) == len(counts) == shapes["vectors"][0] or counts.sum() != shapes["words"][0]:
                raise ValueError("its parts are not of one length")
            with ZipFile(data) as archive:
                stored = {name: _Stored(file, *_place(archive, data, f"{name}.npy")) for name in shapes}
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            log.warning("%s cannot be read (%s): what it held is computed again", file, error)
            return None
        return _Batch(ids, counts, np.cumsum(counts), stored["vectors"], stored["words"])


@dataclass(frozen=True, slots=True)
class _Stored:
    """A table in a file, row after row from `start` on."""

    file: Path
    start: int
    width: int
    kind: Any

    def rows(self, first: int, n: int) -> Any:
        found = np.empty((n, self.width), self.kind)
        try:
            with self.file.open("rb", buffering=0) as opened:
                whole = os.preadv(opened.fileno(), [found.data], self.start + first * self.width * self.kind.itemsize)
        except OSError as error:
            raise Unavailable(f"{self.file} is gone ({error.strerror}): run `bot ingest` again") from error
        if whole != found.nbytes:
            raise Unavailable(f"{self.file} was cut short meanwhile: run `bot ingest` again")
        return found


@dataclass(frozen=True, slots=True)
class _Batch:
    """Of a file what is small; piece n has `counts[n]` words, up to the row `ends[n]` of all words."""

    ids: Sequence[int]
    counts: Any
    ends: Any
    vectors: _Stored
    words: _Stored


_LOCAL_HEADER = struct.Struct("<26xHH")  # of a zip archive: what is told of a member once more, right before it


def _place(archive: ZipFile, data: io.BytesIO, name: str) -> tuple[int, int, Any]:
    """Where the rows of an array begin, how long each is, and of what. NumPy stores its arrays uncompressed."""
    member = archive.getinfo(name)
    named, more = _LOCAL_HEADER.unpack_from(data.getbuffer(), member.header_offset)
    data.seek(member.header_offset + _LOCAL_HEADER.size + named + more)
    np.lib.format.read_magic(data)
    shape, _, kind = np.lib.format.read_array_header_1_0(data)
    return data.tell(), shape[1], kind


def _arrays(made: Reading) -> dict[str, Any]:
    """The words of all texts one after the other, and how many each has."""
    words = [np.asarray(one, dtype=np.int8).reshape(-1, WORD_DIMENSIONS) for one in made.words]
    return {
        "vectors": np.asarray(made.vectors, dtype=np.float32),
        "words": np.concatenate([np.zeros((0, WORD_DIMENSIONS), np.int8), *words]),
        "counts": np.array([len(one) for one in words], np.int64),
    }
