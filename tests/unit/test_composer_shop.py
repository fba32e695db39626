"""Rows about everyday shop business: what is asked is answered by the entry, and by one sentence of it."""

import random
import re

import pytest

from bot import chooser, grounding
from bot.adapters import composer_rows, composer_shop
from bot.adapters.composer_rows import Row

TALK = """# a note
= delivery
t Delivery / How is it sent?
s It costs {price}. / We charge {price}.
q how much is it / what does it cost
| It is free.
y is it free
s It takes {days} days.
q how long does it take
n is it quick
"""


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return [composer_shop.shop_row(random.Random(seed), 0.1) for seed in range(600)]


def test_a_topic_is_read_with_its_facts_and_what_another_shop_says_instead() -> None:
    [topic] = composer_shop.parse(TALK)
    assert (topic.name, topic.titles) == ("delivery", ["Delivery", "How is it sent?"])
    [[costs, free], [takes]] = topic.facts
    assert costs.wordings == ["It costs {price}.", "We charge {price}."]
    assert free.asks == {"": [], "Yes": ["is it free"], "No": []}
    assert takes.asks == {"": ["how long does it take"], "Yes": [], "No": ["is it quick"]}


def test_every_fact_of_the_shipped_talk_is_asked_for_and_every_blank_can_be_filled() -> None:
    assert len(composer_shop.topics()) >= 20
    for topic in composer_shop.topics():
        assert len(topic.facts) >= 3, topic.name
        for fact in (fact for ones in topic.facts for fact in ones):
            assert any(fact.asks.values()), fact.wordings
            for text in (*fact.wordings, *topic.titles, *(ask for asks in fact.asks.values() for ask in asks)):
                assert "{" not in composer_shop.fill(text, {}, random.Random(1))


def test_a_blank_that_nothing_fills_is_named() -> None:
    with pytest.raises(ValueError, match=r"\{colur\}"):
        composer_shop.fill("in {colur}", {}, random.Random(1))


def test_a_name_is_filled_in_alike_everywhere_and_two_names_differ() -> None:
    for seed in range(50):
        values: dict[str, str] = {}
        text = composer_shop.fill("{days} {days2} {days}", values, random.Random(seed))
        one, other, again = text.split()
        assert one == again != other


def test_what_is_answered_stands_in_the_first_entry(rows: list[Row]) -> None:
    for row in rows:
        if row.answerable:
            assert composer_rows.is_exact(row), row
            assert grounding.sentences(row.answer)[-1].split()[-1] in row.passages[0][1]


def test_what_nothing_says_is_handed_off(rows: list[Row]) -> None:
    unanswerable = [row for row in rows if not row.answerable]
    assert 0.05 < len(unanswerable) / len(rows) < 0.16
    assert {row.answer for row in unanswerable} == {"<handoff>"}


def test_the_guard_carries_the_replies_and_the_chooser_takes_them(rows: list[Row]) -> None:
    """Otherwise the composer would learn to say what nobody is ever shown."""
    answered = [row for row in rows if row.answerable]
    carried = well = 0
    for row in answered:
        shown = [f"{title}\n{text}" for title, text in row.passages]
        said = grounding.sentences(row.answer)
        carried += all(grounding.check(one, shown, row.question).is_carried for one in said)
        well += all(chooser.reads_well(one, row.passages[0][1], row.question) for one in said)
    assert carried / len(answered) > 0.95
    assert well / len(answered) > 0.9


def test_yes_and_no_stand_only_before_questions_that_ask_for_them(rows: list[Row]) -> None:
    led = [row for row in rows if re.match(r"(Yes|No)[.,]", row.answer)]
    assert len(led) > 40
    assert {row.answer[:2] for row in led} == {"Ye", "No"}


def test_the_same_question_is_answered_otherwise_by_another_shop(rows: list[Row]) -> None:
    answers: dict[str, set[str]] = {}
    for row in rows:
        if row.answerable:
            answers.setdefault(row.question, set()).add(row.answer)
    assert sum(len(said) > 1 for said in answers.values()) > 20
