"""Opening hours: when people answer, in the shop's own time zone. Moments come from the caller, and leave in UTC.

    Mon-Fri 09:00-12:00,13:00-17:30; Sat 10:00-14:00        holidays: 2026-12-25, 2026-12-31..2027-01-02, 12-26

A range belongs to the day it begins on and may run past midnight. A holiday is a whole calendar day off: what would
begin on it does not, and what runs into it from the evening before ends at midnight. Where clocks change, a time that
is skipped means the moment of the change, and a time that comes twice means its first coming; the hours between an
opening and its closing are never interrupted.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from bot.timetable import DAYS, WHOLE_DAY, Holiday, Week, days_off, week

DAY = timedelta(days=1)
HORIZON = timedelta(days=400)  # a yearly holiday has come round by then

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hours:
    week: Week
    zone: tzinfo
    holidays: tuple[Holiday, ...] = ()

    @classmethod
    def parse(cls, hours: str, zone: tzinfo, holidays: str) -> "Hours":
        """From the shop's settings; no hours mean around the clock. Raises Refused, naming the part that is wrong."""
        return cls(week(hours), zone, days_off(holidays))

    def is_open(self, at: datetime) -> bool:
        day = at.astimezone(self.zone).date()
        moment = at.astimezone(UTC)
        return any(opens <= moment < closes for opens, closes in self._openings(day - DAY, 3))

    def next_opening(self, at: datetime) -> datetime | None:
        """When the door opens next: the first moment after `at` that is open and follows one that is not.

        None when it never closes, or stays closed for 400 days.
        """
        day, last = at.astimezone(self.zone).date(), at + HORIZON
        until = datetime.min.replace(tzinfo=UTC)
        for opens, closes in self._openings(day - 2 * DAY, HORIZON.days + 4):
            if at < opens <= last and opens > until:
                return opens
            until = max(until, closes)
        return None

    def spoken(self, at_open: datetime, now: datetime, language: str) -> str:
        """When it opens, as a person in the shop says it: "tomorrow at 9:00", 明天9:00."""
        there = at_open.astimezone(self.zone)
        days = (there.date() - now.astimezone(self.zone).date()).days
        day = _day_zh(there, days) if language == "zh" else _day_en(there, days)
        return f"{day}{there.hour}:{there.minute:02}"

    def _openings(self, first: date, days: int) -> Iterator[tuple[datetime, datetime]]:
        """What opens on these days, in order of time."""
        for today in (first + offset * DAY for offset in range(days)):
            if self._is_holiday(today):
                continue
            for start, end in self.week[today.weekday()]:
                is_cut = end > WHOLE_DAY and self._is_holiday(today + DAY)
                opens, closes = self._moment(today, start), self._moment(today, WHOLE_DAY if is_cut else end)
                if opens < closes:  # a range inside a skipped hour is no range
                    yield opens, closes

    def _is_holiday(self, day: date) -> bool:
        return any(holiday.holds(day) for holiday in self.holidays)

    def _moment(self, day: date, minutes: int) -> datetime:
        """The first moment at which clocks in the shop show this time, or a later one where it is skipped."""
        wall = datetime.combine(day, time.min) + timedelta(minutes=minutes)
        first, second = (wall.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if first <= second:
            return first
        skipped = range(int((first - second).total_seconds()))  # the change lies in this many seconds after `second`
        return second + bisect_left(skipped, wall, key=lambda s: self._wall(second, s)) * timedelta(seconds=1)

    def _wall(self, moment: datetime, seconds: int) -> datetime:
        return (moment + timedelta(seconds=seconds)).astimezone(self.zone).replace(tzinfo=None)


def _day_en(there: datetime, days: int) -> str:
    if days in (0, 1):
        return ("today at ", "tomorrow at ")[days]
    if 1 < days < 7:
        return f"on {DAYS[there.weekday()]} at "
    year = f" {there.year}" if days > 360 else ""
    return f"on {there.day} {MONTHS[there.month - 1]}{year} at "


def _day_zh(there: datetime, days: int) -> str:
    if days in (0, 1):
        return "今明"[days] + "天"
    if 1 < days < 7:
        return "周" + "一二三四五六日"[there.weekday()]
    return (f"{there.year}年" if days > 360 else "") + f"{there.month}月{there.day}日"
