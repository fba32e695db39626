"""Draft, excerpt or the whole passage: which of them is the better answer? Pure, by measured habits of the composer.

The guard says whether a sentence is true to a passage. A small model can still be true and useless: it splices two
halves into what nobody would write, answers beside the point, or leaves out the one word that matters ("No.").
So a draft is used only where it reads like its passage and says what the excerpt says; else the excerpt is sent; the
whole passage where that leaves little out. The share of each, and what it is worth, is in docs/evaluation.md.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

from bot.excerpt import Excerpt
from bot.sentences import sentences
from bot.splitting import count_words
from bot.text import folded_terms

LIKENESS = 0.8  # of a sentence's words, in order, and of its pairs of neighbours, that one passage sentence must hold
MOST = 0.8  # of a passage's words; an excerpt of more leaves nothing worth leaving out
SHORT = 30  # words; of a passage that short nothing is left out
LEADS = frozenset({"yes", "no", "是", "不"})
# An answer that opens like this must keep its opening: without it, what follows may say the opposite.
DECISIVE = frozenset(
    "yes no not never only nothing none unfortunately sorry up at from 不 否 仅 只 是 可 能 没 最 从".split()
)
# A passage written for the shop's staff says "the customer" where a reply says "you".
CUSTOMERS = frozenset("customer customers buyer buyers shopper shoppers".split())
PROCEDURE = re.compile(r"^\W*how (?:do|does|can|should|to)\b|如何|怎么|怎样", re.I)
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
    return any(_is_like(words, one) or _is_like(words, _to_you(one)) for one in stated)


def answers(said: Iterable[str], passage: str, question: str, *, leads: bool, excerpt: Excerpt | None = None) -> bool:
    """Do the sentences `said` hold what of `passage` matters for `question`?

    That is the excerpt; without one, the sentence that shares most of the question's words, or, where an answer leads
    with its point (`leads`), the first. An opening that decides (yes, no, only, up to …) must never be missing.
    """
    stated = [one for one in _sentences(passage) if one]
    if not stated:
        return False
    held = [_words(one) for one in said]
    if leads and stated[0][0] in DECISIVE and not any(_holds(one, stated[0]) for one in held):
        return False
    if excerpt is not None:
        wanted = [tuple(words) for one in excerpt.said if (words := _words(one))]
        return all(any(_holds(one, sentence) for one in held) for sentence in wanted)
    return _holds_nearest(held, stated, question, leads=leads)


def suffices(excerpt: Excerpt, passage: str, question: str, title: str, *, leads: bool) -> bool:
    """May the excerpt stand for the passage? Not where nothing much is left out; nor, of an FAQ, where the shop answers
    this very question (`title`) or says how something is done: a step that is missing is missed."""
    words = count_words(passage)
    if words <= SHORT or count_words(excerpt.text) > MOST * words:
        return False
    return not leads or not (PROCEDURE.search(title) or set(folded_terms(title)) == set(folded_terms(question)))


def decides(sentence: str) -> bool:
    """Would what follows an opening like this say something else without it?"""
    return _words(sentence)[:1] != [] and _words(sentence)[0] in DECISIVE


def _holds_nearest(held: Sequence[list[str]], stated: Sequence[tuple[str, ...]], question: str, *, leads: bool) -> bool:
    wanted = frozenset(folded_terms(question))
    shared = [len(wanted & _terms(one)) for one in stated]
    nearest = stated[shared.index(max(shared))]
    has_first = any(_holds(one, stated[0]) for one in held)
    return any(_holds(one, nearest) for one in held) or (leads and has_first and max(shared) == shared[0])


def _is_like(words: Sequence[str], stated: tuple[str, ...]) -> bool:
    if not words or len(words) > 2 * len(stated) + 2:
        return False
    common = _in_order(tuple(words), stated)
    pairs = set(pairwise(stated))
    kept = sum(pair in pairs for pair in pairwise(words))
    near = common >= LIKENESS * len(words) and kept >= LIKENESS * (len(words) - 1)
    return near and _begins(words, stated) and words[-1] == stated[-1]


def _to_you(stated: tuple[str, ...]) -> tuple[str, ...]:
    """ "The customer can return their lamp" → "you can return your lamp", for a sentence about all customers."""
    bare = stated[1:] if stated[0] == "the" else stated
    if len(bare) < 2 or bare[0] not in CUSTOMERS:
        return stated
    return ("you", *("your" if word == "their" else word for word in bare[1:]))


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
