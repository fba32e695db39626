"""BERT with less around it: the same weights and sums, in fewer and larger steps, and in bfloat16 where that pays.

For a question of ten words a third of the time of transformers' BertModel goes into masks, options and small products.
bfloat16 keeps eight bits of each number. Processors with AVX512-BF16 or AMX multiply it several times faster, others
more slowly: so it is tried at the start, and only there. Sums, what is added from layer to layer and the mean over the
tokens stay in 32 bits; the vectors compare with those of an index that was built in the other precision.
"""

import platform
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Literal

import torch
from torch.nn import functional
from transformers import BertModel
from transformers.modeling_outputs import BaseModelOutput

Precision = Literal["auto", "float32", "bfloat16"]

CPUINFO = Path("/proc/cpuinfo")
PAYS = ("avx512_bf16", "amx_bf16")  # flags of processors that may multiply bfloat16 faster
FASTER = 0.9  # of the time in 32 bits, for one question and for a batch: else the precision is not worth it
TRIES = 5
SAME = 1e-3  # how far a number may be from the original's; they are of about 1


def hasten(model: torch.nn.Module, precision: Precision = "auto") -> str:
    """Replace each BertModel within `model` that is an ordinary one. Returns the precision that was chosen."""
    chosen = "float32"
    for parent, name, bert in list(_berts(model)):
        lean: torch.nn.Module = LeanBert(bert, torch.float32)
        if not _agree(bert, lean):
            continue
        if precision == "bfloat16" or (precision == "auto" and _may_pay(bert)):
            short = LeanBert(bert, torch.bfloat16)
            if precision == "bfloat16" or _pays(lean, short, _width(bert)):
                lean, chosen = short, "bfloat16"
        setattr(parent, name, lean)
    return chosen


class LeanBert(torch.nn.Module):
    """Takes the place of `bert` and of its weights."""

    def __init__(self, bert: BertModel, dtype: torch.dtype) -> None:
        super().__init__()
        self.config = bert.config
        self.embeddings = bert.embeddings
        self.layers = torch.nn.ModuleList(
            _Layer(layer, bert.config.num_attention_heads, dtype) for layer in _layers(bert)
        )

    @property
    def dtype(self) -> torch.dtype:
        return torch.float32

    @property
    def device(self) -> torch.device:
        return self.embeddings.position_embeddings.weight.device

    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        token_type_ids: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        **_: Any,
    ) -> BaseModelOutput:
        kept = self.embeddings
        words = kept.word_embeddings(input_ids) if inputs_embeds is None else inputs_embeds
        kinds = kept.token_type_embeddings
        states = words + (kept.position_embeddings.weight[: words.shape[1]] + kinds.weight[0])
        if token_type_ids is not None and bool(token_type_ids.any()):
            states = states + (kinds(token_type_ids) - kinds.weight[0])
        states = kept.LayerNorm(states)
        # Without anything to leave out there is no mask: what is left out costs more than it saves.
        is_whole = attention_mask is None or bool(attention_mask.all())
        mask = None if is_whole or attention_mask is None else attention_mask[:, None, None, :].bool()
        for layer in self.layers:
            states = layer(states, mask)
        return BaseModelOutput(last_hidden_state=states)


class _Layer(torch.nn.Module):
    def __init__(self, layer: Any, n_heads: int, dtype: torch.dtype) -> None:
        super().__init__()
        asks, gives = layer.attention.self, layer.attention.output
        three = (asks.query, asks.key, asks.value)
        self._n_heads = n_heads
        self.asked = _linear([one.weight for one in three], [one.bias for one in three], dtype)
        self.given = _linear([gives.dense.weight], [gives.dense.bias], dtype)
        self.wide = _linear([layer.intermediate.dense.weight], [layer.intermediate.dense.bias], dtype)
        self.narrow = _linear([layer.output.dense.weight], [layer.output.dense.bias], dtype)
        self.first_norm, self.last_norm = gives.LayerNorm, layer.output.LayerNorm
        self._dtype = dtype

    def forward(self, states: torch.Tensor, mask: torch.Tensor | None) -> torch.Tensor:
        n, length, width = states.shape
        asked = self.asked(states.to(self._dtype)).view(n, length, 3, self._n_heads, width // self._n_heads)
        query, key, value = asked.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        given = self.given(seen.transpose(1, 2).reshape(n, length, width))
        states = self.first_norm(states + given)
        narrow = self.narrow(functional.gelu(self.wide(states.to(self._dtype))))
        changed: torch.Tensor = self.last_norm(states + narrow)
        return changed


def _linear(weights: list[torch.Tensor], biases: list[torch.Tensor], dtype: torch.dtype) -> torch.nn.Linear:
    weight = torch.cat([one.detach() for one in weights]).to(dtype)
    made = torch.nn.Linear(weight.shape[1], weight.shape[0], device="meta", dtype=dtype)
    made.weight = torch.nn.Parameter(weight, requires_grad=False)
    made.bias = torch.nn.Parameter(torch.cat([one.detach() for one in biases]).to(dtype), requires_grad=False)
    return made


# ── may it be replaced, and by which? ──


def _berts(model: torch.nn.Module) -> Iterator[tuple[torch.nn.Module, str, BertModel]]:
    for parent in model.modules():
        for name, child in parent.named_children():
            if type(child) is BertModel and child.config.hidden_act == "gelu" and not child.config.is_decoder:
                yield parent, name, child


def _layers(bert: BertModel) -> Any:
    return bert.encoder.layer


def _width(bert: BertModel) -> int:
    return int(bert.config.hidden_size)


@torch.inference_mode()
def _agree(bert: BertModel, lean: torch.nn.Module) -> bool:
    """On two made-up texts of unlike length: whatever else the model may do, it does the same."""
    words = _made_up(2, 24, _width(bert)).to(bert.device)
    mask = torch.ones(2, 24, dtype=torch.int64, device=bert.device)
    mask[1, 15:] = 0
    ours = lean(inputs_embeds=words, attention_mask=mask).last_hidden_state
    theirs = bert(inputs_embeds=words, attention_mask=mask).last_hidden_state
    return bool(((ours - theirs).abs() * mask[:, :, None]).max() < SAME)


def _made_up(n: int, length: int, width: int) -> torch.Tensor:
    return 0.05 * torch.randn(n, length, width, generator=torch.Generator().manual_seed(1))


def _may_pay(bert: BertModel) -> bool:
    if bert.device.type != "cpu" or platform.system() != "Linux":
        return False
    try:
        told = CPUINFO.read_text()
    except OSError:
        return False
    flags = next((line for line in told.splitlines() if line.startswith("flags")), "").split()
    return any(flag in flags for flag in PAYS)


@torch.inference_mode()
def _pays(lean: torch.nn.Module, short: torch.nn.Module, width: int) -> bool:
    """In turn, so that what else the machine does falls on both."""
    for shape in ((1, 12), (8, 64)):
        words = _made_up(*shape, width)
        seconds: dict[torch.nn.Module, list[float]] = {lean: [], short: []}
        for _ in range(TRIES + 1):
            for model, taken in seconds.items():
                taken.append(_seconds(model, words))
        if median(seconds[short][1:]) > FASTER * median(seconds[lean][1:]):  # the first warms up
            return False
    return True


def _seconds(model: torch.nn.Module, words: torch.Tensor) -> float:
    started = perf_counter()
    model(inputs_embeds=words)
    return perf_counter() - started
