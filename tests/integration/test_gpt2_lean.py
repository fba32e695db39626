"""The lean GPT-2 writes what transformers' own writes, token for token: tiny random models and the shipped composer."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from bot.adapters import gpt2_lean
from bot.adapters.gpt2 import SHIPPED
from bot.adapters.gpt2_lean import LeanGpt2, lean

CONTEXT, VOCABULARY = 48, 97


def tiny(**options: Any) -> Any:
    torch.manual_seed(3)
    made: Any = GPT2LMHeadModel
    config = GPT2Config(
        vocab_size=VOCABULARY, n_positions=CONTEXT, n_embd=32, n_layer=3, n_head=4, initializer_range=0.4,
        bos_token_id=0, eos_token_id=None, pad_token_id=0, **options,
    )  # fmt: skip
    return made(config).eval()


def leaned(model: Any) -> LeanGpt2:
    made = lean(model)
    assert made is not None
    return made


def text(length: int, seed: int = 0, vocabulary: int = VOCABULARY) -> list[int]:
    drawn: list[int] = torch.randint(vocabulary, (length,), generator=torch.Generator().manual_seed(seed)).tolist()
    return drawn


def greedy(model: LeanGpt2, ids: list[int], most: int) -> list[int]:
    cache, written = model.cache(len(ids) + most), list[int]()
    logits = model.read(ids, cache)
    while len(written) < most:
        written.append(int(logits.argmax()))
        if len(written) < most:
            logits = model.read(written[-1:], cache)
    return written


def generated(model: Any, ids: list[int], most: int) -> list[int]:
    """As transformers writes it, and not ended by any token."""
    written: list[int] = model.generate(
        torch.tensor([ids]), max_new_tokens=most, min_new_tokens=most, do_sample=False, pad_token_id=0
    )[0, len(ids) :].tolist()
    return written


KINDS: dict[str, Callable[[], Any]] = {
    "as gpt2": tiny,
    "as the composer": lambda: tiny(tie_word_embeddings=False, n_inner=40, activation_function="gelu_pytorch_tanh"),
    "exact gelu": lambda: tiny(activation_function="gelu"),
    "relu": lambda: tiny(activation_function="relu"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("length", "most"), [(1, 20), (9, 30), (30, 12), (CONTEXT - 8, 8)])
def test_greedy_drafts_are_those_of_transformers(kind: str, length: int, most: int) -> None:
    """The last one fills the context."""
    model = KINDS[kind]()
    assert greedy(leaned(model), text(length), most) == generated(model, text(length), most)


def test_the_shipped_composer_drafts_the_same_as_with_transformers() -> None:
    models: Any = AutoModelForCausalLM
    model = models.from_pretrained(SHIPPED, dtype=torch.float32).eval()
    model.generation_config.eos_token_id = None
    made = leaned(model)
    for seed, length in enumerate((1, 40, 150, 492)):
        ids = text(length, seed, made.vocabulary)
        assert greedy(made, ids, 20) == generated(model, ids, 20)


UNUSUAL: dict[str, Callable[[], Any]] = {
    "no scale": lambda: tiny(scale_attn_weights=False),
    "scaled by layer": lambda: tiny(scale_attn_by_inverse_layer_idx=True),
    "another activation": lambda: tiny(activation_function="silu"),
    "half precision": lambda: tiny().bfloat16(),
    "another architecture": lambda: LlamaForCausalLM(
        LlamaConfig(vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8)
    ),
}


@pytest.mark.parametrize("kind", UNUSUAL)
def test_a_model_that_does_something_else_is_left_to_transformers(kind: str) -> None:
    assert lean(UNUSUAL[kind]()) is None


def test_a_model_that_was_tampered_with_is_left_to_transformers() -> None:
    model = tiny()
    model.transformer.h[1].mlp.register_forward_hook(lambda *_: torch.zeros(1))
    assert lean(model) is None


def test_a_text_read_in_pieces_is_the_text() -> None:
    model, ids = leaned(tiny()), text(30)
    cache = model.cache(30)
    for piece in (ids[:7], ids[7:8], ids[8:25], ids[25:]):
        logits = model.read(piece, cache)
    torch.testing.assert_close(logits, model.read(ids, model.cache(30)), rtol=1e-4, atol=1e-4)


def test_texts_go_on_side_by_side_as_they_do_alone() -> None:
    model = leaned(tiny())
    texts = [text(length, seed=length) for length in (5, 31, 12)]
    begun = [model.begun(ids, CONTEXT) for ids in texts]
    written = [[int(logits.argmax())] for logits, _ in begun]
    for _ in range(9):
        for one, logits in zip(written, model.step([one[-1] for one in written], [c for _, c in begun]), strict=True):
            one.append(int(logits.argmax()))
    assert written == [greedy(model, ids, 10) for ids in texts]


def test_texts_behind_one_prompt_are_read_as_if_each_stood_there_alone() -> None:
    model, prompt = leaned(tiny()), text(17)
    cache = model.cache(CONTEXT)
    model.read(prompt, cache)
    texts = [text(6, seed=1), [], text(2, seed=2)]
    for ids, behind in zip(texts, model.after(texts, cache), strict=True):
        for end in range(1, len(ids) + 1):
            alone = model.read(prompt + ids[:end], model.cache(CONTEXT))
            torch.testing.assert_close(behind[end - 1], alone, rtol=1e-4, atol=1e-4)
    assert cache.length == 17


def test_a_prompt_begun_again_is_not_read_again_and_nobody_writes_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    model, prompt = leaned(tiny()), text(17)
    first, cache = model.begun(prompt, CONTEXT)
    model.read([5], cache)
    monkeypatch.setattr(model, "_through", None)  # what cannot read cannot read again
    again, copy = model.begun(prompt, 20)
    assert torch.equal(first, again)
    assert (copy.length, cache.length) == (17, 18)


def test_of_the_prompts_begun_only_the_latest_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    model = leaned(tiny())
    one = model.cache(10).n_bytes
    monkeypatch.setattr(gpt2_lean, "RECENT", 2 * one)
    for seed in (1, 2, 1, 3, 4):
        model.begun(text(10, seed), 10)
    assert list(model._recent) == [tuple(text(10, 3)), tuple(text(10, 4))]
    model.begun(text(40), 40)  # larger than all that may be kept
    assert list(model._recent) == [tuple(text(40))]


def test_threads_share_the_weights_and_nothing_else() -> None:
    model = leaned(tiny())
    with ThreadPoolExecutor(4) as pool:
        drafts = list(pool.map(lambda n: greedy(model, text(9, seed=n % 3), 20), range(12)))
    assert [drafts[n] == drafts[n % 3] for n in range(12)] == [True] * 12
