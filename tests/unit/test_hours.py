"""Opening hours: what a setting means, and whether the door is open at a moment."""

import time as clock
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import Refused
from bot.hours import DAY, HORIZON, Hours
from bot.timetable import ALWAYS, DAYS, WHOLE_DAY, Holiday

BERLIN, NEW_YORK, SHANGHAI = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Shanghai")
OFFICE = "Mon-Fri 09:00-17:30; Sat 10:00-14:00"


def hours(text: str, holidays: str = "", zone: ZoneInfo = BERLIN) -> Hours:
    return Hours.parse(text, zone, holidays)


def at(text: str, zone: ZoneInfo = BERLIN, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


def opened(text: str, holidays: str = "") -> dict[str, str]:
    """The week as read: {"Mon": "540-1050"}, minutes from midnight."""
    week = hours(text, holidays).week
    return {
        day[:3]: ",".join(f"{start}-{end}" for start, end in ranges)
        for day, ranges in zip(DAYS, week, strict=True)
        if ranges
    }


# ── reading ──

WEEKDAYS = {"Mon": "540-1050", "Tue": "540-1050", "Wed": "540-1050", "Thu": "540-1050", "Fri": "540-1050"}


@pytest.mark.parametrize(
    "text",
    [
        "Mon-Fri 09:00-17:30",
        "mon-fri 9:00-17:30",
        "MONDAY - FRIDAY  09:00 - 17:30 ;",
        "Mo-Fr 09:00–17:30",
        "Mon to Fri 9 to 17:30",
        "Monday–Friday: 9:00—17:30",
        "Mon., Tue., Wed., Thurs. and Fri. 9:00-17:30",
        "Mondays, Tuesdays & Wed Thu Fri 9:00-17:30",
        "weekdays 9:00-17:30",
        "Mon-Wed 9:00-17:30; Thu,Fri 9:00-17:30",
        "Mon-Wed 9:00-17:30, Thu-Fri 9:00-17:30",
        "Mon-Wed 9:00-17:30\nThu-Fri 9:00-17:30\n",
        "周一至周五 9:00-17:30",
        "周一-周五9:00-17:30",
        "周一到周五：９：００～１７：３０",
        "周一——周五 9:00——17:30；",
        "星期一至星期五 09:00至17:30",
        "礼拜一、礼拜二、三和周四五 9:00-17:30",
        "周一二三四五 9:00-17:30",
        "工作日 9:00-17:30",
        "周一至周三 9:00-17:30，周四、周五 9:00-17:30",
        "daily 9:00-17:30; weekend closed",
        "Sun closed; Saturday off; every day 9:00-17:30",
        "每天 9:00-17:30；周六日 休息",
    ],
)
def test_one_week_can_be_written_in_many_ways(text: str) -> None:
    assert opened(text) == WEEKDAYS


@pytest.mark.parametrize(
    ("text", "week"),
    [
        ("Mon 09:00-12:00,13:00-17:30", {"Mon": "540-720,780-1050"}),
        ("Mon 13:00-17:30; Mon 09:00-12:00", {"Mon": "540-720,780-1050"}),
        ("Mon 9-12, 13-17", {"Mon": "540-720,780-1020"}),
        ("周一 9:00-12:00、13:00-17:00", {"Mon": "540-720,780-1020"}),
        ("Fri 20:00-02:00", {"Fri": "1200-1560"}),
        ("Fri 20:00-00:00", {"Fri": "1200-1440"}),
        ("Fri 20:00-24:00", {"Fri": "1200-1440"}),
        ("Fri 00:00-24:00", {"Fri": "0-1440"}),
        ("Sat-Mon 10:00-11:00", {"Mon": "600-660", "Sat": "600-660", "Sun": "600-660"}),
        ("周末 10:00-11:00", {"Sat": "600-660", "Sun": "600-660"}),
        ("周日 10:00-11:00; 星期天 12:00-13:00", {"Sun": "600-660,720-780"}),
        ("Mon,Mon 10:00-11:00", {"Mon": "600-660"}),
    ],
)
def test_ranges_are_minutes_of_the_day_they_begin_on(text: str, week: dict[str, str]) -> None:
    assert opened(text) == week


@pytest.mark.parametrize("text", ["", "  \n", "24/7", "Always", "全天", "daily 00:00-24:00", "Mon-Sun 0-24"])
def test_no_hours_mean_around_the_clock(text: str) -> None:
    assert hours(text).week == ALWAYS


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Mon-Fri", "“Mon-Fri” has no times"),
        ("Mon 9:00-17:00; Tue", "“Tue” has no times"),
        ("09:00-17:00", "“09:00-17:00” does not say on which days: write “daily 09:00-17:00”"),
        ("Mon 9:00-12:00; 13:00-17:00", "“13:00-17:00” does not say on which days"),
        ("closed", "“closed” does not say on which days"),
        ("Mon-Fir 9:00-17:00", "“Fir” in “Mon-Fir 9:00-17:00” is not a day"),
        ("周八 9:00-17:00", "“周八” in “周八 9:00-17:00” is not a day"),
        ("Mon- 9:00-17:00", "“” in “Mon- 9:00-17:00” is not a day"),
        ("Mon-Wed-Fri 9:00-17:00", "“Mon-Wed-Fri” in “Mon-Wed-Fri 9:00-17:00” is not a run of days"),
        ("Mon-weekend 9:00-17:00", "“Mon-weekend” in “Mon-weekend 9:00-17:00” is not a run of days"),
        ("Mon 9:00", "“9:00” in “Mon 9:00” is not a range of times"),
        ("Mon 9:00-25:00", "“25:00” in “Mon 9:00-25:00” is not a time"),
        ("Mon 9:00-24:01", "“24:01” in “Mon 9:00-24:01” is not a time"),
        ("Mon 9:60-12:00", "“9:60” in “Mon 9:60-12:00” is not a time"),
        ("Mon 9:00-", "“” in “Mon 9:00-” is not a time"),
        ("Mon 9am-5pm", "“9am” in “Mon 9am-5pm” is not a time"),
        ("Mon 9.30-17.00", "“9.30” in “Mon 9.30-17.00” is not a time"),
        ("Mon 9:00-12:00-17:00", "“12:00-17:00” in “Mon 9:00-12:00-17:00” is not a time"),
        ("Mon 9:00-17:00 Tue 9:00-17:00", "is not a time from 00:00 to 24:00; rules end with “;”"),
        ("Mon 09:00-09:00", "“09:00-09:00” in “Mon 09:00-09:00” is never open: the whole day is 00:00-24:00"),
        ("Mon 24:00-02:00", "“24:00-02:00” in “Mon 24:00-02:00” is never open"),
        ("daily 09:00-18:00; Sun 10:00-16:00", "“Sun 10:00-16:00” overlaps with other hours on Sunday"),
        ("Mon 09:00-12:00,11:00-13:00", "“Mon 09:00-12:00,11:00-13:00” overlaps with other hours on Monday"),
        ("😀 9:00-17:00", "“😀” in “😀 9:00-17:00” is not a day"),
    ],
)
def test_hours_that_cannot_be_meant_are_refused_by_name(text: str, sentence: str) -> None:
    with pytest.raises(Refused) as caught:
        hours(text)
    assert str(caught.value).startswith("opening hours: ")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("text", "holidays"),
    [
        ("", ()),
        ("2026-12-25", [((2026, 12, 25), (2026, 12, 25))]),
        ("12-26;", [((12, 26), (12, 26))]),
        ("2026-12-31..2027-01-02", [((2026, 12, 31), (2027, 1, 2))]),
        ("2026-12-31 … 2027-1-2", [((2026, 12, 31), (2027, 1, 2))]),
        ("2026年12月31日至2027年1月2日", [((2026, 12, 31), (2027, 1, 2))]),
        ("5月1日，10月1号 到 10月7号", [((5, 1), (5, 1)), ((10, 1), (10, 7))]),
        ("12-31..01-02\n02-29", [((12, 31), (1, 2)), ((2, 29), (2, 29))]),
    ],
)
def test_holidays_are_days_or_runs_of_days(text: str, holidays: list[tuple[tuple[int, ...], tuple[int, ...]]]) -> None:
    assert hours("", text).holidays == tuple(Holiday(first, last) for first, last in holidays)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("Christmas", "“Christmas” in “Christmas” is not a day: write 2026-12-25, or 12-25 for every year"),
        ("2026-12-25, 25.12.", "“25.12.” in “25.12.” is not a day"),
        ("12/26", "“12/26” in “12/26” is not a day"),
        ("2026-02-29", "“2026-02-29” in “2026-02-29” is not a day of the calendar"),
        ("13-01", "“13-01” in “13-01” is not a day of the calendar"),
        ("0000-01-01", "“0000-01-01” in “0000-01-01” is not a day of the calendar"),
        ("2026-12-31..01-02", "“2026-12-31..01-02” is not a range of days"),
        ("2026-12-31..2027-01-02..2027-01-05", "is not a range of days"),
        ("2027-01-02..2026-12-31", "“2027-01-02..2026-12-31” ends before it begins"),
        ("2026-12-31..", "“” in “2026-12-31..” is not a day"),
    ],
)
def test_holidays_that_cannot_be_meant_are_refused_by_name(text: str, sentence: str) -> None:
    with pytest.raises(Refused) as caught:
        hours("", text)
    assert str(caught.value).startswith("holidays: ")
    assert sentence in str(caught.value)


