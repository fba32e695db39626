"""The chooser: a true sentence is not yet a good answer."""

import pytest

from bot import chooser
from bot.excerpt import Excerpt
from bot.sentences import sentences

EARPHONES = (
    "Not if they are **in-ear** earphones: once the box has been opened we cannot take them back, for hygiene reasons. "
    "Still sealed, they can come back within 14 days. If they are faulty, the hygiene rule does not apply and you can "
    "send them in."
)
DELIVERY = (
    "To Belgium, the Netherlands and Germany: **2–4 business days**. Counting starts on the day you order if that is "
    "before 15:00 on a working day. Public holidays in Belgium do not count, and in the week before Christmas you "
    "should add a day."
)
LATE = "You receive a reminder first and have **5 days** to put it right. After that a late fee of **€7.50** is added."
CHINESE = "可以退货。耳机拆封后，除质量问题外不予退换。请在签收后 14 天内申请。"


@pytest.mark.parametrize(
    ("sentence", "passage", "question"),
    [
        ("Still sealed, they can come back within 14 days.", EARPHONES, "can I return them?"),
        ("Yes, still sealed, they can come back within 14 days.", EARPHONES, "can I return sealed ones?"),
        ("You receive a reminder first and have 5 days to put it right.", LATE, "what if I pay late?"),
        ("耳机拆封后，除质量问题外不予退换。", CHINESE, "耳机能退吗"),
    ],
)
def test_a_sentence_of_the_passage_reads_well(sentence: str, passage: str, question: str) -> None:
    assert chooser.reads_well(sentence, passage, question)


@pytest.mark.parametrize(
    ("sentence", "passage", "question"),
    [
        # cut at its head: the subject is gone, and the claim with it
        ("To Belgium do not count, and in the week before Christmas you should add a day.", DELIVERY, "how long?"),
        ("In Belgium do not count, and in the week before Christmas you should add a day.", DELIVERY, "how long?"),
        # cut at its tail
        ("Counting starts on the day you order if that is", DELIVERY, "when does it start?"),
        # two halves that were never one sentence
        ("Still sealed, the hygiene rule does not apply and you can send them in.", EARPHONES, "can I return them?"),
        # runs on
        ("Alder clothing fit: Finally from clickinininininin", DELIVERY, "fit?"),
        # a yes to a question that did not ask for one
        ("Yes, you receive a reminder first and have 5 days to put it right.", LATE, "what happens if I pay late?"),
        # a no that answers another question, though the passage begins with it
        ("No, it runs on from the first purchase.", "No, it runs on from the first purchase.", "what's the warranty"),
        ("", LATE, "late?"),
        ("?!", LATE, "late?"),
        ("耳机拆封后，可以退货。", CHINESE, "耳机能退吗"),
    ],
)
def test_a_splice_or_a_fragment_does_not(sentence: str, passage: str, question: str) -> None:
    assert not chooser.reads_well(sentence, passage, question)


STAFF = "The customer can return their lamp within 30 days. Customers under 16 cannot order. New customers get 10% off."


def test_what_is_written_about_the_customer_may_be_said_to_the_customer() -> None:
    assert chooser.reads_well("You can return your lamp within 30 days.", STAFF, "how long?")
    assert chooser.reads_well("Yes, you can return your lamp within 30 days.", STAFF, "can I return it?")


@pytest.mark.parametrize("sentence", ["You cannot order.", "You get 10% off."])
def test_what_is_written_about_some_customers_may_not(sentence: str) -> None:
    assert not chooser.reads_well(sentence, STAFF, "what about me?")


def test_the_sentence_nearest_to_the_question_must_be_said() -> None:
    first, second = (
        "You receive a reminder first and have 5 days to put it right.",
        "After that a late fee of €7.50 is added.",
    )
    assert not chooser.answers([first], LATE, "is there a late fee?", leads=True)
    assert chooser.answers([first, second], LATE, "is there a late fee?", leads=True)
    assert chooser.answers([second], LATE, "is there a late fee?", leads=False)


