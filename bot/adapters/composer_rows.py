"""Rows to train the composer on, and how one row becomes another that is harder or more like what people type.

Each rewriting takes a row and a seeded random source and returns a row; one that does not apply returns it unchanged.
What the reply says is never changed here beyond an opening "Yes" or "No" that the text makes certain.
"""

import math
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from bot.prompt import Turn
from bot.sentences import sentences

_WORD = re.compile(r"\w+")
_LEAD = re.compile(r"^(?:yes|no)[,.!]\s+", re.I)
_COMMON = frozenset(
    "the a an of to in for and or is are be can could if you your it this that on with by from as at will not we our "
    "do does did what how which who where when why i my me there any".split()
)


@dataclass(frozen=True, slots=True)
class Row:
    question: str
    passages: tuple[tuple[str, str], ...]
    history: tuple[Turn, ...]
    answer: str
    answerable: bool
    source: str
    kind: str


Rewriting = Callable[[Row, random.Random], Row]


def words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def content(text: str) -> frozenset[str]:
    return frozenset(words(text)) - _COMMON


# ── what kind of row it is ──


@cache
def is_exact(row: Row) -> bool:
    """Is the reply made of whole sentences of the passages, but for a "Yes" or "No" before it?"""
    stated = {_key(one) for _, text in row.passages for one in sentences(text)}
    return all(_key(one) in stated for one in sentences(_LEAD.sub("", row.answer)))


@cache
def is_hard(row: Row) -> bool:
    """Does another sentence share more of the question's words than the one that answers?"""
    found = [(one, _shared(row.question, one)) for _, text in row.passages for one in sentences(text)]
    first = _key(sentences(_LEAD.sub("", row.answer) or " ")[0]) if row.answer.strip() else ""
    right = max((score for one, score in found if _key(one) == first), default=0.0)
    return any(score > right for one, score in found if _key(one) != first)


def _key(sentence: str) -> str:
    return " ".join(words(sentence))


def _shared(question: str, sentence: str) -> float:
    return len(content(question) & content(sentence)) / math.sqrt(math.sqrt(1 + len(words(sentence))))


# ── which sentence it is must be read, not guessed ──


def shuffled(row: Row, rng: random.Random) -> Row:
    """The sentences of the passage that answers in another order, so that the first is not always the one."""
    at, stated = _passage_of(row)
    if at is None or len(sentences(row.answer)) > 1 or any(one[:1] in "-*•0123456789" for one in stated):
        return row
    mixed = rng.sample(stated, len(stated))
    return _with_text(row, at, " ".join(mixed))


def distracted(row: Row, rng: random.Random) -> Row:
    """In the passage that answers, the sentence of another passage that shares most words with the question."""
    at, stated = _passage_of(row)
    others = [one for n, (_, text) in enumerate(row.passages) if n != at for one in sentences(text)]
    others = [one for one in others if 4 <= len(one.split()) <= 30 and one not in stated]
    if at is None or not others:
        return row
    nearest = max(others, key=lambda one: _shared(row.question, one))
    place = rng.randint(0, len(stated))
    return _with_text(row, at, " ".join([*stated[:place], nearest, *stated[place:]]))


def _passage_of(row: Row) -> tuple[int | None, list[str]]:
    """The passage that holds the reply's first sentence, and its sentences."""
    said = sentences(_LEAD.sub("", row.answer))
    for n, (_, text) in enumerate(row.passages):
        stated = sentences(text)
        if said and _key(said[0]) in map(_key, stated):
            return n, stated
    return None, []


def _with_text(row: Row, at: int, text: str) -> Row:
    passages = list(row.passages)
    passages[at] = (passages[at][0], text)
    return replace(row, passages=tuple(passages))


# ── yes or no, where the text makes it certain ──

_MAY = re.compile(
    r"^You (?P<verb>can|cannot|can't|can’t|can not|may not|must|need to|have to|don't need to|do not need to|"
    r"don't have to|do not have to) (?!also|only|then|either|not|now|use the following)"
    r"(?P<rest>[a-z][^.:;!?]{8,120})\.$"
)
_YOURSELF = re.compile(r"\b(?:you|yours|yourself|we|us|our)\b")  # who is meant changes with who speaks: left alone