@pytest.mark.parametrize("what", ["opening hours", "holidays"])
def test_a_setting_longer_than_any_shop_needs_is_refused(what: str) -> None:
    with pytest.raises(Refused, match=f"{what}: longer than 4000 characters"):
        hours("1" * 4_001 if what == "opening hours" else "", "1" * 4_001)


PIECES = ["Mon ", " ", "1", "Mon-", "周", ",", "to ", "9:00-10:00,", ".", "closed ", "2026-", "年"]


@pytest.mark.parametrize("piece", PIECES)
def test_the_longest_setting_is_read_at_once(piece: str) -> None:
    began = clock.process_time()
    for text in ((piece * 4_000)[:4_000], f"Mon {piece * 4_000}"[:4_000], f"{piece * 4_000}"[:3_999] + "x"):
        for one, other in ((text, ""), ("", text)):
            with suppress(Refused):
                hours(one, other)
    assert clock.process_time() - began < 0.3  # 6 readings


# ── open or not ──


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-03-02 08:59:59", False),  # a Monday
        ("2026-03-02 09:00", True),
        ("2026-03-02 17:29:59.999999", True),
        ("2026-03-02 17:30", False),
        ("2026-03-07 13:59", True),
        ("2026-03-07 14:00", False),
        ("2026-03-08 12:00", False),
    ],
)
def test_an_opening_counts_and_a_closing_does_not(moment: str, is_open: bool) -> None:
    assert hours(OFFICE).is_open(at(moment)) is is_open


