"""Tokens → facts: reads numbers with their units and bounds, dates, times, places and links out of a sentence."""

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from bot import bounds, lexicon, measures, synonyms
from bot.amounts import Amounts
from bot.bounds import is_told_of
from bot.facts import MONEY, Fact, calendar, chinese_number, clock, tenths, times
from bot.tokens import NUMERAL, Token, clean, tokens, written


def facts(found: Sequence[Token]) -> list[Fact]:
    """The facts in a run of tokens, in order."""
    return _Reader(found).read()


@lru_cache(maxsize=4096)
def facts_of(text: str) -> tuple[Fact, ...]:
    return tuple(facts(tokens(clean(text))))


_THEN = frozenset("and then when if so as because before or to with".split())  # after "first" that is no ordinal
_BEFORE_MONTHS = ("in", "until", "from", "of", "since", "by")


class _Reader(Amounts):
    def __init__(self, found: Sequence[Token]) -> None:
        super().__init__(found)
        self.out: list[Fact] = []
        self.taken: int | None = None  # where a fact begins that took back an earlier number

    def read(self) -> list[Fact]:
        while self.i < len(self.found):
            start = self.i
            fact = self._fact()
            if fact is not None:
                first = start - 1 if self.currency_before(start) and fact.unit in MONEY else start
                first = self.taken if self.taken is not None else first
                self.i = max(self.i, start + 1)
                self.out.append(replace(fact, first=first, last=self.i, shown=written(self.found[first : self.i])))
            self.i, self.taken = max(self.i, start + 1), None
        return self.out

    def _fact(self) -> Fact | None:
        token = self.found[self.i]
        match token.kind:
            case "number" | "numeral":
                return self._quantity()
            case "email":
                return Fact("e-mail", token.low)
            case "url":
                return Fact(
                    "url", token.low.removeprefix("https://").removeprefix("http://").removeprefix("www.").rstrip("/")
                )
            case "phone":
                return Fact("phone", re.sub(r"\D", "", token.text))
            case "code":
                return Fact("code", token.low.replace("-", ""))
            case "time":
                return self._bounded(Fact("time", clock(token.low)), self.i)
            case "date":
                return self._bounded(Fact("date", calendar(token.text)), self.i)
            case "sign":
                return self._sign()
            case "han":
                return self._han()
            case "word":
                return self._word()
        return None

    # ── numbers ──

    def _quantity(self) -> Fact | None:
        start = self.i
        before = self.currency_before(start)
        value = self.value()
        if value is None:
            return None
        unit, factor = self.unit(before)
        if not unit and self.low() == "or":
            unit, factor = self.unit_behind_or()
        upper = self.range_end(unit)
        if upper is not None:
            high, unit_after, factor_after = upper
            unit, factor = (unit_after or unit), (factor_after if unit_after else factor)
            fact = Fact("range", f"{times(value, factor)}..{times(high, factor)}", unit)
        else:
            fact = Fact("number", tenths(times(value, factor), unit), unit)
        if not unit:
            fact = replace(fact, following=self._following())
        return self._bounded(fact, start - bool(before))

    def _following(self) -> frozenset[str]:
        """The next few content words: what is counted."""
        near: list[str] = []
        for token in self.found[self.i : self.i + 4]:
            if (token.kind == "mark" and token.low not in "-\"'") or (token.low in measures.ENDING and not near):
                break
            if token.kind == "han":  # 3 页 is not 3 本; 个 counts anything, and 以内 is a bound
                return frozenset() if near or token.low in "个以之内外前后起多余" else frozenset(token.low)
            elif token.kind == "word" and token.low not in lexicon.STOP and token.low not in measures.NUMBER_WORDS:
                near += [synonyms.canonical(part) for part in token.low.split("-")]
        return frozenset(near)

    # ── bounds ──

    def _bounded(self, fact: Fact, start: int) -> Fact:
        self.i = max(self.i, start + 1)
        bound, word = bounds.before([token.low for token in self.found[max(0, start - 6) : start]])
        if not bound:
            bound, word, length = bounds.after(self.found[self.i : self.i + 2])
            self.i += length
        if word == "by" and fact.kind == "number" and fact.unit and self.low() not in ("before", "after", "prior"):
            return fact  # "extended by two weeks" is no deadline
        if bound:
            is_minimum = bound == lexicon.UP and word in lexicon.MINIMA
            return replace(fact, bound=bound, is_soft=word in lexicon.SOFT_BOUNDS, is_minimum=is_minimum)
        return replace(fact, is_limit=bounds.is_limit([token.low for token in self.found[max(0, start - 8) : start]]))

    # ── the rest ──

    def _sign(self) -> Fact | None:
        if self.kind(1) in ("number", "numeral"):
            return None  # read with its number
        code = measures.CURRENCIES.get(self.low())
        return Fact("currency", code) if code else None

    def _word(self) -> Fact | None:
        low = self.low()
        if (dated := self._month_or_weekday()) is not None:
            return dated
        if low.split("-")[0] in measures.NUMBER_WORDS and low != "one":
            return self._quantity()
        if low in ("per", "each", "every") and self.low(1) in measures.MORE_OF and self.low(2) in measures.UNITS:
            self.i += 1  # "each further day"
            return self._one_unit(low)
        if low in ("a", "an", "per", "each", "every", "one") and self.low(1) in measures.UNITS:
            return self._one_unit(low)
        if low == "per" and self.kind(1) == "word" and self.low(1) not in ("cent", *measures.BEFORE_UNITS):
            return self._rate_of()
        if low in measures.RATES:
            return Fact("rate", measures.RATES[low])
        if (counted := self._counted()) is not None:
            return counted
        if self.is_letter():
            return Fact("code", low)
        if low in measures.CURRENCIES and self.kind(1) != "number":
            return Fact("currency", measures.CURRENCIES[low])
        return self._place()

    def _counted(self) -> Fact | None:
        """ "once a year" and "twice", but not "once dispatched"; "the second payment"."""
        low = self.low()
        if low in ("same", "next", "following") and self.low(1) in measures.SPANS:
            return Fact("day", measures.SPANS[self.low(1)] + ("0" if low == "same" else "1"))
        if low == "first" and self.kind(1) == "word" and self.low(-1) != "at" and self.low(1) not in _THEN:
            return Fact("ordinal", "1")
        if low == "last" and self.low(-1) in ("", "the", "your", "our", "its") and self.low(1) != "chance":
            return Fact("ordinal", "last")
        if low in measures.ORDINALS and self.kind(-1) != "number":
            return Fact("ordinal", measures.ORDINALS[low])
        if low == "twice" or (low == "once" and self._ends_here()):
            return Fact("number", "2" if low == "twice" else "1", "times")
        return None

    def _rate_of(self) -> Fact:
        """ "€20 per person" is not €20 per booking."""
        self.i += 2
        counted = measures.COUNTED.get(self.low(-1), synonyms.canonical(self.low(-1)))
        return Fact("rate", "person" if counted in measures.PEOPLE else counted)

    def _ends_here(self) -> bool:
        if self.low(1) in ("a", "an"):  # "once a year", not "once a workshop has opened it"
            ends = self.low(2) in measures.UNITS or self.kind(3) in ("", "mark")
        else:
            ends = self.kind(1) in ("", "mark") or self.low(1) in ("per", "every", "each", "in", "and", "for")
        return ends and self.i > 0 and self.low(-1) != "at"

    def _one_unit(self, word: str) -> Fact | None:
        """ "a week" is seven days; "€5 a month", "per day" and "each year" are rates."""
        start = self.i
        name, factor = measures.UNITS[self.low(1)]
        if word not in ("a", "an", "one") or self._is_amount(-1):
            rate = synonyms.stem(measures.SHORTEST[name, factor])
            self.i += 2
            return Fact("rate", rate)
        if name not in measures.DURATIONS or name == "second":
            return None
        self.i += 2
        return self._bounded(Fact("number", times("1", factor), name), start)

    def _is_amount(self, offset: int) -> bool:
        before = self.low(offset)
        return (
            self.kind(offset) in ("number", "sign")
            or before in measures.CURRENCIES
            or before in ("times", "once", "twice")
            or (self.low() in ("a", "an") and is_told_of(self.found[max(0, self.i + offset - 3) : self.i + offset + 1]))
        )

    def _month_or_weekday(self) -> Fact | None:
        token = self.found[self.i]
        if token.low in measures.AMBIGUOUS_DATES and not token.text[0].isupper():
            return None
        if token.low in measures.MONTHS and token.text.isupper() and "number" not in (self.kind(-1), self.kind(1)):
            return None  # an OCT scan
        if token.low in measures.WEEKDAYS:
            return Fact("weekday", str(measures.WEEKDAYS[token.low]))
        return self._month(measures.MONTHS[token.low]) if token.low in measures.MONTHS else None

    def _month(self, month: int) -> Fact | None:
        """ "31 December 2026", "December 31st, 2026", or the month alone; "May I …" is none."""
        start, day = self.i, self._day_before()
        length = 1
        if not day and self.kind(1) == "number" and _is_day(self.low(1)):
            day, length = self.low(1), 2 + (self.low(2) in ("st", "nd", "rd", "th"))
        year, length = self._year(length)
        if not day and not year and self.low() == "may" and self.low(-1) not in _BEFORE_MONTHS:
            return None
        self.i += length
        return self._bounded(Fact("date", f"{year}-{month}-{day}"), start if self.taken is None else self.taken)

    def _day_before(self) -> str:
        """Takes back a number that was read just before and can be a day."""
        last = self.out[-1] if self.out else None
        if last is None or last.kind != "number" or last.unit or not self.i - 3 < last.last <= self.i:
            return ""
        if not _is_day(last.value):
            return ""
        self.taken = last.first
        return self.out.pop().value

    def _year(self, length: int) -> tuple[str, int]:
        for skip in (0, 1):
            is_year = self.kind(length + skip) == "number" and len(self.low(length + skip)) == 4
            if is_year and (not skip or self.low(length) == ","):
                return self.low(length + skip), length + skip + 1
        return "", length

    def _place(self) -> Fact | None:
        english, _ = measures.places()
        token = self.found[self.i]
        for length in (3, 2, 1):
            run = self.found[self.i : self.i + length]
            key = tuple(t.low.removesuffix("'s") for t in run)
            if len(run) == length and key in english:
                if key[0] in measures.NEEDS_CAPITAL and not self._is_capital(token):
                    continue
                toward = self._toward()
                self.i += length
                return Fact("place", english[key], unit=toward)
        return None

    @staticmethod
    def _is_capital(token: Token) -> bool:
        return token.text.isupper() if token.low in ("us",) else token.text[0].isupper()

    def _toward(self) -> str:
        near = self.low(-2) if self.low(-1) == "the" else self.low(-1)
        return near if near in ("to", "from") else ""

    def _han(self) -> Fact | None:
        ahead = self.han(0, 7)
        if ahead[0] == "每" and (each := measures.EACH.match(ahead)) and ahead[:2] not in ("每日", "每逢"):
            self.i += each.end()
            return Fact("rate", measures.RATES.get(f"每{each[1]}", each[1]))
        if ahead[:2] in measures.RELATIVE:
            self.i += 2
            return Fact("day", measures.RELATIVE[ahead[:2]])
        if ahead[:2] in measures.RATES:
            self.i += 2
            return Fact("rate", measures.RATES[ahead[:2]])
        if ahead[0] == "周" or ahead[:2] in ("星期", "礼拜"):
            return self._chinese_weekday(1 if ahead[0] == "周" else 2, ahead)
        if ahead.startswith("百分之"):
            return self._chinese_percent()
        return self._chinese_place(ahead) or self._chinese_currency(ahead)

    def _chinese_place(self, ahead: str) -> Fact | None:
        for name, code in measures.chinese_places().get(ahead[0], ()):
            if ahead.startswith(name):
                self.i += len(name)
                return Fact("place", code)
        return None

    def _chinese_currency(self, ahead: str) -> Fact | None:
        """人民币 on its own, or before its amount."""
        for name in measures.CHINESE_CURRENCIES if ahead[0] in measures.CURRENCY_STARTS else ():
            if ahead.startswith(name):
                self.i += len(name)
                fact = self._quantity() if self.kind() == "number" else None
                code = measures.CURRENCIES[name]
                return Fact("currency", code) if fact is None else replace(fact, unit=code)
        return None

    def _chinese_weekday(self, skip: int, ahead: str) -> Fact | None:
        day = "一二三四五六日天".find(ahead[skip : skip + 1] or "?") + 1
        if not day:
            return None
        self.i += skip + 1
        return Fact("weekday", str(min(day, 7)))

    def _chinese_percent(self) -> Fact | None:
        digits = ""
        for token in self.found[self.i + 3 : self.i + 9]:
            if not all(c in NUMERAL for c in token.text) and token.kind != "number":
                break
            digits += token.text
        if not digits:
            return None
        self.i += 3 + (1 if digits.isdigit() or len(digits) == 1 else len(digits))
        value = digits if digits.isdigit() else str(chinese_number(digits))
        return Fact("number", value, "%")


def _is_day(value: str) -> bool:
    return value.isdigit() and len(value) <= 2 and 1 <= int(value) <= 31
