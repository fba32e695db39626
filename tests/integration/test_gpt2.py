"""The generator: a tiny random GPT-2 for how it behaves, the shipped composer for what it is good for."""

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel

from bot.adapters.composer_tokenizer import train_tokenizer
from bot.adapters.gpt2 import SHIPPED, Gpt2Generator, goes_in_circles, visible
from bot.adapters.gpt2_together import AT_ONCE
from bot.adapters.gpt2_words import choose
from bot.errors import Unavailable
from bot.ports import Generator, Sampling, Weighs
from bot.prompt import END, HANDOFF, PASSAGE, REPLY, before_question, build
from bot.wording import Wording

PROMPT = f"<|question|>Where is my order?{PASSAGE}Orders\nYour order is on its way.<|question|>Where?{REPLY}"
CONTEXT = 64


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GPT-2 with random weights: fluent in nothing, but fast and always the same."""
    torch.manual_seed(0)
    place = tmp_path_factory.mktemp("models") / "tiny"
    tokenizer = train_tokenizer(["Where is my order?", "Your order is on its way.", "退货 12 天"] * 4, 320)
    end = tokenizer.eos_token_id
    config = GPT2Config(
        vocab_size=len(tokenizer), n_positions=CONTEXT, n_embd=32, n_layer=2, n_head=2,
        initializer_range=0.3, tie_word_embeddings=False,
        bos_token_id=end, eos_token_id=end, pad_token_id=end,
    )  # fmt: skip
    GPT2LMHeadModel(config).save_pretrained(place)
    tokenizer.save_pretrained(place)
    return place


@pytest.fixture(scope="module")
def tiny(folder: Path) -> Gpt2Generator:
    return Gpt2Generator(folder)


@pytest.fixture
def scripted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A generator whose model writes exactly the given text."""

    def write(text: str) -> Gpt2Generator:
        generator = Gpt2Generator(folder)
        script = iter([*generator._encode(text), generator._tokenizer.eos_token_id])

        def forward(ids: list[int], past: object) -> tuple[torch.Tensor, object]:
            certain = torch.nn.functional.one_hot(torch.tensor(next(script)), len(generator._tokenizer))
            return 100.0 * certain, past

        monkeypatch.setattr(generator, "_together", None)
        monkeypatch.setattr(generator, "_forward", forward)
        return generator

    return write


def drafted(generator: Generator, prompt: str = PROMPT, from_prompt: bool = False, **sampling: Any) -> str:
    """In whatever words it finds, unless told otherwise."""
    return "".join(generator.generate(prompt, Sampling(from_prompt=from_prompt, **sampling)))


def test_a_draft_at_temperature_zero_is_always_the_same(tiny: Gpt2Generator) -> None:
    assert drafted(tiny, seed=1) == drafted(tiny, seed=2) != ""


def test_a_seed_repeats_a_drawn_draft_and_another_seed_draws_another(tiny: Gpt2Generator) -> None:
    hot: dict[str, Any] = {"temperature": 2.0, "top_p": 1.0}
    assert drafted(tiny, seed=1, **hot) == drafted(tiny, seed=1, **hot)
    assert drafted(tiny, seed=1, **hot) != drafted(tiny, seed=2, **hot)


def test_the_cache_changes_nothing_but_the_time(tiny: Gpt2Generator) -> None:
    prompt, sampling = tiny._encode(PROMPT), Sampling(max_tokens=8, from_prompt=False)
    cached = list(tiny._tokens(PROMPT, sampling, lambda: False))
    whole: list[int] = []
    for _ in cached:
        logits, _past = tiny._forward(prompt + whole, None)
        whole.append(int(tiny._deciding(logits, is_first=not whole).argmax()))
    assert cached == whole


def test_no_more_tokens_are_drawn_than_asked_for(tiny: Gpt2Generator) -> None:
    assert len(list(tiny._tokens(PROMPT, Sampling(max_tokens=5), lambda: False))) <= 5


@pytest.mark.parametrize("is_lean", [True, False])
def test_a_prompt_longer_than_the_context_keeps_its_end(
    folder: Path, monkeypatch: pytest.MonkeyPatch, is_lean: bool
) -> None:
    generator, seen = Gpt2Generator(folder), list[int]()
    if not is_lean:
        monkeypatch.setattr(generator, "_together", None)
    reads, name = (generator._lean, "read") if is_lean else (generator, "_forward")
    read = getattr(reads, name)

    def watched(ids: list[int], past: Any) -> Any:
        seen.extend(ids)
        return read(ids, past)

    monkeypatch.setattr(reads, name, watched)
    drafted(generator, "word " * 500 + REPLY, max_tokens=1000)
    assert CONTEXT // 2 <= len(seen) <= CONTEXT
    assert generator._encode(REPLY)[-1] in seen


