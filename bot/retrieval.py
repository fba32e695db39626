"""Query → dense + lexical → fuse → rerank → hits, and how sure the first of them makes us.

The figures below were chosen on four public sets of questions and the sample shop's own: the ones that won or tied
on all of them, not the best for any.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp
from time import perf_counter
from typing import Any, Protocol, runtime_checkable

from bot.knowledge import Hit, Passage, language_of, pieces
from bot.ports import Bot
from bot.text import folded_terms

CANDIDATES = 50  # of each retriever, at least, that are fused
DEPTH = 200  # how far down a candidate of the one is looked up in the other
LEXICAL_WEIGHT = 0.3  # 0.2 to 0.4 is level; from 0.5 on rare words begin to outvote the meaning
SAME_LANGUAGE = 0.6  # a passage in the customer's language may score so much less than the best and still go first
RERANKED = 20


@runtime_checkable
class Mends(Protocol):
    """A lexical retriever that also sets slips of the keyboard right, by the words the passages use."""

    def mended(self, query: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Found:
    """Hits, best first, and how they came about. `query` is what was searched for, mended."""

    hits: tuple[Hit, ...]
    generation: str
    timings: Mapping[str, float]  # milliseconds: embed, search, fuse (and rerank)
    query: str = ""


async def search(bot: Bot, query: str, *, language: str, k: int = 5) -> Found:
    """The `k` live passages that answer `query` best. Raises what `Indexes.current` raises."""
    recalled = await bot.run(_recall, bot, query, language, max(DEPTH, k))
    started = perf_counter()
    passages = await bot.store.passages(recalled.candidates(max(CANDIDATES, k)))
    hits = await bot.run(_fuse, bot, recalled, list(passages.values()), language, k)
    timings = {**recalled.timings, "fuse": _since(started)}
    if bot.reranker is not None and hits:
        started = perf_counter()
        hits = await bot.run(_rerank, bot, recalled.query, hits)
        timings["rerank"] = _since(started)
    return Found(tuple(hits[:k]), recalled.generation, timings, recalled.query)


async def rank(bot: Bot, query: str, passages: Sequence[Passage]) -> tuple[Hit, ...]:
    """Exactly these passages, best first, whatever the index holds."""
    hits: list[Hit] = await bot.run(_rank, bot, query, passages)
    return tuple(hits)


# ── recall: both retrievers, in one turn of the model executor ──


@dataclass(frozen=True, slots=True)
class _Recalled:
    query: str
    generation: str
    dense: Mapping[str, float]
    lexical: Mapping[str, float]
    timings: Mapping[str, float]

    def candidates(self, n: int) -> list[str]:
        return list(dict.fromkeys((*list(self.dense)[:n], *list(self.lexical)[:n])))


def _recall(bot: Bot, query: str, language: str, depth: int) -> _Recalled:
    index = bot.indexes.current()
    started = perf_counter()
    mended = index.lexical.mended(query) if isinstance(index.lexical, Mends) else query
    vector = bot.embedder.embed([mended], is_query=True) if reads(bot, language) else None
    timings = {"embed": _since(started)}
    started = perf_counter()
    dense = index.dense.search(mended, vector, depth) if vector is not None else []
    lexical = index.lexical.search(mended, None, depth)
    timings["search"] = _since(started)
    return _Recalled(mended, index.manifest.generation, dict(dense), dict(lexical), timings)


def reads(bot: Bot, language: str) -> bool:
    """Whether a vector means anything for text in `language`."""
    return _script(language) in {_script(known) for known in bot.embedder.languages}


def _script(language: str) -> str:
    """Chinese or not, which is what `language_of` can tell: a passage in German is no stranger to its own query."""
    return "zh" if language[:2].casefold() == "zh" else "latin"


def _since(started: float) -> float:
    return (perf_counter() - started) * 1_000


# ── fuse ──


def _fuse(bot: Bot, recalled: _Recalled, passages: Iterable[Passage], language: str, k: int) -> list[Hit]:
    # Of what was only found lexically the cosine is not known, just that it is no better than the last one that is.
    furthest = min(recalled.dense.values(), default=0.0)
    hits = []
    for passage in passages:
        dense = recalled.dense.get(passage.id, furthest) if reads(bot, passage.language) else 0.0
        hits.append(_hit(passage, dense, recalled.lexical.get(passage.id, 0.0)))
    kept = _same_language_first(sorted(hits, key=_best_first), language)
    wanted = folded_terms(recalled.query)
    n_shown = max(k, RERANKED) if bot.reranker else k
    return [replace(hit, coverage=_coverage(wanted, hit.passage)) for hit in kept[:n_shown]]


def _hit(passage: Passage, dense: float, lexical: float) -> Hit:
    return Hit(passage, dense + LEXICAL_WEIGHT * lexical, dense, lexical)


def _best_first(hit: Hit) -> tuple[float, str]:
    return -hit.score, hit.passage.id  # the same order every time, ties included


def _same_language_first(hits: Sequence[Hit], language: str) -> Sequence[Hit]:
    """Only hits in the customer's language, unless another language has something far better."""
    same = [hit for hit in hits if _script(hit.passage.language) == _script(language)]
    return same if same and same[0].score >= SAME_LANGUAGE * hits[0].score else hits


