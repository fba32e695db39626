"""Tokens → items, items → the parts of a sentence: the cut before anything is understood."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from bot import lexicon, measures, synonyms
from bot.facts import Fact
from bot.tokens import Token, written

FACT = "#"  # what the form of a fact begins with, so that no word is taken for one
_BREAKS = frozenset(";:()?!|。；")
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
MAIN_VERBS = frozenset(
    "costs cost takes take includes include applies apply carries lasts contains begins starts ends expires requires"
    " receives arrives counts needs need".split()
)
_BARE = 4  # words of a thing that there is none of
_JOINED = AUXILIARY | {"not", "never"}
_DETERMINERS = frozenset(("the", "a", "an", "your", "our", "else"))
_VERBAL = AUXILIARY | {"we", "you", "they", "it", "there"}


@dataclass(frozen=True, slots=True)
class Item:
    """One step of a sentence: a word or run of ideographs, a fact, or a mark."""

    kind: str  # word | han | fact | mark
    low: str
    text: str = ""
    fact: Fact | None = None


def items_of(tokens: Sequence[Token], figures: Sequence[Fact]) -> Iterator[Item]:
    found = {fact.first: fact for fact in figures}
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
            yield Item("word", synonyms.PHRASES[phrase], " ".join(phrase))
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
    if low[1:2] == ["than"] and low[0] in lexicon.MORE | lexicon.LESS and _has_number(tokens[i + 2 : i + 5]):
        return 2  # "younger than 26" is "under 26"
    if low[:1] not in (["no"], ["not"]):
        return 0
    if low[2:] == ["than"] and low[1] in lexicon.MORE | lexicon.LESS:
        return 3 if _has_number(tokens[i + 3 : i + 6]) else 0
    return 2 if low[1:2] and low[1].startswith("exceed") else 0


def _has_number(found: Sequence[Token]) -> bool:
    return any(
        token.kind in ("number", "sign", "time", "date") or token.low in measures.NUMBER_WORDS for token in found
    )


def _phrase(tokens: Sequence[Token], i: int) -> tuple[str, ...] | None:
    for length in (4, 3, 2):
        key = tuple(token.low for token in tokens[i : i + length])
        if key in synonyms.PHRASES:
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
            part = [item] if item.low == ";" else []
        elif item.low in SUBORDINATE and item.kind == "word" and not (item.low == "so" and i):
            if [one.low for one in part] != [";"]:
                yield part
                part = []
            part.append(item)
        elif item.low in _JOINTS and _is_joint(part, items, i):
            yield part
            part = [item] if item.low == "or" and _is_other_way(items, i) else []
        else:
            part.append(item)
    yield part


def _is_joint(part: Sequence[Item], items: Sequence[Item], i: int) -> bool:
    if items[i].low == ",":
        if _is_chinese(items[max(0, i - 2) : i]) or _is_chinese(items[i + 1 : i + 3]):
            return True
        if part and part[0].low in SUBORDINATE:
            return True
        if part and i + 1 < len(items) and items[i + 1].low in ("not", "never"):  # "in writing, not by phone"
            return True
        if i + 1 < len(items) and items[i + 1].kind == "fact" and any(item.low == "no" for item in part[-_BARE:]):
            return True  # "no monthly fee, €3.20 per hour"
    elif part and i + 1 < len(items) and items[i + 1].low in _JOINED:  # "… and cannot be returned"
        return True
    ahead = _until_joint(items, i + 1)
    if ahead and ahead[0].low.endswith("ed"):  # "can be changed or cancelled for 30 minutes after you …"
        ahead = list(takewhile(lambda item: item.low not in ("after", "before", "until", "since"), ahead))
    return _is_verbal(part) and _is_verbal(ahead)


def _is_other_way(items: Sequence[Item], i: int) -> bool:
    """ "…, or we charge …" is what happens otherwise; "corked or broken" are two that are treated alike."""
    return items[i - 1].low == "," or items[i + 1].low in _VERBAL - AUXILIARY or items[i + 1].low in _DETERMINERS


def _until_joint(items: Sequence[Item], start: int) -> list[Item]:
    ahead: list[Item] = []
    for item in items[start:]:
        is_so = item.low == "so" and not ahead
        if item.low in _BREAKS or (item.low in SUBORDINATE and not is_so) or (item.low in _JOINTS and ahead):
            break
        ahead.append(item)
    return ahead


def _is_chinese(items: Sequence[Item]) -> bool:
    return any(item.kind == "han" for item in items)


def _is_verbal(items: Sequence[Item]) -> bool:
    """Has it a verb, or a pronoun that one follows ("return or exchange it" has none)?"""
    following = [*(item.kind for item in items[1:]), ""]
    return any(
        item.low in AUXILIARY or (item.low in _VERBAL and kind == "word")
        for item, kind in zip(items, following, strict=False)
    )
