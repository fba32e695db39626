"""The bound of a number: "over €75", "no later than 14:00", "25 pieces or more", 30天内."""

import re
from collections.abc import Sequence

from bot.lexicon import (
    BOUNDS,
    BOUNDS_AFTER,
    CHINESE_BOUNDS_AFTER,
    CHINESE_BOUNDS_BEFORE,
    DOWN,
    LESS,
    MORE,
    STOP,
    UP,
)
from bot.measures import NUMBER_WORDS, TAKING, WEEKDAYS
from bot.tokens import Token

_BETWEEN = frozenset(("the", "a", "about", "of", "than", "-", "is", "only", "approximately"))


def before(words: list[str]) -> tuple[str, str]:
    """The bound in the few words before a number, and the word that says it."""
    words = list(words)
    while words and (words[-1] in _BETWEEN or words[-1] in WEEKDAYS):  # "until Wednesday 11:59 pm"
        if words.pop() == "than" and words:
            return _comparison(words)
    if not words:
        return "", ""
    if words[-1] == "to" and words[-2:-1] == ["up"]:
        return DOWN, "upto"
    if words[-1] in BOUNDS:
        is_negated = words[-2:-1] in (["not"], ["cannot"]) and words[-1].startswith("exceed")
        return _flip(BOUNDS[words[-1]], is_negated), words[-1]
    if words[-2:-1] and words[-2] in ("minimum", "maximum"):  # "the minimum order is €35"
        return BOUNDS[words[-2]], words[-2]
    joined = re.sub("(?:次|当)[日天]$", "", "".join(words).rstrip("订买购付收选"))
    if re.search("(?<![期时年不权界])限$", joined):  # 每人限购6罐
        return DOWN, "限"
    return next(((bound, ending) for ending, bound in CHINESE_BOUNDS_BEFORE if joined.endswith(ending)), ("", ""))


def _comparison(words: list[str]) -> tuple[str, str]:
    """ "more than", "no later than"."""
    bound = UP if words[-1] in MORE else DOWN if words[-1] in LESS else ""
    return _flip(bound, words[-2:-1] in (["no"], ["not"])), "than"


def _flip(bound: str, is_negated: bool) -> str:
    return {UP: DOWN, DOWN: UP, "": ""}[bound] if is_negated else bound


def is_told_of(found: Sequence[Token]) -> bool:
    """Before "a month": "six bottles of wine", but not "20 bottles within"."""
    if not found:
        return False
    *earlier, last = found
    if last.kind != "word" or last.low in STOP or last.low in TAKING:
        return False
    return any(token.kind == "number" or token.low in NUMBER_WORDS for token in earlier)


def is_limit(words: list[str]) -> bool:
    return "limit" in words[-7:] or "".join(words).endswith(("限额", "额度", "限额为", "额度为"))


def after(found: Sequence[Token]) -> tuple[str, str, int]:
    """The bound after a number ("or more", 以内), its word, and how many tokens of it are not to be read again."""
    low = [token.low for token in found]
    if low[:1] == ["+"]:
        return UP, "+", 1
    if low[:1] in (["or"], ["and"]) and low[1:] and low[1] in BOUNDS_AFTER:
        return BOUNDS_AFTER[low[1]], low[1], 0
    joined = "".join(low)
    for ending, bound in CHINESE_BOUNDS_AFTER:
        if joined.startswith(ending):
            return bound, "within" if bound == DOWN else "after", len(ending)
    return "", "", 0
