"""Moods by a kernel ridge regression on embeddings, fitted in a moment to a few hundred examples.

Each example is a point; each mood, and the ordinary, a function that is 1 at its own points and 0 at the others. A
message is in a mood when that function rises far enough above the ordinary one. How far is enough follows from the
examples themselves: with this regression what each would have scored had it not been among them is known exactly.
"""

import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any
from zipfile import BadZipFile

import numpy as np

from bot.knowledge import language_of
from bot.mood import FEWEST, FEWEST_ORDINARY, LANGUAGES, ORDINARY, Example, Heard, Mood, readable
from bot.ports import Embedder

# Chosen on questions to shops, to a bank and to a voice assistant; flat around these values.
NARROWNESS = 1.0  # of the kernel: 0.5 to 2 measure alike
RIDGE = 0.2


@dataclass(frozen=True, slots=True)
class Ear:
    """When a mood is heard. The ordinary examples were picked to be hard: of what a shop is really asked, a tenth of
    the share of them that is taken for the mood will be."""

    alarms: float = 0.01  # the share of the ordinary examples, each left out in turn, that may be taken for the mood
    least: float = -0.15  # whatever that allows: how far the mood may stay below the ordinary
    sure: float = 0.2  # so much above its threshold a mood is certain


# Who may want a person is heard early, and the pages are asked first; nobody is told of a crisis line by mistake.
EARS: Mapping[Mood, Ear] = {Mood.ASKED: Ear(0.11, -0.25, 0.15), Mood.SELF_HARM: Ear(0.01, 0.15, 0.0)}
EVERYDAY = Ear()


class MoodModel:
    """Port `Moods`. Fitted when first needed; the examples' vectors are kept in `cache`, if any, for the next start."""

    def __init__(self, embedder: Embedder, examples: Sequence[Example], cache: Path | None = None) -> None:
        self._embedder = embedder
        self._examples = readable(examples, embedder.languages)
        self._cache = cache
        self._fitting = threading.Lock()
        self._fitted: Mapping[str, _Fitted] | None = None

    def hear(self, texts: Sequence[str]) -> Heard | None:
        fitted = self.prepare().get(language_of(texts[0])) if texts else None
        if fitted is None:
            return None
        # The whole message by itself, just as the search will ask for it: an embedder that remembers embeds it once.
        parts = (texts[:1], texts[1:])
        return fitted.heard(np.concatenate([self._embedder.embed(part, is_query=True) for part in parts if part]))

    def prepare(self) -> Mapping[str, "_Fitted"]:
        """Fit now what would be fitted for the first message: each language by itself, for embedders that read two
        may do so with two models."""
        with self._fitting:
            if self._fitted is None:
                self._fitted = dict(self._fit(self._vectors()))
            return self._fitted

    def _fit(self, vectors: Any) -> Iterator[tuple[str, "_Fitted"]]:
        for language in LANGUAGES:
            rows = [row for row, example in enumerate(self._examples) if example.language == language]
            tables = [self._examples[row].table for row in rows]
            if tables.count(ORDINARY) >= FEWEST_ORDINARY:
                yield language, _Fitted(vectors[rows], tables)

    def _vectors(self) -> Any:
        texts = [example.text for example in self._examples]
        digest = hashlib.sha256("\n".join((self._embedder.name, *texts)).encode()).hexdigest()
        kept = _read(self._cache, digest, (len(texts), self._embedder.dimension)) if self._cache else None
        if kept is not None:
            return kept
        vectors = np.asarray(self._embedder.embed(texts, is_query=True), dtype=np.float32)
        if self._cache:
            _write(self._cache, digest, vectors)
        return vectors


class _Fitted:
    def __init__(self, vectors: Any, tables: Sequence[str]) -> None:
        labels = np.array(tables)
        self._moods = [mood for mood in Mood if (labels == mood).sum() >= FEWEST]
        self._centre = vectors.mean(axis=0)
        self._points = self._placed(vectors)
        wanted = np.stack([labels == name for name in (*self._moods, ORDINARY)], axis=1).astype(np.float64)
        self._level = wanted.mean(axis=0)
        inverse = np.linalg.inv(self._kernel(self._points) + RIDGE * np.eye(len(labels)))
        self._weights = inverse @ (wanted - self._level)
        left_out = wanted - self._weights / np.diag(inverse)[:, None]  # each point's score had it not been there
        self.thresholds = [_threshold(mood, _rises(left_out)[:, n], labels) for n, mood in enumerate(self._moods)]

    def heard(self, vectors: Any) -> Heard | None:
        """The strongest mood of any of the texts."""
        if not self._moods:
            return None
        scores = self._level + self._kernel(self._placed(vectors)) @ self._weights
        over = (_rises(scores) - np.array(self.thresholds)).max(axis=0)
        best = int(over.argmax())
        if over[best] < 0:
            return None
        mood = self._moods[best]
        return Heard(mood, is_certain=bool(over[best] >= EARS.get(mood, EVERYDAY).sure))

    def _placed(self, vectors: Any) -> Any:
        """Seen from the middle of all examples, so that one embedder's cosines are like another's."""
        seen = vectors - self._centre
        return seen / np.maximum(np.linalg.norm(seen, axis=1, keepdims=True), 1e-9)

    def _kernel(self, points: Any) -> Any:
        return np.exp(NARROWNESS * (points @ self._points.T - 1.0)).astype(np.float64)


def _rises(scores: Any) -> Any:
    """How far each mood rises above the ordinary."""
    return scores[:, :-1] - scores[:, -1:]


def _threshold(mood: Mood, left_out: Any, labels: Any) -> float:
    ear = EARS.get(mood, EVERYDAY)
    return max(float(np.quantile(left_out[labels == ORDINARY], 1.0 - ear.alarms)), ear.least)


# ── keeping the examples' vectors ──


def _read(file: Path, digest: str, shape: tuple[int, int]) -> Any:
    """None for a file that is missing, damaged, or of other examples or another model."""
    try:
        with file.open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
            vectors = kept["vectors"]
            fits = str(kept["digest"]) == digest and vectors.shape == shape and bool(np.isfinite(vectors).all())
            return vectors if fits else None
    except (OSError, ValueError, KeyError, EOFError, TypeError, BadZipFile):
        return None


def _write(file: Path, digest: str, vectors: Any) -> None:
    """Whole or not at all; a folder that cannot be written only costs the time at the next start."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=file.parent, suffix=".npz", delete=False) as made:
            np.savez(made, digest=np.array(digest), vectors=vectors)
        Path(made.name).replace(file)
    except OSError:
        return
