"""What a passage that is gone has become."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.knowledge import Passage
from bot.successors import Live, says_the_same

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def entry(key: str, title: str, text: str, language: str = "en") -> Passage:
    return Passage(key, key, title, text, language)


def section(anchor: str, title: str, text: str) -> Passage:
    return Passage("policies/returns.md", f"policies/returns.md#{anchor}", title, text, "en", "policy")


HOW = entry("faqs/returns.md#how", "How do I return a lamp?", "You can send a lamp back within 30 days of its arrival.")
DEADLINE = section("deadline", "Returns › Deadline", "Unused goods come back within 30 days, with their receipt.")
COST = section("cost", "Returns › Cost", "Sending parcels costs €5.")


def became(old: Passage, *live: Passage) -> Passage | None:
    return Live(live, AT).successor(old)


def test_the_passage_with_the_same_anchor_says_it_now() -> None:
    new = replace(HOW, text="You can send a lamp back within 14 days of its arrival.")
    assert became(HOW, COST, new) == new
    assert not says_the_same(new, HOW)


def test_a_passage_whose_heading_alone_changed_says_the_same() -> None:
    new = section("time", "Returns › How long", DEADLINE.text.replace(" ", "\n", 1))
    assert became(DEADLINE, replace(DEADLINE, text="Something else."), new) == new
    assert says_the_same(new, DEADLINE)


def test_a_file_that_was_moved_whole_says_the_same() -> None:
    moved = entry("help/lamps.md#send-back", "Sending a lamp back", HOW.text)
    assert became(HOW, moved) == moved


@pytest.mark.parametrize(("words", "is_same"), [("Yes.", False), (HOW.text, True)])
def test_a_few_words_may_answer_another_question(words: str, is_same: bool) -> None:
    """“Yes.” to France is not “Yes.” to Italy."""
    gone, other = entry("a.md#france", "To France?", words), entry("b.md#italy", "To Italy?", words)
    assert (became(gone, other) == other) == is_same


def test_in_one_document_the_most_similar_passage_says_it_now() -> None:
    renamed = section("time-limit", "Returns › Time limit", DEADLINE.text.replace("30", "14"))
    assert became(DEADLINE, COST, renamed) == renamed
    retitled = section("the-deadline", "Returns › The deadline", "Nothing may come back at all.")
    assert became(DEADLINE, COST, retitled) == retitled


def test_the_headings_above_are_no_likeness() -> None:
    assert became(DEADLINE, COST) is None


def test_a_reworded_question_of_the_same_file_says_it_now() -> None:
    reworded = entry("faqs/returns.md#send", "May a lamp come back?", HOW.text.replace("30", "14"))
    other = entry("faqs/returns.md#pay", "How do I pay for a lamp?", "By card.")
    assert became(HOW, other, reworded) == reworded
    assert became(HOW, other) is None
    assert became(HOW, entry("faqs/other.md#send", reworded.title, reworded.text)) is None


def test_another_language_says_it_to_others() -> None:
    assert became(HOW, entry("faqs/returns.md#zh", HOW.title, HOW.text.replace("30", "14"), "zh")) is None


def test_of_several_pieces_under_one_heading_the_nearest_counts() -> None:
    first, second = (
        replace(DEADLINE, text="Unused goods come back within 14 days."),
        replace(DEADLINE, text="Hats too."),
    )
    assert became(DEADLINE, second, first) == first


@pytest.mark.parametrize(
    "hidden", [{"audience": "agents"}, {"valid_from": "2026-03-03"}, {"valid_to": "2026-03-01"}],
    ids=["agents only", "not yet", "no more"],
)  # fmt: skip
def test_what_customers_may_not_be_told_now_is_no_successor(hidden: dict[str, str]) -> None:
    assert became(HOW, replace(HOW, text="Never.", **hidden)) is None  # type: ignore[arg-type]


def test_chinese_is_compared_too() -> None:
    old = entry("退货.md#期限", "退货期限", "未使用的商品请在收货后30天内退回。", "zh")
    new = entry("退货.md#多久", "多久以内可以退货", "未使用的商品请在收货后14天内退回。", "zh")
    assert became(old, entry("退货.md#发票", "怎么开发票", "请在订单页面申请。", "zh"), new) == new


def test_with_nothing_live_it_was_taken_out() -> None:
    assert became(HOW) is None
    assert not says_the_same(None, HOW)
