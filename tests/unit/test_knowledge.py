"""Documents, passages, pieces: ids that follow from the content alone."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.knowledge import PIECE_WORDS, Hit, Passage, Piece, cite, language_of, pieces, windows

PASSAGE = Passage(
    "faqs/returns.md", "faqs/returns.md#how-long", "How long?", "30 days.", "en", phrasings=("too late?",)
)


def test_the_same_content_is_the_same_passage() -> None:
    assert replace(PASSAGE).id == PASSAGE.id
    assert len(PASSAGE.id) == 32


def test_a_passage_that_moved_within_its_file_is_the_same_passage() -> None:
    assert replace(PASSAGE, source="faqs/returns.md:99") == PASSAGE
    assert replace(PASSAGE, position=7, valid_to="2026-12-31", audience="agents").id == PASSAGE.id


@pytest.mark.parametrize(
    "change",
    [
        {"text": "60 days."},
        {"title": "How long"},
        {"phrasings": ()},
        {"phrasings": ("too late?", "really?")},
        {"language": "zh"},
        {"url": "https://shop.example/returns"},
        {"anchor": "faqs/returns.md#other"},
    ],
)
def test_changed_content_is_another_passage(change: dict[str, object]) -> None:
    assert replace(PASSAGE, **change).id != PASSAGE.id  # type: ignore[arg-type]


def test_title_phrasings_and_text_are_embedded_apart() -> None:
    assert [piece.text for piece in pieces(PASSAGE)] == ["How long?", "too late?", "30 days."]
    assert {piece.passage for piece in pieces(PASSAGE)} == {PASSAGE.id}


def test_what_is_empty_or_said_twice_is_not_embedded() -> None:
    passage = replace(PASSAGE, title="", phrasings=("30 days.", " "))
    assert [piece.text for piece in pieces(passage)] == ["30 days."]


def test_a_piece_has_an_id_that_faiss_can_hold() -> None:
    ids = {Piece("p", str(n)).id for n in range(1_000)}
    assert len(ids) == 1_000
    assert all(0 <= id < 2**63 for id in ids)


def test_the_same_words_in_two_passages_are_two_pieces() -> None:
    assert Piece("a", "30 days").id != Piece("b", "30 days").id


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(alphabet="abc字。", min_size=1, max_size=8), max_size=400))
def test_windows_hold_every_word_once_and_in_order(words: list[str]) -> None:
    cut = list(windows(" ".join(words)))
    assert " ".join(cut).split() == words
    assert all(len(window.split()) <= PIECE_WORDS for window in cut)


PAGE = "商品签收后三十天内可以退货，需要保持原样。退款一般在五个工作日内到账；节假日顺延。" * 20


@pytest.mark.parametrize("words", [20, 55, PIECE_WORDS])
def test_chinese_is_cut_behind_its_marks_and_counts_half_a_word_a_character(words: int) -> None:
    cut = list(windows(PAGE, words))
    assert "".join(cut) == PAGE
    assert all(window[-1] in "，。；" for window in cut)
    assert all(words < len(window) <= 2.2 * words for window in cut[:-1])


def test_chinese_without_a_mark_is_cut_all_the_same() -> None:
    assert [len(window) for window in windows("字" * 500)] == [220, 220, 60]


def test_a_closing_quotation_mark_stays_with_its_sentence() -> None:
    assert list(windows("他说：“可以退。”但要原样。", 4)) == ["他说：“可以退。”", "但要原样。"]


def test_both_languages_in_one_text_share_the_window() -> None:
    cut = list(windows(" ".join(["word"] * 100) + " " + "字" * 40))
    assert [window.count("word") for window in cut] == [100, 0]


@given(st.text(alphabet="word 字退，。\n", max_size=300), st.integers(1, 12))
def test_windows_lose_no_character(text: str, words: int) -> None:
    assert "".join("".join(windows(text, words)).split()) == "".join(text.split())


def test_citations_count_from_one_and_round_the_score() -> None:
    first, second = cite([Hit(PASSAGE, 0.123456), Hit(PASSAGE, 0.1)])
    assert (first.position, second.position, first.score, first.document) == (1, 2, 0.1235, "faqs/returns.md")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How do I return it?", "en"),
        ("怎么退货？", "zh"),
        ("我的 iPhone 什么时候到", "zh"),
        ("What does 保修 mean on the label?", "en"),
        ("🙂 123", "en"),
        ("", "en"),
    ],
)
def test_the_language_is_what_most_of_the_letters_say(text: str, language: str) -> None:
    assert language_of(text) == language
