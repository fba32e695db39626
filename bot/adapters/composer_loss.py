"""What the composer is trained to make small: the nats of its replies, and how far its taught heads look astray."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from bot.adapters.composer_attention import looking_loss, wanted
from bot.adapters.composer_data import Example


def reply_loss(
    model: Any,
    batch: Sequence[Example],
    reduction: str = "mean",
    first: tuple[int, float] = (0, 1.0),
    looking: float = 0.0,
) -> Tensor:
    """Cross-entropy of the reply's tokens alone. The output layer, a third of the work, runs only where it counts.

    `first` is how many tokens at the beginning of a reply weigh more, and how much; `looking` is what it counts when
    the taught heads look elsewhere.
    """
    longest = max(len(e.ids) for e in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    weights = torch.zeros(len(batch), longest)
    for i, made in enumerate(batch):
        ids[i, : len(made.ids)] = torch.tensor(made.ids)
        weights[i, made.reply : len(made.ids)] = 1
        weights[i, made.reply : min(made.reply + first[0], len(made.ids))] = first[1]
    counts = weights > 0
    # Padding stands on the right, where a causal model cannot see it: no attention mask, so the fast kernel is used.
    out = model.transformer(ids[:, :-1], output_hidden_states=looking > 0)
    logits = model.lm_head(out.last_hidden_state[counts[:, 1:]])
    nats = cross_entropy(logits, ids[counts], reduction="none") * weights[counts]
    loss = nats.sum() / (1 if reduction == "sum" else weights.sum())
    if looking:
        targets = wanted([(made.reply, made.places) for made in batch], longest - 1)
        loss = loss + looking * looking_loss(model, out.hidden_states, targets)
    return loss
