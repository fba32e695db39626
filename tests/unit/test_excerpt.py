"""Excerpts: the sentences that answer, with what they cannot do without."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.excerpt import ENOUGH, Signs, chances, excerpt, nearness
from bot.sentences import sentences

FEES = (
    "Standard delivery is free. Express delivery costs €9 a parcel. However, express is not offered to islands. "
    "We deliver from Monday to Friday."
)
RETURNS = "Lamps can be returned within 30 days. They must be unused. Refunds take five working days."
WAYS = "Orders are sent daily. You can pay with:\n- Visa or Mastercard\n- PayPal\n- Klarna\n\nWe never take cash."
STEPS = (
    "Faulty goods are repaired. Do this:\n- Pack the lamp. Leave the bulb out.\n  It breaks.\n- Print the label.\n"
    "Parcels take two days."
)
CHAIN = (
    "Lamps are sold out. Chairs cost €80. They come in oak. They can be stacked. However, not outdoors. "
    "Except under a roof. We close at five."
)
HEADED = "We take goods back.\n\n\n**Return window**\n\nThirty days. Lamps sixty."
MIXED = "We sell lamps. We sell chairs.\n\n## Stock\n\n- Oak: 3\n- Pine: 5"
CASES = (
    "If the quote was made from a photo, nothing. If it is in our workshop, sending it back costs €9. We recycle it."
)
CHINESE = "标准配送免费。加急配送每件收费 9 元。但不支持偏远地区。周末不发货。"


def of(text: str, said: str) -> list[float]:
    """All of the chance on the sentence that holds `said`."""
    return [float(said in one) for one in sentences(text)]


@pytest.mark.parametrize(
    ("text", "said", "expected"),
    [
        (FEES, "Monday", "We deliver from Monday to Friday."),
        (FEES, "Standard", "Standard delivery is free."),
        # what takes back a part of it comes along …
        (FEES, "€9", "Express delivery costs €9 a parcel. However, express is not offered to islands."),
        (CHINESE, "加急", "加急配送每件收费 9 元。但不支持偏远地区。"),
        # … and what it leans on
        (RETURNS, "unused", "Lamps can be returned within 30 days. They must be unused."),
        (FEES, "islands", "Express delivery costs €9 a parcel. However, express is not offered to islands."),
        # a list stays whole, with the line that announces it, as it was written
        (WAYS, "PayPal", "You can pay with:\n- Visa or Mastercard\n- PayPal\n- Klarna"),
        (WAYS, "You can pay", "You can pay with:\n- Visa or Mastercard\n- PayPal\n- Klarna"),
        (WAYS, "cash", "We never take cash."),
        ("One sentence only", "One", "One sentence only"),
        # also where an item has several sentences
        (STEPS, "bulb", STEPS[len("Faulty goods are repaired. ") : STEPS.index("\nParcels")]),
        (STEPS, "Parcels", "Parcels take two days."),
        # a heading is no answer
        (HEADED, "window", "**Return window**\n\nThirty days."),
        (HEADED, "sixty", "Lamps sixty."),
        ("**Never post it.** Ring us. We help.", "Never", "**Never post it.**"),
        # bold and figures begin no item
        ("**Free** delivery. 3.5 kg at most. 24.50 € a year.", "3.5", "3.5 kg at most."),
        # and so on, until nothing leans and nothing is taken back
        (CHAIN, "stacked", CHAIN[len("Lamps are sold out. ") : CHAIN.index(" We close")]),
    ],
)
def test_an_excerpt_is_the_likeliest_sentence_and_what_belongs_to_it(text: str, said: str, expected: str) -> None:
    found = excerpt(text, of(text, said))
    assert found.text == expected
    assert found.chance == 1.0
    assert tuple(sentences(expected)) == found.said


def test_as_many_sentences_are_said_as_hold_the_answer_in_most_cases() -> None:
    sure = excerpt(FEES, [0.85, 0.05, 0.0, 0.1])
    assert (sure.text, sure.chance) == ("Standard delivery is free.", pytest.approx(0.85))
    unsure = excerpt(FEES, [0.4, 0.1, 0.0, 0.5])
    assert unsure.text == "Standard delivery is free. We deliver from Monday to Friday."
    assert unsure.chance == pytest.approx(0.9)
    assert excerpt(FEES, [0.3, 0.2, 0.2, 0.3]).text == FEES
    assert excerpt(CHINESE, [0.4, 0.1, 0.0, 0.5]).text == "标准配送免费。周末不发货。"


def test_of_several_cases_none_is_told_alone_unless_it_is_surely_the_one() -> None:
    both = CASES[: CASES.index(" We recycle")]
    assert excerpt(CASES, [0.5, 0.1, 0.4]).text == CASES
    assert excerpt(CASES, [0.1, 0.6, 0.3]).text == CASES
    assert excerpt(CASES, [0.5, 0.3, 0.2]).text == both
    assert excerpt(CASES, [0.9, 0.1, 0.0]).text == both[: both.index(" If it")]
    assert excerpt(CASES, [0.1, 0.1, 0.8]).text == "We recycle it."


def test_an_opening_that_must_not_be_missing_is_never_left_out() -> None:
    found = excerpt(FEES, of(FEES, "Monday"), keeps_first=True)
    assert found.text == "Standard delivery is free. We deliver from Monday to Friday."


def test_a_line_of_its_own_stays_one_when_what_stood_before_it_is_left_out() -> None:
    text = MIXED.replace("chairs.", "chairs. We sell tables.")
    found = excerpt(text, of(text, "- Oak"), keeps_first=True)
    assert found.text == "We sell lamps.\n\n## Stock\n\n- Oak: 3\n- Pine: 5"


def test_one_sentence_between_two_that_are_said_is_said_as_well() -> None:
    assert excerpt(MIXED, of(MIXED, "- Oak"), keeps_first=True).text == MIXED
    listed = "We sell lamps. You can pay with:\n- Visa\n- PayPal\n\nWe never take cash."
    assert "Visa" not in excerpt(listed, [0.5, 0.0, 0.0, 0.0, 0.5]).text, "a list is more than one sentence"


def test_a_list_counts_as_one_against_a_likelier_single_sentence() -> None:
    spread = [0.19, 0.21, 0.2, 0.2, 0.2, 0.0]
    assert excerpt(WAYS, spread).text.startswith("You can pay with:")


def test_nearer_by_any_sign_is_likelier_and_all_together_are_certain() -> None:
    plain, other = Signs(0.5, 0.5, 0.5), Signs(0.4, 0.5, 0.5)
    for sign in ("meaning", "words", "shared", "begun"):
        better = Signs(**{"meaning": 0.5, "words": 0.5, "shared": 0.5, "begun": 0.0} | {sign: 0.9})
        likely = chances([plain, better, other])
        assert likely[1] == max(likely)
        assert sum(likely) == pytest.approx(1.0)


def test_a_beginning_that_is_out_of_the_question_does_no_harm_to_the_sum() -> None:
    assert sum(chances([Signs(0, 0, 0, -2_000.0), Signs(0, 0, 0, -3_000.0)])) == pytest.approx(1.0)
    assert chances([]) == []


def test_nearness_is_the_mean_over_the_questions_words_of_the_nearest_word() -> None:
    assert nearness([[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.0], [0.6, 0.8]]) == pytest.approx(0.9)
    assert nearness([], [[1.0]]) == nearness([[1.0]], []) == 0.0


PIECES = st.lists(
    st.sampled_from(
        [
            "It rains. ",
            "However, not here. ",
            "- one\n",
            "- Two. Or\n  three.\n",
            "1. Do this\n",
            "You need:\n",
            "A. ",
            "\n\n",
            "好。",
        ]
    ),
    min_size=1,
    max_size=12,
).map("".join)


@given(PIECES, st.randoms(use_true_random=False))
def test_an_excerpt_is_made_of_whole_sentences_of_its_text_and_holds_enough(text: str, random: object) -> None:
    stated = sentences(text)
    if not stated:
        return
    weights = [random.random() + 1e-9 for _ in stated]  # type: ignore[attr-defined]
    shares = [one / sum(weights) for one in weights]
    found = excerpt(text, shares)
    assert found.text == found.text.strip()
    assert ENOUGH - 1e-9 <= found.chance <= 1 + 1e-9
    assert sentences(found.text)
    assert "".join(found.said).split() == "".join(sentences(found.text)).split()
    assert all(one in stated for one in found.said)
