"""How a training row becomes another one: harder, or more like what people type."""

import random

import pytest

from bot.adapters import composer_rows
from bot.adapters.composer_rows import Row
from bot.sentences import sentences

RETURNS = (
    "Returns are free. You can return a lamp within 30 days of delivery. You cannot return gift cards once opened."
)
HOURS = "You can return a lamp at the desk on weekdays. Lamps are on the first floor."


def row(question: str = "How long may I keep it?", answer: str = "Returns are free.", *texts: str) -> Row:
    passages = tuple((f"title {n}", text) for n, text in enumerate(texts or (RETURNS, HOURS)))
    return Row(question, passages, (), answer, True, "shop", "syn_asked")


def every(rewriting: composer_rows.Rewriting, one: Row, n: int = 60) -> list[Row]:
    return [rewriting(one, random.Random(seed)) for seed in range(n)]


def test_a_seed_gives_the_same_rows_again() -> None:
    for rewriting in (composer_rows.shuffled, composer_rows.typed, composer_rows.with_opening):
        assert every(rewriting, row()) == every(rewriting, row())
        assert len(set(every(rewriting, row()))) > 1


@pytest.mark.parametrize(
    ("answer", "is_exact"),
    [
        ("Returns are free.", True),
        ("Yes. Returns are free.", True),
        ("No, you cannot return gift cards once opened.", True),
        ("Returns are free. Lamps are on the first floor.", True),
        ("Returning a lamp costs nothing.", False),
        ("Returns are free. Enjoy!", False),
    ],
)
def test_a_reply_is_exact_when_each_of_its_sentences_stands_in_a_passage(answer: str, is_exact: bool) -> None:
    assert composer_rows.is_exact(row(answer=answer)) is is_exact


def test_a_row_is_hard_when_another_sentence_shares_more_of_the_question() -> None:
    asked = "Can you return a lamp on weekdays?"
    assert composer_rows.is_hard(row(asked, "You can return a lamp within 30 days of delivery."))
    assert not composer_rows.is_hard(row(asked, "You can return a lamp at the desk on weekdays."))


def test_shuffling_keeps_every_sentence_and_the_reply() -> None:
    firsts = set[str]()
    for one in every(composer_rows.shuffled, row()):
        assert sorted(sentences(one.passages[0][1])) == sorted(sentences(RETURNS))
        assert (one.answer, one.passages[1]) == (row().answer, row().passages[1])
        firsts.add(sentences(one.passages[0][1])[0])
    assert len(firsts) == 3


def test_numbered_steps_are_never_shuffled() -> None:
    steps = row("How?", "2. Press the button.", "1. Open the box.\n2. Press the button.\n3. Wait.")
    assert set(every(composer_rows.shuffled, steps)) == {steps}


def test_the_most_misleading_sentence_joins_the_passage_that_answers() -> None:
    asked = row("How do I return a lamp?", "You can return a lamp within 30 days of delivery.")
    for one in every(composer_rows.distracted, asked):
        assert sorted(sentences(one.passages[0][1])) == sorted([*sentences(RETURNS), sentences(HOURS)[0]])
        assert one.answer == asked.answer


def test_without_another_passage_nothing_can_mislead() -> None:
    alone = row("How?", "Returns are free.", RETURNS)
    assert composer_rows.distracted(alone, random.Random(1)) == alone


def test_yes_and_no_follow_what_the_text_says() -> None:
    made = {(one.question, one.answer.replace(". Y", ", y", 1)) for one in every(composer_rows.asked_yes_or_no, row())}
    assert (
        "Can I return gift cards once opened?",
        "No, you cannot return gift cards once opened.",
    ) in made
    assert (
        "Can I return a lamp within 30 days of delivery?",
        "Yes, you can return a lamp within 30 days of delivery.",
    ) in made


@pytest.mark.parametrize(
    "text",
    [
        "You can only return it in the shop.",  # "Yes" would promise too much
        "You may see a message about your order.",  # may happen, not may be done
        "You can send us what you do not like at once.",  # "you" inside: who is meant changes with who speaks
        "Customers can pay in the shop on weekdays.",
    ],
)
def test_what_is_not_certain_is_not_asked_with_yes_or_no(text: str) -> None:
    assert composer_rows.asked_yes_or_no(row("How?", text, text), random.Random(1)) == row("How?", text, text)


def test_a_passage_about_customers_is_answered_with_you() -> None:
    said = "You can return your lamp within 30 days."
    for one in every(composer_rows.said_to_the_customer, row("How long?", said, f"Hello. {said}")):
        assert one.answer == said
        assert " you" not in one.passages[0][1].lower()
        assert "can return their lamp within 30 days." in one.passages[0][1]


def test_a_reply_that_would_still_say_you_twice_keeps_its_passage() -> None:
    one = row("How?", "You can return it.", "You can return it. We write to you soon.")
    assert composer_rows.said_to_the_customer(one, random.Random(1)) == one


def test_typing_changes_the_question_alone_and_never_empties_it() -> None:
    asked = row("How do I return my broken lamp?")
    made = every(composer_rows.typed, asked)
    assert all((one.passages, one.answer) == (asked.passages, asked.answer) and one.question for one in made)
    assert any(one.question == "how do i return my broken lamp" for one in made)
    slips = {word for one in made for word in one.question.lower().strip("?").split()} - set(
        "how do i return my broken lamp".split()
    )
    assert slips  # letters lost, doubled, changed over
    assert composer_rows.typed(row("?"), random.Random(1)).question == "?"


def test_an_opening_keeps_the_question() -> None:
    for one in every(composer_rows.with_opening, row("Where is it?")):
        assert "here is it?" in one.question
        assert len(one.question) > len("Where is it?")
        assert one.answer == "Returns are free."


def test_a_chain_takes_each_step_by_its_share() -> None:
    steps = [(1.0, composer_rows.typed), (0.0, composer_rows.with_opening)]
    assert (
        composer_rows.chained(row("Where is IT?"), steps, random.Random(2)).question.lower().startswith("where is it")
    )