def test_the_hours_are_those_of_the_shop_and_not_of_whoever_asks() -> None:
    moment = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)  # 9:00 in Shanghai, 2:00 in Berlin
    assert hours(OFFICE, zone=SHANGHAI).is_open(moment)
    assert not hours(OFFICE).is_open(moment)
    assert hours(OFFICE, zone=SHANGHAI).is_open(moment.astimezone(NEW_YORK))


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-03-06 19:59", False),  # a Friday
        ("2026-03-06 23:59", True),
        ("2026-03-07 00:00", True),
        ("2026-03-07 01:59", True),
        ("2026-03-07 02:00", False),
        ("2026-03-06 01:00", False),
    ],
)
def test_a_range_over_midnight_belongs_to_the_day_it_begins_on(moment: str, is_open: bool) -> None:
    assert hours("Fri 20:00-02:00").is_open(at(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-12-24 23:59", True),
        ("2026-12-25 00:00", False),  # what began the evening before ends with that day
        ("2026-12-25 21:00", False),
        ("2026-12-26 01:00", False),  # what would have begun on the holiday did not
        ("2026-12-26 20:00", True),
        ("2027-12-25 01:00", True),  # the year was said
    ],
)
def test_a_holiday_is_a_whole_calendar_day_off(moment: str, is_open: bool) -> None:
    assert hours("daily 20:00-02:00", "2026-12-25").is_open(at(moment)) is is_open


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-12-30 12:00", True),
        ("2026-12-31 12:00", False),
        ("2027-01-02 12:00", False),
        ("2027-01-03 12:00", True),
        ("2031-01-01 12:00", False),
        ("2028-02-29 12:00", False),
        ("2027-03-01 12:00", True),
    ],
)
def test_yearly_holidays_come_every_year_and_may_run_over_new_year(moment: str, is_open: bool) -> None:
    assert hours("", "12-31..01-02, 02-29").is_open(at(moment)) is is_open


