"""Generations made of parts that are easy to read: what is published is JSON, and all of it is found."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.adapters.generations import Generations
from bot.indexes import Index
from bot.knowledge import Passage, Piece

AT = datetime(2026, 11, 22, 0, 59, 59, tzinfo=UTC)


class Loaded:
    """What a part loads: it finds every passage that was published."""

    def __init__(self, stored: Mapping[str, Any]) -> None:
        self.stored = stored

    def search(self, query: str, vector: Any, k: int) -> list[tuple[str, float]]:
        return [(passage, 1.0) for passage in self.stored["passages"]][:k]

    def vectors(self, ids: Iterable[int]) -> dict[int, Any]:
        return {id: self.stored["vectors"][str(id)] for id in ids if str(id) in self.stored["vectors"]}


class DenseJson:
    def build(
        self, pieces: Sequence[Piece], vectors: Any, dimension: int, progress: Any = lambda done, total: None
    ) -> dict[str, bytes]:
        progress(len(pieces), len(pieces))
        by_id = {str(piece.id): list(vectors[n]) for n, piece in enumerate(pieces)}
        passages = list(dict.fromkeys(piece.passage for piece in pieces))
        return {"dense.json": json.dumps({"vectors": by_id, "passages": passages, "pad": "x" * 9_000}).encode()}

    def load(self, files: Mapping[str, bytes], dimension: int) -> Loaded:
        return Loaded(json.loads(files["dense.json"]))


class LexicalJson:
    def build(self, passages: Sequence[Passage]) -> dict[str, bytes]:
        return {"lexical.json": json.dumps({"passages": [p.id for p in passages], "vectors": {}}).encode()}

    def load(self, files: Mapping[str, bytes]) -> Loaded:
        return Loaded(json.loads(files["lexical.json"]))


def opened(folder: Path, embedder: str = "model@1", dimension: int = 2, at: datetime = AT) -> Generations:
    return Generations(folder, embedder, dimension, DenseJson(), LexicalJson(), now=lambda: at)


Contents = tuple[list[Passage], list[Piece], list[list[float]]]


def contents(*names: str) -> Contents:
    passages = [Passage(name, name, name, name, "en") for name in names]
    pieces = [Piece(passage.id, passage.text) for passage in passages]
    return passages, pieces, [[1.0, float(n)] for n, _ in enumerate(pieces)]


def publish(indexes: Generations, *names: str) -> str:
    return indexes.publish(*contents(*names)).generation


def build(indexes: Generations, *names: str) -> str:
    return indexes.build(*contents(*names)).generation


def served(indexes: Generations) -> int:
    return n_found(indexes.current())


def n_found(index: Index) -> int:
    return len(index.dense.search("", None, 100))
