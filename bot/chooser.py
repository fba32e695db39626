"""Is a checked draft a good answer, or should the passage speak for itself? Pure, by measured habits of the composer.

The guard says whether a sentence is true to a passage. A small model can still be true and useless: it splices two
halves into what nobody would write, answers beside the point, or leaves out the one word that matters ("No.").
So a draft is used only where it reads like its passage and says what the question is about; else the passage is
quoted. The share of each, and what it is worth, is in docs/evaluation.md.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

from bot.sentences import sentences
from bot.text import folded_terms

LIKENESS = 0.8  # of a sentence's words, in order, and of its pairs of neighbours, that one passage sentence must hold
LEADS = frozenset({"yes", "no", "是", "不"})
# An answer that opens like this must keep its opening: without it, what follows may say the opposite.
DECISIVE = frozenset(
    "yes no not never only nothing none unfortunately sorry up at from 不 否 仅 只 是 可 能 没 最 从".split()
)
POLAR = re.compile(
    r"^(?:\W*(?:and|but|so|hi|hello|please)\W+)*(?:can|could|do|does|did|is|are|was|were|will|would|may|must|should|have"
    r"|has|am)\b|[吗嘛么][？?]?\s*$|是否|能不能|可不可以|可以.*[？?]",
    re.I,
)

_WORD = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]|[^\W_\u3400-\u9fff]+(?:[.,:'’][^\W_\u3400-\u9fff]+)*")


def reads_well(sentence: str, passage: str, question: str) -> bool:
    """Does `sentence` read as one sentence of `passage` does: begun where it begins, ended where it ends, no splice?"""
    words = _words(sentence)
    stated = [one for one in _sentences(passage) if one]
    is_polar = bool(POLAR.search(question.strip()))
    if words[:1] in (["yes"], ["no"]) and not is_polar:
        return False  # an answer to another question: quoted, it stands below its own
    if words and words[0] in LEADS and not any(one[0] == words[0] for one in stated):
        if not is_polar:
            return False
        words = words[1:]
    return any(_is_like(words, one) for one in stated)


def answers(said: Iterable[str], passage: str, question: str, *, leads: bool) -> bool:
    """Do the sentences `said` hold what of `passage` matters for `question`?

    That is the sentence that shares most of the question's words, or, where an answer leads with its point (`leads`),
    the first. An opening that decides (yes, no, only, up to …) must never be missing.
    """
    stated = [one for one in _sentences(passage) if one]
    if not stated:
        return False
    wanted = frozenset(folded_terms(question))
    shared = [len(wanted & _terms(one)) for one in stated]
    nearest = stated[shared.index(max(shared))]
    held = [_words(one) for one in said]
    has_first = any(_holds(one, stated[0]) for one in held)
    if leads and stated[0][0] in DECISIVE:
        return has_first
    has_nearest = any(_holds(one, nearest) for one in held)
    return has_nearest or (leads and has_first and max(shared) == shared[0])


def _is_like(words: Sequence[str], stated: tuple[str, ...]) -> bool:
    if not words or len(words) > 2 * len(stated) + 2:
        return False
    common = _in_order(tuple(words), stated)
    pairs = set(pairwise(stated))
    kept = sum(pair in pairs for pair in pairwise(words))
    near = common >= LIKENESS * len(words) and kept >= LIKENESS * (len(words) - 1)
    return near and _begins(words, stated) and words[-1] == stated[-1]


def _begins(words: Sequence[str], stated: Sequence[str]) -> bool:
    """At the first words: what a sentence leaves out at its start is mostly what it is about."""
    return list(words[:2]) == list(stated[:2])


def _holds(words: Sequence[str], stated: tuple[str, ...]) -> bool:
    """Is most of the passage's sentence in what was said?"""
    return bool(words) and _in_order(tuple(words), stated) >= LIKENESS * min(len(words), len(stated))


@lru_cache(maxsize=4096)
def _in_order(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """Length of the longest common subsequence; sentences are short."""
    row = [0] * (len(other) + 1)
    for x in one:
        diagonal = 0
        for n, y in enumerate(other, start=1):
            diagonal, row[n] = row[n], diagonal + 1 if x == y else max(row[n], row[n - 1])
    return row[-1]


@lru_cache(maxsize=512)
def _sentences(passage: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(_words(one)) for one in sentences(passage))


def _terms(words: Sequence[str]) -> frozenset[str]:
    is_chinese = any("\u3400" <= word <= "\u9fff" for word in words)
    return frozenset(folded_terms(("" if is_chinese else " ").join(words)))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.replace("*", "").lower())
