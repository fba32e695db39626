"""An embedder behind a server: OpenAI's `/embeddings`, or Hugging Face's TEI with its own `/embed`."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Literal

import numpy as np

from bot.adapters.openai_calls import Calls
from bot.errors import Refused, ServerFails
from bot.indexes import WORD_DIMENSIONS, Reading, Vectors

Api = Literal["openai", "tei"]
BATCH = 32  # texts: what TEI takes at once unless it is told otherwise
PATIENT = 10.0  # so much longer several texts may take than one question
PROBE = "What is asked of a shop: where is my parcel, may I return these shoes, who pays for that? 我的包裹在哪里？"
SAME = 0.999  # cosine: two processors, or two batches, do not agree to the last figure
MOST_DIMENSIONS = 16_384
NO_WORDS = np.zeros((0, WORD_DIMENSIONS), dtype=np.int8)


class OpenAiEmbedder:
    """Its name holds a digest of what the server makes of a probe, so that an index of another model refuses.

    `remembered` is a file with the probe's last vector: the name stays while the vectors do, and while the server is
    away at the start it is what it was.
    """

    def __init__(
        self, calls: Calls, model: str, *, api: Api = "openai", prefixes: tuple[str, str] = ("", ""),
        languages: frozenset[str] = frozenset({"en"}), seconds: float = 3.0, remembered: Path | None = None,
    ) -> None:  # fmt: skip
        if not model:
            raise Refused("BOT_EMBEDDER is an address: name the model there in BOT_EMBEDDER_MODEL")
        self._calls, self._model, self._api, self._seconds = calls, model, api, seconds
        self._query, self._passage = prefixes
        self.languages = languages
        self.dimension = 0  # until the probe has told
        self.name, self.dimension = self._known(remembered)

    def embed(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Vectors:
        vectors: Any = np.zeros((len(texts), self.dimension), dtype=np.float32)
        within_s = self._seconds * (PATIENT if len(texts) > 1 or not is_query else 1.0)
        prefix = self._query if is_query else self._passage
        for start in range(0, len(texts), BATCH):
            batch = [prefix + text for text in texts[start : start + BATCH]]
            vectors[start : start + len(batch)] = self._made(batch, within_s)
            if progress:
                progress(start + len(batch))
        return vectors  # type: ignore[no-any-return]

    def read(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Reading:
        """No words: a server tells nothing of them."""
        return Reading(self.embed(texts, is_query=is_query, progress=progress), [NO_WORDS] * len(texts))

    def check(self) -> str:
        """One question, for `bot doctor`: at the start an absent server is overlooked if it is known."""
        self.embed(["ready"], is_query=True)
        return self.name

    def close(self) -> None:
        self._calls.close()

    # ── which model is this? ──

    def _known(self, remembered: Path | None) -> tuple[str, int]:
        last = _recalled(remembered, self._model)
        try:
            probes = [self._query + PROBE, self._passage + PROBE]
            made = np.concatenate(self._made(probes, self._seconds * PATIENT))
        except ServerFails:
            if last is None:
                raise
            return last[0], len(last[1]) // 2
        if last is not None and len(last[1]) == len(made) and float(last[1] @ made) / 2.0 >= SAME:
            return last[0], len(made) // 2
        name = f"{self._model}@{hashlib.sha256(np.round(made, 2).astype(np.float16).tobytes()).hexdigest()[:12]}"
        _remember(remembered, name, made)
        return name, len(made) // 2

    # ── what it answers ──

    def _made(self, texts: Sequence[str], within_s: float) -> Any:
        if self._api == "tei":
            held = self._calls.post("/embed", {"inputs": texts, "truncate": True}, within_s=within_s)
        else:
            asked = {"model": self._model, "input": texts, "encoding_format": "float"}
            held = _in_order(self._calls.post("/embeddings", asked, within_s=within_s))
        made = _matrix(held)
        n, dimension = (0, 0) if made is None else made.shape
        if made is None or n != len(texts) or not 0 < dimension <= MOST_DIMENSIONS:
            raise self._calls.fails("answers what are no vectors, one for each text")
        if self.dimension and dimension != self.dimension:
            raise self._calls.fails(
                f"writes vectors of {dimension} figures, not {self.dimension}: restart, and run `bot ingest` again"
            )
        lengths = np.linalg.norm(made, axis=1, keepdims=True)
        if not np.isfinite(made).all() or not (lengths > 0).all():
            raise self._calls.fails("answers vectors without a direction")
        return (made / lengths).astype(np.float32)


def _in_order(answer: Any) -> Any:
    """The rows as they were asked for, whatever order they come in; None for anything else."""
    rows = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return None
    held = [(row.get("index", n), row.get("embedding")) for n, row in enumerate(rows)]
    by_index = {index: one for index, one in held if isinstance(index, int)}
    return [by_index.get(n) for n in range(len(rows))]


def _matrix(held: Any) -> Any:
    """None for what are no rows of numbers, all of one length."""
    if not isinstance(held, list) or not held or not all(isinstance(row, list) for row in held):
        return None
    if not all(isinstance(one, int | float) and not isinstance(one, bool) for row in held for one in row):
        return None
    try:
        made = np.asarray(held, dtype=np.float64)
    except (ValueError, OverflowError):
        return None
    return made if made.ndim == 2 else None


# ── the probe, remembered ──


def _recalled(file: Path | None, model: str) -> tuple[str, Any] | None:
    """None for a file that is missing, damaged, or of another model."""
    try:
        held = json.loads(file.read_text(encoding="utf-8")) if file else {}
        name, probe = held["name"], np.asarray(held["probe"], dtype=np.float32)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    is_ours = isinstance(name, str) and name.rpartition("@")[0] == model
    return (name, probe) if is_ours and probe.ndim == 1 and len(probe) and np.isfinite(probe).all() else None


def _remember(file: Path | None, name: str, made: Any) -> None:
    """Whole or not at all; where it cannot be written only a start without the server is lost."""
    if file is None:
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        held = json.dumps({"name": name, "probe": [round(float(one), 7) for one in made]})
        with NamedTemporaryFile("w", dir=file.parent, suffix=".json", delete=False, encoding="utf-8") as written:
            written.write(held)
        Path(written.name).replace(file)
    except OSError:
        return
