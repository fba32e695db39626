"""What a generation is made of: parts turn what was computed into named bytes, and checked bytes into retrievers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from bot.indexes import Reading, Retriever, Vectors, WordMatch
from bot.knowledge import Passage, Piece

IN_PLACE = ".rows"  # the ending of files that are checked and then read where they are, not into memory
Progress = Callable[[int, int], None]  # done, total


def silent(done: int, total: int) -> None:
    pass


class Dense(Retriever, Protocol):
    def vectors(self, ids: Iterable[int]) -> Mapping[int, Any]: ...


class DensePart(Protocol):
    """Turns vectors into named bytes, and bytes that were checked into a retriever.

    Files whose names end in IN_PLACE come as open files. They are closed after loading: a part that goes on reading
    keeps a descriptor of its own.
    """

    def build(
        self, pieces: Sequence[Piece], vectors: Sequence[Any] | Vectors, dimension: int, progress: Progress = silent
    ) -> Mapping[str, bytes]: ...
    def load(self, files: Mapping[str, Any], dimension: int) -> Dense: ...


class LexicalPart(Protocol):
    def build(self, passages: Sequence[Passage]) -> Mapping[str, bytes]: ...
    def load(self, files: Mapping[str, bytes]) -> Retriever: ...


class Kept(Protocol):
    """What the embedder made of pieces, put by until it is published."""

    def keep(self, pieces: Sequence[Piece], made: Reading) -> bool: ...
    def vectors(self, ids: Iterable[int]) -> Mapping[int, Any]: ...
    def words(self, ids: Iterable[int]) -> Mapping[int, Any]: ...
    def forget(self, published: Iterable[int]) -> None: ...


class Words(WordMatch, Protocol):
    def words(self, ids: Iterable[int]) -> Mapping[int, Any]: ...


class WordPart(Protocol):
    def build(self, pieces: Sequence[Piece], words: Sequence[Any]) -> Mapping[str, bytes]: ...
    def load(self, files: Mapping[str, bytes]) -> Words | None: ...
