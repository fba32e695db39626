"""Numbers and what they count: 30, thirty (30), 二十; "20kg", "5 working days", "2-4 weeks", "€5 to €9"."""

from bot import measures
from bot.cursor import Cursor
from bot.facts import MONEY, chinese_number, plain_number


class Amounts(Cursor):
    """Reads at its place and moves on; what is not there is left unread."""

    def value(self) -> str | None:
        """Reads a number, in digits or words, if one stands here."""
        if self.kind() in ("number", "numeral"):
            token = self.found[self.i]
            self.i += 1
            return plain_number(token.text) if token.kind == "number" else str(chinese_number(token.text))
        total, begun = 0, self.i
        for part in self.low().split("-"):
            if part not in measures.NUMBER_WORDS:
                return None
        while self.kind() == "word" and all(p in measures.NUMBER_WORDS for p in self.low().split("-")):
            for part in self.low().split("-"):
                n = measures.NUMBER_WORDS[part]
                total = (total or 1) * n if n in (100, 1000) else total + n
            self.i += 1
        if self.low() == "(" and self.kind(1) == "number" and self.low(2) == ")":  # "thirty (30) days"
            self.i += 3
        return str(total) if self.i > begun else None

    def unit_behind_or(self) -> tuple[str, int]:
        """ "Three or five years": both are years. What is looked at is read again."""
        here = self.i
        self.i += 1
        unit = self.unit("") if self.value() is not None else ("", 1)
        self.i = here
        return unit

    def currency_before(self, start: int) -> str:
        if start == 0:
            return ""
        previous = self.found[start - 1]
        return measures.CURRENCIES.get(previous.low, "") if previous.kind in ("sign", "word") else ""

    def unit(self, before: str) -> tuple[str, int]:
        """The unit that follows, or the currency that stood before."""
        if before:
            return before, 1
        if self.kind() == "word" and (glued := self._glued()):
            return glued
        skip = 0
        if self.low() == "-" and self.kind(1) == "word" and self.found[self.i].start == self.found[self.i - 1].end:
            skip = 1
        if self.kind(skip) == "han":
            return self._chinese_unit(skip)
        word = self.low(skip).split("-")[0] if skip else self.low(skip)
        if word in measures.BEFORE_UNITS and self.low(skip + 1) in measures.UNITS:
            name, factor = measures.UNITS[self.low(skip + 1)]
            self.i += skip + 2
            return ("business day" if word in ("working", "business") and name == "day" else name), factor
        if word in measures.CURRENCIES or word in measures.UNITS:
            self.i += skip + 1
            return (measures.CURRENCIES[word], 1) if word in measures.CURRENCIES else measures.UNITS[word]
        return "", 1

    def _glued(self) -> tuple[str, int] | None:
        """ "20kg": the unit without a blank."""
        token, previous = self.found[self.i], self.found[self.i - 1]
        if token.start == previous.end and token.low in measures.UNITS:
            self.i += 1
            return measures.UNITS[token.low]
        return None

    def _chinese_unit(self, skip: int) -> tuple[str, int]:
        skip += self.low(skip) in ("个", "多", "余")
        for length in (4, 3, 2, 1):
            written = self.han(skip, length)
            if len(written) == length and written in measures.CURRENCIES:
                self.i += skip + length
                return measures.CURRENCIES[written], 1
            if len(written) == length and written in measures.UNITS:
                self.i += skip + length
                return measures.UNITS[written]
        return "", 1

    def range_end(self, lower: str) -> tuple[str, str, int] | None:
        """ "2-4 days", "2 to 4 days", "between 2 and 4", 2至4天: the second number with its unit."""
        here, begun = self.low(), self.i
        is_between = "between" in (self.low(-2), self.low(-3), self.low(-4)) and here == "and"
        if here not in ("-", "~", "to", "至", "到") and not is_between:
            return None
        self.i += 1
        before = measures.CURRENCIES.get(self.low(), "") if self.kind() == "sign" else ""
        self.i += bool(before)
        value = self.value()
        if value is None:
            self.i = begun
            return None
        unit, factor = self.unit(before)
        if lower in MONEY and unit and unit != lower:
            self.i = begun
            return None
        return value, unit, factor