def asked_yes_or_no(row: Row, rng: random.Random) -> Row:
    """ "You cannot change your address." → "Can I change my address?", and "No. You cannot change your address." """
    stated = [one for _, text in row.passages for one in sentences(text)]
    found = [(one, match) for one in stated if (match := _MAY.match(one)) and not _YOURSELF.search(match["rest"])]
    if not found:
        return row
    one, match = rng.choice(found)
    verb = match["verb"].replace("’", "'")
    is_no = "not" in verb or "n't" in verb
    begin = "Do I have to" if any(w in verb for w in ("must", "need", "have")) else "Can I"
    mine = re.sub(r"\byour\b", "my", match["rest"])
    lead = ("No" if is_no else "Yes") + rng.choice([". Y", ", y"])
    return replace(row, question=f"{begin} {mine}?", answer=lead + one[1:], history=())


# ── written for the shop's staff, said to the customer ──

_YOU = {"You": ("The customer", "Customers", "The buyer"), "you": ("the customer", "customers", "the buyer")}


def said_to_the_customer(row: Row, rng: random.Random) -> Row:
    """The passage speaks of "the customer", the reply still says "you"."""
    at, stated = _passage_of(row)
    if at is None or not re.match(r"(?:(?:Yes|No)[,.] )?[Yy]ou (?:can|may|must|cannot|will)\b", row.answer):
        return row
    kind = rng.randrange(3)
    text = re.sub(r"\b([Yy])ou\b(?= (?:can|may|must|cannot|will)\b)", lambda m: _YOU[m[0]][kind], row.passages[at][1])
    text = re.sub(r"\byour\b", "their", re.sub(r"\bYour\b", "Their", text))
    return row if re.search(r"\byou\b", text, re.I) or not stated else _with_text(row, at, text)


# ── as people type ──

_OPENINGS = (
    "hi", "hello", "hey", "hi there", "good morning", "quick question", "excuse me", "sorry to bother you",
    "hi, I need help", "hello, I bought something from you", "I have a question",
)  # fmt: skip
_UPSET = (
    "This is ridiculous!", "I am really annoyed.", "For the third time:", "I'm so disappointed.", "Nobody answers me!",
    "This is the worst service ever.", "I've been waiting for ages.", "Not happy at all.", "Come on!", "Unbelievable.",
    "I am very upset about this.", "You people never help.",
)  # fmt: skip
_ENDINGS = ("Thanks!", "thank you", "please", "pls", "thx", "Please help.", "asap", "many thanks")
_SHORT = {"you": "u", "are": "r", "please": "pls", "your": "ur", "because": "cuz", "what is": "whats", "i am": "im"}


def typed(row: Row, rng: random.Random) -> Row:
    """Small letters, no question mark, now and then a slip of the fingers or a shortened word."""
    text = row.question
    if rng.random() < 0.7:
        text = text.lower()
    if rng.random() < 0.7:
        text = text.rstrip("?.! ")
    if rng.random() < 0.15:
        for long, short in _SHORT.items():
            text = re.sub(rf"\b{long}\b", short, text)
    if rng.random() < 0.35:
        text = _slip(text, rng)
    return replace(row, question=text) if text.strip() else row


def _slip(text: str, rng: random.Random) -> str:
    """One longer word loses a letter, doubles one, or has two changed over."""
    long = list(re.finditer(r"[a-z]{5,}", text))
    if not long:
        return text
    match = rng.choice(long)
    word, n = match[0], rng.randint(1, len(match[0]) - 3)
    slips = (word[:n] + word[n + 1 :], word[:n] + word[n] + word[n:], word[:n] + word[n + 1] + word[n] + word[n + 2 :])
    return text[: match.start()] + rng.choice(slips) + text[match.end() :]


def with_opening(row: Row, rng: random.Random) -> Row:
    """A greeting, a complaint or thanks around the question: the reply stays the same."""
    lot, asked = rng.random(), row.question
    if lot < 0.4:
        asked = f"{rng.choice(_OPENINGS).capitalize()}, {asked[:1].lower() + asked[1:] if asked[:2] != 'I ' else asked}"
    elif lot < 0.75:
        asked = f"{rng.choice(_UPSET)} {asked}"
    else:
        asked = f"{asked} {rng.choice(_ENDINGS)}"
    return replace(row, question=asked)


def chained(row: Row, steps: Sequence[tuple[float, Rewriting]], rng: random.Random) -> Row:
    """Each rewriting with its own probability, in this order."""
    for share, rewrite in steps:
        if rng.random() < share:
            row = rewrite(row, rng)
    return row
