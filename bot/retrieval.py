"""Query → dense + lexical → fuse → rerank → hits, and how sure the first of them makes us.

The figures below were chosen on four public sets of questions and the sample shop's own: the ones that won or tied
on all of them, not the best for any.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache, lru_cache, partial
from math import sqrt
from time import perf_counter
from typing import Any

from bot import decision, shipped
from bot.dialogue import Thresholds
from bot.errors import ServerFails
from bot.follow_up import NOTHING, Context
from bot.indexes import Divides, Mends, Reading, Retriever, Tells, WordMatch
from bot.knowledge import Hit, Passage, language_of, pieces, script_of
from bot.ports import Bot
from bot.text import folded_terms

CANDIDATES = 50  # of each retriever, at least, that are fused
DEPTH = 200  # how far down a candidate of the one is looked up in the other
# 0.2 to 0.4 is level for English; from 0.5 on rare words begin to outvote the meaning. In Chinese 0.6 to 1 is level on
# both sets: what reads it is a small model in four bits, and characters and their pairs say more than words do.
LEXICAL_WEIGHTS = {"latin": 0.3, "zh": 1.0}
WORD_WEIGHT = 0.7  # 0.5 to 1 is level or better on all sets; from 1.5 on single words outvote the meaning
REREAD = 20  # hits that are compared word by word
ALIKE = 0.35  # of the words with which a passage can share most with a reply; more says nothing more
COVERED = 0.75  # of the topic words, for a passage in another language that was found by words alone
RERANKED = 20
PIECES = 40  # twice what the decision looks at: enough when a passage is held out


@dataclass(frozen=True, slots=True)
class Found:
    """Hits, best first, and how they came about. `query` is what was searched for, mended."""

    hits: tuple[Hit, ...]
    generation: str
    timings: Mapping[str, float]  # milliseconds: embed, search, fuse (and rerank)
    query: str = ""
    nearest: decision.Nearest = ()  # pieces, for the decision; empty where the retriever does not tell
    by_words: bool = False  # the embedder's server failed


async def search(
    bot: Bot, query: str, *, language: str, k: int = 5, context: Context = NOTHING, may_lack: bool = False
) -> Found:  # fmt: skip
    """The `k` live passages that answer `query` best, given what it leans on, all in one language: the customer's,
    unless only another has what reaches the threshold. Raises what `Indexes.current` raises, and ServerFails of the
    embedder, unless the vector `may_lack`: a customer is answered without, but nothing is measured so."""
    recalled = await bot.run(_recall, bot, query, context, language, max(DEPTH, k), may_lack)
    started = perf_counter()
    passages = await _passages(bot, recalled, language, max(CANDIDATES, k))
    own, foreign = await bot.run(_fuse, bot, recalled, passages, language, k)
    timings = {**recalled.timings, "fuse": _since(started)}
    if bot.reranker is not None and own:
        started = perf_counter()
        own = await bot.run(_rerank, bot, recalled.query, own)
        timings["rerank"] = _since(started)
    near = _nearest(recalled, passages, own)
    found = Found(tuple(own[:k]), recalled.generation, timings, recalled.query, near, recalled.by_words)
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
    now = bot.now().astimezone(bot.house.hours.zone)
    while True:
        found = [one for one in (await bot.store.passages(recalled.candidates(n))).values() if _may_be_said(one, now)]
        n_own = sum(script_of(passage.language) == script_of(language) for passage in found)
        is_crowded = n_own < min(CANDIDATES, len(found))
        if not is_crowded or n >= max(len(recalled.dense), len(recalled.lexical)):
            return found
        n *= 2


def _may_be_said(passage: Passage, now: datetime) -> bool:
    return not passage.audience and passage.holds(now)


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


Weighted = tuple[Any, float]


@dataclass(frozen=True, slots=True)
class _Recalled:
    query: str
    generation: str
    dense: Mapping[str, float]
    lexical: Mapping[str, float]
    timings: Mapping[str, float]
    nearest: decision.Nearest = ()
    words: Sequence[Weighted] = ()  # of the query, and of the questions it leans on
    matching: WordMatch | None = None
    told: Mapping[str, float] = field(default_factory=dict)  # what a passage gains by sharing words with the last reply
    by_words: bool = False

    def candidates(self, n: int) -> list[str]:
        named = sorted(self.told.keys() & self.dense.keys(), key=lambda id: (-self.told[id] - self.dense[id], id))
        return list(dict.fromkeys((*list(self.dense)[:n], *list(self.lexical)[:n], *named[:n])))


def _recall(bot: Bot, query: str, context: Context, language: str, depth: int, may_lack: bool) -> _Recalled:
    index = bot.indexes.current()
    started = perf_counter()
    mend = index.lexical.mended if isinstance(index.lexical, Mends) else str
    mended, context = mend(query), replace(context, asked=mend(context.asked))
    asked = [(mended, 1.0), (context.beside(mended), context.asked_weight)][: 2 if context.asked_weight else 1]
    is_read = reads(bot, language)
    readings = _readings(bot, [text for text, _ in asked], may_lack) if is_read else []
    vector = _blended([(reading.vectors, weight) for reading, (_, weight) in zip(readings, asked, strict=False)])
    words = [(reading.words[0], weight) for reading, (_, weight) in zip(readings, asked, strict=False)]
    timings = {"embed": _since(started)}
    started = perf_counter()
    dense = index.dense.search(mended, vector, depth) if vector is not None else []
    lexical = _averaged([(dict(index.lexical.search(text, None, depth)), weight) for text, weight in asked])
    told = _told(index.lexical, context, depth)
    nearest = index.dense.nearest(vector, PIECES) if vector is not None and isinstance(index.dense, Tells) else ()
    timings["search"] = _since(started)
    query, name = context.spelt_out(mended), index.manifest.generation
    by_words = is_read and not readings
    return _Recalled(query, name, dict(dense), lexical, timings, nearest, words, index.words, told, by_words)


def _readings(bot: Bot, texts: Sequence[str], may_lack: bool) -> list[Reading]:
    """Each by itself, for what was asked before is remembered; none when a server that reads them fails."""
    try:
        return [bot.embedder.read([text], is_query=True) for text in texts]
    except ServerFails:
        if not may_lack:
            raise
        return []


def _blended(vectors: Sequence[Weighted]) -> Any:
    """One vector between those of the query and of what it leans on; None for none."""
    if len(vectors) < 2:
        return vectors[0][0] if vectors else None
    rows = [[weight * x for x in map(float, one[0])] for one, weight in vectors]
    row = list(map(sum, zip(*rows, strict=True)))
    length = sqrt(sum(x * x for x in row)) or 1.0
    return [[x / length for x in row]]


def _averaged(found: Sequence[tuple[Mapping[str, float], float]]) -> dict[str, float]:
    """Shares of several queries as one, best first."""
    if len(found) == 1:
        return dict(found[0][0])
    total = sum(weight for _, weight in found)
    shares: dict[str, float] = {}
    for one, weight in found:
        for id, share in one.items():
            shares[id] = shares.get(id, 0.0) + share * weight / total
    return dict(sorted(shares.items(), key=lambda share: -share[1]))


def _told(lexical: Retriever, context: Context, depth: int) -> dict[str, float]:
    """Passages that share words with the bot's last reply.

    The one it quoted shares them all. Where the question is missing that says no more than that it is about the same,
    else it would be quoted again whatever is asked next; where the thing is missing, every word of its name counts.
    """
    found = dict(lexical.search(context.told, None, depth)) if context.told_weight else {}
    enough = (1.0 if context.is_rich else ALIKE) * max(found.values(), default=0.0)
    share = context.told_weight / (1.0 + context.asked_weight)
    return {id: share * min(score / enough, 1.0) for id, score in found.items() if enough}


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
    comparable = cache(partial(_compares, bot, language_of(recalled.query)))  # few languages, many passages
    own, foreign = list[Hit](), list[Hit]()
    for passage in passages:
        dense = recalled.dense.get(passage.id, furthest) if comparable(passage.language) else 0.0
        same = own if script_of(passage.language) == script_of(language) else foreign
        told = recalled.told.get(passage.id, 0.0)
        same.append(_hit(passage, dense, recalled.lexical.get(passage.id, 0.0), told))
    wanted = folded_terms(recalled.query)
    n_shown = max(k, RERANKED) if bot.reranker else k
    own, foreign = _reread(own, recalled), _reread(foreign, recalled)
    return _shown(own, wanted, n_shown), _shown(foreign, wanted, n_shown)


def _reread(hits: Sequence[Hit], recalled: _Recalled) -> list[Hit]:
    """The first hits compared with the query word by word as well; of the others it is not known, just that they are
    no nearer than the last of those."""
    first = [hit.passage.id for hit in sorted(hits, key=_best_first)[:REREAD] if hit.dense > 0.0]
    near = _matched(recalled, first)
    if not near:
        return list(hits)
    furthest = min(near.values())
    return [_nearer(hit, *near.get(hit.passage.id, furthest)) for hit in hits]


def _matched(recalled: _Recalled, first: Sequence[str]) -> Mapping[str, tuple[float, float]]:
    """Mean and least nearness to the words of the query; of two queries, the average by their weights."""
    asked = [(words, weight) for words, weight in recalled.words if len(words)]
    if recalled.matching is None or not asked or not first:
        return {}
    found = [(recalled.matching.match(words, first), weight) for words, weight in asked]
    if len(found) == 1:
        return found[0][0]
    means = _averaged([({id: mean for id, (mean, _) in one.items()}, weight) for one, weight in found])
    least = _averaged([({id: least for id, (_, least) in one.items()}, weight) for one, weight in found])
    return {id: (mean, least[id]) for id, mean in means.items()}


def _nearer(hit: Hit, words: float, weakest: float) -> Hit:
    score = _with_words(hit.score, words)
    return Hit(hit.passage, score, hit.dense, hit.lexical, hit.coverage, words, weakest)


def fused(language: str, dense: float, lexical: float, words: float = 0.0) -> float:
    """What hits are ordered by, on the scale of a cosine; `words` is 0 where nothing was compared word by word."""
    return _with_words(dense + LEXICAL_WEIGHTS[script_of(language)] * lexical, words)


def _with_words(score: float, words: float) -> float:
    return (score + WORD_WEIGHT * words) / (1.0 + WORD_WEIGHT) if words else score


def _compares(bot: Bot, asked: str, told: str) -> bool:
    """Whether the cosine of a query in the one language with a passage in the other means anything."""
    apart = isinstance(bot.embedder, Divides) and not bot.embedder.compares(asked, told)
    return reads(bot, told) and not apart


def _shown(hits: Sequence[Hit], wanted: Sequence[str], n: int) -> list[Hit]:
    return [replace(hit, coverage=_coverage(wanted, hit.passage)) for hit in sorted(hits, key=_best_first)[:n]]


def _hit(passage: Passage, dense: float, lexical: float, told: float = 0.0) -> Hit:
    return Hit(passage, fused(passage.language, dense, lexical) + told, dense, lexical)


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
    index = bot.indexes.current()
    model = (None if found.by_words else index.decision) or decision.Model({})  # what was calibrated, was with vectors
    own, standard = model.curves.get(key), shipped.curves(bot.embedder.name, key, index.manifest.passages)
    if found.by_words:
        standard = shipped.curves_by_words(key)
    cut = bot.policy.thresholds_for(language)
    if key not in bot.policy.insists:
        usual = shipped.BY_WORDS if found.by_words else shipped.thresholds(key)
        cut = model.thresholds.get(key) or (usual if standard and not own else cut)
    curves = own or standard
    if curves is None or not found.hits:
        score = decision_score(found.hits)
        return Weighed(score, score, cut)
    shown = decision.signs(found.query, found.hits, found.nearest)
    return Weighed(curves.right.probability(shown), curves.known.probability(shown), cut)


def decision_score(hits: Sequence[Hit]) -> float:
    """From 0 to 1: does the first hit answer the query? By hand, for an embedder no curve was fitted for."""
    return decision.by_hand(decision.signs("", hits)) if hits else 0.0
