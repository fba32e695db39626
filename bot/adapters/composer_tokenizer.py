"""The composer's tokenizer, and what its tokens mean before any training.

Byte-level BPE: any text can be read and written. Digits stand alone, so that a number is copied digit by digit. A line
and a section begin with a blank, so that a sentence is made of the same tokens wherever it stands; without that, the
first word of a reply could not be copied from the middle of a passage.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from bot.prompt import END, MARKERS


def train_tokenizer(texts: Iterable[str], vocabulary: int) -> Any:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.Replace(Regex(r"\s*\n\s*"), "\n "), normalizers.Prepend(" ")]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.ByteLevel(), decoders.Replace("\n ", "\n"), decoders.Strip(" ", 1, 0)]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        min_frequency=2,
        special_tokens=list(MARKERS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    wrapped: Any = PreTrainedTokenizerFast
    return wrapped(tokenizer_object=tokenizer, eos_token=END, pad_token=END, clean_up_tokenization_spaces=False)


def meanings(tokenizer: Any, encoder: Path) -> torch.Tensor:
    """One vector a token: the mean of a sentence encoder's word-piece embeddings of the token's lower-cased text.

    Tokens without a word (markers, single bytes) get zeros.
    """
    pieces = Tokenizer.from_file(str(encoder / "tokenizer.json"))
    pieces.no_truncation()
    pieces.no_padding()
    table = load_file(encoder / "model.safetensors")["embeddings.word_embeddings.weight"]
    unknown = pieces.token_to_id("[UNK]")
    vectors = torch.zeros(len(tokenizer), table.shape[1])
    for token in range(len(MARKERS), len(tokenizer)):
        word = tokenizer.decode([token]).strip().lower()
        ids = [i for i in pieces.encode(word, add_special_tokens=False).ids if i != unknown]
        if word and ids:
            vectors[token] = table[ids].mean(0)
    return vectors
