"""Text → clauses: the words, the facts, and how they are turned (negated, conditioned, promised).

The same reading is given to drafts and to passages, so a crude rule errs alike on both sides.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from itertools import takewhile

from bot import lexicon
from bot.facts import Fact
from bot.finding import facts
from bot.items import AUXILIARY, FACT, SUBORDINATE, Item, items_of, parts
from bot.tokens import Token, clean, tokens


@dataclass(frozen=True, slots=True, eq=False)
class Clause:
    words: frozenset[str] = frozenset()  # content words, one form for all that mean the same
    order: tuple[str, ...] = ()  # words and facts as they come
    tail: frozenset[str] = frozenset()  # of several parts joined by "and", the last
    facts: tuple[Fact, ...] = ()
    near: tuple[frozenset[str], ...] = ()  # for each fact, what stands in its part of the clause
    is_negative: bool = False
    negations: int = 0
    heads: frozenset[str] = frozenset()  # what is negated: the first word after each negation
    shaded: frozenset[str] = frozenset()  # what follows "without" or "instead of"
    predicate: frozenset[str] = frozenset()  # what follows the first auxiliary
    marks: frozenset[str] = frozenset()  # only, unless, except, if
    certain: frozenset[str] = frozenset()  # always, free, all …
    modes: frozenset[str] = frozenset()  # must, may, perhaps, will
    turns: frozenset[str] = frozenset()  # words that have an opposite: before, first, opened
    roles: frozenset[str] = frozenset()  # we, you
    is_subordinate: bool = False


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

    def __post_init__(self) -> None:
        everything = self.everything
        set_once = partial(object.__setattr__, self)
        set_once("words", frozenset().union(*(clause.words for clause in everything)))
        set_once("certain", frozenset().union(*(clause.certain for clause in everything)))
        set_once("marks", frozenset().union(*(clause.marks for clause in everything)))
        set_once("facts", tuple(fact for clause in everything for fact in clause.facts))
        set_once("order", tuple(word for clause in self.clauses for word in clause.order))

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
_ATTACHING = frozenset(
    ("on", "from", "within", "for", "in", "at", "by", "to", "until", "after", "before", "with", "is", "are", "can",
     "may", "must", "will", "then", "over", "under", "up")
)  # fmt: skip
_TURNING = frozenset().union(*lexicon.OPPOSITES)
_SILENT = lexicon.STOP | lexicon.LOCAL_NEGATORS | lexicon.NEGATORS
_PREFIXES = ("un", "non", "in", "dis", "im")


@lru_cache(maxsize=4096)
def read(text: str) -> Unit:
    """One sentence, read."""
    body = _INLINE_NUMBER.sub("; ", BULLET.sub("", clean(text).strip()))
    answer = _ANSWER.match(body)
    found = tokens(body)
    told = [token for token in found if answer is None or token.start >= answer.end()][:LONGEST]
    items = list(items_of(told))
    return Unit(
        body,
        key_of(found),
        tuple(_with_ellipses([clause(part) for part in parts(items) if part])),
        tuple(_names(told)),
        is_question=body.endswith("?"),
        answer=None if answer is None else answer["yes"] is not None,
        forms=tuple(_forms(items)),
    )


def _forms(items: Iterable[Item]) -> Iterator[str]:
    for item in items:
        if item.kind == "han":
            yield from lexicon.plain_chinese(item.low)
        elif item.kind != "mark":
            yield item.low


def key_of(tokens: Iterable[Token]) -> str:
    return " ".join(token.low for token in tokens if token.kind != "mark")


def _with_ellipses(clauses: Sequence[Clause]) -> list[Clause]:
    """ "…, but bags cannot." and "…, except gift cards." borrow the predicate of the clause before; "over €300 …,
    over €800 …" its subject."""
    whole: list[Clause] = []
    for one in clauses:
        if whole and one.is_negative and (not one.heads or ("except" in one.marks and not one.predicate)):
            borrowed = whole[-1].predicate or whole[-1].words
            one = replace(one, words=one.words | borrowed, heads=one.heads | borrowed)
        if whole and one.order[:1] and one.order[0].startswith(FACT):
            subject = frozenset(takewhile(lambda word: not word.startswith(FACT), whole[-1].order))
            one = replace(one, near=tuple(near | subject for near in one.near))
        whole.append(one)
    return whole


# ── one clause ──


