"""Drafts in permitted words: the likeliest token that keeps every word of a draft one that its passages carry.

Tokens are tried as they rank, and nearly always the first will do, so this costs microseconds; no mask over the whole
vocabulary is ever made.
"""

from collections import Counter
from collections.abc import Iterator
from math import log
from typing import Any

import torch
from torch import Tensor

from bot.ports import Sampling
from bot.wording import Wording, Written

LOST = -1  # stands where no token does
LEAST = 1e-4  # how likely a permitted token must be beside the likeliest one: below that the draft is lost
_DRAWN = 16


class Keeping:
    """Follows one draft."""

    def __init__(self, prompt: str, texts: list[bytes]) -> None:
        self._wording, self._written, self._texts = Wording(prompt), Written(), texts

    def token(self, logits: Tensor, sampling: Sampling, random: torch.Generator) -> int:
        """The next token, or LOST when the model has nothing left to say in permitted words."""
        known = logits[: len(self._texts)]  # a model may have room for more tokens than its tokenizer has
        for token in _candidates(known, sampling, random):
            text = self._texts[token]
            if not text:  # an end, or another marker
                if self._wording.may_end(self._written):
                    return token
            elif (written := self._wording.after(self._written, text)) is not None:
                self._written = written
                return token
        return LOST


def choose(logits: Tensor, sampling: Sampling, random: torch.Generator) -> int:
    """The likeliest token at temperature 0, else one drawn from the smallest set that holds `top_p` of the mass."""
    if sampling.temperature <= 0:
        return int(logits.argmax())
    ranked, tokens = (logits.float() / sampling.temperature).softmax(-1).sort(descending=True)
    mass_before = ranked.cumsum(-1) - ranked
    ranked = ranked.masked_fill(mass_before >= max(sampling.top_p, 1e-6), 0.0)  # the first always stays
    return int(tokens[torch.multinomial(ranked, 1, generator=random)])


def _candidates(logits: Tensor, sampling: Sampling, random: torch.Generator) -> Iterator[int]:
    """Those that would be drawn, one after the other, then all that are likely enough, as they rank."""
    token, left = choose(logits, sampling, random), logits
    yield token
    for _ in range(_DRAWN if sampling.temperature > 0 else 0):
        left = left.index_fill(0, torch.tensor([token]), -torch.inf)
        if not left.isfinite().any():
            break
        token = choose(left, sampling, random)
        yield token
    likely = (logits >= logits.max() + log(LEAST)).nonzero()[:, 0]
    yield from likely[logits[likely].argsort(descending=True)].tolist()


def token_texts(tokenizer: Any) -> list[bytes]:
    """The bytes each token stands for, none for a marker: of byte-level vocabularies, and of those of SentencePiece."""
    written = tokenizer.convert_ids_to_tokens(list(range(len(tokenizer))))
    special, added = set(tokenizer.all_special_ids), tokenizer.get_added_vocab()
    blanks = Counter(token[:1] for token in written if token)
    of_bytes = _alphabet() if blanks["Ġ"] > blanks["▁"] else None  # Maltese has a Ġ of its own
    return [
        b"" if n in special or token is None else token.encode() if token in added else _bytes_of(token, of_bytes)
        for n, token in enumerate(written)
    ]


def _bytes_of(token: str, alphabet: dict[str, int] | None) -> bytes:
    if alphabet is not None:
        return bytes(alphabet[character] for character in token if character in alphabet)
    if len(token) == 6 and token.startswith("<0x"):
        return bytes.fromhex(token[3:5])
    return token.replace("▁", " ").encode()


def _alphabet() -> dict[str, int]:
    """Byte-level vocabularies write the bytes that are no visible character as the letters from 256 on."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {chr(byte): byte for byte in shown} | {chr(256 + n): byte for n, byte in enumerate(hidden)}
