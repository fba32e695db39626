"""Which FAQs work in one language only: they have no counterpart in the other, or its judged questions miss it.

Counterparts are found by meaning. Of all entries in the other language each takes the one that is nearest to it beyond
what either is near to anyway (an entry on everything is near to all); two that take each other are a pair.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from bot.errors import Refused
from bot.evaluate import Ranked
from bot.knowledge import Passage, script_of, windows
from bot.ports import Bot

NEAR = 0.3  # two entries on the same matter lie nearer than this; half of all pairs beyond 0.45
NEIGHBOURS = 5  # what an entry is near to anyway
WORKS = 0.5  # of an entry's judged questions find it first

Entry = Sequence[Sequence[str]]  # groups of texts: the ways to ask, and what is said


@runtime_checkable
class Spans(Protocol):
    """An embedder that can tell how near texts in two languages are."""

    def likeness(self, english: Sequence[Entry], chinese: Sequence[Entry]) -> Sequence[Sequence[float]]:
        """One row for each English entry, -1 to 1."""
        ...


@dataclass(frozen=True, slots=True)
class Pair:
    """The same FAQ in both languages, with the share of its judged questions that find it first (None: no question)."""

    english: Passage
    chinese: Passage
    likeness: float
    english_works: float | None = None
    chinese_works: float | None = None

    @property
    def is_lopsided(self) -> bool:
        if self.english_works is None or self.chinese_works is None:
            return False
        return (self.english_works >= WORKS) != (self.chinese_works >= WORKS)


@dataclass(frozen=True, slots=True)
class Single:
    """An FAQ without a counterpart, and the nearest there is."""

    passage: Passage
    nearest: Passage | None
    likeness: float


@dataclass(frozen=True, slots=True)
class Parity:
    pairs: tuple[Pair, ...]
    english_only: tuple[Single, ...]
    chinese_only: tuple[Single, ...]


async def compare(bot: Bot, judged: Sequence[Ranked] = ()) -> Parity:
    """Raises Refused when the embedder cannot tell how near the two languages are."""
    if not isinstance(bot.embedder, Spans):
        raise Refused("FAQs in two languages are compared by the multilingual embedder: set BOT_EMBEDDER=multilingual")
    live = [p for p in await bot.store.live_passages() if p.kind == "faq" and p.position == 0]
    english = sorted((p for p in live if script_of(p.language) != "zh"), key=lambda p: p.anchor)
    chinese = sorted((p for p in live if script_of(p.language) == "zh"), key=lambda p: p.anchor)
    likeness: Sequence[Sequence[float]] = []
    if english and chinese:
        likeness = await bot.run(bot.embedder.likeness, [_entry(p) for p in english], [_entry(p) for p in chinese])
    return matched(english, chinese, likeness, _works(judged))


def _entry(passage: Passage) -> Entry:
    said = next(windows(passage.text), passage.title)
    return (passage.title, *passage.phrasings), (said,)


def _works(judged: Sequence[Ranked]) -> dict[str, float]:
    """Anchor → share of the judged questions about it that find a right passage first."""
    found: dict[str, list[bool]] = {}
    for one in judged:
        for anchor in one.query.relevant:
            found.setdefault(anchor, []).append(one.is_right)
    return {anchor: sum(right) / len(right) for anchor, right in found.items()}


def matched(
    english: Sequence[Passage],
    chinese: Sequence[Passage],
    likeness: Sequence[Sequence[float]],
    works: Mapping[str, float],
) -> Parity:
    across = [list(column) for column in zip(*likeness, strict=True)]  # one row for each Chinese entry
    around, beyond = [_usual(row) for row in likeness], [_usual(row) for row in across]
    taken = [_best(row, beyond) for row in likeness]
    taken_back = [_best(row, around) for row in across]
    pairs = {
        n: m for n, m in enumerate(taken) if m is not None and taken_back[m] == n and likeness[n][m] >= NEAR
    }  # fmt: skip
    backwards = set(pairs.values())
    return Parity(
        tuple(
            Pair(english[n], chinese[m], likeness[n][m], works.get(english[n].anchor), works.get(chinese[m].anchor))
            for n, m in pairs.items()
        ),
        tuple(_single(p, taken, likeness, chinese, n) for n, p in enumerate(english) if n not in pairs),
        tuple(_single(p, taken_back, across, english, m) for m, p in enumerate(chinese) if m not in backwards),
    )


def _usual(row: Sequence[float]) -> float:
    nearest = sorted(row)[-NEIGHBOURS:]
    return sum(nearest) / len(nearest)


def _best(row: Sequence[float], usual: Sequence[float]) -> int | None:
    return max(range(len(row)), key=lambda n: 2 * row[n] - usual[n], default=None)


def _single(
    passage: Passage,
    taken: Sequence[int | None],
    likeness: Sequence[Sequence[float]],
    others: Sequence[Passage],
    n: int,
) -> Single:
    best = taken[n] if taken else None
    return Single(passage, None, 0.0) if best is None else Single(passage, others[best], likeness[n][best])


def as_mapping(parity: Parity) -> dict[str, Any]:
    """For programs."""
    return {
        "pairs": [_pair(pair) for pair in parity.pairs],
        "one_language_only": [_pair(pair) for pair in parity.pairs if pair.is_lopsided],
        "english_only": [_one(single) for single in parity.english_only],
        "chinese_only": [_one(single) for single in parity.chinese_only],
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        "english": pair.english.anchor,
        "chinese": pair.chinese.anchor,
        "likeness": round(pair.likeness, 4),
        "english_hit_at_1": pair.english_works,
        "chinese_hit_at_1": pair.chinese_works,
    }


def _one(single: Single) -> dict[str, Any]:
    return {
        "anchor": single.passage.anchor,
        "title": single.passage.title,
        "nearest": single.nearest.anchor if single.nearest else None,
        "likeness": round(single.likeness, 4),
    }
