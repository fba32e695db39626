"""When content holds: what is about to begin or to end, what is over, and dates in a text that have passed."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from bot.knowledge import Passage

What = Literal["ended", "ends", "begins", "says"]
FAR = 5 * 366  # days ahead: whoever writes 2062 meant 2026
_DAY = len("2026-12-31")


@dataclass(frozen=True, slots=True)
class Expiring:
    """`what` happens on `on` to this passage; "says": its text names a day that has passed, in the words of `said`."""

    passage: Passage
    what: What
    on: str
    said: str = ""


def expiring(passages: Iterable[Passage], now: datetime, days: int = 30) -> list[Expiring]:
    """What is over, what ends or begins within `days`, and texts that name a day that has passed; the oldest first.
    `now` is in the shop's time zone. Entries for which no day can be read are left to `bot kb lint`."""
    horizon = (now + timedelta(days=days)).date()
    found = [one for passage in passages for one in _of(passage, now, horizon)]
    return sorted(found, key=lambda one: (_ORDER.index(one.what), one.on, one.passage.anchor, one.passage.position))


_ORDER = ("ended", "ends", "begins", "says")


def _of(passage: Passage, now: datetime, horizon: date) -> Iterator[Expiring]:
    begins, ends = moment(passage.valid_from, now), moment(passage.valid_to, now, is_end=True)
    if ends and ends <= now:
        yield Expiring(passage, "ended", passage.valid_to)
        return
    if ends and ends.date() - timedelta(days=len(passage.valid_to) == _DAY) <= horizon:
        yield Expiring(passage, "ends", passage.valid_to)
    if begins and now < begins and begins.date() <= horizon:
        yield Expiring(passage, "begins", passage.valid_from)
    for day, said in passed_days(passage.text, now.date()):
        yield Expiring(passage, "says", day.isoformat(), said)
        return


def moment(written: str, now: datetime, *, is_end: bool = False) -> datetime | None:
    """When something begins, or has ended: a day ends at the midnight after it. None for nothing, and for no date."""
    try:
        at = datetime.fromisoformat(written) if written else None
        if at is not None and is_end and len(written) == _DAY:
            at += timedelta(days=1)
    except (ValueError, OverflowError):
        return None
    if at is None or at.tzinfo:
        return at
    return at.replace(tzinfo=now.tzinfo)


def window_problem(passage: Passage, now: datetime) -> str:
    """What is wrong with the days between which it holds, as a sentence; or an empty string."""
    begins, ends = moment(passage.valid_from, now), moment(passage.valid_to, now, is_end=True)
    for name, written, at in (("valid_from", passage.valid_from, begins), ("valid_to", passage.valid_to, ends)):
        if written and at is None:
            return f"“{written}” for {name} is no date such as 2026-12-31"
    if begins and ends and ends <= begins:
        return f"it ends ({passage.valid_to}) before it begins ({passage.valid_from}): nobody ever gets it"
    if begins and begins > now + timedelta(days=FAR):
        return f"it does not begin before {passage.valid_from}: is that year right?"
    return ""


# ── days in a text ──

_MONTHS = (
    "jan(?:uary)?", "feb(?:ruary)?", "mar(?:ch)?", "apr(?:il)?", "may", "june?", "july?", "aug(?:ust)?",
    "sept?(?:ember)?", "oct(?:ober)?", "nov(?:ember)?", "dec(?:ember)?",
)  # fmt: skip
_MONTH = "(?P<month{n}>" + "|".join(_MONTHS) + r")\.?"
_YEAR = r"(?P<year{n}>20\d\d)(?!\d)"
_DAY_FIRST = r"(?P<day0>\d{1,2})(?:st|nd|rd|th)?\.?(?: of)? " + f"{_MONTH},? {_YEAR}".format(n=0)
_MONTH_FIRST = _MONTH.format(n=1) + r" (?P<day1>\d{1,2})(?:st|nd|rd|th)?,? " + _YEAR.format(n=1)
_NUMBERS = r"(?P<year2>20\d\d)[-/.](?P<month2>\d{1,2})[-/.](?P<day2>\d{1,2})(?!\d)"
_GERMAN = r"(?P<day3>\d{1,2})\.(?P<month3>\d{1,2})\.(?P<year3>20\d\d)(?!\d)"
_SLASHED = r"(?P<one4>\d{1,2})/(?P<other4>\d{1,2})/(?P<year4>20\d\d)(?!\d)"
_MONTH_ONLY = r"(?:the end of |end of )?" + f"{_MONTH} {_YEAR}".format(n=5)
_DATE = f"(?:{_DAY_FIRST}|{_MONTH_FIRST}|{_NUMBERS}|{_GERMAN}|{_SLASHED}|{_MONTH_ONLY})"
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? (?:the )?)?"
_UNTIL = re.compile(
    r"\b(?:until|till|through|thru|expir(?:es?|ing|y)(?: date)?(?: on|:)?|ends?(?: on)?|ending(?: on)?|closes?(?: on)?"
    r"|deadline(?: is|:)?|no later than|valid (?:to|thru)"
    r"|(?:order|return|sen[dt]|book|apply|register|postmarked|before|starting|available)"
    r" (?:\w+ ){0,3}?(?:by|before|on))"
    rf" (?:and including |the )?{_WEEKDAY}{_DATE}",
    re.I,
)
_CHINESE_DATE = (
    r"(?P<year{n}>20\d\d)\s?(?:年|[-/.])\s?(?P<month{n}>\d{{1,2}})\s?(?:月|[-/.])\s?(?P<day{n}>\d{{1,2}})\s?[日号]?"
)
_UNTIL_ZH = re.compile(
    r"(?:截止(?:日期)?(?:为|是|到|至|于|[:：])?|有效期(?:为|是|至|到|[:：])+|到期(?:日|时间)?(?:为|是|[:：])|持续[到至]|延长?至)\s?"
    + _CHINESE_DATE.format(n=0)
    + "|"
    + _CHINESE_DATE.format(n=1)
    + r"\s?(?:\d{1,2}[:：点]\d{0,2}\s?)?(?:之?前(?!后)|止|为止|截止|结束|到期|失效)"
)


def passed_days(text: str, today: date) -> Iterator[tuple[date, str]]:
    """Days until which something was to hold, each with the words that say so: "until 31 December 2024"."""
    if "20" not in text:
        return
    text = " ".join(re.sub(r"[*_]{2}", "", text).split())
    for pattern in (_UNTIL, _UNTIL_ZH):
        for found in pattern.finditer(text):
            day = _day({key: value for key, value in found.groupdict().items() if value})
            if day is not None and day < today:
                yield day, found[0]


def _day(parts: dict[str, str]) -> date | None:
    """The latest day it can mean: 3/4/2025 is in March or in April, "until May 2025" ends with May."""
    named = {re.sub(r"\d$", "", key): value for key, value in parts.items()}
    try:
        if "one" in named:
            orders = ((named["one"], named["other"]), (named["other"], named["one"]))
            return max(date(int(named["year"]), int(month), int(day)) for month, day in orders if int(month) < 13)
        month = _month(named["month"])
        if "day" not in named:
            return date(int(named["year"]) + month // 12, month % 12 + 1, 1) - timedelta(days=1)
        return date(int(named["year"]), month, int(named["day"]))
    except ValueError:
        return None


def _month(written: str) -> int:
    if written.isdigit():
        return int(written)
    return next(n for n, pattern in enumerate(_MONTHS, start=1) if re.fullmatch(pattern, written, re.I))
