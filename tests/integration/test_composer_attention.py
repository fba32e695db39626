"""Heads that are taught where to look, on a tiny model."""

from typing import Any

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from bot.adapters.composer_attention import ANSWERS, SOURCE, START, looking_loss, prepare, wanted
from bot.adapters.composer_data import Example
from bot.adapters.composer_loss import reply_loss
from bot.adapters.composer_places import Places

# Tokens 2 to 4 and 5 to 7 are sentences; the reply begins at 10 and repeats the second.
PLACES = Places((-1, -1, 2, 2, 2, 5, 5, 5, -1, -1), 5, 8, 3)
IDS = [0, 1, 11, 12, 13, 21, 22, 23, 2, 3, 21, 22, 23, 9]


@pytest.fixture
def model() -> Any:
    torch.manual_seed(1)
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=40, n_positions=32, n_embd=48, n_layer=4, n_head=6, n_inner=48, tie_word_embeddings=False,
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=0, eos_token_id=0, pad_token_id=0,
        )
    )  # fmt: skip


def looked_at(target: torch.Tensor, query: int) -> list[int]:
    return [int(n) for n in target[0, query].nonzero()[:, 0]]


def test_a_token_looks_at_the_start_of_its_sentence_a_reply_at_its_source() -> None:
    targets = dict(wanted([(10, PLACES)], len(IDS) - 1))
    assert [looked_at(targets[START], n) for n in range(9)] == [[], [], [2], [2], [2], [5], [5], [5], []]
    assert [looked_at(targets[SOURCE], n) for n in range(8, 13)] == [[], [5], [6], [7], []]
    for where in ANSWERS:  # before anything is said: later the words said so far tell which sentence it is
        assert [looked_at(targets[where], n) for n in range(8, 13)] == [[], [5, 6, 7], [], [], []]


def test_nothing_is_asked_of_an_example_without_places() -> None:
    assert not any(target.any() for _, target in wanted([(10, None)], 13))


def test_without_anything_to_look_for_nothing_is_missed(model: Any) -> None:
    hidden = [torch.randn(1, 13, 48) for _ in range(4)]
    assert looking_loss(model, hidden, wanted([(10, None)], 13)).item() == 0


def test_what_is_missed_is_the_share_of_attention_that_went_elsewhere(model: Any) -> None:
    ids = torch.tensor([IDS[:-1]])
    model.set_attn_implementation("eager")
    out = model.transformer(ids, output_hidden_states=True, output_attentions=True)
    for where, target in wanted([(10, PLACES)], 13):
        attention = out.attentions[where[0]][0, where[1]]
        by_hand = [-attention[n][target[0, n]].sum().log() for n in range(13) if target[0, n].any()]
        missed = looking_loss(model, out.hidden_states, [(where, target)])
        assert missed.item() == pytest.approx(torch.stack(by_hand).mean().item(), rel=1e-4)


def test_training_turns_the_heads_to_where_they_should_look(model: Any) -> None:
    prepare(model, 1)
    batch = [Example(IDS, 10, PLACES)]
    optimiser = torch.optim.AdamW(model.parameters(), lr=0.01)
    before = [missed(model, target) for target in wanted([(10, PLACES)], 13)]
    for _ in range(30):
        reply_loss(model, batch, looking=1.0).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        optimiser.zero_grad()
    after = [missed(model, target) for target in wanted([(10, PLACES)], 13)]
    assert all(now < then / 2 for now, then in zip(after, before, strict=True))


def missed(model: Any, target: tuple[tuple[int, int], torch.Tensor]) -> float:
    with torch.no_grad():
        hidden = model.transformer(torch.tensor([IDS[:-1]]), output_hidden_states=True).hidden_states
        return looking_loss(model, hidden, [target]).item()


def test_the_first_tokens_of_a_reply_weigh_as_much_as_asked(model: Any) -> None:
    batch = [Example(IDS, 10)]
    with torch.no_grad():
        plain = reply_loss(model, batch).item() * 4
        nats = -model(torch.tensor([IDS])).logits.log_softmax(-1)[0, 9:13].gather(1, torch.tensor([IDS[10:]]).T)
        weighted = reply_loss(model, batch, first=(2, 3.0)).item()
    assert plain == pytest.approx(nats.sum().item(), rel=1e-4)
    assert weighted == pytest.approx((nats.sum() + 2 * nats[:2].sum()).item() / 8, rel=1e-4)


def test_a_shape_without_room_for_the_heads_is_refused() -> None:
    with pytest.raises(ValueError, match="four layers of six heads"):
        prepare(GPT2LMHeadModel(GPT2Config(n_embd=48, n_head=6, n_layer=2, vocab_size=10)), 1)
