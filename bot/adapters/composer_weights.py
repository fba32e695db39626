"""The composer's weights before training: a GPT-2 that can already copy.

A reply is nearly always copied from a passage. Models learn copying late, as "induction heads" (Olsson et al. 2022,
arXiv:2209.11895): one head notes which token stands before each position, a later head looks for a position whose
noted token is the current one and proposes the token found there. A small model on a small budget would spend all of
it on that, so the circuit is written into the first weights, and training begins where others arrive. Everything
else starts as small noise, and everything is trained.

The residual stream is divided into named stretches:

    meaning   what the token is about (the sentence encoder's vectors, principal components)
    code      which token it is (a random vector)
    place     where it stands (sines and cosines)
    before1/2 codes of the tokens one and two places before, written by layer 0
    recent    codes of the last half dozen tokens together, written by layer 0
    earlier   the same, one place earlier: what was recent when the token was about to come
    next      code of the token proposed next, written by the induction heads, read by the output layer
"""

import math
from typing import Any

import torch
from torch import Tensor
from transformers import GPT2Config, GPT2LMHeadModel

_SHARES = {
    "meaning": 5 / 24,
    "code": 1 / 6,
    "place": 1 / 8,
    "before1": 1 / 12,
    "before2": 1 / 12,
    "recent": 1 / 12,
    "earlier": 1 / 12,
}

# Found by measuring the untrained model on held-out replies: the model card has the table.
NOISE = 0.01  # standard deviation of all that is not written here; 0.02 drowns the circuit
MATCH = 1.25  # scale of queries and keys: one true match outweighs several hundred chance ones
ALIKE = 0.4  # the same for likeness of meaning, which must not be all or nothing
PROPOSE = 1.0  # length of what an induction head writes
GLANCE = 3.0  # how many places back a wide look is centred
SLOW = 1.0  # frequencies a wide look keeps, in radians a place; lower is wider
SHARP = 2.0  # makes up for the frequencies left out
WIDE = 1.5  # makes up for codes that partly cancel when several are noted together


def stretches(width: int) -> dict[str, slice]:
    """Where each stretch lies; `next` takes the rest. Lengths are even: places are pairs of sine and cosine."""
    found, start = dict[str, slice](), 0
    for name, share in _SHARES.items():
        stop = start + 2 * round(share * width / 2)
        found[name], start = slice(start, stop), stop
    return found | {"next": slice(start, width)}


def copying_model(config: GPT2Config, meaning: Tensor, seed: int) -> Any:
    """A GPT-2 whose layers 0 and 1 copy; the last layer gets the induction heads again, to specialise."""
    if config.n_layer < 2 or config.n_head < 4:
        raise ValueError("the copying circuit needs two layers and four heads")
    torch.manual_seed(seed)
    model = GPT2LMHeadModel(config)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.normal_(0, NOISE)
        _Circuit(model).write(meaning)
    return model


