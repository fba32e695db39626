"""Two passages at a time: the same twice, one question with two answers, two numbers for one thing."""

from typing import Any

import pytest

from bot.duplicates import Near, pair_findings
from bot.knowledge import Passage
from bot.lint import Finding

LONG = "You can return unused items in every one of our stores, with the receipt."
REST = "Our colleagues look at them at once and give the money back in the way it was paid."
LONG_ZH = "未使用的商品可以凭小票在我们的任何一家门店退货。"


def page(path: str, title: str, text: str, language: str = "en", **fields: Any) -> Passage:
    anchor = f"{path}#{title}"
    return Passage(fields.pop("document", anchor), anchor, title, text, language, source=f"{path}:1", **fields)


def found(*passages: Passage, asked: float = 0.0, said: float = 0.0) -> list[Finding]:
    near = [Near(passages[0], passages[1], asked, said)] if asked or said else []
    return list(pair_findings(passages, near))


def codes(*passages: Passage, asked: float = 0.0, said: float = 0.0) -> list[str]:
    return [one.code for one in found(*passages, asked=asked, said=said)]


@pytest.mark.parametrize(("text", "language"), [(LONG, "en"), (LONG_ZH, "zh")])
def test_the_same_answer_under_several_questions_is_one_finding_with_all_of_them(text: str, language: str) -> None:
    one, other = page("a.md", "How?", text, language), page("b.md", "Where?", f"**{text.upper()}**", language)
    third = page("c.md", "Why?", text + " ", language)
    [finding] = found(one, other, third)
    assert finding.code == "duplicate"
    assert finding.passages == (one.id, other.id, third.id)
    assert "“Where?” (b.md:1), “Why?” (c.md:1)" in finding.sentence


def test_short_answers_and_pieces_of_one_page_may_well_be_alike() -> None:
    assert codes(page("a.md", "Wi-Fi?", "Yes, in every store."), page("b.md", "Parking?", "Yes, in every store.")) == []
    assert codes(page("a.md", "Part", LONG, document="a.md"), page("a.md", "Other part", LONG, document="a.md")) == []


def test_what_is_said_of_many_is_named_for_a_few() -> None:
    many = [page(f"{n}.md", f"Question {n}?", LONG) for n in range(9)]
    [finding] = found(*many)
    assert finding.sentence.endswith("and 3 more")
    assert len(finding.passages) == 9


def test_one_question_with_two_answers_is_told_whatever_its_wording() -> None:
    one = page("a.md", "How do I return an item?", "Bring it to a store.")
    other = page("b.md", "How can I return items?", "Send us the parcel with the label inside.")
    [finding] = found(one, other)
    assert finding.code == "same-question"
    assert finding.passages == (one.id, other.id)
    assert codes(one, page("b.md", "How do I return it?", "Send it.", phrasings=("return an item how?",))) == [
        "same-question"
    ]
    assert codes(one, page("b.md", "How do I return an item?", "Bring it to a store!")) == []  # the same, and short


def test_two_answers_that_cannot_both_be_right_are_a_conflict() -> None:
    one = page("a.md", "How long can I return an item?", "You can return it for 30 days.")
    other = page("b.md", "How long can I return items?", "You can return it for 14 days.")
    [finding] = found(one, other)
    assert finding.code == "conflict"
    assert "30 days" in finding.sentence
    assert "14 days" in finding.sentence
    yes, no = page("a.md", "Can I pay in cash?", "Yes, you can."), page("b.md", "Can I pay in cash?", "No, you cannot.")
    assert codes(yes, no) == ["conflict"]
    mine, theirs = (
        page("a.md", "退款要几天？", "退款需要 5 天。", "zh"),
        page("b.md", "退款要几天？", "退款需要 9 天。", "zh"),
    )
    assert codes(mine, theirs) == ["conflict"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("What time is check-in?", "What time is check-out?"),
        ("Where can I return it?", "When can I return it?"),
        ("How do I pay?", "怎么付款？"),
    ],
)
def test_other_questions_have_other_answers(one: str, other: str) -> None:
    assert codes(page("a.md", one, "From 15:00."), page("b.md", other, "From 11:00.")) == []


def test_numbers_of_neighbours_are_compared_and_told_once() -> None:
    one = page("a.md", "How long do I have to return something?", "You have 30 days from delivery to return it.")
    other = page("p.md", "Returns › Period", "Goods may be returned within 14 days of delivery.", kind="policy")
    [finding] = found(other, one, asked=0.8)
    assert (finding.code, finding.source) == ("conflict", "a.md:1")
    assert "“30 days” in “How long do I" in finding.sentence
    assert "“14 days” in “Returns › Period” (p.md:1)" in finding.sentence
    assert codes(one, other) == []  # nobody said that they are neighbours


def test_sections_of_one_policy_are_not_held_against_each_other() -> None:
    one = page("p.md", "Returns › Tents", "Goods may be returned within 30 days of delivery.", kind="policy")
    other = page("p.md", "Returns › Period", "Goods may be returned within 14 days of delivery.", kind="policy")
    assert codes(one, other, asked=0.9) == []


def test_nearly_the_same_answer_is_told_when_the_questions_are_near_too() -> None:
    one = page("a.md", "How do I return it?", f"{LONG} {REST}")
    other = page("b.md", "What must I do to return it?", LONG.replace("unused", "new") + f" {REST}")
    assert codes(one, other, asked=0.8, said=0.95) == ["near-duplicate"]
    assert codes(one, other, asked=0.5, said=0.95) == []  # another shop, another product
    assert codes(one, other, asked=0.8, said=0.8) == []


def test_the_same_words_with_another_number_are_not_the_same() -> None:
    text = "You can return unused items in all of our stores within 30 days, with the receipt."
    one, other = (
        page("a.md", "Tents?", text),
        page("b.md", "Lamps?", text.replace("30", "60").replace("items", "lamps")),
    )
    assert codes(one, other, asked=0.8, said=0.99) == []


def test_progress_ends_where_it_should() -> None:
    seen: list[tuple[int, int]] = []
    near = [Near(page("a.md", "A?", LONG), page("b.md", "B?", LONG))]
    list(pair_findings((), near, lambda done, total: seen.append((done, total))))
    assert seen[-1] == (1, 1)
