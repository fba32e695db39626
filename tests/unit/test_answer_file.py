"""What is written is what is read: any question and answer, in any file a person may have had their hands in."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot import faq
from bot.answer_draft import AnswerDraft, DraftStatus
from bot.answer_file import anchor_of, composed, entries
from bot.errors import Refused
from bot.knowledge import Passage

PATH = "answers-en.md"
BY_HAND = (
    "---\r\nkind: faq\r\nlanguage: en\r\ntitle: Ours  # a comment\r\n---\r\nSome words first.\r\n\r\n"
    "## Who pays for returns?\r\n\r\n> return postage\r\n\r\nYou do.\r\n\r\n### By post\r\nFour euros.\r\n"
    "<!-- checked\r\nby legal -->\r\n\r\nGift wrapping\r\n---\r\nTwo euros.   \r\n"
)


def draft(
    question: str = "Do you gift wrap?", answer: str = "Yes.", *phrasings: str, language: str = "en"
) -> AnswerDraft:
    empty = AnswerDraft("d1", DraftStatus.DRAFT, "", "", language)
    return empty.edited(question=question, answer=answer, language=language, phrasings=phrasings)


def ids(text: str) -> list[str]:
    return [passage.id for passage in faq.parse(text, PATH).passages]


def written(one: AnswerDraft, before: str | None = None, instead_of: str = "") -> tuple[str, Passage]:
    found = composed(before, one, PATH, instead_of)
    return found.text, found.passage


# ── a file of our own ──


def test_the_first_answer_makes_the_file() -> None:
    text, passage = written(draft("Do you gift wrap?", "Yes, for **€2**.", "gift paper", "wrapped as a present"))
    assert text == (
        "---\nkind: faq\nlanguage: en\ntitle: Answers from our team\n---\n\n"
        "## Do you gift wrap?\n> gift paper\n> wrapped as a present\n\nYes, for **€2**.\n"
    )
    assert (passage.anchor, passage.language, passage.kind) == ("answers-en.md#do-you-gift-wrap", "en", "faq")
    assert ids(text) == [passage.id]


def test_further_answers_stand_below_and_leave_what_is_above_alone() -> None:
    first, _ = written(draft())
    both, passage = written(draft("Do you sell used tents?", "No."), first)
    assert both.startswith(first)
    assert ids(both) == [*ids(first), passage.id]


def test_an_answer_that_was_edited_replaces_its_own_entry_only() -> None:
    text, passage = written(draft())
    text, _ = written(draft("Do you sell used tents?", "No."), text)
    again, changed = written(draft("Can you gift wrap?", "Yes, for €2."), text, anchor_of(passage))
    assert [p.title for p in faq.parse(again, PATH).passages] == ["Can you gift wrap?", "Do you sell used tents?"]
    assert changed.text == "Yes, for €2."
    assert "Do you gift wrap?" not in again
    assert again.count("## ") == 2


def test_the_same_again_changes_no_byte() -> None:
    text, passage = written(draft())
    assert written(draft(), text, anchor_of(passage))[0] == text


def test_a_customers_wording_equal_to_the_question_is_not_written_twice() -> None:
    assert "> Do you gift wrap?" not in written(draft("Do you gift wrap?", "Yes.", "Do you gift wrap?"))[0]


def test_chinese_answers_have_a_file_of_their_own() -> None:
    one = draft("可以包装成礼物吗？", "可以，每件 2 欧元。", "礼品包装", language="zh")
    found = composed(None, one, "answers-zh.md")
    assert "language: zh\ntitle: 客服解答" in found.text
    assert (found.passage.title, found.passage.phrasings) == ("可以包装成礼物吗？", ("礼品包装",))


# ── a file that people edit too ──


def test_what_people_wrote_is_kept_byte_for_byte() -> None:
    text, passage = written(draft(), BY_HAND)
    assert text.startswith(BY_HAND)
    assert "\n" not in text.replace("\r\n", "")
    assert ids(text) == [*ids(BY_HAND), passage.id]


def test_a_comment_inside_an_entry_outlives_the_entry() -> None:
    assert entries(BY_HAND, PATH)["who-pays-for-returns"].passage.text.endswith("Four euros.")
    text, _ = written(draft("Who pays for returns?", "We do."), BY_HAND, "who-pays-for-returns")
    assert "<!-- checked\r\nby legal -->" in text
    assert text.startswith(BY_HAND.partition("## Who")[0])
    assert text.endswith(BY_HAND[BY_HAND.index("Gift wrapping") :])
    assert "Four euros" not in text


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        ("---\nkind: faq\n---\n## How?\nSo.\n```\nopen", "“How[?]” there would be read differently: look there for"),
        ("---\nkind: faq\n---\n## Do you gift wrap!\nSo.", "“Do you gift wrap!” is answered in answers-en.md already"),
        ("---\nkind: faq\nlanguage: de\n---\n## Wie?\nSo.", "does not say kind: faq and language: en"),
        ("---\nkind: policy\n---\n# Terms\nWe sell tents.", "does not say kind: faq"),
        ("# Terms\nWe sell tents.", "“Terms” there would be read differently"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_take_the_answer_is_said_to_be_so(before: str, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        composed(before, draft(), PATH)


def test_a_comment_left_open_above_and_an_arrow_in_the_answer_do_not_hide_an_entry() -> None:
    before = "---\nkind: faq\nlanguage: en\n---\n## How?\nSo. <!-- todo\n\n## Why?\nThus.\n"
    with pytest.raises(Refused, match="would be read differently"):
        composed(before, draft(answer="Account --> Gifts"), PATH)
    assert composed(before, draft(answer="Account → Gifts"), PATH).passage.text == "Account → Gifts"


def test_an_empty_file_is_begun_anew() -> None:
    assert written(draft(), "\n")[0] == written(draft())[0]


# ── anything at all ──

MARKS = st.text(
    alphabet=st.sampled_from("#-=|>`~:：Q问A答Answer? \n\ra退*_[](){}<!\x00\u202e\u2028\\1.\t\u3000"), max_size=60
)
PARTS = st.sampled_from([
    "## Heading?", "# Heading", "Title\n---", "Title\n===", "---", "<!-- hidden -->", "<!--", "-->", "Q: why?",
    "A: so", "**Q: why?**", "问：为什么？", "Also asked: this", "> quoted", "```", "~~~~",
    "| a | b |\n|---|---|\n| 1 | 2 |", "- item", "1. first",
    "Plain text.", "退货需要 5 天。", "", "    indented", "kind: policy", "[a](b) {#c}", "a\rb",
])  # fmt: skip
TEXTS = st.one_of(MARKS, st.lists(PARTS, max_size=6).map("\n".join), st.text(max_size=40))
LINES = st.one_of(MARKS, PARTS, st.text(max_size=30)).map(lambda text: " ".join(text.split()))
QUESTIONS = st.one_of(LINES, LINES.map("How {}".format), LINES.map("{} why?".format))
ANSWERS = st.one_of(TEXTS, TEXTS.map("Yes.\n{}".format), TEXTS.map("{}\n\nSo.".format))
OTHERS = st.sampled_from(
    [None, BY_HAND, "---\nkind: faq\nlanguage: en\n---\n## How?\nSo.", "\ufeff## How?\n> x\n\nSo.\r"]
)


@settings(max_examples=400, deadline=None)
@given(QUESTIONS, ANSWERS, st.lists(LINES, max_size=3), OTHERS)
@example("How?", "Title\n---\ntext", [], None)
@example("refund status", "> quoted only", ["where is my money"], None)
@example("Why C#?", "```\nnever closed", ["#", "**", "> x"], BY_HAND)
def test_whatever_is_published_is_read_back_exactly_or_refused(
    question: str, answer: str, phrasings: list[str], before: str | None
) -> None:
    try:
        one = draft(question, answer, *phrasings)
        text, passage = written(one, before)
    except Refused:
        return
    assert (passage.title, passage.text) == (one.question, one.answer)
    assert passage.phrasings == tuple(p for p in one.phrasings if p != one.question)
    assert text.startswith(before or "")
    assert ids(text) == [*(ids(before) if before else []), passage.id]
    again = one.edited(question=one.question, answer=one.answer, language="en", phrasings=one.phrasings)
    assert again == one, "what was tidied once is tidy"


@settings(max_examples=200, deadline=None)
@given(QUESTIONS, ANSWERS, QUESTIONS, ANSWERS)
def test_replacing_an_entry_leaves_the_others_as_they_were(q1: str, a1: str, q2: str, a2: str) -> None:
    try:
        text, first = written(draft(q1, a1), BY_HAND)
        text, _ = written(draft("Do you sell used tents?", "No."), text)
        again, changed = written(draft(q2, a2), text, anchor_of(first))
    except Refused:
        return
    kept = [id for id in ids(text) if id != first.id]
    assert [id for id in ids(again) if id != changed.id] == kept
    assert changed.id in ids(again)