def _coverage(wanted: Sequence[str], passage: Passage) -> float:
    """The share of the query's topic words the passage carries; a longer word says more."""
    if not wanted:
        return 0.0
    held = _held(passage)
    weights = {term: min(len(term), 8) if term.isascii() else 2 * len(term) - 1 for term in wanted}
    return sum(weight for term, weight in weights.items() if term in held) / sum(weights.values())


@lru_cache(maxsize=2_048)  # cutting a page into words takes longer than all the rest of fusing
def _held(passage: Passage) -> frozenset[str]:
    return frozenset(folded_terms("\n".join((passage.title, *passage.phrasings, passage.text))))


def _rerank(bot: Bot, query: str, hits: Sequence[Hit]) -> list[Hit]:
    """The reranker orders the first hits; their scores stay, which is what the thresholds know."""
    assert bot.reranker is not None
    first = hits[:RERANKED]
    scores = bot.reranker.score(query, [f"{hit.passage.title}\n{hit.passage.text}" for hit in first])
    order = sorted(range(len(first)), key=lambda n: -scores[n])
    return [*(first[n] for n in order), *hits[RERANKED:]]


def _rank(bot: Bot, query: str, passages: Sequence[Passage]) -> list[Hit]:
    wanted = folded_terms(query)
    owned = [(n, piece.text) for n, passage in enumerate(passages) for piece in pieces(passage)]
    cosines: dict[int, float] = {}
    if owned and reads(bot, language_of(query)):
        asked = bot.embedder.embed([query], is_query=True)[0]
        vectors = bot.embedder.embed([text for _, text in owned], is_query=False)
        for row, (n, _) in enumerate(owned):
            cosines[n] = max(cosines.get(n, -1.0), _dot(asked, vectors[row]))
    hits = []
    for n, passage in enumerate(passages):
        coverage = _coverage(wanted, passage)
        dense = cosines.get(n, 0.0) if reads(bot, passage.language) else 0.0
        hits.append(replace(_hit(passage, dense, coverage), coverage=coverage))
    return sorted(hits, key=lambda hit: -hit.score)


def _dot(one: Any, other: Any) -> float:
    return float(sum(float(a) * float(b) for a, b in zip(one, other, strict=True)))


# ── how sure are we? ──


def decision_score(hits: Sequence[Hit]) -> float:
    """From 0 to 1: does the first hit answer the query? Comparable across queries, for thresholds to stand on.

    A logistic curve fitted to answered, wrongly answered and foreign questions of four sets, weights rounded. It
    rises with the first hit's cosine, with its lead over the next document, with agreement of the two retrievers and
    with coverage. Without a cosine (a language the embedder does not read) the lexical share takes its place.
    """
    if not hits:
        return 0.0
    best = hits[0]
    lead = min(max(best.score - _rival(hits), 0.0), 0.25)
    if best.dense == 0.0:
        return _logistic(12.0 * best.lexical + 1.0 * best.coverage + 7.0 * lead - 2.2)
    agrees = 0.0 < best.lexical >= max(hit.lexical for hit in hits)
    return _logistic(11.5 * best.dense + 7.0 * lead + 0.7 * agrees + 0.5 * best.coverage - 7.1)


def _rival(hits: Sequence[Hit]) -> float:
    """The score of the best hit in another document: two passages of one page do not contradict each other."""
    best = hits[0]
    others = (hit.score for hit in hits[1:] if hit.passage.document != best.passage.document)
    return next(others, best.score)  # nothing to lead over is no lead


def _logistic(x: float) -> float:
    return 1.0 / (1.0 + exp(-x))