class _Draft:
    """What has been read of one clause so far."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.facts: list[Fact] = []
        self.chunks: list[list[str]] = [[]]
        self.is_attached = [False]  # does the chunk speak of the first one's subject?
        self.in_chunk: list[int] = []
        self.heads: set[str] = set()
        self.shaded: set[str] = set()
        self.predicate: set[str] = set()
        self.sets: dict[str, set[str]] = {name: set() for name in ("marks", "certain", "modes", "turns", "roles")}
        self.is_negative = self.is_turned = self.is_shaded = self.is_predicate = False
        self.is_subordinate = False
        self.negations = 0

    def note(self, name: str, *values: str) -> None:
        self.sets[name].update(values)

    def negate(self, is_word: bool = False) -> None:
        """A negation; with `is_word` it is also what is said, so that "not excluded" is none."""
        if is_word and self.is_turned:
            self.is_negative = self.is_turned = False
            self.negations -= 1
        else:
            self.is_negative = self.is_turned = True
            self.negations += 1

    def content(self, word: str) -> None:
        self.order.append(word)
        self.chunks[-1].append(word)
        if self.is_turned:
            self.heads.add(word)
            self.is_turned = False
        if self.is_shaded:
            self.shaded.add(word)
        if self.is_predicate:
            self.predicate.add(word)

    def fact(self, fact: Fact, word: str) -> None:
        self.facts.append(fact)
        self.in_chunk.append(len(self.chunks) - 1)
        self.order.append(word)
        self.chunks[-1].append(word)

    def cut(self, following: str) -> None:
        if self.chunks[-1]:
            self.chunks.append([])
            self.is_attached.append(following in _ATTACHING or following.endswith("ed"))

    def _chunks(self) -> Iterator[frozenset[str]]:
        """Each part, with the subject or the opening ("On Saturday, …") that it shares."""
        first = frozenset(self.chunks[0])
        opening = first if self.is_attached[0] else frozenset[str]()
        subject, before = _only_words(first), first
        for chunk, is_attached in zip(self.chunks, self.is_attached, strict=True):
            whole = frozenset(chunk) | opening | (subject if is_attached else frozenset())
            before = whole if _only_words(frozenset(chunk)) else whole | _only_words(before)
            yield before

    def clause(self) -> Clause:
        words = frozenset(word for word in self.order if not word.startswith(FACT))
        chunks = list(self._chunks())
        return Clause(
            words,
            tuple(self.order),
            tail=chunks[-1] if len(chunks) > 1 else frozenset(),
            facts=tuple(self.facts),
            near=tuple(chunks[n] for n in self.in_chunk),
            is_negative=self.is_negative,
            negations=self.negations,
            heads=frozenset(self.heads),
            shaded=frozenset(self.shaded),
            predicate=frozenset(self.predicate),
            is_subordinate=self.is_subordinate,
            **{name: frozenset(values) for name, values in self.sets.items()},
        )


def _only_words(chunk: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in chunk if not word.startswith(FACT))


def clause(items: Sequence[Item]) -> Clause:
    draft = _Draft()
    draft.is_attached[0] = bool(items) and items[0].low in _ATTACHING
    draft.is_subordinate = bool(items) and items[0].low in SUBORDINATE
    for n, item in enumerate(items):
        if item.fact is not None:
            draft.fact(item.fact, item.low)
        elif item.kind == "han":
            _read_han(item.low, draft)
        elif item.kind == "word":
            _read_word(item.low, draft)
        if item.low in (",", "and", "or", "/", "、", "while"):
            draft.cut(items[n + 1].low if n + 1 < len(items) else "")
    return draft.clause()


def _read_word(low: str, draft: _Draft) -> None:
    if low in lexicon.NEGATORS:
        draft.negate()
    if low in lexicon.NEGATIVE_WORDS:
        draft.negate(is_word=True)
        low = lexicon.NEGATIVE_WORDS[low] or "also"
    if low == "non":
        draft.negate(is_word=True)
    if low in lexicon.LOCAL_NEGATORS:
        draft.is_shaded = True
    if low in lexicon.EXCEPTIONS:
        draft.negate()
    _note_word(low, draft)
    word = lexicon.canonical(low.replace("-", ""))
    if low in _TURNING or word in _TURNING or low.startswith(_PREFIXES):
        draft.note("turns", low.replace("-", ""), word)
    if low not in _SILENT and low.strip("'-"):
        draft.content(word)


def _note_word(low: str, draft: _Draft) -> None:
    if low in lexicon.CONDITIONS:
        draft.note("marks", lexicon.CONDITIONS[low])
    if low in lexicon.SENT or low in lexicon.ARRIVED:
        draft.note("turns", "sent" if low in lexicon.SENT else "arrived")
    if low in lexicon.CERTAINTY:
        draft.note("certain", lexicon.CERTAINTY[low])
    draft.note("modes", *(mode for mode, words in lexicon.MODES if low in words))
    draft.note("roles", *(role for role, words in lexicon.ROLES if low in words))
    if low in AUXILIARY:
        draft.is_predicate = True


# ── Chinese ──

_STOPS = sorted((word for word in lexicon.CHINESE_STOP if len(word) > 1), key=len, reverse=True)
_LIGHT = "们向可的了吗呢吧啊您你我请可能将在于与和及或也都就则由把被为是需须应会"
_HAN_STOP = re.compile("|".join(map(re.escape, _STOPS)) + f"|[{_LIGHT}]")
# 未使用的 describes a thing, as "unused" does; the other negations turn the clause.
_HAN_NEGATOR = re.compile(
    f"(?P<unused>[未非无][^的{_LIGHT}]{{1,4}})(?=的)|" + "|".join(map(re.escape, lexicon.CHINESE_NEGATORS))
)
_HAN_HARMLESS = re.compile(
    "|".join(map(re.escape, ("除非", *lexicon.CHINESE_HARMLESS, *(w for w, _ in lexicon.CHINESE_BOUNDS_BEFORE))))
)
_HAN_EXCEPT = re.compile(r"(?<![删去清解扣免拆消移排])除(?![非去湿尘])|以外|之外")
_HAN_NO_TIME = re.compile("后台|后续|售后|最后|然后|稍后|目前|提前|前往|当前|前台")
_HAN_NOTES = {
    "marks": lexicon.CHINESE_CONDITIONS,
    "certain": lexicon.CHINESE_CERTAINTY,
    "modes": lexicon.CHINESE_MODES,
    "roles": lexicon.CHINESE_ROLES,
}


def _read_han(run: str, draft: _Draft) -> None:
    run = lexicon.plain_chinese(run).replace("至", "到")
    _note_han(run, draft)
    start = 0
    for match in _HAN_NEGATOR.finditer(_HAN_HARMLESS.sub(_masked, run)):
        _han_content(run[start : match.start()], draft)
        start = match.end()
        if match["unused"]:
            draft.content(match["unused"])
            draft.negations += 1
        else:
            draft.negate()
    if "except" in draft.sets["marks"]:
        draft.negate()
    _han_content(run[start:], draft)


def _masked(match: re.Match[str]) -> str:
    """不过, 非常, 除非 …: as long, without the ideographs that negate."""
    return re.sub("[不没无未非勿莫别]", "\ue000", match[0])


def _note_han(run: str, draft: _Draft) -> None:
    if _HAN_EXCEPT.search(run):
        draft.note("marks", "except")
    for name, table in _HAN_NOTES.items():
        draft.note(name, *(meant for word, meant in table if word in run))
    plain = _HAN_NO_TIME.sub("", run)
    draft.note("turns", *(word for word in _TURNING if not word.isascii() and word in plain))


def _han_content(run: str, draft: _Draft) -> None:
    """Pairs of neighbouring ideographs stand for words: no dictionary, and no wrong cut."""
    for piece in _HAN_STOP.split(run):
        pairs = [piece[i : i + 2] for i in range(len(piece) - 1)] or ([piece] if piece else [])
        for pair in pairs:
            draft.content(pair)


# ── names ──


def _names(tokens: Sequence[Token]) -> Iterator[Name]:
    """Capitalised words inside a sentence, acronyms anywhere, and the opening word when it is no known opening."""
    taken = {n for fact in facts(tokens) for n in range(fact.first, fact.last)}
    is_start = True
    for i, token in enumerate(tokens):
        if token.kind == "word" and i not in taken:
            if _is_acronym(token.text) or (token.text[0].isupper() and not is_start and token.low not in lexicon.STOP):
                yield Name(token.text, lexicon.canonical(token.low.replace("-", "")))
            elif token.text[0].isupper() and is_start and token.low not in lexicon.STOP:
                yield Name(token.text, lexicon.canonical(token.low.replace("-", "")), is_opening=True)
        is_start = (token.kind == "mark" and token.low not in ",-'&/") or (is_start and token.kind == "mark")


def _is_acronym(text: str) -> bool:
    """VAT, iPhone, PayPal; not I, not A."""
    return len(text) > 1 and any(c.isupper() for c in text[1:]) and text not in ("OK", "NOT", "NO", "ONLY")