# ── clocks that change: Berlin skips 2:00-3:00 on 29 March 2026 and has it twice on 25 October 2026 ──


def test_a_skipped_opening_is_the_moment_of_the_change() -> None:
    shop = hours("Sun 02:30-10:00")
    assert shop.next_opening(at("2026-03-29 00:00")) == datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
    assert not shop.is_open(datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC))


def test_a_skipped_closing_is_the_moment_of_the_change() -> None:
    shop = hours("Sun 00:00-02:30")
    assert shop.is_open(datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC))
    assert not shop.is_open(datetime(2026, 3, 29, 1, 0, tzinfo=UTC))


def test_a_range_that_is_skipped_whole_never_opens() -> None:
    shop = hours("Sun 02:10-02:50")
    assert shop.next_opening(at("2026-03-28 12:00")) == at("2026-04-05 02:10")
    assert not any(shop.is_open(datetime(2026, 3, 29, tzinfo=UTC) + timedelta(minutes=m)) for m in range(180))


def test_an_opening_that_comes_twice_is_its_first_coming_and_is_not_interrupted() -> None:
    shop = hours("Sun 02:30-10:00")
    first = at("2026-10-25 02:30").astimezone(UTC)
    assert shop.next_opening(at("2026-10-25 00:00")) == first == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert shop.is_open(at("2026-10-25 02:10", fold=1))
    assert not shop.is_open(at("2026-10-25 02:10", fold=0))


def test_a_closing_that_comes_twice_is_its_first_coming() -> None:
    shop = hours("Sat 20:00-02:30")
    assert shop.is_open(at("2026-10-25 02:29", fold=0))
    assert not shop.is_open(at("2026-10-25 02:30", fold=0))
    assert not shop.is_open(at("2026-10-25 02:10", fold=1))


def test_an_hour_more_or_less_in_a_night_does_not_close_the_door() -> None:
    shop = hours("Sat 22:00-06:00")
    for night, long in (("2026-03-28", 7), ("2026-10-24", 9), ("2026-06-06", 8)):
        begin = at(f"{night} 22:00").astimezone(UTC)
        minutes = [shop.is_open(begin + timedelta(minutes=m)) for m in range(-1, long * 60 + 1)]
        assert minutes == [False, *[True] * (long * 60), False]


def test_a_midnight_that_is_skipped_begins_the_day_at_one() -> None:
    santiago = ZoneInfo("America/Santiago")  # 2025-09-07 begins at 1:00
    shop = Hours.parse("Sun 00:00-12:00", santiago, "")
    assert shop.next_opening(at("2025-09-06 12:00", santiago)) == datetime(2025, 9, 7, 4, 0, tzinfo=UTC)


def test_a_day_that_a_country_left_out_has_no_hours() -> None:
    apia = ZoneInfo("Pacific/Apia")  # went from 29 to 31 December 2011
    shop = Hours.parse("Fri 09:00-17:00; Sat 09:00-12:00", apia, "")
    assert shop.next_opening(at("2011-12-29 12:00", apia)) == at("2011-12-31 09:00", apia).astimezone(UTC)


# ── the next opening ──


