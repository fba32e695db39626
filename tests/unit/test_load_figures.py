"""The judges of `make load` can tell: whatever must not be is found when it is there."""

from typing import Any

from tests.load.customer import Customer
from tests.load.figures import Figure, at_least, at_most, exactly, percentile, table, told, word
from tests.load.stored import Row, Stored


def said(seq: int, cid: str = "", **fields: Any) -> Row:
    return Row("c", seq, fields.get("author", "customer"), cid or None, fields.get("answers"), fields.get("text", ""))


def answered(seq: int, answers: int) -> Row:
    return said(seq, author="bot", answers=answers)


def kept(*rows: Row, head: int | None = None) -> Stored:
    return Stored({"c": list(rows)}, {"c": len(rows) if head is None else head})


def customer(**acked: int) -> Customer:
    return Customer((), conversation="c", acked=acked)


def frame(seq: int, text: str = "", author: str = "customer") -> dict[str, Any]:
    return {"type": "event", "seq": seq, "kind": "message.created", "author": author, "body": {"text": text}}


def test_what_was_acked_and_is_not_there_or_elsewhere_is_lost() -> None:
    found = kept(said(1, "a"), said(2, "b"))
    assert found.lost([customer(a=1, b=2)]) == 0
    assert found.lost([customer(a=1, b=3, c=4)]) == 2


def test_a_message_that_stands_there_twice_is_doubled() -> None:
    assert kept(said(1, "a"), said(2, "b")).doubled() == 0
    assert kept(said(1, "a"), said(2, "a"), said(3, "a")).doubled() == 2


def test_positions_are_one_to_what_the_conversation_says() -> None:
    assert kept(said(1), said(2)).holes() == 0
    assert kept(said(1), said(3), head=3).holes() == 1
    assert kept(said(1), said(2), head=3).holes() == 1
    assert Stored({}, {"c": 1}).holes() == 1


def test_two_answers_to_one_question_and_none_are_both_told() -> None:
    assert kept(said(1, "a"), answered(2, 1)).answered_twice() == 0
    assert kept(said(1, "a"), answered(2, 1), answered(3, 1)).answered_twice() == 1
    assert kept(said(1, "a"), said(2, "b"), answered(3, 1)).n_owed == 1


def test_an_event_seen_at_another_place_or_with_other_words_is_found() -> None:
    seen = customer()
    for one in (frame(1, "hello"), frame(2, "there")):
        seen.hear(one)
    assert kept(said(1, text="hello"), said(2, text="there")).inverted([seen]) == 0
    assert kept(said(1, text="there"), said(2, text="hello")).inverted([seen]) == 2
    assert kept(said(1, text="hello")).inverted([seen]) == 1


def test_a_customer_notices_an_ack_that_moves_and_an_event_that_changes() -> None:
    one = customer(a=1)
    one.hear({"type": "ack", "cid": "a", "seq": 1})
    one.hear(frame(1, "hello"))
    one.hear(frame(1, "hello"))
    assert not one.faults
    one.hear({"type": "ack", "cid": "a", "seq": 2})
    one.hear(frame(1, "good-bye"))
    assert len(one.faults) == 2


def test_a_customer_resumes_from_before_the_first_hole() -> None:
    one = customer()
    for seq in (1, 3, 4):
        one.hear(frame(seq))
    assert (one.last, one.has_hole) == (1, True)
    one.hear(frame(2))
    assert (one.last, one.has_hole) == (4, False)


def test_a_percentile_is_one_of_the_values() -> None:
    assert percentile([5, 1, 3, 2, 4], 0.5) == 3
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([7], 0.99) == 7


def test_figures_know_whether_they_are_reached() -> None:
    figures = [
        exactly("R1", "lost", 1),
        at_most("R11", "gone", 30, 30, " s"),
        at_least("R1", "kills", 3, 5),
        told("", "x", "y"),
    ]
    assert [word(one) for one in figures] == ["NO", "yes", "NO", ""]
    assert [one.is_speed for one in figures] == [False, True, True, False], "how much was tried is no fault"


def test_the_table_has_a_line_for_each_figure() -> None:
    lines = table([exactly("R1", "acked and lost", 0), Figure("R7", "other", "", "3")]).splitlines()
    assert lines[0].split() == ["figure", "goal", "measured", "reached?"]
    assert lines[2].split() == ["R1", "acked", "and", "lost", "0", "0", "yes"]
    assert lines[3].split() == ["R7", "other", "3"]
