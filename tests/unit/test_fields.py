"""What is said of an entry beside its text: names and values in any of their spellings."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bot.fields import Fields, fields
from bot.knowledge import Passage

SHOP = ZoneInfo("Europe/Brussels")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-12-31", "2026-12-31"),
        ("2026/1/5", "2026-01-05"),
        ("2026年12月31日", "2026-12-31"),
        ("31.12.2026", "2026-12-31"),
        ("2026-12-31 00:00:00", "2026-12-31"),
        ("2026-12-31 18:00", "2026-12-31T18:00"),
        ("2026-12-31T18:00:00Z", "2026-12-31T18:00+00:00"),
        ("2026-12-31T9:30+02:00", "2026-12-31T09:30+02:00"),
    ],
)
def test_days_and_minutes_are_read_as_shops_write_them(written: str, meant: str) -> None:
    assert fields({"valid_to": written}).valid_to == meant


@pytest.mark.parametrize("written", ["12/31/2026", "2026-02-30", "soon", "2026-12-31 25:00", "20261231", "2026-13-01"])
def test_a_date_that_may_mean_two_days_or_none_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is no date such as 2026-12-31"):
        fields({"Valid to": written})


def test_names_are_known_in_both_languages_and_however_they_are_joined() -> None:
    said = {
        "Valid-From": "2026-01-01",
        "有效期至": "2026-12-31",
        "标签": "甲、乙",
        "Always a person": "yes",
        "locale": "zh_CN",
    }
    assert fields(said) == Fields(
        tags=("甲", "乙"), language="zh", valid_from="2026-01-01", valid_to="2026-12-31", needs_person=True
    )


def test_an_end_before_the_beginning_is_refused() -> None:
    with pytest.raises(ValueError, match="before it is valid from"):
        fields({"valid_from": "2026-12-31", "valid_to": "2026-01-01"})


@pytest.mark.parametrize(
    ("written", "meant"), [("", ""), ("Customers", ""), ("所有人", ""), ("agents", "agents"), ("wholesale", "agents")]
)
def test_an_audience_nobody_knows_is_kept_from_customers(written: str, meant: str) -> None:
    assert fields({"audience": written}).audience == meant


@pytest.mark.parametrize(
    ("begins", "ends", "moment", "holds"),
    [
        ("", "", "2026-12-31T12:00", True),
        ("", "2026-12-31", "2026-12-31T23:59", True),
        ("", "2026-12-31", "2027-01-01T00:00", False),
        ("2026-12-31", "", "2026-12-30T23:59", False),
        ("2026-12-31", "", "2026-12-31T00:00", True),
        ("", "2026-12-31T18:00", "2026-12-31T17:59", True),
        ("", "2026-12-31T18:00", "2026-12-31T18:00", False),
        ("", "2026-12-31T18:00+00:00", "2026-12-31T18:30", True),  # Brussels is an hour ahead
        ("2026-12-31T18:00", "", "2026-12-31T17:59", False),
    ],
)
def test_a_passage_holds_from_its_first_moment_to_the_end_of_its_last_day(
    begins: str, ends: str, moment: str, holds: bool
) -> None:
    passage = Passage("d", "d#a", "A", "B", "en", valid_from=begins, valid_to=ends)
    assert passage.holds(datetime.fromisoformat(moment).replace(tzinfo=SHOP)) is holds
