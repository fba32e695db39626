"""Teaching a head where to look: which sentence answers is learned from where it stands, not only from its words.

A causal model has a hard time choosing a sentence: it must begin the reply with the sentence's first word, and when it
read that word it did not yet know what the sentence says. The way round takes three heads, and each is told, in
training only, where it should have looked:

    start   in a passage, at the first token of the sentence a token belongs to
    answer  where a reply begins, at the sentence that answers
    source  in a reply, at the token that is copied

What `start` found is what `answer` brings (`prepare` writes that into the weights); the model as served is unchanged.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from bot.adapters.composer_places import Places
from bot.adapters.composer_weights import stretches

START, SOURCE = (1, 5), (3, 5)  # layer and head of each
ANSWERS = ((2, 5), (3, 4))  # one early, so that `source` can follow it; one late, when more has been read


def looking_loss(model: Any, hidden: Sequence[Tensor], targets: Sequence[tuple[tuple[int, int], Tensor]]) -> Tensor:
    """Mean nats by which each head misses; `hidden` are the inputs of the layers, a target is (batch, query, key)."""
    return sum((_missed(model, hidden[where[0]], where, wanted) for where, wanted in targets), torch.zeros(()))


def _missed(model: Any, stream: Tensor, where: tuple[int, int], wanted: Tensor) -> Tensor:
    layer, head = where
    block, size = model.transformer.h[layer], model.config.n_embd // model.config.n_head
    asked = wanted.any(-1)
    if not asked.any():
        return stream.sum() * 0
    normal, width = block.ln_1(stream), model.config.n_embd
    weight, bias = block.attn.c_attn.weight, block.attn.c_attn.bias
    part = slice(head * size, (head + 1) * size)
    behind = slice(width + part.start, width + part.stop)
    query, key = normal @ weight[:, part] + bias[part], normal @ weight[:, behind] + bias[behind]
    scores = query @ key.transpose(1, 2) / size**0.5
    length = scores.shape[-1]
    scores = scores.masked_fill(torch.ones(length, length, dtype=torch.bool).triu(1), -torch.inf)[asked]
    right = scores.masked_fill(~wanted[asked], -torch.inf)
    missed: Tensor = scores.logsumexp(-1) - right.logsumexp(-1)
    return missed.mean()


def wanted(found: Sequence[tuple[int, Places | None]], length: int) -> list[tuple[tuple[int, int], Tensor]]:
    """For each taught head which keys each query should look at. `found` is where the reply begins, and the places."""
    start, answer, source = (torch.zeros(len(found), length, length, dtype=torch.bool) for _ in range(3))
    for n, (reply, place) in enumerate(found):
        if place is None:
            continue
        known = torch.tensor(place.starts)
        inside = (known >= 0).nonzero()[:, 0]
        start[n, inside, known[inside]] = True
        if place.last > place.first:
            answer[n, reply - 1, place.first : place.last] = True
            for step in range(min(place.exact, length - reply + 1)):
                source[n, reply - 1 + step, place.first + step] = True
    return [(START, start), (SOURCE, source), *((where, answer) for where in ANSWERS)]


def prepare(model: Any, seed: int) -> None:
    """Let `start` note which token it found, and let `answer` propose it; both begin to look about at random."""
    if model.config.n_layer < 4 or model.config.n_head < 6:
        raise ValueError("heads that are taught where to look need four layers of six heads")
    width, size = model.config.n_embd, model.config.n_embd // model.config.n_head
    at, random = stretches(width), torch.Generator().manual_seed(seed)
    through: Tensor = torch.linalg.qr(torch.randn(width, size, generator=random))[0]
    code = torch.zeros(width, size)
    code[at["code"]] = torch.eye(at["code"].stop - at["code"].start, size)
    propose = torch.zeros(size, width)
    propose[:, at["next"]] = torch.eye(size, at["next"].stop - at["next"].start)
    with torch.no_grad():
        _move(model, START, code, 2 * (3 / width) ** 0.5 * through.T)
        for where in ANSWERS:
            _move(model, where, through, (7 / width) ** 0.5 * propose)
        _move(model, SOURCE, code, (7 / width) ** 0.5 * propose)
        for layer, head in (START, SOURCE, *ANSWERS):
            weight = model.transformer.h[layer].attn.c_attn.weight
            for part in (slice(head * size, (head + 1) * size), slice(width + head * size, width + (head + 1) * size)):
                weight[:, part] = 0.05 * torch.randn(width, size, generator=random)


def _move(model: Any, where: tuple[int, int], read: Tensor, write: Tensor) -> None:
    layer, head = where
    attention, size, width = model.transformer.h[layer].attn, read.shape[1], model.config.n_embd
    values = slice(2 * width + head * size, 2 * width + (head + 1) * size)
    attention.c_attn.weight[:, values], attention.c_attn.bias[values] = read, 0
    attention.c_proj.weight[head * size : (head + 1) * size] = write
