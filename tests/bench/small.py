"""The decision in small knowledge bases: `python -m tests.bench.small DIR`, DIR holding the development sets.

A shop begins with a handful of FAQs. There a question has no rivals to beat: every sign that compares passages with
each other says “certain”. Each question of the sets (as `deciding` makes them) is asked to knowledge bases of a few of
their documents, half of the time with its answer among them. Prints, for each size, what the large curves and curves
fitted on such do, then those curves, as `bot/shipped.py` holds them.
"""

import asyncio
import json
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from bot import bootstrap, calibrate, decision, judged, retrieval, shipped
from bot.calibrate import Seen
from bot.decision import Curves
from bot.ports import Bot
from bot.retrieval import Found
from bot.settings import Settings
from tests.bench.deciding import _index, _sample, line, outcomes, sample_queries, sets

SIZES = (3, 6, 12, 25, 50, 100)  # documents
QUESTIONS = 400  # of a set
WHOLE = 5_000  # hits and pieces: all that a set holds, to thin them out afterwards

Rows = Mapping[str, Mapping[int, list[Seen]]]


async def searched(settings: Settings, folder: Path) -> Rows:
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
                rows[name] = await _thinned(bot, _sample(queries, QUESTIONS))
        print(f"searched {name}", file=sys.stderr, flush=True)
    async with bootstrap.assembled(settings.model_copy(update={"generator": "none"}), embedder=embedder) as bot:
        english = [query for query in sample_queries() if query.language == "en" and not query.history]
        rows["sample shop"] = await _thinned(bot, _sample(english, QUESTIONS))
    return rows


async def _thinned(bot: Bot, queries: Sequence[judged.Query]) -> dict[int, list[Seen]]:
    live = [p for p in await bot.store.live_passages() if p.language == "en"]
    documents = {p.anchor: p.document for p in live}
    every, draw = sorted(set(documents.values())), random.Random(3)
    rows: dict[int, list[Seen]] = {size: [] for size in SIZES}
    for query in queries:
        found = await retrieval.search(bot, query.text, language="en", k=WHOLE)
        answers = {documents[anchor] for anchor in query.relevant if anchor in documents}
        for size in SIZES:
            others = [document for document in every if document not in answers]
            kept = set(draw.sample(others, min(size, len(others))))
            if answers and draw.random() < 0.5:
                kept = {*sorted(kept)[1:], *answers}
            rows[size] += _seen(_only(found, kept), query)
    return rows


def _only(found: Found, kept: set[str]) -> Found:
    """What would be found if the knowledge base held only these documents."""
    hits = tuple(hit for hit in found.hits if hit.passage.document in kept)
    ids = {hit.passage.id for hit in hits}
    return replace(found, hits=hits, nearest=[piece for piece in found.nearest if piece[0] in ids])


def _seen(found: Found, query: judged.Query) -> list[Seen]:
    anchors = {hit.passage.anchor for hit in found.hits}
    relevant = frozenset(query.relevant) & anchors
    return calibrate.seen_in(found, relevant, min(query.relevant, default=query.id), "en", "judged")


def fitted(rows: Rows, *without: str) -> Curves:
    return calibrate.fit(
        [one for name, by in rows.items() if name not in without for some in by.values() for one in some]
    )


def report(rows: Rows) -> None:
    large = shipped.curves(shipped.EMBEDDER, "en", WHOLE)
    assert large is not None
    for name, by_size in rows.items():
        small = fitted(rows, name)
        for size, some in by_size.items():
            print(
                f"\n{name}, {size} documents: {len(some)} questions, {sum(one.is_known for one in some)} with an answer"
            )
            for label, curves in (("shipped, large", large), ("fitted on others", small)):
                found = outcomes(curves, some)
                answered = [one for one in found if one.score >= shipped.THRESHOLDS.answer]
                wrong = sum(not one.is_right for one in answered) / max(len(answered), 1)
                print(
                    f"  {label:<18}",
                    line(some, found),
                    f"  at 0.60: {len(answered) / len(some):.3f}, {wrong:.3f} wrong",
                )


def main() -> None:
    rows = asyncio.run(searched(Settings(), Path(sys.argv[1])))
    report(rows)
    print("\n" + json.dumps(decision.Model({"en": fitted(rows)}).as_mapping()["curves"]["en"], indent=1))


if __name__ == "__main__":
    main()
