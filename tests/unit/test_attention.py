"""Attention by words: tokens that make a word count together, and what was looked at is where it stands."""

import pytest

from bot.attention import Looks, Source, Word, attended, drafted, words_of
from bot.prompt import build

PROMPT = "<|question|>Wann?<|passage|>Returns\nUp to 30 days.<|question|>Wann?<|reply|>"
DRAFT = "30 days."


def looks_of(prompt: str, draft: str, *rows: dict[str, float], cut: int = 4) -> Looks:
    """Tokens of `cut` characters; each row of weights is given by text: {"30": 0.5} for the tokens from there on."""
    text = prompt + draft
    ends = [*range(cut, len(prompt), cut), len(prompt), *range(len(prompt) + cut, len(text), cut), len(text)]
    spans = list(zip([0, *ends], ends, strict=False))
    weights = []
    for row in rows:
        held = [0.0] * len(spans)
        for wanted, weight in row.items():
            place = text.index(wanted)
            held[next(j for j, (begin, end) in enumerate(spans) if begin <= place < end)] += weight
        weights.append(tuple(held))
    assert len(weights) == sum(begin >= len(prompt) for begin, _ in spans)
    return Looks(text, len(prompt), tuple(spans), tuple(weights))


def test_words_keep_their_punctuation_and_ideographs_stand_alone() -> None:
    assert [word for _, word in words_of("Up to **30** days.\n退货，10天")] == [
        Word("Up"), Word("to", " "), Word("30", " "), Word("days.", " "), Word("退", "\n"), Word("货，"), Word("10"),
        Word("天"),
    ]  # fmt: skip


def test_what_is_written_without_blanks_comes_in_pieces() -> None:
    link = "https://shop.example/" + "a" * 40
    pieces = [word for _, word in words_of(f"See {link}")][1:]
    assert "".join(word.text for word in pieces) == link
    assert [word.gap for word in pieces] == [" ", "", ""]
    assert [word.text for _, word in words_of("かんたん")] == ["か", "ん", "た", "ん"]


def test_words_stand_where_they_are_written() -> None:
    text = "a  **bc** 退"
    assert [text[begin:end] for (begin, end), _ in words_of(text)] == ["a", "**bc**", "退"]


def test_a_draft_ends_at_its_first_marker() -> None:
    assert drafted(" 30 days.<|end|> and more") == "30 days."
    assert drafted("<|handoff|>") == ""


def test_each_word_of_a_draft_names_the_words_it_looked_at_most() -> None:
    one_by_one = looks_of(PROMPT, DRAFT, *[{"30 d": 0.6, "Returns": 0.2}] * 3, *[{"days": 0.5}] * 5, cut=1)
    thirty, days = attended(PROMPT, one_by_one).draft
    assert thirty.word == Word("30")
    assert [(s.passage, s.word) for s in thirty.sources] == [(0, 3), (0, 0)]
    assert [s.share for s in thirty.sources] == pytest.approx([0.75, 0.25])
    assert days.sources == (Source(0, 4, 1.0),)


def test_tokens_of_one_word_count_together_and_a_word_looks_as_its_tokens_do_on_average() -> None:
    rows = [{"3": 0.2, "0 days": 0.4}, {"3": 0.4}, {}, {"s.": 0.1}, {"s.": 0.1}, {}, {}, {}]
    found = attended(PROMPT, looks_of(PROMPT, DRAFT, *rows, cut=1))
    [read] = found.passages
    assert [word.text for word in read.words] == ["Returns", "Up", "to", "30", "days."]
    assert read.weights[3] == pytest.approx((0.2 + 0.4 + 0.4) / 2)


def test_a_token_of_two_words_is_shared_between_them() -> None:
    prompt = "<|question|>？<|passage|>退货<|question|>？<|reply|>"
    text = prompt + "退"
    at = prompt.index("退货")
    spans = ((0, at), (at, at + 2), (at + 2, len(prompt)), (len(prompt), len(text)))
    [read] = attended(prompt, Looks(text, len(prompt), spans, ((0.0, 0.8, 0.2, 0.0),))).passages
    assert read.weights == pytest.approx((0.4, 0.4))


def test_all_attention_is_accounted_for() -> None:
    rows = [{"30": 0.5, "Wann": 0.25, "<|reply": 0.25}] * len(DRAFT)
    found = attended(PROMPT, looks_of(PROMPT, DRAFT, *rows, cut=1))
    assert found.shares == pytest.approx({"passages": 0.5, "question": 0.25, "draft": 0.0, "else": 0.25})
    assert found.question == "Wann?"


def test_the_same_passage_twice_is_two_passages() -> None:
    prompt = build("q", [("T", "same words"), ("T", "same words")], count_tokens=len, budget=1_000)
    found = attended(prompt, looks_of(prompt, "x", {"same": 1.0}, cut=1))
    assert [len(passage.words) for passage in found.passages] == [3, 3]
    assert (sum(found.passages[0].weights), sum(found.passages[1].weights)) == (1.0, 0.0)


def test_what_the_model_could_not_hold_any_more_is_left_out() -> None:
    cut = PROMPT[PROMPT.index("to 30") :]
    found = attended(PROMPT, looks_of(cut, DRAFT, *[{"30": 1.0}] * len(DRAFT), cut=1))
    assert found.passages == ()
    assert found.draft[0].sources == ()


def test_weak_sources_are_not_named() -> None:
    rows = [{"30": 0.9, "Up": 0.04, "to 30": 0.04}] * len(DRAFT)
    found = attended(PROMPT, looks_of(PROMPT, DRAFT, *rows, cut=1))
    assert [source.word for source in found.draft[0].sources] == [3]
