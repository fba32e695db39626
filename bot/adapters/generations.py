"""Published index generations: written whole beside the live one, made current in one rename, checked when loaded.

    folder/
      CURRENT                      the name of the live generation, replaced by rename
      20261122T005959-ab12cd/      manifest.json and the files it lists
      .new-20261122T010203-…/      being written, or left behind by a crash; swept by the next publication
      .lock                        held by whoever publishes

Each file is synced, then its folder, then renamed into place, then CURRENT: a crash at any moment leaves the old
generation current, or the new one, complete.
"""

import fcntl
import hashlib
import json
import logging
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

from bot import decision
from bot.adapters.generation_parts import (
    IN_PLACE,
    Dense,
    DensePart,
    Kept,
    LexicalPart,
    Progress,
    WordPart,
    Words,
    silent,
)
from bot.errors import Conflict, IndexDamaged, IndexMismatch, NoIndex, Refused, Unavailable
from bot.knowledge import Passage, Piece
from bot.ports import Index, Manifest, Reading, Vectors

KEPT = 5  # generations, so that one can go back by hand
PATIENCE = 30.0  # seconds to wait for another publication
MANIFEST, CURRENT, UNFINISHED = "manifest.json", "CURRENT", ".new-"
DECISION = "decision.json"  # a file of the generation like any other: listed in the manifest, with its checksum
STAMP = "%Y%m%dT%H%M%S"
ILLEGIBLE = "~"  # sorts after every name
_NAME = re.compile(r"\d{8}T\d{6}-[0-9a-f]{6}")

log = logging.getLogger(__name__)