@pytest.mark.parametrize(
    ("now", "opening"),
    [
        ("2026-03-02 08:00", "2026-03-02 09:00"),
        ("2026-03-02 09:00", "2026-03-03 09:00"),  # open: the next time the door opens is tomorrow
        ("2026-03-06 18:00", "2026-03-07 10:00"),
        ("2026-03-07 14:00", "2026-03-09 09:00"),
        ("2026-12-24 18:00", "2027-01-04 09:00"),
    ],
)
def test_the_next_opening_passes_over_nights_weekends_and_holidays(now: str, opening: str) -> None:
    shop = hours(OFFICE, "12-25..01-03")
    assert shop.next_opening(at(now)) == at(opening)


def test_ranges_that_touch_are_one_opening() -> None:
    shop = hours("Mon 09:00-12:00,12:00-24:00; Tue 00:00-10:00")
    assert shop.next_opening(at("2026-03-02 10:00")) == at("2026-03-09 09:00")


@pytest.mark.parametrize("text", ["", "daily 00:00-24:00", "daily 09:00-21:00,21:00-09:00"])
def test_a_door_that_never_closes_has_no_next_opening(text: str) -> None:
    assert hours(text).is_open(at("2026-03-02 04:00"))
    assert hours(text).next_opening(at("2026-03-02 04:00")) is None


@pytest.mark.parametrize(
    "shop", [hours("daily closed"), hours("daily 9-17", "01-01..12-31"), hours("", "2026-01-01..2099-01-01")]
)
def test_a_door_that_stays_closed_for_more_than_a_year_has_no_next_opening(shop: Hours) -> None:
    assert shop.next_opening(at("2026-03-02 04:00")) is None


def test_around_the_clock_opens_again_after_a_holiday() -> None:
    shop = hours("", "12-25..12-26")
    assert not shop.is_open(at("2026-12-25 12:00"))
    assert shop.next_opening(at("2026-12-25 12:00")) == at("2026-12-27 00:00")


def test_looking_400_days_ahead_takes_no_time_one_would_notice() -> None:
    shop = hours("daily 09:00-12:00,13:00-17:00", "01-01..12-31")
    began = clock.process_time()
    assert shop.next_opening(at("2026-03-02 04:00")) is None
    assert hours("").next_opening(at("2026-03-02 04:00")) is None
    assert clock.process_time() - began < 0.1


# ── as a person says it ──


@pytest.mark.parametrize(
    ("opening", "english", "chinese"),
    [
        ("2026-12-24 09:00", "today at 9:00", "今天9:00"),
        ("2026-12-25 00:05", "tomorrow at 0:05", "明天0:05"),
        ("2026-12-26 10:30", "on Saturday at 10:30", "周六10:30"),
        ("2026-12-30 09:00", "on Wednesday at 9:00", "周三9:00"),
        ("2026-12-31 09:00", "on 31 December at 9:00", "12月31日9:00"),
        ("2027-01-02 09:00", "on 2 January at 9:00", "1月2日9:00"),
        ("2028-01-02 09:00", "on 2 January 2028 at 9:00", "2028年1月2日9:00"),
    ],
)
def test_an_opening_is_told_the_way_a_person_would(opening: str, english: str, chinese: str) -> None:
    shop, now = hours(OFFICE), at("2026-12-24 06:00")
    assert shop.spoken(at(opening), now, "en") == english
    assert shop.spoken(at(opening), now, "zh") == chinese


def test_today_is_the_shops_day() -> None:
    shop = hours(OFFICE, zone=SHANGHAI)
    now = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)  # Monday 1:00 in Shanghai
    opening = shop.next_opening(now)
    assert opening is not None
    assert shop.spoken(opening, now, "en") == "today at 9:00"
    assert shop.spoken(opening, now.astimezone(NEW_YORK), "fr") == "today at 9:00"


# ── for any week, any zone, any moment ──

