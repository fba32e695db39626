"""When content begins and ends, and days in a text that have passed."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.knowledge import Passage
from bot.validity import expiring, passed_days, window_problem

NOW = datetime(2026, 6, 15, 12, tzinfo=ZoneInfo("Europe/Brussels"))
TODAY = NOW.date()


def entry(anchor: str, text: str = "It is so.", **fields: Any) -> Passage:
    return Passage(anchor, anchor, "Is it so?", text, "en", **fields)


def told(*passages: Passage, days: int = 30) -> list[tuple[str, str, str]]:
    return [(one.passage.anchor, one.what, one.on) for one in expiring(passages, NOW, days)]


def test_what_is_over_comes_first_then_what_ends_then_what_begins() -> None:
    assert told(
        entry("c", valid_from="2026-07-01"),
        entry("b", valid_to="2026-06-30"),
        entry("a", valid_to="2026-06-14"),
        entry("e", "Order until 1 May 2026."),
        entry("d", valid_from="2020-01-01", valid_to="2027-01-01"),
    ) == [
        ("a", "ended", "2026-06-14"), ("b", "ends", "2026-06-30"), ("c", "begins", "2026-07-01"),
        ("e", "says", "2026-05-01"),
    ]  # fmt: skip


def test_a_day_lasts_until_its_midnight_and_a_minute_is_the_shops_own() -> None:
    assert told(entry("a", valid_to="2026-06-15")) == [("a", "ends", "2026-06-15")]
    assert told(entry("a", valid_to="2026-06-15T11:59")) == [("a", "ended", "2026-06-15T11:59")]
    assert told(entry("a", valid_to="2026-06-15T12:01")) == [("a", "ends", "2026-06-15T12:01")]
    assert told(entry("a", valid_to="2026-06-15T09:59+00:00")) == [("a", "ended", "2026-06-15T09:59+00:00")]
    assert told(entry("a", valid_to="2026-06-15T10:01+00:00")) == [("a", "ends", "2026-06-15T10:01+00:00")]


def test_what_agrees_with_what_may_be_answered() -> None:
    for ends in ("2026-06-14", "2026-06-15", "2026-06-15T11:59", "2026-06-15T12:01", "9999-12-31"):
        passage = entry("a", valid_to=ends)
        assert passage.holds(NOW) == (("a", "ended", ends) not in told(passage))


def test_days_ahead_are_counted_from_today_and_the_last_one_belongs_to_them() -> None:
    assert told(entry("a", valid_to="2026-07-15")) == [("a", "ends", "2026-07-15")]
    assert told(entry("a", valid_to="2026-07-16")) == []
    assert told(entry("a", valid_to="2026-06-22"), days=7) == [("a", "ends", "2026-06-22")]
    assert told(entry("a", valid_from="2026-07-16")) == []


def test_what_cannot_be_read_as_a_day_stops_nothing_and_is_a_problem() -> None:
    odd = entry("a", valid_to="next week")
    assert told(odd, entry("b", valid_to="2026-06-20")) == [("b", "ends", "2026-06-20")]
    assert "“next week” for valid_to" in window_problem(odd, NOW)


@pytest.mark.parametrize(
    ("begins", "ends", "part"),
    [
        ("2026-07-01", "2026-06-30", "before it begins"),
        ("2026-07-01T10:00", "2026-07-01T10:00", "before it begins"),
        ("2062-01-01", "", "is that year right"),
        ("2026-07-01", "2026-07-01", ""),
        ("2026-01-01", "", ""),
        ("", "", ""),
    ],
)
def test_days_that_cannot_be_meant_are_told(begins: str, ends: str, part: str) -> None:
    problem = window_problem(entry("a", valid_from=begins, valid_to=ends), NOW)
    assert part in problem
    assert bool(problem) == bool(part)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Returns are extended until **31 January 2026**.", "2026-01-31"),
        ("valid through Sunday, January 4th, 2026", "2026-01-04"),
        ("Please order by 20 Dec 2025 to get it in time", "2025-12-20"),
        ("The offer ends on 2025-11-30", "2025-11-30"),
        ("gültig until 31.12.2025", "2025-12-31"),
        ("until the end of May 2026", "2026-05-31"),
        ("until 3/4/2026", "2026-04-03"),
        ("活动截止到2026年1月31日", "2026-01-31"),
        ("2025年12月31日前下单的商品", "2025-12-31"),
        ("有效期至 2026-03-31", "2026-03-31"),
    ],
)
def test_a_day_until_which_something_held_has_passed(text: str, day: str) -> None:
    assert [found.isoformat() for found, _ in passed_days(text, TODAY)] == [day]


@pytest.mark.parametrize(
    "text",
    [
        "Returns are extended until 31 January 2027.",
        "until 15 June 2026",  # today
        "We were founded on 3 May 2014 and have shipped since 1 June 2020.",
        "until 31 February 2025",
        "until 31 January",  # every year
        "until 7/6/2026",  # may be July
        "截至2025年12月31日，我们有 12 家门店。",  # as of
        "我们成立于2014年5月3日。",
        "2025年12月31日之后前往门店",
        "up to 20 pieces until 2030",
    ],
)
def test_other_days_have_not(text: str) -> None:
    assert list(passed_days(text, TODAY)) == []


def test_the_words_that_say_so_are_told() -> None:
    assert [said for _, said in passed_days("It is valid\nuntil  31 Jan 2026, only.", date(2026, 6, 1))] == [
        "until 31 Jan 2026"
    ]