class _Circuit:
    """Writes the embeddings and heads. After a layer norm, a stretch of length one in a stream of n such stretches
    has length sqrt(width / n): scales below divide by it, so that what a head writes has length one again."""

    def __init__(self, model: Any) -> None:
        self.model, config = model, model.config
        self.width, self.head = config.n_embd, config.n_embd // config.n_head
        self.at = stretches(config.n_embd)
        self.size = {name: part.stop - part.start for name, part in self.at.items()}
        self.noted = _orthogonal(self.size["code"], self.size["before1"])
        self.spread = math.sqrt(self.size["code"] / self.size["before1"])  # a noted code lost this much of its length

    def write(self, meaning: Tensor) -> None:
        self._embeddings(meaning)
        self._look_back(0, 1, "before1")
        self._look_back(1, 2, "before2")
        self._look_back(2, GLANCE, "recent", is_wide=True)
        self._look_back(3, GLANCE + 1, "earlier", is_wide=True)
        for layer in {1, self.model.config.n_layer - 1}:
            self._propose(layer, 0, "before1", "before2")
            self._propose(layer, 1, "recent", "earlier")
        self._match(1, 2, [("meaning", ALIKE * torch.eye(self.size["meaning"]), "meaning")])

    def _embeddings(self, meaning: Tensor) -> None:
        tokens, output = self.model.transformer.wte.weight, self.model.lm_head.weight
        codes = _unit(torch.randn(len(tokens), self.size["code"]))
        senses = _principal(meaning, self.size["meaning"])
        tokens[:, self.at["code"]], tokens[:, self.at["meaning"]] = codes, senses
        output[:, self.at["next"]] = torch.nn.functional.pad(codes, (0, self.size["next"]))[:, : self.size["next"]]
        places = self.model.transformer.wpe.weight
        angle = torch.arange(len(places))[:, None] * self._frequencies()
        places[:, self.at["place"]] = _unit(torch.stack([angle.cos(), angle.sin()], 2).flatten(1))

    def _frequencies(self) -> Tensor:
        """Mostly fast ones, which tell neighbours apart; the rest tells the beginning from the end."""
        pairs = self.size["place"] // 2
        fast = torch.linspace(0.3, math.pi, pairs - pairs // 3)
        slow = 2 * math.pi / torch.logspace(1.5, 3.3, pairs // 3)
        return torch.cat([fast, slow])

    def _look_back(self, head: int, steps: float, to: str, is_wide: bool = False) -> None:
        """Attend `steps` places back (a query is its own place turned back) and note the code found there.

        A wide look leaves out the frequencies that tell neighbours apart, and so notes several codes at once.
        """
        sharp = [SHARP * (f < SLOW) if is_wide else 1.0 for f in self._frequencies().tolist()]
        turns = [s * _turn(-steps * f) for s, f in zip(sharp, self._frequencies().tolist(), strict=True)]
        self._match(0, head, [("place", _diagonal(turns), "place")])
        scale = math.sqrt(3 / self.width) * self.spread * (WIDE if is_wide else 1.0)
        self._move(0, head, "code", self.at[to], scale * self.noted)

    def _propose(self, layer: int, head: int, now: str, then: str) -> None:
        """Attend behind a place where this token stands and what was `then` is `now`; write what stands there."""
        same_token = ("code", self.spread * self.noted, "before1")
        self._match(layer, head, [same_token, (now, torch.eye(self.size[now]), then)])
        code = min(self.size["code"], self.size["next"])
        target = slice(self.at["next"].start, self.at["next"].start + code)
        # Seven stretches of about length one are in the stream here; in front of layer 0 it was three.
        scale = PROPOSE * math.sqrt(7 / self.width)
        self._move(layer, head, "code", target, scale * torch.eye(self.size["code"], code))

    def _match(self, layer: int, head: int, pairs: list[tuple[str, Tensor, str]]) -> None:
        """Make this head's score the sum of agreements between one stretch of the query and one of the key."""
        weight = self.model.transformer.h[layer].attn.c_attn.weight
        column, end = head * self.head, (head + 1) * self.head
        weight[:, column:end] = weight[:, self.width + column : self.width + end] = 0
        for query, matrix, key in pairs:
            size = min(matrix.shape[1], end - column)
            stop = column + size
            weight[self.at[query], column:stop] = MATCH * matrix[:, :size]
            weight[self.at[key], self.width + column : self.width + stop] = MATCH * torch.eye(self.size[key], size)
            column = stop

    def _move(self, layer: int, head: int, what: str, to: slice, matrix: Tensor) -> None:
        """Make this head read the stretch `what` where it attends, and write it through `matrix`."""
        attention, size = self.model.transformer.h[layer].attn, min(self.size[what], self.head)
        values = 2 * self.width + head * self.head
        attention.c_attn.weight[:, values : values + self.head] = 0
        attention.c_attn.weight[self.at[what], values : values + size] = torch.eye(self.size[what], size)
        rows = slice(head * self.head, (head + 1) * self.head)
        attention.c_proj.weight[rows] = 0
        attention.c_proj.weight[rows.start : rows.start + size, to] = matrix[:size]


def _turn(angle: float) -> Tensor:
    cos, sin = math.cos(angle), math.sin(angle)
    return torch.tensor([[cos, sin], [-sin, cos]])  # (cos a, sin a) @ this = (cos(a + angle), sin(a + angle))


def _diagonal(blocks: list[Tensor]) -> Tensor:
    whole: Any = torch.block_diag
    matrix: Tensor = whole(*blocks)
    return matrix


def _unit(vectors: Tensor) -> Tensor:
    lengths: Tensor = torch.linalg.vector_norm(vectors, dim=-1, keepdim=True)
    return vectors / lengths.clamp_min(1e-12)


def _orthogonal(rows: int, columns: int) -> Tensor:
    basis: Tensor = torch.linalg.qr(torch.randn(rows, rows))[0]
    return basis[:, :columns]


def _principal(meaning: Tensor, size: int) -> Tensor:
    """The first `size` principal components, each row of length one; a token without a meaning gets a random one."""
    known = meaning.norm(dim=1) > 0
    centred = meaning[known] - meaning[known].mean(0)
    _, _, axes = torch.linalg.svd(centred, full_matrices=False)
    senses = torch.randn(len(meaning), size)
    senses[known] = centred @ axes[:size].T
    return _unit(senses)