ZONES = st.sampled_from(
    "UTC Europe/Berlin America/New_York Asia/Shanghai Australia/Lord_Howe Asia/Beirut America/Santiago "
    "Africa/Casablanca America/Havana Pacific/Apia America/St_Johns Asia/Kathmandu".split()
).map(ZoneInfo)
MINUTES = st.integers(0, WHOLE_DAY - 1)
RANGES = st.tuples(MINUTES, st.integers(1, WHOLE_DAY)).map(lambda r: (r[0], r[0] + r[1]))
WEEKS = st.lists(st.lists(RANGES, max_size=2).map(lambda ranges: tuple(sorted(ranges))), min_size=7, max_size=7)
HOLIDAYS = st.lists(st.dates(date(2009, 12, 1), date(2012, 2, 1)), max_size=4).map(
    lambda days: tuple(Holiday((d.year, d.month, d.day), (d.year, d.month, d.day)) for d in days)
)
SHOPS = st.builds(lambda week, zone, off: Hours(tuple(week), zone, off), WEEKS, ZONES, HOLIDAYS)
# Around changes of clocks, and anywhere else.
MOMENTS = st.datetimes(datetime(2010, 1, 1), datetime(2011, 12, 31), timezones=st.just(UTC)) | st.sampled_from(
    [(2010, 3, 14, 7), (2010, 11, 7, 6), (2011, 3, 27, 1), (2011, 10, 30, 1), (2011, 4, 2, 15), (2011, 12, 30, 10)]
).flatmap(lambda hour: st.integers(-7_200, 7_200).map(lambda s: datetime(*hour, tzinfo=UTC) + timedelta(seconds=s)))
SECOND = timedelta(seconds=1)


@settings(max_examples=60, deadline=None)
@given(SHOPS, MOMENTS)
def test_the_next_opening_is_open_and_the_moment_before_it_is_not(shop: Hours, moment: datetime) -> None:
    opening = shop.next_opening(moment)
    if opening is not None:
        assert moment < opening <= moment + HORIZON
        assert shop.is_open(opening)
        assert not shop.is_open(opening - SECOND)


@settings(max_examples=60, deadline=None)
@given(SHOPS, MOMENTS, st.lists(st.integers(0, 9_999), min_size=8, max_size=8))
def test_nothing_before_the_next_opening_is_open(shop: Hours, moment: datetime, shares: list[int]) -> None:
    if shop.is_open(moment):
        return
    wait = (shop.next_opening(moment) or moment + HORIZON) - moment
    assert not any(shop.is_open(moment + share * wait / 10_000) for share in shares)


@settings(max_examples=60, deadline=None)
@given(SHOPS, MOMENTS)
def test_on_a_day_without_a_change_the_clock_on_the_wall_decides(shop: Hours, moment: datetime) -> None:
    wall = moment.astimezone(shop.zone)
    days = (-3 * DAY, -2 * DAY, -DAY, DAY, 2 * DAY)
    if any((moment + d).astimezone(shop.zone).utcoffset() != wall.utcoffset() for d in days):
        return
    off = {date(*holiday.first) for holiday in shop.holidays}
    now = wall.hour * 3_600 + wall.minute * 60 + wall.second
    expected = wall.date() not in off and any(
        start * 60 <= now + back * 86_400 < end * 60
        for back in (0, 1)
        if wall.date() - back * DAY not in off
        for start, end in shop.week[(wall.weekday() - back) % 7]
    )
    assert shop.is_open(moment) is expected


@settings(max_examples=50, deadline=None)
@given(WEEKS)
def test_what_is_written_down_is_read_back(week: list[tuple[tuple[int, int], ...]]) -> None:
    def shown(minutes: int) -> str:
        return f"{minutes // 60 % 24:02}:{minutes % 60:02}"

    singles = [ranges[:1] for ranges in week]
    text = "; ".join(
        f"{day} {shown(ranges[0][0])}-{shown(ranges[0][1])}"
        if ranges[0][1] - ranges[0][0] < WHOLE_DAY
        else f"{day} 0-24"
        for day, ranges in zip(DAYS, singles, strict=True)
        if ranges
    )
    expected = [((0, WHOLE_DAY),) if r and r[0][1] - r[0][0] == WHOLE_DAY else r for r in singles]
    assert hours(text).week == (tuple(expected) if text else ALWAYS)
