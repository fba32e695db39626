"""GPT-2 with less around it: the same weights and sums, without what transformers does besides for every token.

A token of a small model takes longer to ask for than to compute. Here a pass is about fifty calls of torch on the
weights as they lie in the loaded model, with keys and values in one block that is reserved at the start. Of a prompt
only the last token goes all the way through the last layer: of the others nothing but keys and values is asked for.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from transformers import GPT2LMHeadModel

RECENT = 64 * 2**20  # bytes of keys and values kept of the latest prompts; the very latest is always kept
SAME = 1e-3  # how far a logit may be from the original's, as a share of the largest
_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu_new": lambda x: functional.gelu(x, approximate="tanh"),
    "gelu_pytorch_tanh": lambda x: functional.gelu(x, approximate="tanh"),
    "gelu": functional.gelu,
    "relu": functional.relu,
}
Attend = Callable[[Tensor, Tensor, Tensor], Tensor]  # query, key, value of one layer → what was seen


def lean(model: Any) -> "LeanGpt2 | None":
    """None for any model but an ordinary GPT-2 in 32 bits."""
    if type(model) is not GPT2LMHeadModel or model.dtype != torch.float32:
        return None
    config = model.config
    is_usual = config.scale_attn_weights and not config.scale_attn_by_inverse_layer_idx
    if not is_usual or config.add_cross_attention or config.activation_function not in _ACTIVATIONS:
        return None
    made = LeanGpt2(model)
    return made if _agree(model, made) else None


class Cache:
    """Keys and values of the tokens of one text that were read, with room for more."""

    def __init__(self, keys: Tensor, values: Tensor) -> None:
        self.keys, self.values = keys, values  # (layers, 1, heads, room, size)
        self.length = 0

    def copied(self, room: int) -> "Cache":
        """With room for so many tokens in all."""
        read = self.length
        layers, _, heads, _, size = self.keys.shape
        copy = Cache(*(torch.empty(layers, 1, heads, room, size) for _ in range(2)))
        copy.keys[..., :read, :], copy.values[..., :read, :] = self.keys[..., :read, :], self.values[..., :read, :]
        copy.length = read
        return copy

    @property
    def n_bytes(self) -> int:
        return 2 * self.keys.nbytes


class LeanGpt2:
    """Shares the weights of `model`. Thread-safe: what was read lies in the caller's cache."""

    def __init__(self, model: Any) -> None:
        config, body = model.config, model.transformer
        self.vocabulary, self.context = int(config.vocab_size), int(config.n_positions)
        self._n_heads, self._width = int(config.n_head), int(config.n_embd)
        self._tokens: Tensor = body.wte.weight.detach()
        self._positions: Tensor = body.wpe.weight.detach()
        self._norm = _norm(body.ln_f)
        # A copy of its own, turned round: for a single token the product then takes half the time.
        self._out: Tensor = model.lm_head.weight.detach().t().contiguous()
        self._recent: dict[tuple[int, ...], tuple[Tensor, Cache]] = {}  # prompts, the latest last
        self._reading = threading.Lock()
        self._layers = [_Layer(block, _ACTIVATIONS[config.activation_function]) for block in body.h]

    def cache(self, room: int) -> Cache:
        shape = (len(self._layers), 1, self._n_heads, room, self._width // self._n_heads)
        return Cache(torch.empty(shape), torch.empty(shape))

    def begun(self, prompt: Sequence[int], room: int) -> tuple[Tensor, Cache]:
        """Logits of the first token after a prompt, and a cache that holds it, the caller's own. Known ones are quick:
        several drafts and their likelihoods begin alike."""
        known = tuple(prompt)
        with self._reading:
            found = self._recent.pop(known, None)
        if found is None:
            cache = self.cache(len(known))
            found = self.read(known, cache), cache
        with self._reading:
            self._recent[known] = found
            while len(self._recent) > 1 and sum(cache.n_bytes for _, cache in self._recent.values()) > RECENT:
                self._recent.pop(next(iter(self._recent)))
        return found[0].clone(), found[1].copied(room)

    def forget(self) -> None:
        """Read every prompt anew."""
        with self._reading:
            self._recent.clear()

    @torch.inference_mode()
    def read(self, ids: Sequence[int], cache: Cache) -> Tensor:
        """Logits of the token after `ids`, which go on where the cache has got to."""
        start, end = cache.length, cache.length + len(ids)
        mask = _causal(start, len(ids)) if start and len(ids) > 1 else None

        def attend(layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
            keys, values = cache.keys[layer], cache.values[layer]
            keys[:, :, start:end], values[:, :, start:end] = key, value
            sees_all = query.shape[2] == 1
            return functional.scaled_dot_product_attention(
                query,
                keys[:, :, :end],
                values[:, :, :end],
                attn_mask=None if sees_all else mask,
                is_causal=not sees_all and mask is None,
            )

        states = self._through(torch.tensor([ids]), self._positions[start:end], attend, ends=True)
        cache.length = end
        return self._logits(states)[0, 0]

    @torch.inference_mode()
    def step(self, ids: Sequence[int], caches: Sequence[Cache]) -> Tensor:
        """Logits (text, vocabulary) after one token more in each of several texts, however long each is.

        The weights are read once for all of them; what each looks back at is its own.
        """
        lengths = [cache.length for cache in caches]

        def attend(layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
            seen = []
            for n, (cache, length) in enumerate(zip(caches, lengths, strict=True)):
                keys, values = cache.keys[layer], cache.values[layer]
                keys[0, :, length], values[0, :, length] = key[n, :, 0], value[n, :, 0]
                seen.append(functional.scaled_dot_product_attention(
                    query[n : n + 1], keys[:, :, : length + 1], values[:, :, : length + 1]
                ))  # fmt: skip
            return torch.cat(seen)

        positions = self._positions[torch.tensor(lengths)][:, None]
        states = self._through(torch.tensor(ids)[:, None], positions, attend)
        for cache in caches:
            cache.length += 1
        return self._logits(states)[:, 0]

    @torch.inference_mode()
    def after(self, texts: Sequence[Sequence[int]], cache: Cache) -> list[Tensor]:
        """Logits (position, vocabulary) behind each token of each text, all read after what the cache holds.

        Nothing is added to the cache.
        """
        start, longest = cache.length, max(1, *map(len, texts))
        mask = _causal(start, longest)

        def attend(layer: int, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
            held = (part[layer, :, :, :start].expand(len(texts), -1, -1, -1) for part in (cache.keys, cache.values))
            keys, values = (torch.cat(both, 2) for both in zip(held, (key, value), strict=True))
            return functional.scaled_dot_product_attention(query, keys, values, attn_mask=mask)

        ids = torch.tensor([[*text, *[0] * (longest - len(text))] for text in texts])
        states = self._through(ids, self._positions[start : start + longest], attend)
        return [self._logits(states[n, : len(text)]) for n, text in enumerate(texts)]

    def _through(
        self,
        ids: Tensor,
        positions: Tensor,
        attend: Callable[[int, Tensor, Tensor, Tensor], Tensor],
        *,
        ends: bool = False,
    ) -> Tensor:
        """What the layers make of each token; with `ends`, of the last one of each row only."""
        states = self._tokens[ids] + positions
        for n, layer in enumerate(self._layers):
            only_last = ends and n == len(self._layers) - 1
            states = layer(states, self._n_heads, lambda *parts, n=n: attend(n, *parts), only_last=only_last)
        return functional.layer_norm(states, (self._width,), *self._norm)

    def _logits(self, states: Tensor) -> Tensor:
        return states @ self._out


class _Layer:
    def __init__(self, block: Any, activation: Callable[[Tensor], Tensor]) -> None:
        self._first_norm, self._last_norm = _norm(block.ln_1), _norm(block.ln_2)
        self._asked, self._given = _linear(block.attn.c_attn), _linear(block.attn.c_proj)
        self._wide, self._narrow = _linear(block.mlp.c_fc), _linear(block.mlp.c_proj)
        self._activation = activation

    def __call__(self, states: Tensor, n_heads: int, attend: Attend, *, only_last: bool) -> Tensor:
        width = states.shape[-1]
        normal = functional.layer_norm(states, (width,), *self._first_norm)
        query, key, value = self._heads(normal, n_heads)
        if only_last:
            query, states = query[:, :, -1:], states[:, -1:]
        seen = attend(query, key, value).transpose(1, 2).reshape(states.shape)
        states = states + _times(seen, self._given)
        normal = functional.layer_norm(states, (width,), *self._last_norm)
        return states + _times(self._activation(_times(normal, self._wide)), self._narrow)

    def _heads(self, normal: Tensor, n_heads: int) -> tuple[Tensor, Tensor, Tensor]:
        n, length, width = normal.shape
        asked = _times(normal, self._asked).view(n, length, 3, n_heads, width // n_heads)
        query, key, value = asked.permute(2, 0, 3, 1, 4)
        return query, key, value


def _times(states: Tensor, linear: tuple[Tensor, Tensor]) -> Tensor:
    weight, bias = linear
    n, length, width = states.shape
    return torch.addmm(bias, states.reshape(n * length, width), weight).view(n, length, -1)


def _linear(part: Any) -> tuple[Tensor, Tensor]:
    return part.weight.detach(), part.bias.detach()


def _norm(part: Any) -> tuple[Tensor, Tensor, float]:
    return part.weight.detach(), part.bias.detach(), part.eps


def _causal(start: int, length: int) -> Tensor:
    """Each of `length` tokens sees itself and what stands before it, `start` earlier tokens among that."""
    return torch.ones(length, start + length, dtype=torch.bool).tril(start)


@torch.inference_mode()
def _agree(model: Any, made: LeanGpt2) -> bool:
    """On a made-up text: whatever else the model may do, it does the same."""
    length = min(24, made.context)
    ids = torch.randint(made.vocabulary, (length,), generator=torch.Generator().manual_seed(1))
    theirs = model(input_ids=ids[None]).logits[0, -1]
    ours = made.read(ids.tolist(), made.cache(length))
    return bool((ours - theirs).abs().max() <= SAME * theirs.abs().max())
