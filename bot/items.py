"""Tokens → items, items → the parts of a sentence: the cut before anything is understood."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot import lexicon
from bot.facts import Fact
from bot.finding import facts
from bot.tokens import Token, written

FACT = "#"  # what the form of a fact begins with, so that no word is taken for one
_BREAKS = frozenset(';:()?!|"。；')
SUBORDINATE = frozenset(
    ("if", "unless", "when", "because", "although", "though", "while", "whereas", "but", "however", "which", "except",
     "excepting", "barring", "once", "nor", "so")
)  # fmt: skip
_JOINTS = frozenset((",", "and", "or"))
AUXILIARY = frozenset(
    ("is", "are", "was", "were", "be", "can", "cannot", "will", "won't", "must", "may", "might", "could", "should",
     "would", "do", "does", "don't", "doesn't", "did", "didn't", "has", "have", "had", "can't", "isn't", "aren't",
     "needn't", "couldn't", "shouldn't", "wouldn't", "mustn't")
)  # fmt: skip
_VERBAL = AUXILIARY | {"we", "you", "they", "it", "there"}


@dataclass(frozen=True, slots=True)
class Item:
    """One step of a sentence: a word or run of ideographs, a fact, or a mark."""

    kind: str  # word | han | fact | mark
    low: str
    text: str = ""
    fact: Fact | None = None


def items_of(tokens: Sequence[Token]) -> Iterator[Item]:
    found = {fact.first: fact for fact in facts(tokens)}
    i = 0
    while i < len(tokens):
        token = tokens[i]
        if i in found:
            yield Item("fact", pseudo(found[i]), found[i].shown, found[i])
            i = found[i].last
        elif token.kind == "han":
            stop = i
            while stop < len(tokens) and tokens[stop].kind == "han" and stop not in found:
                stop += 1
            run = written(tokens[i:stop]).replace(" ", "")
            yield from _han(_without_bound(run) if stop in found else run)
            i = stop
        elif (length := _comparison(tokens, i)) > 0:
            i += length
        elif (phrase := _phrase(tokens, i)) is not None:
            yield Item("word", lexicon.PHRASES[phrase], " ".join(phrase))
            i += len(phrase)
        else:
            yield Item("word" if token.kind in ("word", "number", "numeral", "sign") else "mark", token.low, token.text)
            i += 1


def _without_bound(run: str) -> str:
    """满, 超过 … before a number belong to it."""
    return next((run.removesuffix(word) for word, _ in lexicon.CHINESE_BOUNDS_BEFORE if run.endswith(word)), run)


def pseudo(fact: Fact) -> str:
    """A fact as a word, to compare what stands near what."""
    unit = "" if fact.kind == "place" else fact.unit
    return f"{FACT}{fact.value} {unit}".rstrip()


def _comparison(tokens: Sequence[Token], i: int) -> int:
    """Length of "no later than", "not exceed": bounds, not negations."""
    low = [token.low for token in tokens[i : i + 3]]
    if low[:1] not in (["no"], ["not"]):
        return 0
    if low[2:] == ["than"] and low[1] in lexicon.MORE | lexicon.LESS:
        return 3 if any(token.kind in ("number", "sign", "time", "date") for token in tokens[i + 3 : i + 6]) else 0
    return 2 if low[1:2] and low[1].startswith("exceed") else 0


def _phrase(tokens: Sequence[Token], i: int) -> tuple[str, ...] | None:
    for length in (4, 3, 2):
        key = tuple(token.low for token in tokens[i : i + length])
        if key in lexicon.PHRASES:
            return key
    return None


def _han(run: str) -> Iterator[Item]:
    """A run of ideographs, cut before 但."""
    start = 0
    if not run:
        return
    for i, character in enumerate(run):
        if character == "但" and i > start and run[i - 1] not in "不非":
            yield Item("han", run[start:i])
            yield Item("mark", ";")
            start = i
    yield Item("han", run[start:])


# ── cutting ──


def parts(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Clauses: cut at stops and subordinators always, at a comma, "and" or "or" where both sides have a verb."""
    part: list[Item] = []
    for i, item in enumerate(items):
        if item.kind == "mark" and item.low in _BREAKS:
            yield part
            part = []
        elif item.low in SUBORDINATE and item.kind == "word" and not (item.low == "so" and i):
            yield part
            part = [item]
        elif item.low in _JOINTS and _is_joint(part, items, i):
            yield part
            part = []
        else:
            part.append(item)
    yield part


def _is_joint(part: Sequence[Item], items: Sequence[Item], i: int) -> bool:
    if items[i].low == ",":
        if _is_chinese(items[max(0, i - 2) : i]) or _is_chinese(items[i + 1 : i + 3]):
            return True
        if part and part[0].low in SUBORDINATE:
            return True
    elif part and i + 1 < len(items) and items[i + 1].low in AUXILIARY:  # "… and cannot be returned"
        return True
    return _is_verbal(part) and _is_verbal(_until_joint(items, i + 1))


def _until_joint(items: Sequence[Item], start: int) -> list[Item]:
    ahead: list[Item] = []
    for item in items[start:]:
        if item.low in _BREAKS or item.low in SUBORDINATE or (item.low in _JOINTS and ahead):
            break
        ahead.append(item)
    return ahead


def _is_chinese(items: Sequence[Item]) -> bool:
    return any(item.kind == "han" for item in items)


def _is_verbal(items: Sequence[Item]) -> bool:
    return any(item.low in _VERBAL for item in items)
