"""BERT with less around it: the same numbers, and the other precision only where it pays."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertConfig, BertModel

from bot.adapters import sbert_lean
from bot.adapters.sbert_lean import LeanBert, hasten


class Around(torch.nn.Module):
    """Something that holds a model, as the modules of sentence-transformers do."""

    def __init__(self, **changed: Any) -> None:
        super().__init__()
        torch.manual_seed(1)
        sizes = {"vocab_size": 50, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
        config = BertConfig(**{**sizes, "intermediate_size": 64, "max_position_embeddings": 40, **changed})
        self.model: Any = BertModel(config, add_pooling_layer=False)
        self.eval()
        for parameter in self.model.parameters():  # as after training: no weight is nothing, no norm is idle
            torch.nn.init.normal_(parameter, 0.3 if parameter.dim() == 1 else 0.0, 0.1)


TOKENS = torch.arange(30).reshape(3, 10) % 50
MASK = (torch.arange(10)[None, :] < torch.tensor([[10], [7], [1]])).long()


@torch.inference_mode()
def states(model: Any, **given: Any) -> Any:
    return model(**{"input_ids": TOKENS, "attention_mask": MASK, **given}).last_hidden_state


def difference(one: Any, other: Any) -> float:
    """Where there is text: what is computed for padding does not matter."""
    return float(((one - other).abs() * MASK[:, :, None]).max())


def test_the_numbers_are_those_of_the_original() -> None:
    around = Around()
    original = around.model
    assert hasten(around, "float32") == "float32"
    assert isinstance(around.model, LeanBert)
    assert difference(states(around.model), states(original)) < 1e-5


def test_kinds_of_tokens_count_where_they_are_given() -> None:
    around = Around()
    original = around.model
    hasten(around, "float32")
    kinds = (TOKENS > 4).long()
    assert difference(states(around.model, token_type_ids=kinds), states(original, token_type_ids=kinds)) < 1e-5
    assert difference(states(around.model, token_type_ids=kinds), states(around.model)) > 1e-3


def test_padding_changes_nothing() -> None:
    around = Around()
    hasten(around, "float32")
    alone = around.model(input_ids=TOKENS[1:2, :7], attention_mask=MASK[1:2, :7]).last_hidden_state
    torch.testing.assert_close(states(around.model)[1:2, :7], alone, atol=1e-5, rtol=0)


def test_bfloat16_stays_near_and_gives_32_bits() -> None:
    around = Around()
    original = around.model
    assert hasten(around, "bfloat16") == "bfloat16"
    made = states(around.model)
    assert made.dtype == torch.float32
    assert 0 < difference(made, states(original)) < 0.1
    cosines = torch.nn.functional.cosine_similarity(made[0], states(original)[0])
    assert float(cosines.detach().min()) > 0.999


def test_a_model_that_computes_otherwise_is_left_as_it_is() -> None:
    around = Around()
    original = around.model
    original.encoder.layer[0].attention.register_forward_hook(lambda _, given, made: (2 * made[0], *made[1:]))
    hasten(around)
    assert around.model is original


@pytest.mark.parametrize("changed", [{"hidden_act": "relu"}, {"is_decoder": True}])
def test_a_model_of_another_make_is_left_as_it_is(changed: dict[str, Any]) -> None:
    around = Around(**changed)
    original = around.model
    hasten(around)
    assert around.model is original


@pytest.mark.parametrize(
    ("flags", "pays", "chosen"),
    [
        ("fpu avx2 avx512_bf16", True, "bfloat16"),
        ("fpu avx2 amx_bf16 amx_tile", True, "bfloat16"),
        ("fpu avx2 avx512_bf16", False, "float32"),
        ("fpu avx2", True, "float32"),
        ("", True, "float32"),
    ],
)
def test_the_other_precision_is_chosen_where_the_processor_has_it_and_it_was_faster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: str, pays: bool, chosen: str
) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags\t\t: {flags}\n")
    monkeypatch.setattr(sbert_lean, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(sbert_lean, "_pays", lambda *_: pays)
    assert hasten(Around()) == chosen


def test_where_nothing_is_told_of_the_processor_it_is_not_tried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sbert_lean, "CPUINFO", tmp_path / "nothing")
    monkeypatch.setattr(sbert_lean, "_pays", lambda *_: pytest.fail("it was tried"))
    assert hasten(Around()) == "float32"


@pytest.mark.parametrize(("one", "batch", "pays"), [(0.5, 0.5, True), (0.5, 0.95, False), (1.2, 0.5, False)])
def test_it_pays_only_if_a_question_and_a_batch_are_both_faster(
    monkeypatch: pytest.MonkeyPatch, one: float, batch: float, pays: bool
) -> None:
    lean, short = torch.nn.Identity(), torch.nn.Identity()

    def seconds(model: torch.nn.Module, words: torch.Tensor) -> float:
        return 1.0 if model is lean else one if len(words) == 1 else batch

    monkeypatch.setattr(sbert_lean, "_seconds", seconds)
    assert sbert_lean._pays(lean, short, 8) is pays
