"""Word by word: both texts can be put together from the runs, and only what changed is marked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import word_diff as module
from bot.word_diff import word_diff


def kept(before: str, after: str) -> tuple[str, str]:
    runs = word_diff(before, after)
    return (
        "".join(text for mark, text in runs if mark != "new"),
        "".join(text for mark, text in runs if mark != "gone"),
    )


@given(st.text(), st.text())
def test_both_texts_can_be_put_together_from_the_runs(before: str, after: str) -> None:
    assert kept(before, after) == (before, after)


def test_only_the_word_that_changed_is_marked() -> None:
    assert word_diff("Within 30 days.", "Within 14 days.") == [
        ("same", "Within "), ("gone", "30"), ("new", "14"), ("same", " days."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "gone"),
    [
        ("costs 1,200.50 euros", "costs 1,200.90 euros", ["1,200.50"]),
        ("满三十天可退货。", "满十四天可退货。", ["三", ""]),
        ("free of charge", "free", [" of charge"]),
        ("same", "same", []),
        ("", "new", []),
    ],
)
def test_a_number_is_one_word_and_so_is_a_chinese_sign(before: str, after: str, gone: list[str]) -> None:
    assert [text for mark, text in word_diff(before, after) if mark == "gone"] == [one for one in gone if one]


def test_texts_too_long_to_compare_stand_against_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LONGEST", 5)
    assert word_diff("a b c d", "a b c e") == [("gone", "a b c d"), ("new", "a b c e")]
    assert word_diff("a b c d", "a b c d") == [("same", "a b c d")]
