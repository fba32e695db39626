"""Query → dense + lexical → fuse → rerank → hits, and how sure the first of them makes us.

The figures below were chosen on four public sets of questions and the sample shop's own: the ones that won or tied
on all of them, not the best for any.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from time import perf_counter
from typing import Any, Protocol, runtime_checkable

from bot import decision, shipped
from bot.dialogue import Thresholds
from bot.knowledge import Hit, Passage, language_of, pieces, script_of
from bot.ports import Bot
from bot.text import folded_terms

CANDIDATES = 50  # of each retriever, at least, that are fused
DEPTH = 200  # how far down a candidate of the one is looked up in the other
# 0.2 to 0.4 is level for English; from 0.5 on rare words begin to outvote the meaning. In Chinese 0.6 to 1 is level on
# both sets: what reads it is a small model in four bits, and characters and their pairs say more than words do.
LEXICAL_WEIGHTS = {"latin": 0.3, "zh": 0.8}
COVERED = 0.75  # of the topic words, for a passage in another language that was found by words alone
RERANKED = 20
PIECES = 40  # twice what the decision looks at: enough when a passage is held out


@runtime_checkable
class Mends(Protocol):
    """A lexical retriever that also sets slips of the keyboard right, by the words the passages use."""

    def mended(self, query: str) -> str: ...


@runtime_checkable
class Tells(Protocol):
    """A dense retriever that also tells which pieces are nearest, best first, each by its passage."""

    def nearest(self, vector: Any, k: int) -> decision.Nearest: ...


@runtime_checkable
class Divides(Protocol):
    """An embedder made of several, whose vectors for two languages cannot be compared."""

    def compares(self, one: str, other: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Found:
    """Hits, best first, and how they came about. `query` is what was searched for, mended."""

    hits: tuple[Hit, ...]
    generation: str
    timings: Mapping[str, float]  # milliseconds: embed, search, fuse (and rerank)
    query: str = ""
    nearest: decision.Nearest = ()  # pieces, for the decision; empty where the retriever does not tell


async def search(bot: Bot, query: str, *, language: str, k: int = 5) -> Found:
    """The `k` live passages that answer `query` best, all in one language: the customer's, unless only another has
    what reaches the threshold. Raises what `Indexes.current` raises."""
    recalled = await bot.run(_recall, bot, query, language, max(DEPTH, k))
    started = perf_counter()
    passages = await _passages(bot, recalled, language, max(CANDIDATES, k))
    own, foreign = await bot.run(_fuse, bot, recalled, passages, language, k)
    timings = {**recalled.timings, "fuse": _since(started)}
    if bot.reranker is not None and own:
        started = perf_counter()
        own = await bot.run(_rerank, bot, recalled.query, own)
        timings["rerank"] = _since(started)
    found = Found(tuple(own[:k]), recalled.generation, timings, recalled.query, _nearest(recalled, passages, own))
    if foreign:
        other = replace(found, hits=tuple(foreign[:k]), nearest=_nearest(recalled, passages, foreign))
        found = await bot.run(_preferred, bot, found, other, language)
    return found


def _nearest(recalled: "_Recalled", passages: Sequence[Passage], hits: Sequence[Hit]) -> decision.Nearest:
    """Pieces of live passages in the language of the hits: only those can vote for one of them, or against."""
    scripts = {passage.id: script_of(passage.language) for passage in passages}
    wanted = script_of(hits[0].passage.language) if hits else ""
    return [piece for piece in recalled.nearest if scripts.get(piece[0]) == wanted]


async def _passages(bot: Bot, recalled: "_Recalled", language: str, n: int) -> list[Passage]:
    """The candidates, looked for deeper while those in another language leave too few in the customer's own."""
    while True:
        found = list((await bot.store.passages(recalled.candidates(n))).values())
        n_own = sum(script_of(passage.language) == script_of(language) for passage in found)
        is_crowded = n_own < min(CANDIDATES, len(found))
        if not is_crowded or n >= max(len(recalled.dense), len(recalled.lexical)):
            return found
        n *= 2


def _preferred(bot: Bot, own: Found, foreign: Found, language: str) -> Found:
    """What is in the customer's language, unless that does not answer and something else does."""
    if not own.hits:
        return foreign
    if _is_sure(bot, own, language):
        return own
    # Found by words alone, across two languages, these are names and numbers: nearly all of them must be there.
    best = foreign.hits[0]
    is_near = best.dense > 0.0 or best.coverage >= COVERED
    return foreign if is_near and _is_sure(bot, foreign, language) else own


