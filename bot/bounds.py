"""The bound of a number: "over €75", "no later than 14:00", "25 pieces or more", 30天内."""

from collections.abc import Sequence

from bot.lexicon import (
    BOUNDS,
    BOUNDS_AFTER,
    CHINESE_BOUNDS_AFTER,
    CHINESE_BOUNDS_BEFORE,
    DOWN,
    LESS,
    MORE,
    UP,
)
from bot.tokens import Token

_BETWEEN = frozenset(("the", "a", "about", "of", "than", "-", "is", "only", "approximately"))


def before(words: list[str]) -> tuple[str, str]:
    """The bound in the few words before a number, and the word that says it."""
    words = list(words)
    while words and words[-1] in _BETWEEN:
        if words.pop() == "than" and words:
            return _comparison(words)
    if not words:
        return "", ""
    if words[-1] == "to" and words[-2:-1] == ["up"]:
        return DOWN, "upto"
    if words[-1] in BOUNDS:
        is_negated = words[-2:-1] in (["not"], ["cannot"]) and words[-1].startswith("exceed")
        return _flip(BOUNDS[words[-1]], is_negated), words[-1]
    joined = "".join(words)
    return next(((bound, ending) for ending, bound in CHINESE_BOUNDS_BEFORE if joined.endswith(ending)), ("", ""))


def _comparison(words: list[str]) -> tuple[str, str]:
    """ "more than", "no later than"."""
    bound = UP if words[-1] in MORE else DOWN if words[-1] in LESS else ""
    return _flip(bound, words[-2:-1] in (["no"], ["not"])), "than"


def _flip(bound: str, is_negated: bool) -> str:
    return {UP: DOWN, DOWN: UP, "": ""}[bound] if is_negated else bound


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
