"""Text → clauses: the words, the facts, and how they are turned (negated, conditioned, promised).

The same reading is given to drafts and to passages, so a crude rule errs alike on both sides.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import takewhile

from bot import lexicon, synonyms
from bot.drafting import HAN_STOP, Clause, clause
from bot.facts import Fact
from bot.finding import facts
from bot.items import FACT, Item, items_of, parts
from bot.spelling import uniform
from bot.tokens import CJK_CHARACTER, Token, clean, tokens


@dataclass(frozen=True, slots=True)
class Name:
    shown: str
    word: str
    is_opening: bool = False  # begins the sentence, so its capital may mean nothing


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """A sentence, a list item with the line that leads into it, or a table row with its header."""

    text: str
    key: str  # equal keys: the same words in the same order
    clauses: tuple[Clause, ...]
    names: tuple[Name, ...] = ()
    context: tuple[Clause, ...] = ()  # of the lead-in line
    is_question: bool = False
    answer: bool | None = None  # begins with yes or no
    forms: tuple[str, ...] = ()  # every word, fact and ideograph, to compare near copies
    # what follows from the clauses and the context
    words: frozenset[str] = field(init=False)
    facts: tuple[Fact, ...] = field(init=False)
    certain: frozenset[str] = field(init=False)
    marks: frozenset[str] = field(init=False)
    order: tuple[str, ...] = field(init=False)
    said: frozenset[str] = field(init=False)  # words and facts

    def __post_init__(self) -> None:
        everything = self.everything
        set_once = partial(object.__setattr__, self)
        set_once("words", frozenset().union(*(clause.words for clause in everything)))
        set_once("said", self.words.union(*(clause.order for clause in everything)))
        set_once("certain", frozenset().union(*(clause.certain for clause in everything)))
        set_once("marks", frozenset().union(*(clause.marks for clause in everything)))
        set_once("facts", tuple(fact for clause in everything for fact in clause.facts))
        set_once("order", tuple(word for clause in self.clauses for word in clause.order))

    @property
    def is_chinese(self) -> bool:
        return CJK_CHARACTER.search(self.text) is not None

    @property
    def everything(self) -> tuple[Clause, ...]:
        return self.clauses + self.context


# ── reading ──

LONGEST = 1_000  # tokens of one sentence that are understood; what follows counts for its key only

BULLET = re.compile(r"^\s*(?:#{1,6}\s+|[-*•‣·]\s+|\(?\d{1,2}[.)]\s+|[a-z][.)]\s+)+")
_INLINE_NUMBER = re.compile(r"(?<=[:;)])\s+\d{1,2}[.)]\s+(?=\S)")
_ANSWER = re.compile(
    r"(?:(?P<yes>yes|yep|certainly|absolutely|可以的?|是的|能|支持|有的?|对的?)|(?:no|nope|不可以|不能|不行|不是|没有|不支持|否|不会?))"
    r"[,.!;:。]+\s*(?=\S)(?!\d)",
    re.IGNORECASE,
)


@lru_cache(maxsize=4096)
def read(text: str) -> Unit:
    """One sentence, read."""
    body = _INLINE_NUMBER.sub("; ", BULLET.sub("", clean(text).strip()))
    body = uniform(body)
    answer = _ANSWER.match(body)
    found = tokens(body)
    told = [token for token in found if answer is None or token.start >= answer.end()][:LONGEST]
    figures = facts(told)
    items = list(items_of(told, figures))
    return Unit(
        body,
        key_of(found),
        tuple(_with_ellipses([clause(part) for part in parts(items) if part and part[-1].low != ";"])),
        tuple(_names(told, figures)),
        is_question=body.endswith("?"),
        answer=None if answer is None else answer["yes"] is not None,
        forms=tuple(_forms(items)),
    )


def _forms(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        if item.kind == "han":
            yield from HAN_STOP.sub("", synonyms.plain_chinese(item.low))
        elif item.kind != "mark":
            yield item.low


def key_of(tokens: Iterable[Token]) -> str:
    return " ".join(token.low for token in tokens if token.kind != "mark")


def _with_ellipses(clauses: Sequence[Clause]) -> list[Clause]:
    """ "…, but bags cannot." and "…, except gift cards." borrow the predicate of the clause before; "over €300 …,
    over €800 …" its subject."""
    whole: list[Clause] = []
    for one in clauses:
        is_own = not one.marks.isdisjoint(("if", "when", "unless"))  # "if you're not in": nothing is borrowed
        if (
            whole
            and one.is_negative
            and not is_own
            and (not one.heads or ("except" in one.marks and not one.predicate))
        ):
            borrowed = whole[-1].predicate or whole[-1].words
            one = replace(one, words=one.words | borrowed, heads=one.heads | borrowed)
        if whole and one.order[:1] and one.order[0].startswith(FACT):
            subject = frozenset(takewhile(lambda word: not word.startswith(FACT), whole[-1].order))
            one = replace(one, near=tuple(near | subject for near in one.near))
        if whole and "or" in one.modes and "if" in whole[-1].marks and not one.opens:  # "if A or B, …"
            one = replace(one, marks=one.marks - {"otherwise"} | {"if"})
        if whole and not one.opens and whole[-1].text.endswith("的"):  # 使用银行卡付款的，…
            whole[-1] = replace(whole[-1], marks=whole[-1].marks | {"if"})
        whole.append(one)
    return whole


# ── names ──


def _names(tokens: Sequence[Token], figures: Sequence[Fact]) -> Iterator[Name]:
    """Capitalised words inside a sentence, acronyms anywhere, and the opening word when it is no known opening."""
    taken = {n for fact in figures for n in range(fact.first, fact.last)}
    is_start = True
    for i, token in enumerate(tokens):
        if token.kind == "word" and i not in taken:
            if _is_acronym(token.text) or (token.text[0].isupper() and not is_start and token.low not in lexicon.STOP):
                yield Name(token.text, synonyms.canonical(token.low.replace("-", "")))
            elif token.text[0].isupper() and is_start and token.low not in lexicon.STOP:
                yield Name(token.text, synonyms.canonical(token.low.replace("-", "")), is_opening=True)
        is_start = (token.kind == "mark" and token.low not in ",-'&/") or (is_start and token.kind == "mark")


def _is_acronym(text: str) -> bool:
    """VAT, iPhone, PayPal; not I, not A."""
    return len(text) > 1 and any(c.isupper() for c in text[1:]) and text not in ("OK", "NOT", "NO", "ONLY")
