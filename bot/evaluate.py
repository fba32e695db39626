"""How good is it? Retrieval and the decision to answer on judged questions; phrasing on grounded rows.

Figures are shares from 0 to 1. A query without qrels cannot be answered from the corpus: answering it is an error.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import zip_longest
from time import perf_counter

from bot import decision, dialogue, grounding, metrics, retrieval
from bot.compose import compose
from bot.conversation import Author, Event, Kind
from bot.dialogue import HandOff
from bot.indexing import rebuild
from bot.judged import Entry, Query, Row, Said
from bot.knowledge import Document, Passage, language_of
from bot.ports import Bot
from bot.prompt import Turn

SOURCES = ("generated", "extractive", "verbatim", "handoff")
DEPTH = 60  # passages fetched so that ten different documents come out

Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    pass


@dataclass(frozen=True, slots=True)
class Ranked:
    """One judged question with what the bot found and decided."""

    query: Query
    ids: tuple[str, ...]
    scores: tuple[float, ...]
    score: float  # how sure the bot is of the first
    known: float  # how sure it is that there is an answer at all
    decision: str  # answer | clarify | handoff

    @property
    def is_right(self) -> bool:
        return bool(self.ids) and self.ids[0] in self.query.relevant


async def index_corpus(bot: Bot, entries: Sequence[Entry], progress: Callable[[str, int, int], None]) -> None:
    """Make `bot`, which must be a temporary one, know exactly this corpus."""
    documents = [_document(entry) for entry in entries]
    passages = [Passage(d.key, d.key, d.title, d.text, d.language) for d in documents]
    await bot.store.apply(documents, passages, (), bot.now())
    await rebuild(bot, progress)


def _document(entry: Entry) -> Document:
    language = language_of(f"{entry.title} {entry.text}")
    return Document(entry.id, entry.title, "faq", language, entry.text, entry.id)


async def judge(bot: Bot, queries: Sequence[Query], progress: Progress = _silent) -> list[Ranked]:
    """Search for every query as a conversation would, follow-ups with their history included."""
    ranked = []
    for n, query in enumerate(queries, start=1):
        ranked.append(await _judge_one(bot, query))
        progress(n, len(queries))
    return ranked


async def _judge_one(bot: Bot, query: Query) -> Ranked:
    language = language_of(query.text)
    said = earlier(query.history, bot.now())
    asks = dialogue.asks_of(query.text, said)
    found = [await retrieval.search(bot, ask.question, language=language, k=DEPTH, context=ask.context) for ask in asks]
    best: dict[str, float] = {}
    for abreast in zip_longest(*(one.hits for one in found)):  # the questions of one message take turns
        for hit in filter(None, abreast):
            best.setdefault(hit.passage.anchor, round(hit.score, 6))
    weighed = [await bot.run(retrieval.weigh, bot, one, language) for one in found]
    surest = max(range(len(asks)), key=lambda n: weighed[n].score)
    score, known, cut = weighed[surest].score, weighed[surest].known, weighed[surest].thresholds
    decision = dialogue.decide(found[surest].hits, score, language, bot.policy, cut, known)
    return Ranked(query, tuple(best), tuple(best.values()), score, known, type(decision).__name__.lower())


def earlier(history: Sequence[Said], at: datetime) -> list[Event]:
    return [
        Event(n, Kind.MESSAGE, Author.CUSTOMER if said.is_customer else Author.BOT, at, text=said.text)
        for n, said in enumerate(history, start=1)
    ]


def summary(ranked: Sequence[Ranked], seconds: float) -> dict[str, float | int | None]:
    """The figures of one evaluation, by the names programs read."""
    known = [one for one in ranked if one.query.relevant]
    unknown = [one for one in ranked if not one.query.relevant]
    answered = [one for one in ranked if one.decision == "answer"]
    scored = [(one.score, one.is_right) for one in ranked]

    def mean(measure: Callable[[Ranked], float]) -> float:
        return metrics.average([measure(one) for one in known])

    figures: dict[str, float | int | None] = {
        "hit_at_1": mean(lambda one: metrics.hit_at(one.ids, one.query.relevant, 1)),
        "hit_at_5": mean(lambda one: metrics.hit_at(one.ids, one.query.relevant, 5)),
        "hit_at_10": mean(lambda one: metrics.hit_at(one.ids, one.query.relevant, 10)),
        "mrr_at_10": mean(lambda one: metrics.reciprocal_rank(one.ids, one.query.relevant)),
        "ndcg_at_10": mean(lambda one: metrics.ndcg(one.ids, one.query.relevant)),
        "recall_at_10": mean(lambda one: metrics.recall_at(one.ids, one.query.relevant)),
        "auroc": metrics.auroc([one.known for one in known], [one.known for one in unknown]),
        "coverage": len(answered) / len(ranked) if ranked else 0.0,
        "error": metrics.average([float(not one.is_right) for one in answered]),
        "coverage_at_p90": metrics.coverage_at(0.90, scored),
        "coverage_at_p95": metrics.coverage_at(0.95, scored),
    }
    rounded = {name: round(value, 4) if value is not None else None for name, value in figures.items()}
    return {**rounded, "n_queries": len(ranked), "n_unanswerable": len(unknown), "seconds": round(seconds, 2)}


# ── phrasing: a reply from exactly these passages ──


@dataclass(frozen=True, slots=True)
class Phrased:
    """One grounded row with the reply composed for it."""

    row: Row
    reply: str
    source: str  # generated | extractive | verbatim | handoff
    carried: tuple[bool, ...]  # each sentence of the reply, by the guard
    ms: float
    first_ms: float | None
    draft: str
    error: str
    shown: tuple[tuple[str, str], ...] = ()  # the passages the draft was to be written from
    signs: Mapping[str, float] = field(default_factory=dict)  # what the search over the row's passages shows


async def phrase(bot: Bot, rows: Sequence[Row], progress: Progress = _silent) -> list[Phrased]:
    phrased = []
    for n, row in enumerate(rows, start=1):
        phrased.append(await _phrase_one(bot, row))
        progress(n, len(rows))
    return phrased


async def _phrase_one(bot: Bot, row: Row) -> Phrased:
    started = perf_counter()
    query = dialogue.query_for(row.question, earlier(row.history, bot.now()))
    hits = await retrieval.rank(bot, query, [_given(n, *passage) for n, passage in enumerate(row.passages)])
    signs = decision.signs(query, hits)
    hits = hits[: bot.policy.passages]
    history = [Turn(said.is_customer, said.text) for said in row.history[-dialogue.HISTORY :]]
    draft = await compose(bot, row.question, hits, history)
    reply = dialogue.settle(draft.verdicts, hits, row.question, bot.policy, draft.excerpt)
    ms = (perf_counter() - started) * 1_000
    shown = tuple((hit.passage.title, hit.passage.text) for hit in hits)
    if isinstance(reply, HandOff):
        return Phrased(row, "", "handoff", (), ms, draft.first_ms, draft.text, draft.error, shown, signs)
    cited = [f"{citation.title}\n{citation.text}" for citation in reply.citations]
    carried = tuple(grounding.check(s, cited, row.question).is_carried for s in grounding.sentences(reply.text))
    return Phrased(row, reply.text, reply.source, carried, ms, draft.first_ms, draft.text, draft.error, shown, signs)


def _given(position: int, title: str, text: str) -> Passage:
    return Passage(
        f"given-{position}", f"given-{position}", title, text, language_of(text), "policy", position=position
    )


def phrasing(phrased: Sequence[Phrased], seconds: float) -> dict[str, float | int]:
    """Token F1 and ROUGE-L count answerable rows; a hand-off there scores 0."""
    answerable = [one for one in phrased if is_answerable(one.row)]
    sentences = [carried for one in phrased for carried in one.carried]
    times = [one.ms for one in phrased]

    def share(source: str) -> float:
        return metrics.average([float(one.source == source) for one in phrased])

    shares = {name: share(name) for name in sorted({one.source for one in phrased} - set(SOURCES))}
    figures = {
        "token_f1": metrics.average([metrics.token_f1(one.reply, one.row.answer) for one in answerable]),
        "rouge_l": metrics.average([metrics.rouge_l(one.reply, one.row.answer) for one in answerable]),
        "generated": share("generated"),
        "extractive": share("extractive"),
        "verbatim": share("verbatim"),
        "handed_off": share("handoff"),
        **shares,
        "carried": metrics.average([float(is_carried) for is_carried in sentences]),
        "median_ms": metrics.middle(times),
        "p95_ms": metrics.percentile(times, 0.95),
    }
    counts = {"n_rows": len(phrased), "n_answerable": len(answerable)}
    return {**{name: round(value, 4) for name, value in figures.items()}, **counts, "seconds": round(seconds, 2)}


def is_answerable(row: Row) -> bool:
    return bool(row.answer.strip()) and "handoff" not in row.answer.lower()[:12]
