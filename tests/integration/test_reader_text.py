import pytest

from bot import faq
from bot.adapters.reader_text import PlainText
from bot.content import Page, Unreadable


def read(text: str) -> Page:
    (page,) = PlainText().read("a.txt", text.encode())
    assert isinstance(page, Page)
    return page


def titles(text: str) -> list[tuple[str, str]]:
    return [(passage.title, passage.text) for passage in faq.parse_page(read(text)).passages]


def test_questions_that_stand_alone_have_the_text_below_as_their_answer() -> None:
    text = "How long do I have?\nYou have 30 days.\n\nWho pays?\n\nYou do.\nAlways.\n"
    assert titles(text) == [("How long do I have?", "You have 30 days."), ("Who pays?", "You do.\nAlways.")]


def test_numbers_before_questions_are_left_off() -> None:
    assert [title for title, _ in titles("1. How long?\n30 days.\n\n2) Who pays?\nYou.\n")] == [
        "How long?",
        "Who pays?",
    ]


def test_lines_in_capitals_or_underlined_are_headings() -> None:
    text = "RETURN POLICY\n\nYou may return it.\n\nShipping\n--------\nWe ship.\n\nCosts\n*****\nNone.\n"
    found = titles(text)
    assert [title.split(" › ")[-1] for title, _ in found] == ["RETURN POLICY", "Shipping", "Costs"]
    assert [text for _, text in found] == ["You may return it.", "We ship.", "None."]


def test_questions_marked_as_such_are_read() -> None:
    assert titles("Q: How long?\nA: 30 days.\n\nQ: Who pays?\nA: You.") == [
        ("How long?", "30 days."),
        ("Who pays?", "You."),
    ]
    assert titles("问：怎么退货？\n答：联系我们。") == [("怎么退货？", "联系我们。")]


@pytest.mark.parametrize(
    "text",
    [
        "We ask ourselves. Is it good?\nWe do not know.",
        "This is a paragraph that goes on\nand on, is it?\nIt is.",
        "OK\n\nfine",
        "BUY NOW!\n\nfine",
        "ABC-123\nis a part number",
        "Is this the end?",
        "Is it red?\nIs it blue?\nIs it green?",
    ],
)
def test_what_may_be_something_else_is_no_heading(text: str) -> None:
    assert not [line for line in read(text).text.split("\n") if line.startswith("#")]


def test_lines_keep_their_places() -> None:
    text = "\nTERMS\n=====\n\nOne.\n\nWhy?\nBecause.\n"
    page = read(text)
    assert len(page.text.split("\n")) == len(text.split("\n"))
    assert [passage.source for passage in faq.parse_page(page).passages] == ["a.txt:2", "a.txt:7"]


def test_what_is_mostly_no_text_is_refused() -> None:
    with pytest.raises(Unreadable, match="not text"):
        list(PlainText().read("a.txt", b"ab\x01\x02\x03\x04\x05cd" * 50))


def test_programs_are_no_content() -> None:
    assert not PlainText().reads("a.js", b"alert(1)")
    assert PlainText().reads("a.txt", b"hello")
