"""One clause: its words and facts, and how they are turned (negated, conditioned, promised), English and Chinese."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile

from bot import lexicon, synonyms
from bot.agents import NOBODY, agent_of
from bot.facts import Fact
from bot.items import AUXILIARY, FACT, MAIN_VERBS, SUBORDINATE, Item


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
    scope: frozenset[str] = frozenset()  # what follows "only"
    certain: frozenset[str] = frozenset()  # always, free, all …
    modes: frozenset[str] = frozenset()  # must, may, perhaps, will
    turns: frozenset[str] = frozenset()  # words that have an opposite: before, first, opened
    prior: frozenset[str] = frozenset()  # what stands before the first negation
    roles: frozenset[str] = frozenset()  # we, you
    agent: tuple[str, str] = NOBODY  # who does what
    chunks: tuple[frozenset[str], ...] = ()  # the parts that commas and "and" make
    text: str = ""  # of a Chinese one
    opens: bool = False  # stands after a semicolon
    is_subordinate: bool = False


_ATTACHING = frozenset(
    ("on", "from", "within", "for", "in", "at", "by", "to", "until", "after", "before", "with", "is", "are", "can",
     "may", "must", "will", "then", "over", "under", "up")
)  # fmt: skip
_TURNING = frozenset().union(*lexicon.OPPOSITES)
_SILENT = lexicon.STOP | lexicon.LOCAL_NEGATORS | lexicon.NEGATORS
_DETERMINERS = frozenset("the a an your our we you they it this these".split())
_PREFIXES = ("un", "non", "in", "dis", "im")


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
        self.scope: set[str] = set()
        self.prior: frozenset[str] = frozenset()
        self.sets: dict[str, set[str]] = {name: set() for name in ("marks", "certain", "modes", "turns", "roles")}
        self.is_negative = self.is_turned = self.is_shaded = self.is_predicate = False
        self.is_subordinate = self.is_relative = self.is_shaded_once = False
        self.negations = 0

    def note(self, name: str, *values: str) -> None:
        self.sets[name].update(values)

    def negate(self, is_word: bool = False, is_counted: bool = True) -> None:
        """A negation; with `is_word` it is also what is said, so that "not excluded" is none."""
        if is_word and self.is_turned:
            self.is_negative = self.is_turned = False
            self.negations -= 1
        else:
            self.prior = self.prior if self.negations else frozenset(self.order)
            self.is_negative = self.is_turned = True
            self.negations += is_counted

    def content(self, word: str) -> None:
        self.order.append(word)
        self.chunks[-1].append(word)
        if self.is_turned:
            self.heads.add(word)
            self.is_turned = False
        if self.is_shaded or self.is_shaded_once:
            self.shaded.add(word)
        self.is_relative = self.is_shaded_once = False
        if self.is_predicate:
            self.predicate.add(word)
        if "only" in self.sets["marks"]:
            self.scope.add(word)

    def fact(self, fact: Fact, word: str) -> None:
        self.facts.append(fact)
        self.in_chunk.append(len(self.chunks) - 1)
        self.order.append(word)
        self.chunks[-1].append(word)
        if "only" in self.sets["marks"]:
            self.scope.add(word)

    def cut(self, following: str) -> None:
        if self.chunks[-1]:
            self.chunks.append([])
            self.is_attached.append(following in _ATTACHING or following.endswith("ed"))

    def _chunks(self) -> Iterator[frozenset[str]]:
        """Each part, with the subject or the opening ("On Saturday, …") that it shares."""
        first = frozenset(self.chunks[0])
        opening = first if self.is_attached[0] else frozenset[str]()
        named = frozenset(takewhile(lambda word: not word.startswith(FACT), self.chunks[0]))
        subject, before = _only_words(named or first), first
        for chunk, is_attached in zip(self.chunks, self.is_attached, strict=True):
            whole = frozenset(chunk) | opening | (subject if is_attached else frozenset())
            before = whole if _only_words(frozenset(chunk)) else whole | _only_words(before)
            yield before

    def clause(self, agent: tuple[str, str], opens: bool, text: str) -> Clause:
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
            scope=frozenset(self.scope),
            prior=self.prior,
            is_subordinate=self.is_subordinate,
            agent=agent,
            chunks=tuple(frozenset(chunk) for chunk in self.chunks if chunk),
            text=text,
            opens=opens,
            **{name: frozenset(values) for name, values in self.sets.items()},
        )


def _only_words(chunk: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in chunk if not word.startswith(FACT))


def clause(items: Sequence[Item]) -> Clause:
    opens, items = bool(items) and items[0].low == ";", [item for item in items if item.low != ";"]
    draft = _Draft()
    if items and items[0].low in ("or", "otherwise"):
        draft.note("marks", "otherwise")
        draft.note("modes", items[0].low)
    draft.is_attached[0] = bool(items) and items[0].low in _ATTACHING
    draft.is_subordinate = bool(items) and items[0].low in SUBORDINATE
    for n, item in enumerate(items):
        if item.fact is not None:
            draft.fact(item.fact, item.low)
        elif item.kind == "han":
            _read_han(item.low, draft)
        elif item.kind == "word":
            _read_word(item.low, draft)
        if item.low in (",", "it", "them") or (draft.is_shaded and draft.shaded and _is_subject(items, n)):
            draft.is_shaded = False
        if item.low in (",", "and", "or", "/", "、", "while"):
            draft.cut(items[n + 1].low if n + 1 < len(items) else "")
    return draft.clause(agent_of(items), opens, "".join(item.low for item in items if item.kind == "han"))


def _is_subject(items: Sequence[Item], n: int) -> bool:
    """ "Without a note the full price is due": here begins what holds then, for a verb follows."""
    if items[n].low in ("we", "you", "they"):
        return True
    if items[n].low not in _DETERMINERS:
        return False
    ahead = takewhile(lambda one: one.kind != "mark" and one.low not in SUBORDINATE, items[n:])
    return any(one.low in AUXILIARY or one.low in MAIN_VERBS for one in ahead)


def _read_word(low: str, draft: _Draft) -> None:
    if low in ("that", "which", "who"):
        draft.is_relative = True
    if low in lexicon.NEGATORS and draft.is_relative:
        draft.is_shaded_once = True  # "parcels that are not collected": nothing else is denied
    elif low in lexicon.NEGATORS:
        draft.negate(is_counted=low != "nor" or not draft.negations)
    if low in lexicon.NEGATIVE_WORDS:
        draft.negate(is_word=True)
        low = lexicon.NEGATIVE_WORDS[low] or "also"
    if low == "non":
        draft.negate(is_word=True)
    if low in ("on", "at", "during", "for", "until", "when", "within", "after", "before"):
        draft.is_shaded = False
    if low in lexicon.LOCAL_NEGATORS:
        draft.is_shaded = True
    if low in lexicon.EXCEPTIONS:
        draft.negate()
    _note_word(low, draft)
    word = synonyms.canonical(low.replace("-", ""))
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
    if low in AUXILIARY or low in MAIN_VERBS:
        draft.is_predicate = True


# ── Chinese ──

_STOPS = sorted((word for word in lexicon.CHINESE_STOP if len(word) > 1), key=len, reverse=True)
_LIGHT = "们向可的了吗呢吧啊您你我请可能将在于与和及或也都就则由把被为是需须应会"
HAN_STOP = re.compile("|".join(map(re.escape, _STOPS)) + f"|[{_LIGHT}]")
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
    run = synonyms.plain_chinese(run).replace("至", "到")
    _note_han(run, draft)
    start = 0
    for match in _HAN_NEGATOR.finditer(_HAN_HARMLESS.sub(_masked, run)):
        _han_content(run[start : match.start()], draft)
        start = match.end()
        if match["unused"]:
            draft.content(match["unused"])
        else:
            draft.negate()
    if "except" in draft.sets["marks"]:
        draft.negate()
    _han_content(run[start:], draft)
    if "仅" in run:
        draft.scope.difference_update(_pairs(run[: run.index("仅")]))


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
    for pair in _pairs(run):
        draft.content(pair)


def _pairs(run: str) -> Iterator[str]:
    for piece in HAN_STOP.split(run):
        yield from [piece[i : i + 2] for i in range(len(piece) - 1)] or ([piece] if piece else [])
