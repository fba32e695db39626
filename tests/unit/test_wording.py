import pytest

from bot.prompt import build
from bot.wording import Wording, Written

PASSAGE = """You can return an item within 30 days for €1,299.50; opened earphones (WH-1000XM5) can't.
See https://shop.example/returns?x=1 or write to help@shop.example. A 2-year warranty covers returns/exchanges.
FREE SHIPPING on self-service orders. The customer’s receipt says 123 or “GridPower”."""
CHINESE = "自签收之日起7天内，可以退货。运费由PayPal支付。"


def wording(passage: str = PASSAGE, question: str = "May I send back the Zorblax?") -> Wording:
    return Wording(build(question, [("Returns", passage)], count_tokens=len, budget=9_999))


def permits(words: Wording, text: str) -> bool:
    """Byte by byte, as a model may write it, and in one go; both must agree."""
    written: Written | None = Written()
    for n in range(len(text.encode())):
        written = words.after(written, text.encode()[n : n + 1]) if written else None
    whole = words.after(Written(), text.encode())
    assert written == whole
    return whole is not None and words.may_end(whole)


@pytest.mark.parametrize(
    "text",
    [
        "You can return the Zorblax within 30 days.",
        " Yes, you can. Sorry, you can't.",
        "Opened earphones can't be returns",  # the words, not the sense: that is the guard's
        "It is €1,299.50.",
        "See https://shop.example/returns?x=1.",
        "Write to help@shop.example, please!",
        "The 2-year warranty; 2 year, a year",
        "returns/exchanges, returns and exchanges",
        "Free shipping on self-service",
        "the item's receipt, the customer's receipt, the customer’s receipt",
        "(WH-1000XM5)",
        "“GridPower” or 'GridPower'",
        "receipt/item, item-receipt",
        "- You can\n- return",
        "We're happy to help.",
        "",
    ],
)
def test_what_the_prompt_carries_may_be_written(text: str) -> None:
    assert permits(wording(), text)


@pytest.mark.parametrize(
    "text",
    [
        "youGrid",
        "youGridPower",
        "1234",
        "12",
        "3",
        "1,299",
        "1.299,50",
        "1,299.5",
        "299.50",
        ".50",
        "30.123",
        "30-123",
        "30,123",
        "WH-1000XM4",
        "WH-30",
        "1000XM5",
        "https://shop.example/exchanges",
        "https://shop.example.item",
        "help@item.example",
        "returned",
        "retur",
        "$30",
        "30%",
        "<b>",
        "gridPower's power",
        "Grid",
        "days.You",
        "🙂",
        "wéthin",
    ],
)
def test_what_it_does_not_carry_may_not(text: str) -> None:
    assert not permits(wording(), text)


@pytest.mark.parametrize(
    "word", ["always", "instantly", "free", "guarantee", "only", "unless", "after", "several", "30"]
)
def test_a_short_word_that_states_a_fact_must_be_carried(word: str) -> None:
    assert not permits(wording("Returns are possible."), f"It is {word} possible.")
    assert permits(wording(f"Returns are {word} possible."), f"It is {word} possible.")


@pytest.mark.parametrize(
    "text",
    [
        "See [the _short_ form](https://shop.example/a_b?x=1&y=2#top).",
        "| Oak | 5 % |\n|---|:--|\n| Pine | **10×20 cm** |",
        "1. Ring +32 9 555 01 42 (9–17 h).\n   - R&D at AT&T; C# costs $1,234.56/kg.",
        "हिन्दी भाषा में वापसी।",
        "Cafe\u0301, nai\u0308ve",
        "ส่งฟรี",
        "配送は無料です。カタカナ。",
        "👍🏽 ok 👨‍👩‍👧.",
    ],
)
def test_what_stands_in_a_passage_may_be_copied_in_any_script(text: str) -> None:
    assert permits(wording(text), text)


def test_chinese_is_permitted_character_by_character() -> None:
    words = wording(CHINESE, "可以退吗？")
    assert permits(words, "您好，可以退货，自签收起7天内。运费由PayPal支付。")
    assert not permits(words, "可以换货。")
    assert not permits(words, "15天")
    assert not permits(words, "77天")
    assert not permits(words, "只可以")  # a condition nobody stated
    assert not permits(wording(), "您")


def test_a_question_s_words_may_be_written_and_those_of_earlier_turns_may_not() -> None:
    prompt = (
        "<|customer|>Is it the Quimple?<|question|>the Zorblax?<|passage|>Ports\nOne.<|question|>the Zorblax?<|reply|>"
    )
    assert permits(Wording(prompt), "The Zorblax.")
    assert not permits(Wording(prompt), "The Quimple.")


def test_a_prompt_without_our_markers_is_all_data() -> None:
    assert permits(Wording("The Zorblax has 3 ports."), "It has 3 ports.")
    assert not permits(Wording("The Zorblax has 3 ports."), "It has 4 ports.")


def test_a_marker_may_be_written_as_text_by_a_model_that_does_not_know_it() -> None:
    assert permits(wording(), "Yes.<|end|>")
    assert permits(wording(), "Yes <|customer|>")
    assert not permits(wording(), "Yes <|item|>")


def test_a_draft_may_not_end_within_a_word_or_a_character() -> None:
    words = wording("Deliveries: 退货")
    within = words.after(Written(), b"Deliver")
    assert within is not None
    assert not words.may_end(within)
    half = words.after(Written(), "退".encode()[:2])
    assert half is not None
    assert not words.may_end(half)
    assert words.after(half, "退".encode()[2:]) == Written(("",))


def test_bytes_that_are_no_text_may_not_be_written() -> None:
    assert wording().after(Written(), b"\xff") is None
    assert wording().after(Written(), "é".encode()[:1]) is None
