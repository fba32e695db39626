"""Which words a draft may be written in: those of its passages and its question, and words that carry no fact.

A small model that spells "youGrid" or makes 1234 out of 123 writes what nothing carries. So a draft is followed
character by character, and what can no longer become a permitted word is not written at all. A number, a name, an
address with its dots and slashes is one word, carried whole or not at all; the first letter may change its case.
Chinese has no blanks, so there a permitted word is a permitted character.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from bot import lexicon, openings
from bot.prompt import MARKERS, PASSAGE, QUESTION

_IDEOGRAPHS = "\u3400-\u9fff\uf900-\ufaff"
_JOINERS = "-./,:'@&+#=?%~–—"  # within an address, a number, a compound: part of the word
_SPLITTERS = "-/–—"  # between two whole words of letters they may stand as well
_JOINED = re.compile(rf"[^\W{_IDEOGRAPHS}]+(?:[{re.escape(_JOINERS)}]+[^\W{_IDEOGRAPHS}]+)*")
_IDEOGRAPH = re.compile(f"[{_IDEOGRAPHS}]")
_COUNTED = re.compile(r"\d+(?:-[a-z]+)+")  # 30-day
_MARKER = re.compile("|".join(map(re.escape, MARKERS)))
_BEGINNINGS = frozenset(marker[:end] for marker in MARKERS for end in range(1, len(marker) + 1))

_OPEN, _SPLIT, _SHUT = "", "-", ","  # no word begun; one of letters may begin; none may
_PUNCTUATION = frozenset(" \n\t.,:;!?'\"()-–—/…。，、；：！？（）“”‘’《》「」·")

# Words that state how much, how often, how surely, when or on what condition are facts, however short they are.
_STATES = (
    lexicon.CERTAINTY.keys() | lexicon.BOUNDS.keys() | lexicon.MORE | lexicon.LESS | lexicon.DIRECTIONS.keys()
    | set("remaining several least few many much free except unless only once own allowed permitted".split())
) - set("all any each every from by most never".split())  # fmt: skip
_KIND = """
    hello hi hey thanks thank sorry apologies apologise welcome glad happy help hope hear understand question questions
    know contact ask reach feel great good nice day today morning afternoon evening worries problem okay ok yes no
    isn't aren't wasn't weren't don't doesn't didn't won't wouldn't can't couldn't shouldn't haven't hasn't
    what's how's who's let's would've should've could've
"""
_CHINESE = frozenset(
    "的了着过吗呢吧啊呀哦是会将可能以够否应当该需要须得把被让给对于关在从向由与和及或者并且而但不没过因此所如果若有就也还"
    "又即这那此其个些进行为之等通使用按照根据来去到至您你我们他它请问好谢感抱歉很高兴"
)


@dataclass(frozen=True, slots=True)
class Written:
    """How far a draft has got: what its last word may be so far, each way of reading it, and half a character."""

    words: tuple[str, ...] = (_OPEN,)
    half: bytes = b""


class Wording:
    """The words that `prompt` permits. Thread-safe: what was written is the caller's."""

    def __init__(self, prompt: str) -> None:
        data = "\n".join(_data(prompt))
        self._words = _common() | frozenset(_variants(_JOINED.findall(_straight(data))))
        self._beginnings = frozenset(word[:end] for word in self._words - _common() for end in range(1, len(word) + 1))
        chinese = set(_IDEOGRAPH.findall(data))
        self._signs = _PUNCTUATION | {c for c in data if not c.isalnum()} | chinese | (_CHINESE if chinese else set())
        self._halves = _halves(c for word in (*self._words - _common(), *self._signs) for c in word)

    def after(self, written: Written, added: bytes) -> Written | None:
        """The draft with `added` at its end; None when that can become no permitted word."""
        text, half = _decoded(written.half + added)
        words = written.words
        for character in text:
            words = tuple(dict.fromkeys(word for before in words for word in self._ways(before, character)))
        is_possible = not half or any(
            list(self._ways(word, character)) for word in words for character in self._halves.get(half, ())
        )
        return Written(words, half) if words and is_possible else None

    def may_end(self, written: Written) -> bool:
        return not written.half and any(self._closes(word) for word in written.words)

    def _ways(self, word: str, character: str) -> Iterator[str]:
        """What the last word may be after one character more."""
        character = "'" if character == "’" else character
        longer = word + character
        if longer in self._beginnings or longer in _common_beginnings() or longer in _BEGINNINGS:
            yield longer
        if word == _SPLIT and character.isalpha() and self._begins(character):
            yield character
        if _is_letter(character) or not self._closes(word):
            return
        if character == "<":
            yield character
        if character in self._signs:
            yield _beyond(word, character)

    def _begins(self, text: str) -> bool:
        return text in self._beginnings or text in _common_beginnings()

    def _closes(self, word: str) -> bool:
        """Is the word whole, with or without signs behind it?"""
        bare = word.rstrip(_JOINERS)
        return not bare or word in MARKERS or (bare in self._words and self._signs.issuperset(word[len(bare) :]))


