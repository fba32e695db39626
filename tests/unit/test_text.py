"""Words as retrieval compares them."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.text import Spelling, distance, fold, folded_terms, normalised, runs, terms


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("CAFÉ", "cafe"),
        ("ＡＢＣ　１２３", "abc 123"),
        ("1,000 of 12,345,678", "1000 of 12345678"),
        ("€19,99", "€19,99"),
        ("退貨", "退貨"),
        ("Straße", "strasse"),
    ],
)
def test_what_looks_the_same_has_one_form(text: str, form: str) -> None:
    assert normalised(text) == form


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Where's my order?", ["where", "s", "my", "order"]),
        ("version 1.8.19, 2.5 kg, 5l", ["version", "1.8.19", "2.5", "kg", "5l"]),
        ("iPhone手机3天", ["iphone", "手机", "3", "天"]),
        ("退货，运费", ["退货", "运费"]),
        ("🙂 … !!", []),
        ("snake_case", ["snake", "case"]),
    ],
)
def test_text_is_cut_into_words_numbers_and_runs_of_ideographs(text: str, expected: list[str]) -> None:
    assert runs(text) == expected


def test_the_glue_of_an_english_question_is_no_term() -> None:
    assert list(terms("How do I return my order, please?")) == ["return", "order"]


def test_repeated_words_are_counted_as_often_as_they_stand_there() -> None:
    assert list(terms("parcel after parcel")) == ["parcel", "parcel"]


def test_chinese_becomes_single_characters_and_overlapping_pairs() -> None:
    assert list(terms("退货费")) == ["退", "货", "费", "退货", "货费"]


def test_a_chinese_run_of_one_character_is_that_character() -> None:
    assert list(terms("退")) == ["退"]


def test_the_glue_of_a_chinese_question_is_no_term_and_no_pair_spans_it() -> None:
    assert list(terms("请问怎么退货吗")) == ["退", "货", "退货"]
    assert "的会" not in list(terms("我的会员"))
    assert "会员" in list(terms("我的会员"))


def test_a_mixed_text_gets_both_kinds_of_terms() -> None:
    assert {"iphone", "手机", "warranty"} <= set(terms("iPhone手机 warranty"))


@pytest.mark.parametrize(
    "family",
    [
        ("return", "returns", "returned", "returning"),
        ("ship", "ships", "shipped", "shipping"),
        ("policy", "policies"),
        ("delivery", "deliveries"),
        ("address", "addresses"),
        ("size", "sizes"),
        ("price", "prices", "priced"),
        ("box", "boxes"),
        ("cookie", "cookies"),
    ],
)
def test_the_forms_of_a_word_fold_together(family: tuple[str, ...]) -> None:
    assert len({fold(word) for word in family}) == 1


@pytest.mark.parametrize(("one", "other"), [("need", "ned"), ("sell", "sel"), ("bus", "bu"), ("speed", "spe")])
def test_words_that_only_look_inflected_are_left_alone(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_folded_terms_are_distinct_and_in_order() -> None:
    assert folded_terms("Returned parcels: return the parcel") == ["return", "parcel"]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200))
def test_any_text_has_terms_and_the_same_ones_again(text: str) -> None:
    once = list(terms(text))
    assert once == list(terms(text))
    assert all(term.strip() for term in once)


# ── spelling ──

SHOP = Counter(
    {"shipping": 9, "parcel": 7, "damaged": 3, "return": 8, "turkey": 1, "exchange": 4, "time": 5, "item": 2}
)
ENGLISH = {"slip", "tide", "shopping", "percent"}


def mend(text: str) -> str:
    return Spelling(SHOP, ENGLISH.__contains__).mended(text)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("shiping", "shipping"),  # a letter left out
        ("parccel", "parcel"),  # one too many
        ("parsel", "parcel"),  # another one
        ("retrun", "return"),  # two swapped
        ("erturn", "return"),  # the first two swapped
        ("shhiping", "shipping"),  # two slips in a long word
    ],
)
def test_a_slip_becomes_the_shops_word(written: str, meant: str) -> None:
    assert mend(f"my {written}?") == f"my {meant}?"


@pytest.mark.parametrize(
    "text",
    [
        "shopping percent tide",  # words, though near to the shop's
        "PARCEL Return",  # the shop's own, whatever the capitals
        "prcl xyzzy",  # too short, or near to nothing
        "mail parsel@shop.example, see https://a.example/parsel, SKU parsel-9 or 7parsel",
        "退货 retour 🙂",
        "",
    ],
)
def test_what_may_be_meant_as_it_stands_is_left_alone(text: str) -> None:
    assert mend(text) == text


def test_of_two_words_equally_near_the_one_that_starts_alike_wins() -> None:
    assert mend("tiem") == "time"


def test_two_slips_in_a_short_word_are_too_many_to_guess() -> None:
    assert mend("pracle") == "pracle"


def test_mending_twice_changes_nothing_more() -> None:
    once = mend("shiping my dammaged parsel")
    assert mend(once) == once == "shipping my damaged parcel"


@pytest.mark.parametrize(
    ("one", "other", "slips"),
    [("", "", 0), ("ab", "", 2), ("form", "from", 1), ("kitten", "sitting", 3), ("abcd", "badc", 2)],
)
def test_a_distance_counts_slips_and_a_swap_is_one(one: str, other: str, slips: int) -> None:
    assert distance(one, other) == distance(other, one) == slips