class Generations:
    """The Indexes port over a folder. Thread-safe; other processes may publish into the same folder."""

    def __init__(
        self,
        folder: Path,
        embedder_name: str,
        dimension: int,
        dense: DensePart,
        lexical: LexicalPart,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        kept: Kept | None = None,
        words: WordPart | None = None,
    ) -> None:
        self._folder = folder
        self._embedder = embedder_name
        self._dimension = dimension
        self._dense_part = dense
        self._lexical_part = lexical
        self._word_part = words
        self._now = now
        self._kept = kept
        self._loading = threading.Lock()
        self._index: Index | None = None
        self._dense: Dense | None = None
        self._words: Words | None = None
        self._refused = ""  # the newest name that would not load: it is warned of once, and not tried again

    # ── reading ──

    def current(self) -> Index:
        name = self._live()
        index = self._index
        if index is not None and name in (index.manifest.generation, self._refused):
            return index
        with self._loading:
            return self._replaced(name)

    def vectors(self, wanted: Sequence[Piece]) -> Mapping[int, Any]:
        ids = [piece.id for piece in wanted]
        kept = self._kept.vectors(ids) if self._kept else {}
        try:
            self.current()
        except Unavailable:
            return kept  # nothing to reuse: everything else is embedded again
        return {**kept, **self._dense.vectors(ids)} if self._dense else kept

    def words(self, wanted: Sequence[Piece]) -> Mapping[int, Any]:
        ids = [piece.id for piece in wanted]
        kept = self._kept.words(ids) if self._kept else {}
        try:
            self.current()
        except Unavailable:
            return kept
        return {**kept, **self._words.words(ids)} if self._words else kept

    def _live(self) -> str:
        """The name in CURRENT: empty when nothing was published, ILLEGIBLE when it cannot be told."""
        try:
            name = (self._folder / CURRENT).read_bytes().strip().decode("ascii", "replace")
        except FileNotFoundError:
            return ""
        except OSError:
            return ILLEGIBLE
        return name if _NAME.fullmatch(name) else ILLEGIBLE

    def _replaced(self, name: str) -> Index:
        """Load generation `name` and serve it; when that fails, what was served before, or an older one."""
        if self._index is not None and name in (self._index.manifest.generation, self._refused):
            return self._index  # another thread was first
        if not name:
            if self._index is None:
                raise NoIndex
            return self._index
        try:
            self._index, self._dense, self._words = self._load(name)
            self._refused = ""
        except Unavailable as error:
            if name != self._live():  # swept while it was read: a newer one is there
                return self._replaced(self._live())
            self._refused = name
            self._fall_back(name, error)
        assert self._index is not None
        return self._index

    def _fall_back(self, name: str, error: Unavailable) -> None:
        if self._index is None and not isinstance(error, IndexDamaged):
            raise error
        for older in () if self._index else reversed([other for other in self._names() if other < name]):
            try:
                self._index, self._dense, self._words = self._load(older)
                break
            except Unavailable:
                continue
        if self._index is None:
            raise error
        log.warning("index %s was not loaded: %s; serving %s", name, error, self._index.manifest.generation)

    def _load(self, name: str) -> tuple[Index, Dense, Words | None]:
        if name == ILLEGIBLE:
            raise IndexDamaged(CURRENT)
        manifest = self._manifest(name)
        if (manifest.embedder, manifest.dimension) != (self._embedder, self._dimension):
            raise IndexMismatch(manifest.embedder, self._embedder)
        listed = manifest.files.items()
        files = {file: self._checked(name, file, sha) for file, sha in listed if not file.endswith(IN_PLACE)}
        with ExitStack() as stack:
            in_place = {
                file: stack.enter_context(self._opened(name, file, sha))
                for file, sha in listed
                if file.endswith(IN_PLACE)
            }
            try:
                dense = self._dense_part.load({**files, **in_place}, manifest.dimension)
                lexical = self._lexical_part.load(files)
                words = self._word_part.load(files) if self._word_part else None
            except (KeyError, ValueError) as error:  # a file the manifest does not list, or one in another format
                raise IndexDamaged(f"{name}/{MANIFEST}") from error
        return Index(manifest, dense, lexical, words, _decision(files.get(DECISION), name)), dense, words

    def _manifest(self, name: str) -> Manifest:
        try:
            held = json.loads((self._folder / name / MANIFEST).read_bytes())
            manifest = Manifest(**held["manifest"])
            if held["sha256"] == _digest(_json(asdict(manifest))) and manifest.generation == name:
                return manifest
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamaged(f"{name}/{MANIFEST}") from error
        raise IndexDamaged(f"{name}/{MANIFEST}")

    def _checked(self, name: str, file: str, digest: str) -> bytes:
        """The bytes themselves are returned, so that what is used is what was checked."""
        try:
            data = (self._folder / name / Path(file).name).read_bytes()
        except OSError as error:
            raise IndexDamaged(f"{name}/{file}") from error
        if _digest(data) != digest:
            raise IndexDamaged(f"{name}/{file}")
        return data

    @contextmanager
    def _opened(self, name: str, file: str, digest: str) -> Iterator[BinaryIO]:
        """The very file that was checked, whatever its name stands for by now."""
        try:
            opened = (self._folder / name / Path(file).name).open("rb", buffering=0)
        except OSError as error:
            raise IndexDamaged(f"{name}/{file}") from error
        with opened:
            if hashlib.file_digest(opened, "sha256").hexdigest() != digest:
                raise IndexDamaged(f"{name}/{file}")
            yield opened

    # ── writing ──

    def keep(self, pieces: Sequence[Piece], made: Reading) -> None:
        if self._kept:
            self._kept.keep(pieces, made)

    def publish(
        self,
        passages: Sequence[Passage],
        pieces: Sequence[Piece],
        vectors: Sequence[Any] | Vectors,
        content: str = "",
        words: Sequence[Any] = (),
        progress: Progress = silent,
    ) -> Manifest:
        files = {
            **self._dense_part.build(pieces, vectors, self._dimension, progress),
            **self._lexical_part.build(passages),
            **(self._word_part.build(pieces, words) if self._word_part and len(words) else {}),
        }
        self._folder.mkdir(parents=True, exist_ok=True)
        with _locked(self._folder / ".lock"):
            self._sweep()
            at = self._now()
            files |= self._carried_over()
            manifest = Manifest(
                generation=self._next_name(at),
                embedder=self._embedder,
                dimension=self._dimension,
                passages=len(passages),
                pieces=len({piece.id for piece in pieces}),
                created_at=at.isoformat(),
                files={file: _digest(data) for file, data in files.items()},
                content=content,
            )
            self._write(manifest, files)
            self._prune(manifest.generation)
            if self._kept:
                self._kept.forget(piece.id for piece in pieces)
        return manifest

    def calibrate(self, model: decision.Model, generation: str) -> Manifest:
        with _locked(self._folder / ".lock"):
            if self._live() != generation:
                raise Conflict("the index was replaced while this was being calibrated: run `bot calibrate` again")
            self._sweep()
            old = self._manifest(generation)
            files = {file: self._checked(generation, file, digest) for file, digest in old.files.items()}
            files[DECISION] = json.dumps(model.as_mapping(), indent=1).encode()
            at = self._now()
            digests = {**old.files, DECISION: _digest(files[DECISION])}
            manifest = replace(old, generation=self._next_name(at), created_at=at.isoformat(), files=digests)
            self._write(manifest, files)
            self._prune(manifest.generation)
        return manifest

    def _carried_over(self) -> dict[str, bytes]:
        """The live generation's calibration, if the same embedder made it: other cosines mean other things."""
        try:
            live = self._manifest(self._live())
            if live.embedder != self._embedder or DECISION not in live.files:
                return {}
            return {DECISION: self._checked(live.generation, DECISION, live.files[DECISION])}
        except IndexDamaged:
            return {}

    def _write(self, manifest: Manifest, files: Mapping[str, bytes]) -> None:
        name = manifest.generation
        unfinished = self._folder / f"{UNFINISHED}{name}"
        unfinished.mkdir()
        for file, data in files.items():
            _write_synced(unfinished / file, data)
        held = {"manifest": asdict(manifest), "sha256": _digest(_json(asdict(manifest)))}
        _write_synced(unfinished / MANIFEST, json.dumps(held, indent=1).encode())
        _sync_folder(unfinished)
        os.rename(unfinished, self._folder / name)
        _sync_folder(self._folder)
        _write_synced(self._folder / f"{CURRENT}.tmp", f"{name}\n".encode())
        os.replace(self._folder / f"{CURRENT}.tmp", self._folder / CURRENT)
        _sync_folder(self._folder)

    def _names(self) -> list[str]:
        """Complete generations, oldest first."""
        names = (entry.parent.name for entry in self._folder.glob(f"*/{MANIFEST}"))
        return sorted(name for name in names if _NAME.fullmatch(name))

    def _next_name(self, at: datetime) -> str:
        """Later than every name before it, even within a second or after the clock went back."""
        stamp = at.strftime(STAMP)
        if (names := self._names()) and stamp <= (newest := names[-1].split("-")[0]):
            stamp = (datetime.strptime(newest, STAMP) + timedelta(seconds=1)).strftime(STAMP)
        return f"{stamp}-{secrets.token_hex(3)}"

    def _sweep(self) -> None:
        for left_over in self._folder.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left_over, ignore_errors=True)

    def _prune(self, live: str) -> None:
        for name in self._names()[:-KEPT]:
            if name != live:
                shutil.rmtree(self._folder / name, ignore_errors=True)


def _decision(held: bytes | None, name: str) -> decision.Model | None:
    """None when nothing was calibrated, or by a version whose format is not ours: neither stops anything else."""
    try:
        return decision.model(json.loads(held)) if held else None
    except (ValueError, Refused) as error:
        log.warning("index %s: %s; the shipped decision is used", name, error)
        return None


def embedder_of(folder: Path) -> str:
    """The name of the embedder that built the live generation, or the newest that can be read; "" for none."""
    try:
        live = [(folder / CURRENT).read_bytes().strip().decode("ascii", "replace")]
    except OSError:
        live = []
    others = sorted((entry.parent.name for entry in folder.glob(f"*/{MANIFEST}")), reverse=True)
    for name in filter(_NAME.fullmatch, [*live, *others]):
        try:
            held = json.loads((folder / name / MANIFEST).read_bytes())
            return str(held["manifest"]["embedder"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return ""


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the file's lock; the system lets go of it when the process dies, however it dies."""
    with path.open("w") as file:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise Unavailable("another ingest is publishing this index: try again when it is done") from None
                time.sleep(0.05)
        yield
