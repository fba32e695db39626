"""How sure must the bot be? Fits the decision to the shop's own questions, and cuts it where the shop's limit lies.

Three kinds of labelled searches: the shop's judged questions; questions it makes itself, each FAQ's title and
phrasings, once as customers' (without the very words they are) and once as questions nothing answers (without the FAQ
and its like); and questions out of scope, from real traffic. Nothing is judged by a curve that was fitted on it, nor on
another question to the same passage.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot import decision, dialogue, retrieval, risk, shipped
from bot.decision import Curves, Model
from bot.dialogue import Thresholds
from bot.errors import Refused
from bot.evaluate import earlier
from bot.judged import Query
from bot.knowledge import Hit, Passage, language_of, pieces, script_of
from bot.ports import Bot
from bot.retrieval import Found
from bot.risk import Outcome, Point

FOLDS = 5
DEPTH = 30  # hits fetched, so that enough are left when a passage and its like are taken out
OFFERED = 3  # near questions a customer is shown
ENOUGH = 100  # judged questions of a language, from which on they alone say what is promised
MADE = 400  # questions made at the most, each searched for once
PULL = 100.0  # rows it takes to move a weight that was shipped: a promise made with 100 is kept on more other shops
ITSELF = 0.999  # cosine of a piece with its own words
TWIN = 0.75  # two passages whose texts lie so near may answer the same question

ORIGINS = ("judged", "made", "held out", "out of scope")
REAL = ("judged", "out of scope")  # asked by people
Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Seen:
    """One labelled search."""

    shown: Mapping[str, float]
    is_right: bool  # the first hit answers
    is_known: bool  # something in the knowledge base does
    is_near: bool  # one of those that would be offered does
    group: str  # questions to one passage stand or fall together
    language: str  # en | zh: what curves and thresholds are kept for
    origin: str  # judged | made | held out | out of scope


@dataclass(frozen=True, slots=True)
class Calibrated:
    """One language: what would happen, and what is to be stored. `refusal` says why nothing can be promised."""

    language: str
    counts: Mapping[str, int]  # questions by origin
    points: tuple[Point, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    curves: Curves | None = None
    point: Point | None = None
    thresholds: Thresholds | None = None
    refusal: str = ""


# ── what is known of each search ──


async def gather(
    bot: Bot, queries: Sequence[Query], strangers: Sequence[str], progress: Progress = _silent
) -> list[Seen]:
    """Search for everything that has a label. Raises what a search raises."""
    made = _questions(await bot.store.live_passages())
    total = len(queries) + len(strangers) + len(made)
    seen = await judged_searches(bot, queries, lambda done, _: progress(done, total))
    for n, text in enumerate(strangers, start=len(queries) + 1):
        found = await retrieval.search(bot, text, language=language_of(text), k=DEPTH)
        seen += seen_in(found, frozenset(), text, language_of(text), "out of scope")
        progress(n, total)
    for n, (passage, text) in enumerate(made, start=total - len(made) + 1):
        seen += await _made(bot, passage, text)
        progress(n, total)
    return seen


async def judged_searches(bot: Bot, queries: Sequence[Query], progress: Progress = _silent) -> list[Seen]:
    seen = list[Seen]()
    for n, query in enumerate(queries, start=1):
        seen += await _judged(bot, query)
        progress(n, len(queries))
    return seen


async def _judged(bot: Bot, query: Query) -> list[Seen]:
    language = language_of(query.text)
    asks = dialogue.asks_of(query.text, earlier(query.history, bot.now()))
    if len(asks) > 1 and not query.relevant:
        return []  # which of its questions cannot be answered, nobody said
    seen = []
    for ask in asks:
        found = await retrieval.search(bot, ask.question, language=language, k=DEPTH, context=ask.context)
        group = min(query.relevant, default=query.id)
        seen += seen_in(found, frozenset(query.relevant), group, language, "judged")
    return seen


def seen_in(found: Found, relevant: frozenset[str], group: str, language: str, origin: str) -> list[Seen]:
    """Nothing, where nothing was found: that is handed off at any threshold."""
    if not found.hits:
        return []
    anchors = [hit.passage.anchor for hit in found.hits]
    near = any(anchor in relevant for anchor in anchors[:OFFERED])
    shown = decision.signs(found.query, found.hits, found.nearest)
    return [Seen(shown, anchors[0] in relevant, bool(relevant), near, group, _key(language), origin)]


def _key(language: str) -> str:
    return "zh" if script_of(language) == "zh" else "en"


# ── questions of its own making ──


def _questions(passages: Sequence[Passage]) -> list[tuple[Passage, str]]:
    """Titles and phrasings of FAQs, at most MADE of them, the same ones every time."""
    asked = [(p, text) for p in passages if p.kind == "faq" for text in (p.title, *p.phrasings) if text.strip()]
    return sorted(asked, key=lambda one: _hash(one[1]))[:MADE]


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


async def _made(bot: Bot, passage: Passage, text: str) -> list[Seen]:
    language = language_of(text)
    found = await retrieval.search(bot, text, language=language, k=DEPTH)
    twins = await _twins(bot, passage)
    seen = seen_in(_held_out(found, twins), frozenset(), passage.anchor, language, "held out")
    if passage.phrasings:  # else, with its only question left out, no customer would be asking in these words
        anchors = frozenset(hit.passage.anchor for hit in found.hits if hit.passage.id in twins) | {passage.anchor}
        bare = await bot.run(_left_out, bot, found, passage, text)
        seen += seen_in(bare, anchors, passage.anchor, language, "made")
    return seen


def _held_out(found: Found, twins: frozenset[str]) -> Found:
    """What would be found if the knowledge base did not hold these."""
    hits = tuple(hit for hit in found.hits if hit.passage.id not in twins)
    return replace(found, hits=hits, nearest=[piece for piece in found.nearest if piece[0] not in twins])


async def _twins(bot: Bot, passage: Passage) -> frozenset[str]:
    """The passage and those so like it that they may answer the same question: a policy beside its FAQ."""
    text = f"{passage.title}\n{passage.text}"
    ranked = (await retrieval.search(bot, text, language=passage.language, k=DEPTH)).hits
    return frozenset({passage.id, *(hit.passage.id for hit in ranked if max(hit.dense, hit.coverage) >= TWIN)})


def _left_out(bot: Bot, found: Found, passage: Passage, text: str) -> Found:
    """What would be found if the passage did not hold these very words: else each question would find itself."""
    rest = tuple(other for other in (passage.title, *passage.phrasings) if other != text)
    bare = replace(passage, title=rest[0] if rest else "", phrasings=rest[1:])
    dense, near = _likest(bot, passage, bare, text), _nearest_words(bot, passage, text)
    hits = [_without(hit, bare, dense, near, text) if hit.passage.id == passage.id else hit for hit in found.hits]
    nearest = [piece for piece in found.nearest if piece[0] != passage.id or piece[1] < ITSELF]
    renamed = [(bare.id if owner == passage.id else owner, cosine) for owner, cosine in nearest]
    return replace(found, hits=tuple(sorted(hits, key=lambda hit: -hit.score)), nearest=renamed)


def _likest(bot: Bot, passage: Passage, bare: Passage, text: str) -> float | None:
    """The cosine of the best piece that is left; None where the embedder does not read the language."""
    if not retrieval.reads(bot, language_of(text)):
        return None
    left = {piece.text for piece in pieces(bare)}
    vectors = bot.indexes.vectors([piece for piece in pieces(passage) if piece.text in left])
    asked = bot.embedder.embed([text], is_query=True)[0]
    return max((retrieval.dot(asked, vector) for vector in vectors.values()), default=0.0)


def _nearest_words(bot: Bot, passage: Passage, text: str) -> tuple[float, float]:
    """How near the rest of the passage comes to the words of `text`."""
    index = bot.indexes.current()
    if index.words is None or not retrieval.reads(bot, language_of(text)):
        return 0.0, 0.0
    words = bot.embedder.read([text], is_query=True).words[0]
    itself = {piece.id for piece in pieces(passage) if piece.text == text}
    found = index.words.match(words, [passage.id], itself) if len(words) else {}
    return found.get(passage.id, (0.0, 0.0))


def _without(hit: Hit, bare: Passage, dense: float | None, near: tuple[float, float], text: str) -> Hit:
    """BM25 counts whole passages, so its share is lowered as the share of the words is."""
    coverage = retrieval.coverage(text, bare)
    lexical = hit.lexical * (coverage / hit.coverage if hit.coverage else 0.0)
    dense = hit.dense if dense is None else min(dense, hit.dense)
    words, weakest = near if hit.words else (0.0, 0.0)
    score = retrieval.fused(bare.language, dense, lexical, words)
    return Hit(bare, score, dense, lexical, coverage, words, weakest)


# ── fit, judge, cut ──


def calibrate(seen: Sequence[Seen], language: str, limit: float, start: Curves | None = None) -> Calibrated:
    """The decision for one language. Judged and foreign questions say what is promised; where those are few, all."""
    rows = [one for one in seen if one.language == language]
    counts = {origin: sum(one.origin == origin for one in rows) for origin in ORIGINS}
    telling = [one.origin in REAL or counts["judged"] < ENOUGH for one in rows]
    n_right = sum(one.is_right for one, tells in zip(rows, telling, strict=True) if tells)
    if n_right < risk.needed(limit):
        return Calibrated(language, counts, refusal=_too_few(n_right, language, limit))
    outcomes = [one for one, tells in zip(cross_validated(rows, start), telling, strict=True) if tells]
    points = tuple(risk.curve(outcomes))
    point = risk.chosen(points, limit)
    if point is None:
        return Calibrated(language, counts, points, tuple(outcomes), refusal=_too_risky(points, language, limit))
    thresholds = Thresholds(point.threshold, risk.suggest(outcomes, point.threshold))
    return Calibrated(language, counts, points, tuple(outcomes), fit(rows, start), point, thresholds)


def fit(rows: Sequence[Seen], start: Curves | None = None) -> Curves:
    """Held near the curves it starts from, where there are any: a hundred questions move them, and replace nothing."""
    if start is None:
        return Curves(*(decision.fit(some) for some in _labelled(rows)))
    right, known = _labelled(rows)
    return Curves(decision.fit(right, start.right, PULL), decision.fit(known, start.known, PULL))


def _labelled(rows: Sequence[Seen]) -> tuple[list[decision.Labelled], list[decision.Labelled]]:
    return [(one.shown, one.is_right) for one in rows], [(one.shown, one.is_known) for one in rows]


def cross_validated(rows: Sequence[Seen], start: Curves | None = None) -> list[Outcome]:
    """Each row as a curve sees it that was fitted without its group."""
    outcomes: dict[int, Outcome] = {}
    folds = _folds(rows)
    for fold in range(FOLDS):
        curves = fit([one for one in rows if folds[one.group] != fold], start)
        for n, one in enumerate(rows):
            if folds[one.group] == fold:
                outcomes[n] = judged_by(curves, one)
    return [outcomes[n] for n in range(len(rows))]


def judged_by(curves: Curves, one: Seen) -> Outcome:
    known = curves.known.probability(one.shown)
    return Outcome(curves.right.probability(one.shown), known, one.is_right, one.is_near)


def _folds(rows: Sequence[Seen]) -> dict[str, int]:
    """The same ones every time; those with an answer are dealt out first, so that no fold is without."""
    with_answer = {one.group for one in rows if one.is_known}
    groups = sorted({one.group for one in rows}, key=lambda group: (group not in with_answer, _hash(group)))
    return {group: n % FOLDS for n, group in enumerate(groups)}


def _too_few(n_right: int, language: str, limit: float) -> str:
    wanted = risk.needed(limit)
    return (
        f"{language}: {n_right} rightly answered questions are too few to promise an error of at most {limit:.1%}: "
        f"judge at least {wanted - n_right} more"
    )


def _too_risky(points: Sequence[Point], language: str, limit: float) -> str:
    kept = [point for point in points if point.error <= limit]
    best = max(kept, key=lambda point: point.answered, default=None)
    if best is None or best.answered < risk.needed(limit) // 2:
        return (
            f"{language}: at no score do these questions keep an error of at most {limit:.1%}: add phrasings and "
            "missing answers to the knowledge base, or allow more with --max-error"
        )
    more = risk.more_needed(best, limit)
    return (
        f"{language}: {best.answered} answered questions, {best.wrong} of them wrong, are too few to promise an error "
        f"of at most {limit:.1%} (it could be {best.bound:.1%}): judge about {more} more"
    )


def model(found: Sequence[Calibrated], before: Model | None, about: Mapping[str, Any]) -> Model:
    """What is stored: what was found, and for other languages what was known before."""
    held = before or Model({})
    curves = {one.language: one.curves for one in found if one.curves}
    cuts = {one.language: one.thresholds for one in found if one.thresholds}
    return Model({**held.curves, **curves}, {**held.thresholds, **cuts}, {**held.about, **about})


def start(bot: Bot, language: str) -> Curves | None:
    """The curves to begin from: those shipped for this embedder and size. Raises what `Indexes.current` raises."""
    return shipped.curves(bot.embedder.name, language, bot.indexes.current().manifest.passages)


def checked_limit(limit: float) -> float:
    if not 0.005 <= limit <= 0.5:
        raise Refused("--max-error is a share of wrong answers between 0.005 and 0.5: 0.05 allows one in twenty")
    return limit
