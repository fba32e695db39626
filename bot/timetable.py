"""A shop's week and its days off, as somebody writes them into a setting; English and Chinese, in many spellings.

Mon-Fri 09:00-12:00,13:00-17:30; Sat 10:00-14:00; Sun closed        周一至周五 9:00-17:30，周六 10:00-14:00
2026-12-25, 2026-12-31..2027-01-02, 12-26                           12月25日，2026年12月31日至2027年1月2日
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from bot.errors import Refused

LONGEST = 4_000  # characters of a setting: some 300 holidays
WHOLE_DAY = 24 * 60
Range = tuple[int, int]  # minutes from the midnight its day begins with; past WHOLE_DAY it ends on the day after
Week = tuple[tuple[Range, ...], ...]  # Monday first
ALWAYS: Week = (((0, WHOLE_DAY),),) * 7

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True, slots=True)
class Holiday:
    """Days off from the first to the last: (year, month, day), or (month, day) for every year."""

    first: tuple[int, ...]
    last: tuple[int, ...]

    def holds(self, day: date) -> bool:
        this = (day.year, day.month, day.day)[-len(self.first) :]
        if self.first <= self.last:
            return self.first <= this <= self.last
        return this >= self.first or this <= self.last  # 12-31..01-02


_SIGNS = str.maketrans("–—−‐‑―〜、\n", "-------,;")  # what NFKC leaves different
_AROUND_THE_CLOCK = {"", "24/7", "always", "24小时", "全天"}
_CLOSED = re.compile(r"(.*?)[ :]?(?:closed|off|休息|不营业|关闭)", re.I)
_TO = re.compile(r" ?(?:-+|~|\bto\b|至|到) ?", re.I)
_AND = re.compile(r"(?:[ ,&]|\band\b|[和及与])+", re.I)
_NEW_RULE = re.compile(r";|(?<=\d),(?=[^\W\d_])")  # "…-17:30, Sat 10:00-…" is a new rule too
_TIME = re.compile(r"([0-9]{1,2})(?::([0-9]{2}))?")
_DATE = re.compile(r"(?:([0-9]{4})-)?([0-9]{1,2})-([0-9]{1,2})")
_UNTIL = re.compile(r" ?(?:\.\.\.?|~|至|到|\bto\b) ?", re.I)
_DAY_PREFIX = re.compile("周|週|星期|礼拜|禮拜")

_SPELLINGS = (
    "mo mon monday mondays 一",
    "tu tue tues tuesday tuesdays 二",
    "we wed weds wednesday wednesdays 三",
    "th thu thur thurs thursday thursdays 四",
    "fr fri friday fridays 五",
    "sa sat saturday saturdays 六",
    "su sun sunday sundays 日 天",
)
_NAMES: Mapping[str, tuple[int, ...]] = {
    **{name: (day,) for day, names in enumerate(_SPELLINGS) for name in names.split()},
    **dict.fromkeys("daily everyday 每天 每日 天天".split(), tuple(range(7))),
    **dict.fromkeys("weekday weekdays 工作日".split(), tuple(range(5))),
    **dict.fromkeys("weekend weekends 周末 週末".split(), (5, 6)),
}


def _plain(text: str, what: str) -> str:
    """One spelling of punctuation, and at most one blank between words."""
    if len(text) > LONGEST:
        raise Refused(f"{what}: longer than {LONGEST} characters")
    text = unicodedata.normalize("NFKC", text.strip()).translate(_SIGNS)
    return re.sub(r" ?([,;:]) ?", r"\1", " ".join(text.split()))


def week(hours: str) -> Week:
    """The hours of each day; none said means around the clock. Raises Refused, naming the part that is wrong."""
    text = _plain(hours, "opening hours")
    if text.casefold() in _AROUND_THE_CLOCK:
        return ALWAYS
    found: list[list[Range]] = [[] for _ in DAYS]
    off: set[int] = set()
    for rule in filter(None, _NEW_RULE.split(text)):
        days, ranges = _rule(rule)
        off.update(() if ranges else days)
        for day in days:
            _add(found[day], ranges, rule, DAYS[day])
    return tuple(() if day in off else tuple(sorted(ranges)) for day, ranges in enumerate(found))


def _rule(rule: str) -> tuple[list[int], list[Range]]:
    """The days and the ranges of "Mon-Fri 09:00-12:00,13:00-17:30"; no ranges for "Sun closed"."""
    if closed := _CLOSED.fullmatch(rule):
        return _days(closed[1], rule), []
    digit = re.search("[0-9]", rule)
    if digit is None:
        raise Refused(f"opening hours: “{rule}” has no times: write “Mon-Fri 09:00-17:30”, or “Sun closed”")
    days, ranges = rule[: digit.start()].rstrip(" :,"), rule[digit.start() :].rstrip(",")
    if not days:
        raise Refused(f"opening hours: “{rule}” does not say on which days: write “daily {rule}”")
    return _days(days, rule), [_range(part, rule) for part in ranges.split(",")]


def _add(day: list[Range], ranges: list[Range], rule: str, name: str) -> None:
    for start, end in ranges:
        if any(start < taken_end and taken < end for taken, taken_end in day):
            raise Refused(f"opening hours: “{rule}” overlaps with other hours on {name}: give each hour of a day once")
        day.append((start, end))


def _days(text: str, rule: str) -> list[int]:
    text = re.sub(r"\bevery day\b", "daily", text, flags=re.I)
    days: list[int] = []
    for part in filter(None, _AND.split(_TO.sub("-", text))):
        first, *rest = (_named(name, rule) for name in part.split("-"))
        if not rest:
            days += first
        elif len(rest) == 1 and len(first) == len(rest[0]) == 1:
            run = (rest[0][0] - first[0]) % 7 + 1  # Sat-Mon goes over the end of the week
            days += [(first[0] + step) % 7 for step in range(run)]
        else:
            raise Refused(f"opening hours: “{part}” in “{rule}” is not a run of days such as Mon-Fri or 周一至周五")
    if not days:
        raise Refused(f"opening hours: “{rule}” does not say on which days")
    return list(dict.fromkeys(days))


def _named(name: str, rule: str) -> tuple[int, ...]:
    low = name.casefold().rstrip(".")
    if low in _NAMES:
        return _NAMES[low]
    signs = _DAY_PREFIX.sub("", low, count=1)  # 周六日, 周一三五
    if signs and all(sign in "一二三四五六日天" for sign in signs):
        return tuple(_NAMES[sign][0] for sign in signs)
    raise Refused(f"opening hours: “{name}” in “{rule}” is not a day: write Mon, Monday, daily, 周一 or 每天")


def _range(text: str, rule: str) -> Range:
    start, sign, end = _TO.sub("-", text).partition("-")
    if not sign:
        raise Refused(f"opening hours: “{text}” in “{rule}” is not a range of times such as 09:00-17:30")
    opens, closes = _minutes(start, rule), _minutes(end, rule)
    if opens in (closes, WHOLE_DAY):
        raise Refused(f"opening hours: “{text}” in “{rule}” is never open: the whole day is 00:00-24:00")
    return opens, closes if closes > opens else closes + WHOLE_DAY


def _minutes(text: str, rule: str) -> int:
    found = _TIME.fullmatch(text)
    hour, minute = (int(found[1]), int(found[2] or 0)) if found else (99, 0)
    if minute > 59 or hour * 60 + minute > WHOLE_DAY:
        raise Refused(f"opening hours: “{text}” in “{rule}” is not a time from 00:00 to 24:00; rules end with “;”")
    return hour * 60 + minute


def days_off(holidays: str) -> tuple[Holiday, ...]:
    """The days off, in the order written. Raises Refused, naming the part that is wrong."""
    text = re.sub("[年月]", "-", re.sub("[日号]", "", _plain(holidays, "holidays")))
    return tuple(_holiday(part.strip()) for part in re.split("[,;]", text) if part.strip())


def _holiday(part: str) -> Holiday:
    first, *rest = (_date(day, part) for day in _UNTIL.split(part))
    last = rest[0] if rest else first
    if len(rest) > 1 or len(last) != len(first):
        raise Refused(f"holidays: “{part}” is not a range of days: write 2026-12-31..2027-01-02, or 12-31..01-02")
    if len(first) == 3 and last < first:
        raise Refused(f"holidays: “{part}” ends before it begins")
    return Holiday(first, last)


def _date(text: str, part: str) -> tuple[int, ...]:
    if found := _DATE.fullmatch(text):
        year, month, day = int(found[1] or 2000), int(found[2]), int(found[3])  # 2000 has a 29 February
        try:
            date(year, month, day)
        except ValueError:
            raise Refused(f"holidays: “{text}” in “{part}” is not a day of the calendar") from None
        return (year, month, day) if found[1] else (month, day)
    raise Refused(f"holidays: “{text}” in “{part}” is not a day: write 2026-12-25, or 12-25 for every year")
