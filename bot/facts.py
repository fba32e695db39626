"""Facts: what a sentence states that must not be off by a digit, and what it takes for one to carry another.

A fact is a number with its unit and bound, a range, a time, a date, a link, an address, a code, a place, a currency.
Facts are compared by what they mean: "thirty days" is 30 days, "2 weeks" is 14 days, "EUR 4.95" is €4.95.
"""

import re
from dataclasses import dataclass

from bot import measures
from bot.lexicon import DOWN, UP


@dataclass(frozen=True, slots=True)
class Fact:
    """`value` is canonical; `shown` is how it was written, for the reason of a refusal."""

    kind: str  # number range time date weekday month day ordinal url e-mail phone code place currency rate
    value: str
    unit: str = ""
    bound: str = ""
    is_soft: bool = False  # its bound may be left out: "within 14 days" = "you have 14 days"
    is_minimum: bool = False  # "at least", "a minimum of": where it is a duty, the number alone says as much
    is_limit: bool = False  # "the limit is €500" says "up to €500"
    following: frozenset[str] = frozenset()  # the counted thing, where the unit is none we know
    shown: str = ""
    first: int = 0  # its tokens, from first …
    last: int = 0  # … to before last

    @property
    def dimension(self) -> str:
        """What it could be mistaken for: facts of one dimension compete."""
        if self.kind in ("number", "range"):
            if self.unit in measures.DURATIONS:
                return "duration"
            return "money" if self.unit in MONEY else self.unit or "count"
        return self.kind


MONEY = frozenset(measures.CURRENCIES.values())
_EXACT = frozenset(("url", "e-mail", "phone", "code", "weekday", "currency", "rate", "ordinal", "day"))


def carries(stated: Fact, drafted: Fact) -> bool:
    """Does the passage's fact say what the draft's fact says?"""
    if drafted.kind == "number" and stated.kind == "range":
        return _is_end_of(stated, drafted)
    if stated.kind != drafted.kind:
        return False
    if drafted.kind in _EXACT:
        return stated.value == drafted.value
    if drafted.kind == "date":
        pairs = zip(stated.value.split("-"), drafted.value.split("-"), strict=True)
        return all(d in ("", s) for s, d in pairs) and _same_bound(stated, drafted)
    if drafted.kind == "place":
        return stated.value == drafted.value and (stated.unit == drafted.unit or "" in (stated.unit, drafted.unit))
    is_same = stated.value == drafted.value and _same_unit(stated, drafted)
    return (is_same or _is_day_in_hours(stated, drafted)) and _same_bound(stated, drafted)


def _is_day_in_hours(stated: Fact, drafted: Fact) -> bool:
    """24 hours are one day, 48 hours two."""
    if drafted.kind != "number":
        return False
    by_unit = {fact.unit: fact.value for fact in (stated, drafted)}
    return by_unit.keys() == {"minute", "day"} and by_unit["minute"] == times(by_unit["day"], 1440)


def _is_end_of(stated: Fact, drafted: Fact) -> bool:
    """ "up to 4 days" is carried by "2-4 days", a bare "4 days" is not."""
    low, _, high = stated.value.partition("..")
    end = {UP: low, DOWN: high}.get(drafted.bound)
    return drafted.value == end and _same_unit(stated, drafted)


def _same_unit(stated: Fact, drafted: Fact) -> bool:
    if {stated.unit, drafted.unit} == {"age", ""}:  # "under 12" and "under 12 years old"
        return True
    if stated.unit or drafted.unit:
        return stated.unit == drafted.unit
    both = stated.following, drafted.following
    return not all(both) or bool(both[0] & both[1]) or not any(measures.PEOPLE.isdisjoint(one) for one in both)


def _same_bound(stated: Fact, drafted: Fact) -> bool:
    if stated.bound == drafted.bound:
        return True
    if stated.bound and drafted.bound:
        return False
    if stated.bound:
        return stated.is_soft and stated.dimension in ("duration", "time", "date", "count")
    return drafted.bound == DOWN and (stated.is_limit or (drafted.is_soft and drafted.dimension == "duration"))


# ── one spelling of each value ──


def chinese_number(text: str) -> int:
    """三十 → 30, 一百二十 → 120, 八五 → 85."""
    total = section = digit = 0
    for character in text:
        if character in measures.CHINESE_DIGITS:
            digit = digit * 10 + measures.CHINESE_DIGITS[character]  # 八五折, 二〇二六年
        elif character == "万":
            total, section, digit = total + (section + digit) * 10000, 0, 0
        else:
            section, digit = section + (digit or 1) * measures.CHINESE_TENS[character], 0
    return total + section + digit


def plain_number(text: str) -> str:
    """1,500 = 1.500 = 1 500 → "1500"; 4,95 → "4.95"; leading zeros stay (07 is a code, not seven)."""
    text = (
        re.sub(r"(?<=\d)[., '](?=\d{3}(?!\d))", "", text) if re.match(r"[1-9]\d{0,2}[., ']\d{3}(?!\d)", text) else text
    )
    text = text.replace(",", ".").replace("'", "").replace(" ", "")
    return text.rstrip("0").rstrip(".") if "." in text else text


def tenths(value: str, unit: str) -> str:
    """八折 = 8折 = 8.0折 is 80, 八五折 = 8.5折 = 85折 is 85."""
    if unit != "折":
        return value
    return value.replace(".", "") if "." in value else times(value, 10 if len(value) == 1 else 1)


def times(value: str, factor: int) -> str:
    if factor == 1 or len(value) > 8:
        return value
    if value.isdigit():
        return str(int(value) * factor)
    if re.fullmatch(r"\d+\.\d+", value) and (whole := float(value) * factor).is_integer():
        return str(int(whole))  # 1.5 hours are 90 minutes
    return value


def clock(text: str) -> str:
    """6 pm = 18:00 = 下午6点 → "18:00"."""
    hour, minute = (*(int(n) for n in re.findall(r"\d+", text)), 0)[:2]
    minute = 30 if "半" in text else minute
    is_late = bool(re.search(r"p\.?m|下午|晚上", text)) and hour < 12
    is_midnight = bool(re.search(r"a\.?m|凌晨", text)) and hour == 12
    return f"{0 if is_midnight else hour + 12 * is_late:02d}:{minute:02d}"


def calendar(text: str) -> str:
    """Year first, or day first, as written in Europe; 12月31日 → "-12-31"."""
    numbers = [n.lstrip("0") or "0" for n in re.findall(r"\d+", text)]
    if "月" in text:
        return "-".join(numbers if len(numbers) == 3 else ["", *numbers])
    if len(re.match(r"\d+", text)[0]) != 4:  # type: ignore[index]
        numbers.reverse()
    return "-".join(numbers)
