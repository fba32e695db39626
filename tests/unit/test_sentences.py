"""Where sentences end, whole and while they stream in."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sentences import complete_sentences, sentences

CASES = [
    ("It costs €4.95. Order by 18:00. Done", ["It costs €4.95.", "Order by 18:00.", "Done"]),
    ("See https://shop.example/a.b?c=1. Thanks!", ["See https://shop.example/a.b?c=1.", "Thanks!"]),
    ("We ship abroad, e.g. to Norway. Ask us!", ["We ship abroad, e.g. to Norway.", "Ask us!"]),
    ("Up to approx. 5 kg. Call Mr. Smith.", ["Up to approx. 5 kg.", "Call Mr. Smith."]),
    ("House No. 5 is ours. It is open.", ["House No. 5 is ours.", "It is open."]),
    ("Yes. You can return it. It is free.", ["Yes. You can return it.", "It is free."]),
    ("No. We do not.", ["No. We do not."]),
    (
        "1. Click Save.\n2. Click Close.\n- opened items\n- socks",
        ["1. Click Save.", "2. Click Close.", "- opened items", "- socks"],
    ),
    ("To start: 1. Click Save. 2. Click Close.", ["To start: 1. Click Save.", "2. Click Close."]),
    ("A line that is\nwrapped. Next.", ["A line that is\nwrapped.", "Next."]),
    ("可以。请在30天内退货！还有问题吗？好的", ["可以。请在30天内退货！", "还有问题吗？", "好的"]),
    (
        "订单满75欧元免运费；其他订单收费。请登录 shop.example 查询。",
        ["订单满75欧元免运费；其他订单收费。", "请登录 shop.example 查询。"],
    ),
    ("He said “no.” Then he left.", ["He said “no.”", "Then he left."]),
    ("| a | b |\n| c | d |", ["| a | b |", "| c | d |"]),
    ("", []),
    (" \n ", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_a_text_comes_apart_into_its_sentences(text, expected):
    assert sentences(text) == expected


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_what_is_finished_while_it_streams_stays_so(text, expected):
    for end in range(len(text) + 1):
        finished, rest = complete_sentences(text[:end])
        assert finished == expected[: len(finished)]
        assert text[:end].endswith(rest)


@given(st.text(alphabet="aB1. !?\n-。好Yes,:", max_size=80))
def test_streaming_never_takes_a_sentence_back(text):
    whole = sentences(text)
    for end in range(len(text) + 1):
        finished, _ = complete_sentences(text[:end])
        assert finished == whole[: len(finished)]


@given(st.text(max_size=200))
def test_nothing_is_lost_but_blanks(text):
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


def test_an_unfinished_decimal_or_address_is_not_a_sentence():
    assert complete_sentences("It costs €4.") == ([], "It costs €4.")
    assert complete_sentences("Write to care@shop.") == ([], "Write to care@shop.")


def test_time_grows_with_length_only():
    begun = time.perf_counter()
    for text in ("\n" * 20_000, " " * 50_000, ". " * 5_000, "Yes. " * 2_000, "。" * 20_000, "e.g. " * 2_000,
                 "." * 20_000, "!?" * 10_000):  # fmt: skip
        sentences(text)
    assert time.perf_counter() - begun < 2