def _beyond(word: str, sign: str) -> str:
    """What may follow when `sign` stands behind a whole word, or behind no word."""
    if sign not in _JOINERS:
        return _OPEN
    if not word:
        return _SHUT if sign in ".,:" else _SPLIT if sign in _SPLITTERS else _OPEN
    return _SPLIT if sign in _SPLITTERS and word.isalpha() else _SHUT


def _data(prompt: str) -> Iterator[str]:
    """The passages and the question of a prompt; all of one that has none of our markers."""
    found = list(_MARKER.finditer(prompt))
    if not found:
        yield prompt
    for marker, following in zip(found, [*found, None][1:], strict=True):
        if marker[0] in (PASSAGE, QUESTION):
            yield prompt[marker.end() : following.start() if following else len(prompt)]


def _straight(text: str) -> str:
    return text.replace("’", "'")


def _variants(words: Iterable[str]) -> Iterator[str]:
    for word in set(words):
        parts = word.split("/") if word.replace("/", "").isalpha() else word.split("-") if _COUNTED.match(word) else []
        for one in (word, *parts):
            yield from _cases(one)
            if one.isalpha():
                yield from _cases(f"{one}'s")
                yield from _cases(one.lower() if one.isupper() else one)


def _cases(word: str) -> Iterator[str]:
    yield word
    yield word[:1].upper() + word[1:]
    yield word[:1].lower() + word[1:]


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    """Words that carry no fact."""
    polite = _JOINED.findall(" ".join(openings.COURTESY))
    words = (lexicon.STOP | lexicon.NEGATORS | set(_KIND.split()) | {w for w in polite if w.isascii()}) - _STATES
    return frozenset(variant for word in words for variant in _cases(word))


@lru_cache(maxsize=1)
def _common_beginnings() -> frozenset[str]:
    return frozenset(word[:end] for word in _common() for end in range(1, len(word) + 1))


def _is_letter(character: str) -> bool:
    """Part of a word, and no sign that is a word by itself. Marks set on a letter are signs here, as \\w has it."""
    return (character.isalnum() or character == "_") and not _IDEOGRAPH.match(character)


def _decoded(text: bytes) -> tuple[str, bytes]:
    """Whole characters, and the first bytes of one that is not whole yet."""
    for cut in range(min(4, len(text) + 1)):
        whole, half = text[: len(text) - cut], text[len(text) - cut :]
        try:
            return whole.decode(), half
        except UnicodeDecodeError:
            continue
    return "\ufffd", b""  # stands in no passage


def _halves(characters: Iterable[str]) -> dict[bytes, list[str]]:
    found: dict[bytes, list[str]] = {}
    for character in set(characters):
        code = character.encode(errors="replace")
        for end in range(1, len(code)):
            found.setdefault(code[:end], []).append(character)
    return found
