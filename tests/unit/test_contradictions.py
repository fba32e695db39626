"""When two answers cannot both be right, and when they can."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.contradictions import asks_the_same, contradiction

RETURNS = ("How long can I return something?", "You can return unused items within 30 days. Bring the receipt.")
OPENED = ("Can I return opened earphones?", "No. Opened earphones cannot be returned, unless they are faulty.")
DELIVERY = ("What does standard delivery cost?", "Standard delivery costs €5.95 within Belgium.")
REFUND = ("When is my money back?", "We refund you within 5 business days after the parcel arrived.")
ZH = ("多久可以退货？", "商品签收后 30 天内可以退货。")


@pytest.mark.parametrize(
    ("mine", "theirs", "why"),
    [
        (("How many days do I have to return it?", "You can return unused items within 14 days."), RETURNS,
         "It says 30 days; here it is 14 days."),
        (("Return window", "14 days."), RETURNS, "It says 30 days; here it is 14 days."),
        (("Return window", "Two weeks."), RETURNS, "It says 30 days; here it is Two weeks."),
        (("Delivery cost", "Standard delivery costs €4.95 within Belgium."), DELIVERY,
         "It says €5.95; here it is €4.95."),
        (("What is the delivery cost?", "Standard delivery is free within Belgium."), DELIVERY,
         "It says €5.95; here it is free."),
        (("Can opened earphones go back?", "Yes, within 30 days."), OPENED, "It answers no; here it is yes."),
        (("Earphones", "Opened earphones can be returned."), OPENED,
         "It says “No. Opened earphones cannot be returned, unless they are faulty.”; "
         "here it is “Opened earphones can be returned.”."),
        (("Refund time", "We refund you within 14 days."), REFUND, "It says 5 business days; here it is 14 days."),
        (("退货期限是多久？", "签收后 14 天内可以退货。"), ZH, "It says 30 天内; here it is 14 天内."),
    ],
)  # fmt: skip
def test_other_facts_and_the_opposite_are_contradictions(
    mine: tuple[str, str], theirs: tuple[str, str], why: str
) -> None:
    assert contradiction(mine, theirs, is_near=True) == why


@pytest.mark.parametrize("theirs", [RETURNS, DELIVERY, OPENED])
def test_they_are_found_by_their_words_too_where_the_questions_are_not_near(theirs: tuple[str, str]) -> None:
    turned = theirs[1].replace("30 days", "14 days").replace("€5.95", "€8").replace("cannot be", "can be")
    assert contradiction(("Anything else?", turned.removeprefix("No. ")), theirs, is_near=False)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (RETURNS, RETURNS),
        (("Until when can I return it?", "You have 30 days to return unused items."), RETURNS),
        (("Until when can I return it?", "You have thirty days."), RETURNS),
        (("How do I return it?", "Print the label and bring the parcel to a post office within 7 days."), RETURNS),
        (("Do you repair tents?", "Yes, within 14 days."), RETURNS),
        (("What does express delivery cost?", "Express delivery costs €12.95."), RETURNS),
        (("Do you gift wrap?", "Yes."), OPENED),
        (("Can I return opened earphones?", "No, for hygiene reasons."), OPENED),
        (("", ""), RETURNS),
    ],
)
def test_what_can_both_be_right_is_none(mine: tuple[str, str], theirs: tuple[str, str]) -> None:
    assert contradiction(mine, theirs, is_near=False) == ""


def test_questions_about_the_inside_and_the_outside_are_not_the_same_however_near() -> None:
    within = ("What does delivery within the EU cost?", "It costs €5.95.")
    outside = ("What does delivery outside the EU cost?", "It costs €9.95.")
    assert contradiction(outside, within, is_near=True) == ""
    assert contradiction(("Price of delivery within the EU?", "It costs €9.95."), within, is_near=True)


@given(st.text(max_size=60), st.text(max_size=200), st.booleans())
def test_any_text_can_be_compared_and_contradicts_nothing_it_says_itself(question: str, text: str, near: bool) -> None:
    assert isinstance(contradiction((question, text), RETURNS, is_near=near), str)
    assert contradiction(RETURNS, RETURNS, is_near=near) == ""


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("How do I return something?", "how do I return Something", True),
        ("Do you ship to Norway?", "Can I ship to Norway?", True),
        ("Returning shoes", "Can I return shoes?", True),
        ("When do you ship?", "Where do you ship?", False),
        ("Do you ship to Norway?", "Do you ship to Sweden?", False),
        ("怎么退货？", "怎么退货", True),
        ("怎么退货？", "怎么换货？", False),
        ("?", "!", False),
    ],
)
def test_a_question_is_the_same_when_its_words_are(one: str, other: str, is_same: bool) -> None:
    assert asks_the_same(one, other) is is_same