def test_a_model_read_by_transformers_drafts_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generator = Gpt2Generator(folder)
    lean = [drafted(generator, from_prompt=from_prompt) for from_prompt in (False, True)]
    monkeypatch.setattr(generator, "_together", None)
    assert [drafted(generator, from_prompt=from_prompt) for from_prompt in (False, True)] == lean


def test_drafts_are_written_at_once_only_where_they_go_in_step(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other model takes a processor for each, as many as there are workers."""
    assert Gpt2Generator(folder, loops=2).at_once == 2 * AT_ONCE
    monkeypatch.setattr("bot.adapters.gpt2.lean", lambda model: None)
    assert Gpt2Generator(folder, loops=2).at_once == 0


def test_a_cancelled_draft_stops_after_the_token_in_hand(tiny: Gpt2Generator) -> None:
    answers = iter([False, False, True])
    tokens = tiny._tokens(PROMPT, Sampling(max_tokens=30), lambda: next(answers))
    assert len(list(tokens)) <= 3


def test_tokens_are_counted_as_the_model_reads_them(tiny: Gpt2Generator) -> None:
    assert tiny.count_tokens("") == 0
    assert tiny.count_tokens(REPLY) == 1
    assert tiny.count_tokens("1234") == 5  # digits stand alone, behind the blank a section begins with


def test_threads_share_a_generator(tiny: Gpt2Generator) -> None:
    with ThreadPoolExecutor(4) as pool:
        drafts = list(pool.map(lambda _: (drafted(tiny, max_tokens=12), tiny.count_tokens(PROMPT)), range(12)))
    assert len(set(drafts)) == 1


@pytest.mark.parametrize("is_lean", [True, False])
def test_a_draft_uses_the_configured_torch_threads(
    folder: Path, monkeypatch: pytest.MonkeyPatch, is_lean: bool
) -> None:
    generator, found = Gpt2Generator(folder, threads=1), list[int]()
    if not is_lean:
        monkeypatch.setattr(generator, "_together", None)
    decide = generator._deciding

    def watched(logits: torch.Tensor, is_first: bool) -> torch.Tensor:
        found.append(torch.get_num_threads())
        return decide(logits, is_first)

    monkeypatch.setattr(generator, "_deciding", watched)
    thread = threading.Thread(target=lambda: drafted(generator, max_tokens=1))
    thread.start()
    thread.join()
    assert found == [1]


@pytest.mark.parametrize("text", ["Your order is on its way.", "退货 😀 12", "a < b", "one\ntwo", "1 kg. 2"])
def test_what_the_model_writes_is_what_is_yielded(scripted: Any, text: str) -> None:
    draft = drafted(scripted(text))
    assert draft == text
    assert "\ufffd" not in draft


def test_sentences_leave_as_soon_as_they_are_whole(scripted: Any) -> None:
    pieces = scripted("It is on its way. Look! Yes. It is there").generate(PROMPT, Sampling(from_prompt=False))
    assert list(pieces) == ["It is on its way. ", "Look! ", "Yes. It is there"]


def test_a_sentence_cut_short_is_left_out_unless_it_is_the_only_one(scripted: Any) -> None:
    written = "It is on its way. Your order is on its way."
    most = len(scripted(written)._encode(written))
    assert drafted(scripted(written), max_tokens=most) == written
    assert drafted(scripted(written), max_tokens=most - 1) == "It is on its way. "
    short = len(scripted(written)._encode("It is on"))
    assert drafted(scripted("It is on its way"), max_tokens=short) == "It is on"


def test_half_a_character_at_the_end_is_left_out(scripted: Any) -> None:
    generator = scripted("ok 😀")
    emoji_starts = len(generator._encode("ok 😀")) - 1
    assert drafted(generator, max_tokens=emoji_starts).strip() == "ok"


def test_a_hand_off_is_yielded_as_text(scripted: Any) -> None:
    assert drafted(scripted(f"{HANDOFF}{END}")) == HANDOFF


def test_a_hand_off_must_outweigh_all_beginnings_of_an_answer_together(tiny: Gpt2Generator) -> None:
    handoff = tiny._encode(HANDOFF)[0]
    logits = torch.full((len(tiny._tokenizer),), -torch.inf)
    logits[[handoff, 20, 21]] = torch.tensor([0.4, 0.3, 0.3]).log()
    assert int(tiny._deciding(logits, is_first=True).argmax()) == 20
    logits[[handoff, 20, 21]] = torch.tensor([0.6, 0.2, 0.2]).log()
    assert int(tiny._deciding(logits, is_first=True).argmax()) == handoff
    assert int(tiny._deciding(logits, is_first=False).argmax()) == 20


@pytest.mark.parametrize("marker", [PASSAGE, REPLY, END])
def test_another_marker_ends_the_draft_unseen(scripted: Any, marker: str) -> None:
    assert drafted(scripted(f"Yes.{marker}Injected")) == "Yes."


def test_a_draft_that_repeats_itself_ends(scripted: Any) -> None:
    draft = drafted(scripted("on its way. " * 20), max_tokens=96)
    assert draft.count("way") < 10


def test_visible_holds_back_what_may_become_a_marker() -> None:
    assert visible("Yes <|en") == ("Yes ", False)
    assert visible("Yes <|enough") == ("Yes <|enough", False)
    assert visible("a <b") == ("a <b", False)
    assert visible(f"Yes{END}no") == ("Yes", True)
    assert visible("half \ufffd") == ("half ", False)


def test_goes_in_circles_needs_a_long_repetition() -> None:
    assert not goes_in_circles(list(range(24)))
    assert not goes_in_circles([1, 2, 3] * 4)
    assert goes_in_circles([*range(12), 99, *range(12)])


def test_choose_takes_only_from_the_likeliest_mass() -> None:
    logits, random = torch.tensor([0.0, 5.0, 4.9, -9.0]), torch.Generator().manual_seed(0)
    drawn = {choose(logits, Sampling(temperature=1.0, top_p=0.9), random) for _ in range(200)}
    assert drawn == {1, 2}
    assert choose(logits, Sampling(temperature=1.0, top_p=0.0), random) == 1
    assert choose(logits, Sampling(temperature=0.0), random) == 1


def test_the_name_changes_with_a_weight(folder: Path, tiny: Gpt2Generator) -> None:
    assert tiny.name.startswith("tiny@")
    other = Gpt2Generator(folder)
    with torch.no_grad():
        other._model.transformer.wpe.weight[0, 0] += 1
    other_name = other.name
    assert other_name == tiny.name  # read once, when loaded
    other._model.save_pretrained(folder.parent / "other")
    other._tokenizer.save_pretrained(folder.parent / "other")
    assert Gpt2Generator(folder.parent / "other").name.split("@")[1] != tiny.name.split("@")[1]


REPLIES = ("Your order is on its way.", "退货 12 天", "")


def weighed(generator: Gpt2Generator, prompt: str, reply: str) -> float:
    """As the definition has it: one token after the other, by transformers' own model."""
    ids = generator._encode(prompt)
    total = 0.0
    for token in [*generator._encode(reply), generator._tokenizer.eos_token_id]:
        logits = generator._model(input_ids=torch.tensor([ids])).logits[0, -1]
        total += float(logits.log_softmax(-1)[token])
        ids = [*ids, token]
    return total


@torch.inference_mode()
@pytest.mark.parametrize("is_lean", [True, False])
def test_a_reply_is_as_likely_as_its_tokens_and_its_end(folder: Path, is_lean: bool) -> None:
    generator = Gpt2Generator(folder)
    generator._lean = generator._lean if is_lean else None
    assert is_lean == (generator._lean is not None)
    for reply, found in zip(REPLIES, generator.likelihoods(PROMPT, REPLIES), strict=True):
        assert found.log_probability == pytest.approx(weighed(generator, PROMPT, reply), rel=1e-3)
        assert found.n_tokens == generator.count_tokens(reply) + 1


def test_weighing_replies_changes_no_draft(tiny: Gpt2Generator) -> None:
    before = drafted(tiny)
    first = tiny.likelihoods(PROMPT, REPLIES)
    assert drafted(tiny) == before
    again = tiny.likelihoods(PROMPT, REPLIES[::-1])[::-1]
    assert [one.log_probability for one in again] == pytest.approx([one.log_probability for one in first], rel=1e-4)


def test_what_does_not_fit_the_context_is_weighed_as_far_as_it_does(tiny: Gpt2Generator) -> None:
    [found] = tiny.likelihoods("word " * 500 + REPLY, ["way " * 500])
    assert found.n_tokens == CONTEXT // 2
    assert tiny.likelihoods(PROMPT, []) == []


def test_loading_prints_nothing(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    Gpt2Generator(folder)
    assert capfd.readouterr() == ("", "")


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="bot train composer"):
        Gpt2Generator(tmp_path / "none")


def test_an_empty_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be loaded"):
        Gpt2Generator(tmp_path)


@pytest.fixture
def copied(folder: Path, tmp_path: Path) -> Path:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def test_damaged_weights_are_refused(copied: Path) -> None:
    weights = copied / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(Unavailable, match="cannot be loaded"):
        Gpt2Generator(copied)


def test_weights_of_another_shape_are_refused_rather_than_made_up(copied: Path) -> None:
    config = json.loads((copied / "config.json").read_text())
    (copied / "config.json").write_text(json.dumps(config | {"n_layer": 3}))
    with pytest.raises(Unavailable, match="do not fit"):
        Gpt2Generator(copied)


def test_pickled_weights_are_refused(copied: Path) -> None:
    (copied / "model.safetensors").unlink()
    torch.save({}, copied / "pytorch_model.bin")
    with pytest.raises(Unavailable):
        Gpt2Generator(copied)


@pytest.fixture(scope="module")
def composer() -> Gpt2Generator:
    return Gpt2Generator()


def asked(generator: Gpt2Generator, question: str, *passages: tuple[str, str]) -> str:
    return build(question, passages, count_tokens=generator.count_tokens, budget=400)


def test_the_shipped_composer_copies_the_sentence_that_answers(composer: Gpt2Generator) -> None:
    passages = (
        ("Returns", "You can return an item within 30 days of delivery. Refunds take 5 business days."),
        ("Shipping", "We deliver on weekdays."),
    )
    draft = drafted(composer, asked(composer, "How long do I have to return an item?", *passages))
    assert "within 30 days of delivery" in draft


def test_a_draft_has_no_word_its_prompt_does_not_carry(tiny: Gpt2Generator) -> None:
    """Of a model that writes at random, drawn hot; without being kept to them it writes others."""
    hot: dict[str, Any] = {"temperature": 1.5, "top_p": 1.0, "max_tokens": 30}

    def strange(from_prompt: bool) -> set[str]:
        drafts = [drafted(tiny, from_prompt=from_prompt, seed=seed, **hot) for seed in range(8)]
        words = {word.lower() for draft in drafts for word in re.findall(r"\w+", draft)}
        return words - Wording(PROMPT)._words

    assert strange(from_prompt=False) != set()
    assert strange(from_prompt=True) == set()


def test_a_draft_that_finds_no_permitted_word_ends(scripted: Any) -> None:
    """The script is certain of each word, so no other one will do."""
    assert drafted(scripted("It is on its way. It is yours. Zorblax"), from_prompt=True) == (
        "It is on its way. It is yours. "
    )


def test_the_shipped_composer_copies_words_it_never_saw(composer: Gpt2Generator) -> None:
    passage = ("Zorblax", "The Zorblax 7413 is charged through the Quimple port.")
    assert "Quimple" in drafted(composer, asked(composer, "How is the Zorblax 7413 charged?", passage))


def test_the_shipped_composer_finds_what_its_passage_says_likelier_than_what_it_does_not(composer: Any) -> None:
    prompt = asked(composer, "How long do refunds take?", ("Refunds", "Refunds take 5 days."))
    copied, made_up = composer.likelihoods(prompt, ["Refunds take 5 days.", "Refunds arrive at once."])
    assert copied.log_probability / copied.n_tokens > made_up.log_probability / made_up.n_tokens
    assert isinstance(composer, Weighs)
    assert composer.languages == {"en"}


def test_the_shipped_composer_expects_a_question_in_the_words_of_its_passage(composer: Any) -> None:
    asked = "How do I charge the Zorblax lamp through the Quimple port?"
    answering = ("Zorblax", "The Zorblax lamp is charged through the Quimple port.")
    beside, n = ("Zorblax", "The Zorblax is dimmed by turning its ring."), composer.count_tokens(asked)
    expected, unexpected, alone = (
        composer.likelihoods(before_question([shown]), [asked], n)[0] for shown in (answering, beside, ("", ""))
    )
    assert (expected.n_tokens, alone.n_tokens) == (n, n)
    assert expected.log_probability > unexpected.log_probability > alone.log_probability


def test_the_shipped_composer_fits_the_package() -> None:
    assert sum(file.stat().st_size for file in SHIPPED.rglob("*") if file.is_file()) <= 64 * 2**20