def test_an_answer_that_leads_with_its_point_may_stop_after_it() -> None:
    assert chooser.answers(
        ["You receive a reminder first and have 5 days to put it right."], LATE, "what then?", leads=True
    )


def test_an_opening_that_decides_is_never_left_out() -> None:
    dodging = ["If they are faulty, the hygiene rule does not apply and you can send them in."]
    assert not chooser.answers(dodging, EARPHONES, "can I send in faulty earphones under the hygiene rule?", leads=True)
    assert not chooser.answers(["耳机拆封后，除质量问题外不予退换。"], CHINESE, "耳机拆封后能退吗", leads=True)
    assert chooser.answers(["可以退货。"], CHINESE, "可以退货吗", leads=True)


@pytest.mark.parametrize("passage", ["", "   ", "***"])
def test_an_empty_passage_answers_nothing(passage: str) -> None:
    assert not chooser.answers(["Anything."], passage, "what?", leads=True)
    assert not chooser.reads_well("Anything.", passage, "what?")


def test_long_texts_take_no_longer_than_they_must() -> None:
    long = "word " * 4_000
    assert not chooser.reads_well(f"Other {long}.", LATE, "what?")


# ── the excerpt ──


LONG = f"{DELIVERY} {LATE} Parcels that nobody accepts come back to us, and we send them a second time free of charge."
FIRST = "You receive a reminder first and have **5 days** to put it right."


def of(text: str) -> Excerpt:
    return Excerpt(text, tuple(sentences(text)), 0.9)


def test_a_draft_must_say_what_the_excerpt_says() -> None:
    wanted = of("Counting starts on the day you order if that is before 15:00 on a working day.")
    assert chooser.answers(wanted.said, LONG, "when does it start?", leads=False, excerpt=wanted)
    assert chooser.answers([f"No, {wanted.text}"], LONG, "does it start later?", leads=False, excerpt=wanted)
    assert not chooser.answers([FIRST], LONG, "when does it start?", leads=False, excerpt=wanted)
    both = of(f"{FIRST} After that a late fee of **€7.50** is added.")
    assert not chooser.answers([FIRST], LONG, "is there a late fee?", leads=False, excerpt=both)


def test_an_excerpt_stands_for_a_long_passage() -> None:
    assert chooser.suffices(of(FIRST), LONG, "what if I pay late?", "Delivery", leads=False)
    assert not chooser.suffices(of(LONG), LONG, "what if I pay late?", "Delivery", leads=False)


def test_of_a_short_passage_nothing_is_left_out() -> None:
    assert not chooser.suffices(of(FIRST), LATE, "what if I pay late?", "Late payment", leads=False)
    assert not chooser.suffices(of("耳机拆封后，除质量问题外不予退换。"), CHINESE, "耳机能退吗", "退货", leads=False)


def test_what_the_shop_answers_to_this_very_question_is_sent_whole() -> None:
    assert not chooser.suffices(
        of(FIRST), LONG, "How long does delivery take?", "how long does delivery take", leads=True
    )
    assert chooser.suffices(of(FIRST), f"All of it: {LONG}", "what if I pay late?", "How long?", leads=True)


@pytest.mark.parametrize("title", ["How do I pay late?", "How to pay late", "怎么退货？", "如何付款"])
def test_a_procedure_is_sent_whole(title: str) -> None:
    assert not chooser.suffices(of(FIRST), LONG, "what if I pay late?", title, leads=True)
    assert chooser.suffices(of(FIRST), LONG, "what if I pay late?", "How long may I wait?", leads=True)


def test_an_opening_decides_where_the_rest_would_say_something_else_without_it() -> None:
    assert chooser.decides(sentences(EARPHONES)[0])
    assert chooser.decides("最多三件。")
    assert not chooser.decides("Counting starts on the day you order.")
    assert not chooser.decides("…")
