"""The decision in small knowledge bases: `python -m tests.bench.small DIR`, DIR holding the development sets.

A shop begins with a handful of FAQs. There a question has no rivals to beat, so the signs that compare passages with
each other say "certain", and its customers seldom use the words of its pages, so the others say "unknown". The curves
for up to 100 passages are fitted on two things: the small shops of `tests.bench.shops`, and the questions of the public
sets (as `deciding` makes them), each asked to knowledge bases of a few of their documents, with and without the one
that answers; two in five of these are without. Prints what curves do on a shop, and on a set, that they were not
fitted on; then the curves of all, as `bot/shipped.py` holds them.
"""

import asyncio
import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bot import bootstrap, calibrate, decision, judged, retrieval, shipped
from bot.calibrate import Seen
from bot.decision import Curves
from bot.ports import Bot
from bot.retrieval import Found
from bot.settings import Settings
from tests.bench import shops
from tests.bench.deciding import _index, _sample, outcomes, sample_queries, sets
from tests.bench.shops import Asked

SIZES = (3, 6, 12, 25, 50, 100)  # documents
QUESTIONS = 400  # of a set, searched for
FITTED = 200  # of a set, in a fit: as many as the shops', so that neither outvotes the other
UNANSWERED = 0.4  # of a set
WHOLE = 5_000  # hits and pieces: all that a set holds, to thin them out afterwards
RIDGE = 5.0

Rows = Mapping[str, Mapping[int, list[Seen]]]


async def searched(settings: Settings, folder: Path) -> Rows:
    """By the name of the set; those of the sample shop by language."""
    retrieval.DEPTH = retrieval.REREAD = retrieval.PIECES = WHOLE
    embedder = await asyncio.to_thread(bootstrap.make_embedder, settings)
    rows = {}
    for name, (passages, queries) in sets(folder):
        if name == "DSTC11":
            continue
        with bootstrap.temporary_folder() as place:
            own = bootstrap.own_settings(settings, place, generator="none")
            await bootstrap.migrated(own)
            async with bootstrap.assembled(own, embedder=embedder) as bot:
                await _index(bot, passages)
                rows[name] = await _thinned(bot, _sample(queries, QUESTIONS), "en")
        print(f"searched {name}", file=sys.stderr, flush=True)
    asked = [query for query in sample_queries() if not query.history]
    for language in ("en", "zh"):
        own = settings.model_copy(update={"generator": "none"})
        async with bootstrap.assembled(own) as bot:
            some = _sample([query for query in asked if query.language == language], QUESTIONS)
            if retrieval.reads(bot, language):
                rows[f"sample shop, {language}"] = await _thinned(bot, some, language)
    return rows


async def _thinned(bot: Bot, queries: Sequence[judged.Query], language: str) -> dict[int, list[Seen]]:
    live = [p for p in await bot.store.live_passages() if p.language == language]
    documents = {p.anchor: p.document for p in live}
    every, draw = sorted(set(documents.values())), random.Random(3)
    rows: dict[int, list[Seen]] = {size: [] for size in SIZES}
    for query in queries:
        found = await retrieval.search(bot, query.text, language=language, k=WHOLE)
        answers = {documents[anchor] for anchor in query.relevant if anchor in documents}
        for size in SIZES:
            others = [document for document in every if document not in answers]
            kept = set(draw.sample(others, min(size, len(others))))
            if answers and draw.random() < 0.5:
                kept = {*sorted(kept)[1:], *answers}
            rows[size] += _seen(_only(found, kept), query, language)
    return {size: _balanced(some) for size, some in rows.items()}


def _only(found: Found, kept: set[str]) -> Found:
    """What would be found if the knowledge base held only these documents."""
    hits = tuple(hit for hit in found.hits if hit.passage.document in kept)
    ids = {hit.passage.id for hit in hits}
    return replace(found, hits=hits, nearest=[piece for piece in found.nearest if piece[0] in ids])


def _seen(found: Found, query: judged.Query, language: str) -> list[Seen]:
    anchors = {hit.passage.anchor for hit in found.hits}
    relevant = frozenset(query.relevant) & anchors
    return calibrate.seen_in(found, relevant, min(query.relevant, default=query.id), language, "judged")


def _balanced(rows: Sequence[Seen]) -> list[Seen]:
    """So many of those without an answer that they are UNANSWERED of all."""
    known = [one for one in rows if one.is_known]
    rest = [one for one in rows if not one.is_known]
    return known + _sample(rest, round(len(known) * UNANSWERED / (1 - UNANSWERED)))


# ── fit and report ──


def fitted(language: str, asked: Sequence[Asked], rows: Rows, *without: str) -> Curves:
    """On every shop and every set of this language but those. What is vague is known, and nothing is right for it."""
    shop = [one for one in asked if one.seen.language == language and one.shop not in without]
    public = [
        one
        for name, by_size in rows.items()
        if name not in without
        for one in _sample([one for some in by_size.values() for one in some if one.language == language], FITTED)
    ]
    right = [(one.seen.shown, one.seen.is_right) for one in shop if one.expect != "either"]
    known = [(one.seen.shown, one.expect != "handoff") for one in shop]
    return Curves(
        decision.fit([*right, *((one.shown, one.is_right) for one in public)], ridge=RIDGE),
        decision.fit([*known, *((one.shown, one.is_known) for one in public)], ridge=RIDGE),
    )


def report(language: str, asked: Sequence[Asked], rows: Rows) -> Iterator[str]:
    own = [one for one in asked if one.seen.language == language]
    names = sorted({one.shop for one in own})
    yield f"\n{language}: {len(names)} shops, each decided by curves fitted on the others and on the sets"
    yield from shops.table(own, {name: fitted(language, asked, rows, name) for name in names})
    yield "\nsets: answered / of these wrong, by curves fitted without the set, for so many documents\n"
    yield "| | " + " | ".join(map(str, SIZES)) + " |"
    yield "|---" * (len(SIZES) + 1) + "|"
    for name, by_size in rows.items():
        if all(one.language == language for some in by_size.values() for one in some):
            curves = fitted(language, asked, rows, name)
            yield f"| {name} | " + " | ".join(_answered(curves, some) for some in by_size.values()) + " |"


def _answered(curves: Curves, some: Sequence[Seen]) -> str:
    answered = [one for one in outcomes(curves, some) if one.score >= shipped.thresholds(some[0].language).answer]
    wrong = sum(not one.is_right for one in answered) / max(len(answered), 1)
    return f"{len(answered) / len(some):.2f} / {wrong:.2f}"


def main() -> None:
    asked = asyncio.run(shops.searched(Settings()))
    rows = asyncio.run(searched(Settings(), Path(sys.argv[1])))
    for language in ("en", "zh"):
        print(*report(language, asked, rows), sep="\n")
        curves = decision.Model({language: fitted(language, asked, rows)}).as_mapping()["curves"]
        print(json.dumps(curves, indent=1))


if __name__ == "__main__":
    main()