def _is_sure(bot: Bot, found: Found, language: str) -> bool:
    weighed = weigh(bot, found, language)
    return weighed.score >= weighed.thresholds.answer


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
    nearest: decision.Nearest = ()

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
    nearest = index.dense.nearest(vector, PIECES) if vector is not None and isinstance(index.dense, Tells) else ()
    timings["search"] = _since(started)
    return _Recalled(mended, index.manifest.generation, dict(dense), dict(lexical), timings, nearest)


def reads(bot: Bot, language: str) -> bool:
    """Whether a vector means anything for text in `language`."""
    return script_of(language) in {script_of(known) for known in bot.embedder.languages}


def _since(started: float) -> float:
    return (perf_counter() - started) * 1_000


# ── fuse ──


def _fuse(
    bot: Bot, recalled: _Recalled, passages: Iterable[Passage], language: str, k: int
) -> tuple[list[Hit], list[Hit]]:
    """The best hits in the customer's language, and those in another."""
    # Of what was only found lexically the cosine is not known, just that it is no better than the last one that is.
    furthest = min(recalled.dense.values(), default=0.0)
    own, foreign = list[Hit](), list[Hit]()
    for passage in passages:
        is_comparable = _compares(bot, language_of(recalled.query), passage.language)
        dense = recalled.dense.get(passage.id, furthest) if is_comparable else 0.0
        same = own if script_of(passage.language) == script_of(language) else foreign
        same.append(_hit(passage, dense, recalled.lexical.get(passage.id, 0.0)))
    wanted = folded_terms(recalled.query)
    n_shown = max(k, RERANKED) if bot.reranker else k
    return _shown(own, wanted, n_shown), _shown(foreign, wanted, n_shown)


def _compares(bot: Bot, asked: str, told: str) -> bool:
    """Whether the cosine of a query in the one language with a passage in the other means anything."""
    apart = isinstance(bot.embedder, Divides) and not bot.embedder.compares(asked, told)
    return reads(bot, told) and not apart


def _shown(hits: Sequence[Hit], wanted: Sequence[str], n: int) -> list[Hit]:
    return [replace(hit, coverage=_coverage(wanted, hit.passage)) for hit in sorted(hits, key=_best_first)[:n]]


def _hit(passage: Passage, dense: float, lexical: float) -> Hit:
    return Hit(passage, dense + LEXICAL_WEIGHTS[script_of(passage.language)] * lexical, dense, lexical)


def _best_first(hit: Hit) -> tuple[float, str]:
    return -hit.score, hit.passage.id  # the same order every time, ties included


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
            cosines[n] = max(cosines.get(n, -1.0), dot(asked, vectors[row]))
    hits = []
    for n, passage in enumerate(passages):
        coverage = _coverage(wanted, passage)
        dense = cosines.get(n, 0.0) if _compares(bot, language_of(query), passage.language) else 0.0
        hits.append(replace(_hit(passage, dense, coverage), coverage=coverage))
    return sorted(hits, key=lambda hit: -hit.score)


def dot(one: Any, other: Any) -> float:
    return float(sum(float(a) * float(b) for a, b in zip(one, other, strict=True)))


# ── how sure are we? ──


@dataclass(frozen=True, slots=True)
class Weighed:
    """How sure we are that the first hit answers, and that anything here does; the thresholds these are held to."""

    score: float
    known: float
    thresholds: Thresholds


def coverage(query: str, passage: Passage) -> float:
    return _coverage(folded_terms(query), passage)


def weigh(bot: Bot, found: Found, language: str) -> Weighed:
    """By what was calibrated with the live index, else by the curves shipped for this embedder, else by hand.

    Thresholds that the shop set itself go before all others. Raises what `Indexes.current` raises.
    """
    key = "zh" if script_of(language) == "zh" else "en"
    model = bot.indexes.current().decision or decision.Model({})
    own, standard = model.curves.get(key), shipped.curves(bot.embedder.name, key)
    cut = bot.policy.thresholds_for(language)
    if key not in bot.policy.insists:
        cut = model.thresholds.get(key) or (shipped.THRESHOLDS if standard and not own else cut)
    curves = own or standard
    if curves is None or not found.hits:
        score = decision_score(found.hits)
        return Weighed(score, score, cut)
    shown = decision.signs(found.query, found.hits, found.nearest)
    return Weighed(curves.right.probability(shown), curves.known.probability(shown), cut)


def decision_score(hits: Sequence[Hit]) -> float:
    """From 0 to 1: does the first hit answer the query? By hand, for an embedder no curve was fitted for."""
    return decision.by_hand(decision.signs("", hits)) if hits else 0.0
