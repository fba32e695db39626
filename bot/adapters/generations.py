"""Published index generations: written whole beside the live one, made current in one rename, checked when loaded.

What a generation is on disk, and what a crash may leave there, says `generation_files`.
"""

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot import decision
from bot.adapters.generation_files import CURRENT, ILLEGIBLE, MANIFEST, NAME, GenerationFolder, Made, digest
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
from bot.adapters.read_late import Either
from bot.errors import Conflict, IndexDamaged, IndexMismatch, NoIndex, NotFound, Refused, Unavailable
from bot.indexes import Index, Manifest, Reading, Vectors
from bot.knowledge import Passage, Piece

KEPT = 5  # generations, so that one can go back
DECISION = "decision.json"  # a file of the generation like any other: listed in the manifest, with its checksum
PASSAGES = "passages.txt"  # the ids of its passages, one a line

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
        self._folder = GenerationFolder(folder)
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
        self._is_looked_at = False  # who may write in the folder
        self._built: dict[str, tuple[int, ...]] = {}  # candidates of ours → the ids of their pieces

    # ── serving ──

    def current(self) -> Index:
        name = self._folder.live()
        index = self._index
        if index is not None and name in (index.manifest.generation, self._refused):
            return index
        # While one thread loads the new generation, the others are served by the old one.
        if not self._loading.acquire(blocking=index is None):
            assert index is not None
            return index
        try:
            return self._replaced(name)
        finally:
            self._loading.release()

    def vectors(self, wanted: Sequence[Piece]) -> Mapping[int, Any]:
        ids = [piece.id for piece in wanted]
        kept = self._kept.vectors(ids) if self._kept else {}
        try:
            self.current()
        except Unavailable:
            return kept  # nothing to reuse: everything else is embedded again
        return Either(self._dense.vectors(ids), kept) if self._dense else kept

    def words(self, wanted: Sequence[Piece]) -> Mapping[int, Any]:
        ids = [piece.id for piece in wanted]
        kept = self._kept.words(ids) if self._kept else {}
        try:
            self.current()
        except Unavailable:
            return kept
        return Either(self._words.words(ids), kept) if self._words else kept

    def _replaced(self, name: str) -> Index:
        """Load generation `name` and serve it; when that fails, what was served before, or an older one."""
        if self._index is not None and name in (self._index.manifest.generation, self._refused):
            return self._index  # another thread was first
        if not name:
            if self._index is None:
                raise NoIndex
            return self._index
        try:
            self._index, self._dense, self._words = self._loaded(name)
            self._refused = ""
        except Unavailable as error:
            if name != self._folder.live():  # swept while it was read: a newer one is there
                return self._replaced(self._folder.live())
            self._refused = name
            self._fall_back(name, error)
        assert self._index is not None
        return self._index

    def _fall_back(self, name: str, error: Unavailable) -> None:
        if self._index is None and not isinstance(error, IndexDamaged):
            raise error
        for older in () if self._index else reversed([other for other in self._folder.names() if other < name]):
            try:
                self._index, self._dense, self._words = self._loaded(older)
                break
            except Unavailable:
                continue
        if self._index is None:
            raise error
        log.warning("index %s was not loaded: %s; serving %s", name, error, self._index.manifest.generation)

    # ── loading ──

    def load(self, generation: str) -> Index:
        self._manifest(generation)
        return self._loaded(generation)[0]

    def verify(self, generation: str) -> Manifest:
        manifest = self._manifest(generation)
        if (manifest.embedder, manifest.dimension) == (self._embedder, self._dimension):
            self._loaded(generation)
        else:  # of no use here, but is it whole?
            for file, sha256 in manifest.files.items():
                with self._folder.opened(generation, file, sha256):
                    pass
        return manifest

    def passages(self, generation: str) -> tuple[str, ...]:
        manifest = self._manifest(generation)
        if PASSAGES not in manifest.files:
            raise NotFound(f"{generation} was written before generations listed what they hold")
        return _ids(self._folder.checked(generation, PASSAGES, manifest.files[PASSAGES]))

    def generations(self) -> Sequence[Manifest]:
        found = []
        for name in self._folder.names():
            try:
                found.append(self._folder.manifest(name))
            except IndexDamaged as error:
                log.warning("index %s is left out: %s", name, error)
        return found

    def live(self) -> str:
        name = self._folder.live()
        return name if name != ILLEGIBLE else ""

    def _manifest(self, name: str) -> Manifest:
        if not self._folder.has(name):
            raise NotFound(f"there is no generation {name}: `bot kb history` lists them")
        return self._folder.manifest(name)

    def _loaded(self, name: str) -> tuple[Index, Dense, Words | None]:
        if name == ILLEGIBLE:
            raise IndexDamaged(CURRENT)
        self._look_at_the_folder()
        manifest = self._folder.manifest(name)
        self._check_maker(manifest)
        listed = manifest.files.items()
        files = {file: self._folder.checked(name, file, sha) for file, sha in listed if not file.endswith(IN_PLACE)}
        if PASSAGES in files and len(_ids(files[PASSAGES])) != manifest.passages:
            raise IndexDamaged(f"{name}/{PASSAGES}")
        with ExitStack() as stack:
            in_place = {
                file: stack.enter_context(self._folder.opened(name, file, sha))
                for file, sha in listed
                if file.endswith(IN_PLACE)
            }
            try:
                dense = self._dense_part.load({**files, **in_place}, manifest.dimension)
                lexical = self._lexical_part.load(files)
                words = self._word_part.load(files) if self._word_part else None
            except Unavailable:
                raise
            except Exception as error:  # a file is missing or in another format, and made by whoever made its checksum
                raise IndexDamaged(f"{name}/{MANIFEST}") from error
        return Index(manifest, dense, lexical, words, _decision(files.get(DECISION), name)), dense, words

    def _check_maker(self, manifest: Manifest) -> None:
        if (manifest.embedder, manifest.dimension) != (self._embedder, self._dimension):
            raise IndexMismatch(manifest.embedder, self._embedder)

    def _look_at_the_folder(self) -> None:
        if not self._is_looked_at and (warning := self._folder.others_may_write()):
            log.warning("%s", warning)
        self._is_looked_at = True

    # ── writing ──

    def keep(self, pieces: Sequence[Piece], made: Reading) -> bool:
        return self._kept is not None and self._kept.keep(pieces, made)

    def publish(
        self,
        passages: Sequence[Passage],
        pieces: Sequence[Piece],
        vectors: Sequence[Any] | Vectors,
        content: str = "",
        words: Sequence[Any] = (),
        progress: Progress = silent,
    ) -> Manifest:
        made = self._made(passages, pieces, vectors, content, words, progress)
        with made as (manifest, files), self._folder.locked():
            # Held from one to the other: publications at once take turns.
            manifest = self._written(manifest, files, pieces)
            self._switch(manifest.generation)
        return manifest

    def build(
        self,
        passages: Sequence[Passage],
        pieces: Sequence[Piece],
        vectors: Sequence[Any] | Vectors,
        content: str = "",
        words: Sequence[Any] = (),
        progress: Progress = silent,
    ) -> Manifest:
        made = self._made(passages, pieces, vectors, content, words, progress)
        with made as (manifest, files), self._folder.locked():
            return self._written(manifest, files, pieces)

    def again(self, generation: str) -> Manifest:
        old = self._manifest(generation)
        self._check_maker(old)
        with self._folder.locked():
            manifest = self._named(old)
            self._folder.write(manifest, {}, generation)
        return manifest

    def calibrate(self, model: decision.Model, generation: str) -> Manifest:
        made = json.dumps(model.as_mapping(), indent=1).encode()
        with self._folder.locked():
            if self._folder.live() != generation:
                raise Conflict("the index was replaced while this was being calibrated: run `bot calibrate` again")
            old = self._folder.manifest(generation)
            if DECISION in old.files:  # damage is told even where it would be written over
                self._folder.checked(generation, DECISION, old.files[DECISION])
            manifest = self._named(replace(old, files={**old.files, DECISION: digest(made)}))
            self._folder.write(manifest, {DECISION: made}, generation)
            self._switch(manifest.generation)
        return manifest

    def make_current(self, generation: str, instead_of: str | None = None) -> Manifest:
        manifest = self._manifest(generation)
        with self._folder.locked():
            if self.live() == generation:
                return manifest
            newest = self._folder.names()[-1:]
            if instead_of not in (None, self.live()) or newest > [generation]:  # names never go back
                raise Conflict("another index was published meanwhile: nothing was replaced", "version")
            if not self._folder.is_candidate(generation):
                raise Conflict(f"{generation} is no candidate any more", "status")
            self._switch(generation)
        return manifest

    def discard(self, generation: str) -> None:
        with self._folder.locked():
            if self._folder.is_candidate(generation):
                self._folder.remove(generation)
            self._built.pop(generation, None)

    def prune(self, keep: int = KEPT) -> Sequence[str]:
        if keep < 1:
            raise Refused("at least one generation is kept")
        with self._folder.locked():
            return self._folder.prune(keep)

    @contextmanager
    def _made(
        self,
        passages: Sequence[Passage],
        pieces: Sequence[Piece],
        vectors: Sequence[Any] | Vectors,
        content: str,
        words: Sequence[Any],
        progress: Progress,
    ) -> Iterator[tuple[Manifest, Mapping[str, Made]]]:
        """All but the name and the time, which are given when it is written."""
        files: dict[str, Made] = {}
        digests: dict[str, str] = {}

        def take(made: Mapping[str, bytes]) -> None:
            digests.update((file, digest(data)) for file, data in made.items())
            files.update((file, self._folder.put_by(data)) for file, data in made.items())

        try:
            # What takes most memory comes first, while nothing waits.
            take(self._dense_part.build(pieces, vectors, self._dimension, progress))
            take(self._lexical_part.build(passages))
            take(self._word_part.build(pieces, words) if self._word_part and len(words) else {})
            take({PASSAGES: "".join(f"{passage.id}\n" for passage in passages).encode()})
            n_pieces = len({piece.id for piece in pieces})
            yield Manifest("", self._embedder, self._dimension, len(passages), n_pieces, "", digests, content), files
        finally:
            for made in files.values():
                if not isinstance(made, bytes):
                    made.close()

    def _written(self, made: Manifest, files: Mapping[str, Made], pieces: Sequence[Piece]) -> Manifest:
        kept = self._carried_over()
        digests = {**made.files, **{file: digest(data) for file, data in kept.items()}}
        manifest = self._named(replace(made, files=digests))
        self._folder.write(manifest, {**files, **kept})
        self._built[manifest.generation] = tuple(piece.id for piece in pieces)
        return manifest

    def _named(self, manifest: Manifest) -> Manifest:
        at = self._now()
        return replace(manifest, generation=self._folder.next_name(at), created_at=at.isoformat())

    def _switch(self, name: str) -> None:
        self._folder.switch(name)
        self._folder.prune(KEPT)
        pieces = self._built.pop(name, ())
        if self._kept and pieces:
            self._kept.forget(pieces)

    def _carried_over(self) -> dict[str, bytes]:
        """The live generation's calibration, if the same embedder made it: other cosines mean other things."""
        try:
            live = self._folder.manifest(self._folder.live())
            if live.embedder != self._embedder or DECISION not in live.files:
                return {}
            return {DECISION: self._folder.checked(live.generation, DECISION, live.files[DECISION])}
        except IndexDamaged:
            return {}


def _ids(data: bytes) -> tuple[str, ...]:
    return tuple(data.decode("ascii", "replace").split())


def _decision(held: bytes | None, name: str) -> decision.Model | None:
    """None when nothing was calibrated, or by a version whose format is not ours: neither stops anything else."""
    try:
        return decision.model(json.loads(held)) if held else None
    except (ValueError, Refused) as error:
        log.warning("index %s: %s; the shipped decision is used", name, error)
        return None


def embedder_of(folder: Path) -> str:
    """The name of the embedder that built the live generation, or the newest that can be read; "" for none."""
    files = GenerationFolder(folder)
    for name in (files.live(), *reversed(files.names())):
        try:
            held = json.loads(files.read(name, MANIFEST)) if NAME.fullmatch(name) else {}
            return str(held["manifest"]["embedder"])
        except (IndexDamaged, ValueError, KeyError, TypeError):
            continue
    return ""
