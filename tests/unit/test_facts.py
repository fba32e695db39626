"""Facts as read out of sentences, and which carries which."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.facts import calendar, carries, chinese_number, clock, plain_number
from bot.finding import facts_of
from bot.measures import places
from bot.tokens import clean, has_controls, tokens


def _one(text):
    (fact,) = facts_of(text)
    return fact


def _says(text):
    fact = _one(text)
    return fact.kind, fact.value, fact.unit, fact.bound


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("30 days", ("number", "30", "day", "")),
        ("thirty (30) days", ("number", "30", "day", "")),
        ("a 30-day window", ("number", "30", "day", "")),
        ("twenty-one days", ("number", "21", "day", "")),
        ("two weeks", ("number", "14", "day", "")),
        ("a week", ("number", "7", "day", "")),
        ("2 years", ("number", "24", "month", "")),
        ("30 business days", ("number", "30", "business day", "")),
        ("5 working days", ("number", "5", "business day", "")),
        ("2–4 business days", ("range", "2..4", "business day", "")),
        ("between 2 and 4 days", ("range", "2..4", "day", "")),
        ("€50–€1,500", ("range", "50..1500", "EUR", "")),
        ("€4.95", ("number", "4.95", "EUR", "")),
        ("EUR 4,95", ("number", "4.95", "EUR", "")),
        ("4.95 euro", ("number", "4.95", "EUR", "")),
        ("1 500 km", ("number", "1500", "km", "")),
        ("1.500 km", ("number", "1500", "km", "")),
        ("50 percent", ("number", "50", "%", "")),
        ("50%", ("number", "50", "%", "")),
        ("20kg", ("number", "20", "kg", "")),
        ("over €75", ("number", "75", "EUR", "at least")),
        ("no more than €75", ("number", "75", "EUR", "at most")),
        ("up to 20 kg", ("number", "20", "kg", "at most")),
        ("25 pieces or more", ("number", "25", "", "")),
        ("6 pm", ("time", "18:00", "", "")),
        ("before 9:30", ("time", "09:30", "", "at most")),
        ("31 December 2026", ("date", "2026-12-31", "", "")),
        ("December 31st", ("date", "-12-31", "", "")),
        ("2026-12-31", ("date", "2026-12-31", "", "")),
        ("31/12/2026", ("date", "2026-12-31", "", "")),
        ("in May", ("date", "-5-", "", "")),
        ("Sundays", ("weekday", "7", "", "")),
        ("https://www.Shop.example/a.", ("url", "shop.example/a", "", "")),
        ("Care@Shop.example", ("e-mail", "care@shop.example", "", "")),
        ("+32 9 555 01 23", ("phone", "3295550123", "", "")),
        ("WELCOME10", ("code", "welcome10", "", "")),
        ("the United Kingdom", ("place", "GB", "", "")),
        ("norwegian", ("place", "NO", "", "")),
        ("to the US", ("place", "US", "to", "")),
        ("per month", ("rate", "month", "", "")),
        ("in dollars", ("currency", "USD", "", "")),
        ("三十天内", ("number", "30", "day", "at most")),
        ("30 个工作日", ("number", "30", "business day", "")),
        ("2至4个工作日", ("range", "2..4", "business day", "")),
        ("满500元", ("number", "500", "CNY", "at least")),
        ("百分之三十", ("number", "30", "%", "")),
        ("下午6点前", ("time", "18:00", "", "at most")),
        ("12月31日", ("date", "-12-31", "", "")),
        ("星期天", ("weekday", "7", "", "")),
        ("挪威", ("place", "NO", "", "")),
    ],
)
def test_a_fact_is_read_by_what_it_means(text, fact):
    assert _says(text) == fact


@pytest.mark.parametrize(
    "text",
    [
        "Contact us.",
        "You may return it.",
        "turkey sandwich",
        "polish the boots",
        "one of them",
        "一般不接受",
        "in store",
    ],
)
def test_ordinary_words_are_no_facts(text):
    assert facts_of(text) == ()


@pytest.mark.parametrize(
    ("stated", "drafted"),
    [
        ("within 14 days", "14 days"),
        ("14 days", "within 14 days"),
        ("within 14 days", "within two weeks"),
        ("2-4 days", "up to 4 days"),
        ("over €75", "more than 75 euro"),
        ("up to 50 %", "at most 50%"),
        ("31 December 2026", "31 December"),
        ("until 18:00", "before 6 pm"),
        ("10 backup codes", "ten codes"),
        ("the UK", "British"),
    ],
)
def test_the_same_fact_in_other_words_is_carried(stated, drafted):
    assert carries(_one(stated), _one(drafted))


@pytest.mark.parametrize(
    ("stated", "drafted"),
    [
        ("30 days", "30 hours"),
        ("30 days", "30 business days"),
        ("30 days", "30 euro"),
        ("€75", "$75"),
        ("over €75", "under €75"),
        ("over €75", "€75"),
        ("up to 50 %", "50 %"),
        ("€75", "up to €75"),
        ("2-4 days", "4 days"),
        ("2-4 days", "2-5 days"),
        ("10 characters", "10 digits"),
        ("within 14 days", "after 14 days"),
        ("31 December", "31 December 2026"),
        ("until 31 January", "after 31 January"),
        ("14:00", "15:00"),
        ("07 codes", "7 codes"),
        ("to Norway", "from Norway"),
        ("shop.example", "shop.example/a"),
    ],
)
def test_another_fact_is_not_carried(stated, drafted):
    assert not carries(_one(stated), _one(drafted))


@given(st.integers(0, 999_999))
def test_digits_separators_and_words_agree(number):
    grouped = f"{number:,}"
    assert plain_number(grouped) == str(number)
    assert plain_number(grouped.replace(",", ".")) == str(number)
    assert plain_number(grouped.replace(",", " ")) == str(number)


@pytest.mark.parametrize(
    ("text", "number"),
    [("三十", 30), ("十四", 14), ("一百二十", 120), ("两", 2), ("一万五千", 15_000), ("二〇", 20), ("八五", 85)],
)
def test_chinese_numerals_are_numbers(text, number):
    assert chinese_number(text) == number


def test_clocks_and_calendars_have_one_spelling():
    assert clock("12 am") == "00:00"
    assert clock("12:30 p.m.") == "12:30"
    assert clock("晚上8点半") == "20:30"
    assert calendar("1.2.2026") == calendar("2026-02-01") == calendar("2026年2月1日") == "2026-2-1"


def test_a_fact_remembers_how_it_was_written():
    assert [fact.shown for fact in facts_of("Pay EUR 5 or 3 % within 2–4 business days.")] == [
        "EUR 5", "3 %", "2-4 business days",
    ]  # fmt: skip


def test_what_looks_the_same_is_cleaned_to_the_same():
    assert clean("ｆｒｅｅ “30 days” – don’t\u200b") == 'free "30 days" - don\'t'
    assert clean("**bold** and [a link](https://shop.example)") == "bold and a link https://shop.example"
    assert clean("٣٠ days") == "30 days"
    assert has_controls("a\u202eb")
    assert not has_controls("a\u200bb\n")


@given(st.text(max_size=200))
def test_any_text_has_tokens_and_facts(text):
    cleaned = clean(text)
    found = tokens(cleaned)
    assert all(0 <= token.start < token.end <= len(cleaned) for token in found)
    assert all(fact.first < fact.last <= len(found) for fact in facts_of(text))


def test_every_place_has_a_name_in_both_languages():
    english, chinese = places()
    assert set(english.values()) == {code for _, code in chinese}
    assert len(set(english.values())) > 180


@pytest.mark.parametrize(
    "unit", ["a", "a.", "1,", "1 ", "-", "a@", "https://", "0", "+1 ", "12:3", "一", "a-", "'", "("]
)
def test_time_grows_with_length_only(unit):
    begun = time.process_time()
    tokens(clean(unit * (10_000 // len(unit))))
    assert time.process_time() - begun < 1
