"""What is searched: vectors, retrievers, and the published generations of an index."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from bot.decision import Model, Nearest
from bot.knowledge import Passage, Piece


class Vectors(Protocol):
    """n × d float32, each row of unit length (a NumPy array; the core never looks inside)."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: Any, /) -> Any: ...


WORD_DIMENSIONS, WORD_SCALE = 64, 127  # of a word's vector: so many bytes, the unit being this


@dataclass(frozen=True, slots=True)
class Reading:
    """One vector of each text, and one of each topic word piece in it, as it is meant there: m × WORD_DIMENSIONS int8,
    of length WORD_SCALE. No words at all of a model for which that was not measured."""

    vectors: Vectors
    words: Sequence[Any]


class Retriever(Protocol):
    """Finds passages: (passage id, score) best first, at most `k`. Thread-safe; blocks."""

    def search(self, query: str, vector: Vectors | None, k: int) -> list[tuple[str, float]]: ...


@runtime_checkable
class Mends(Protocol):
    """A lexical retriever that also sets slips of the keyboard right, by the words the passages use."""

    def mended(self, query: str) -> str: ...


@runtime_checkable
class Tells(Protocol):
    """A dense retriever that also tells which pieces are nearest, best first, each by its passage."""

    def nearest(self, vector: Any, k: int) -> Nearest: ...


@runtime_checkable
class Divides(Protocol):
    """An embedder made of several, whose vectors for two languages cannot be compared."""

    def compares(self, one: str, other: str) -> bool: ...


class WordMatch(Protocol):
    """Tells how near passages come to each word of a query. Thread-safe; blocks."""

    def match(
        self, words: Any, passages: Iterable[str], without: Container[int] = ()
    ) -> Mapping[str, tuple[float, float]]:
        """How near each passage that has words comes to the words of a query: the mean of the cosines, and the least.

        Pieces with an id in `without` are passed over."""
        ...


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one published generation is, and the checksums that prove it."""

    generation: str
    embedder: str
    dimension: int
    passages: int
    pieces: int
    created_at: str
    files: Mapping[str, str]  # file name → SHA-256
    content: str = ""  # one hash over all passage ids: does it agree with SQL?


@dataclass(frozen=True, slots=True)
class Index:
    """One loaded generation: replaced whole, never changed."""

    manifest: Manifest
    dense: Retriever
    lexical: Retriever
    words: WordMatch | None = None  # None: a generation built without
    decision: Model | None = None  # what `bot calibrate` found; None: nothing was calibrated


class Indexes(Protocol):
    """The published generations, and candidates: complete, not current, and gone when whoever built them is.

    A generation that is not there is NotFound; one of another embedder IndexMismatch; one that fails IndexDamaged.
    """

    def current(self) -> Index:
        """The newest generation, loaded once; looks for a newer one at each call (one `readlink`).

        Raises NoIndex, IndexMismatch or IndexDamaged. When a newer one cannot be loaded the old one keeps serving.
        """
        ...

    def vectors(self, wanted: Sequence[Piece]) -> Mapping[int, Any]:
        """The vectors that are held already, by piece id: published by this model, or put by."""
        ...

    def words(self, wanted: Sequence[Piece]) -> Mapping[int, Any]:
        """The same for the pieces' words."""
        ...

    def keep(self, pieces: Sequence[Piece], made: Reading) -> bool:
        """Put by what the embedder made until it is published: a stopped ingest goes on from there.

        Whether `vectors` and `words` know it from now on."""
        ...

    def build(
        self,
        passages: Sequence[Passage],
        pieces: Sequence[Piece],
        vectors: Sequence[Any] | Vectors,
        content: str = "",
        words: Sequence[Any] = (),
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Manifest:
        """Write a whole generation beside the live one and sync it to disk: a candidate.

        `vectors` and `words`, if any, hold what belongs to each piece, in order. A calibration of the live generation
        is carried over when the same embedder made both.
        """
        ...

    def again(self, generation: str) -> Manifest:
        """A candidate that holds what `generation` holds, its calibration too: to go back is to publish again."""
        ...

    def load(self, generation: str) -> Index:
        """A candidate or an older generation, verified; what is current stays so."""
        ...

    def make_current(self, generation: str, instead_of: str | None = None) -> Manifest:
        """Publish a candidate, in one rename; nothing happens when it is current already.

        Raises Conflict when something newer was published, or when `instead_of` is given and no longer the live one.
        """
        ...

    def discard(self, generation: str) -> None:
        """Take a candidate away. What is gone already is no error, and what was published stays."""
        ...

    def publish(
        self,
        passages: Sequence[Passage],
        pieces: Sequence[Piece],
        vectors: Sequence[Any] | Vectors,
        content: str = "",
        words: Sequence[Any] = (),
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Manifest:
        """Build, and make current whatever is live by then. Publications at once take turns."""
        ...

    def calibrate(self, model: Model, generation: str) -> Manifest:
        """Publish `generation` once more, with this calibration. Raises Conflict when it is no longer the live one."""
        ...

    def live(self) -> str:
        """The name of the live generation; empty when there is none, or it cannot be told."""
        ...

    def generations(self) -> Sequence[Manifest]:
        """What is kept, oldest first; candidates and what cannot be read are left out."""
        ...

    def passages(self, generation: str) -> tuple[str, ...]:
        """The ids of its passages. NotFound too when it was written before generations listed them."""
        ...

    def verify(self, generation: str) -> Manifest:
        """Every file against its checksum, and a trial load if this embedder made it."""
        ...

    def prune(self, keep: int) -> Sequence[str]:
        """Remove all but the newest `keep`, and never the live one; returns the names removed."""
        ...
