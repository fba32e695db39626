"""Tokens and their texts, and which token is taken when the likeliest may not be."""

from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from bot.adapters.composer_tokenizer import train_tokenizer
from bot.adapters.gpt2_words import LOST, Keeping, token_texts
from bot.ports import Sampling
from bot.prompt import MARKERS, PASSAGE
from bot.wording import Wording, Written

PROMPT = f"{PASSAGE}Ports\nThe Zorblax has 3 ports."
TEXTS = [b"", b" The", b" Zor", b"blax", b"bla", b" 3", b"4", b".", "口".encode()]  # the first is a marker


def byte_level() -> Any:
    return train_tokenizer(["Where is my order? é 退货 😀"] * 4, 300)


def sentencepiece() -> Any:
    words = {"</s>": 0, "▁the": 1, "▁order": 2, "<0x0A>": 3, "<0xE9>": 4, "é": 5, "Ġ": 6}
    wrapped: Any = PreTrainedTokenizerFast
    return wrapped(tokenizer_object=Tokenizer(models.WordLevel(words, unk_token="</s>")), eos_token="</s>")


def test_a_text_is_the_bytes_of_its_tokens() -> None:
    tokenizer = byte_level()
    texts = token_texts(tokenizer)
    for text in (" Where is my order?", " é\n 退货 😀", " \t<|x|>"):
        assert b"".join(texts[n] for n in tokenizer(text[1:])["input_ids"]) == text.encode()


def test_an_end_stands_for_no_text_and_other_markers_for_none_that_may_be_written() -> None:
    tokenizer = byte_level()
    texts = token_texts(tokenizer)
    assert texts[tokenizer.eos_token_id] == b""
    for marker in MARKERS:
        assert texts[tokenizer.convert_tokens_to_ids(marker)] in (b"", marker.encode())


def test_sentencepiece_writes_blanks_and_bytes_in_its_own_way() -> None:
    assert token_texts(sentencepiece()) == [b"", b" the", b" order", b"\n", b"\xe9", *map(str.encode, "éĠ")]


def ranking(*tokens: int, steps: float = 0.1) -> torch.Tensor:
    """Logits that rank these tokens in this order, before all others."""
    logits = torch.full((len(TEXTS),), -20.0)
    for rank, token in enumerate(tokens):
        logits[token] = 1.0 - steps * rank
    return logits


def written(*ranked: tuple[int, ...], steps: float = 0.1, **sampling: Any) -> list[int]:
    keeping, random = Keeping(PROMPT, TEXTS), torch.Generator().manual_seed(0)
    return [keeping.token(ranking(*one, steps=steps), Sampling(**sampling), random) for one in ranked]


def test_the_likeliest_permitted_token_is_taken() -> None:
    assert written((1,), (2,), (3,), (7,), (0,)) == [1, 2, 3, 7, 0]
    assert written((5,), (6, 7)) == [5, 7]  # no 34
    assert written((2,), (5, 0, 7, 4, 3)) == [2, 4]  # what is begun is finished
    assert written((8, 6, 1)) == [1]


def test_a_token_that_no_tokenizer_knows_is_never_taken() -> None:
    """Many models have room for more tokens than there are."""
    logits = torch.cat((ranking(1), torch.tensor([5.0, 4.0])))
    for temperature in (0.0, 1.0):
        keeping, random = Keeping(PROMPT, TEXTS), torch.Generator().manual_seed(0)
        assert keeping.token(logits, Sampling(temperature=temperature), random) == 1


def test_a_draft_ends_where_a_word_does() -> None:
    assert written((2,), (0, 3), (0,)) == [2, 3, 0]


def test_a_draft_with_nothing_permitted_to_say_is_lost() -> None:
    assert written((2,), (6, 8, 3), steps=5.0) == [2, LOST]
    assert written((2,), (6, 8, 3), steps=4.0) == [2, 3]


@pytest.mark.parametrize("top_p", [0.1, 1.0])
def test_drawn_drafts_keep_to_the_words_too(top_p: float) -> None:
    for seed in range(20):
        keeping, random = Keeping(PROMPT, TEXTS), torch.Generator().manual_seed(seed)
        tokens = [keeping.token(ranking(6, 8, 4, 1, 2, 3), Sampling(2.0, top_p), random) for _ in range(3)]
        text = b"".join(TEXTS[token] for token in tokens if token != LOST)
        assert Wording(PROMPT).after(Written(), text) is not None
