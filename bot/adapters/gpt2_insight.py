"""Inside a causal model: where it looked for each token of a draft, and how near it was to a hand-off.

Attention of all heads in all layers, averaged. Row i belongs to the position *before* token i of the draft, because
that is where the token was chosen. Of 796 words that the composer had copied, the word looked at most was the one
copied in 96 % (the last two layers alone: 95 %; attention rollout: 89 %; the token's own position: 17 %).

Weights are loaded apart from the generator's, whose way to read them is quick and shows nothing of this.
"""

import threading
from pathlib import Path

import torch

from bot.adapters.gpt2 import OURS, SHIPPED, _digest, _load
from bot.attention import Looks
from bot.errors import Refused
from bot.prompt import HANDOFF


class Gpt2Insight:
    """`source` is `composer` (ours), a folder or a Hugging Face id."""

    def __init__(self, source: str | Path = OURS, *, threads: int = 1) -> None:
        source = SHIPPED if source == OURS else source
        self._threads = threads
        self._model, self._tokenizer = _load(source)
        self._model.set_attn_implementation("eager")  # the others do not tell what they looked at
        self._handoff = self._tokenizer.get_vocab().get(HANDOFF)
        self._reading = threading.Lock()  # a fast tokenizer refuses two threads at once
        self._context = int(getattr(self._model.config, "max_position_embeddings", 1024))
        self.name = f"{Path(source).name if Path(source).is_dir() else source}@{_digest(self._model)}"

    @torch.inference_mode()
    def looks(self, prompt: str, draft: str) -> Looks:
        text = prompt + draft
        ids, spans = self._read(text)
        written = sum(begin >= len(prompt) for begin, _ in spans)
        if not 0 < written < self._context:
            raise Refused("there is no draft to look into" if not written else "the draft is longer than the context")
        ids, spans = ids[-self._context :], spans[-self._context :]  # a prompt over the limit loses its beginning
        torch.set_num_threads(self._threads)
        attentions = self._model(input_ids=torch.tensor([ids]), output_attentions=True, use_cache=False).attentions
        mean = torch.stack([layer[0].mean(0) for layer in attentions]).mean(0)
        rows = mean[len(ids) - written - 1 : -1]
        return Looks(text, len(prompt), tuple(spans), tuple(tuple(row) for row in rows.tolist()))

    @torch.inference_mode()
    def handoff(self, prompt: str) -> float | None:
        if self._handoff is None:
            return None
        torch.set_num_threads(self._threads)
        ids = self._read(prompt)[0][-self._context :]
        logits = self._model(input_ids=torch.tensor([ids]), logits_to_keep=1, use_cache=False).logits[0, -1]
        return float(logits.softmax(-1)[self._handoff])

    def _read(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        with self._reading:
            read = self._tokenizer(text, return_offsets_mapping=True, verbose=False)
        return read["input_ids"], [tuple(span) for span in read["offset_mapping"]]
