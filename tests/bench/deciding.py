"""The decision to answer on public sets: `python -m tests.bench.deciding DIR`, DIR holding the development sets.

Each set is indexed by itself. Where a set has no questions nothing answers, every fifth document is left out and its
questions are those. Prints, for each set, the rule by hand, curves fitted on all other sets, and curves fitted on
itself (cross-validated); then what a promise made on one set is worth on another; then the curves fitted on all of
them, as `bot/shipped.py` holds them. With `--by-words` nothing is embedded: the curves for when a server is away.
"""

import asyncio
import json
import random
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bot import bootstrap, calibrate, decision, judged, metrics
from bot.calibrate import Seen
from bot.decision import Curves
from bot.indexes import WORD_DIMENSIONS, Reading
from bot.indexing import rebuild
from bot.judged import Query
from bot.knowledge import Document, Passage
from bot.ports import Bot
from bot.risk import Outcome
from bot.settings import Settings

ROOT = Path(__file__).parents[2]
MOST = 1_200  # questions of a set
EXAMPLES = 10  # of an intent, which make it an "FAQ"
PROMISE = 0.05
ODD = ("DSTC11",)  # thirty hotels with the same questions: which one is meant decides, and no sign tells that

Set = tuple[list[Passage], list[Query]]


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _sample(rows: Sequence[Any], n: int = MOST) -> list[Any]:
    return random.Random(1).sample(list(rows), min(n, len(rows)))


def faqs(folder: Path, name: str, has_title: bool) -> Set:
    """Every fifth document is left out."""
    rows = _lines(folder / f"{name}.docs.jsonl")
    passages = [Passage(r["id"], r["id"], r["question"] if has_title else "", r["answer"], "en") for r in rows]
    kept = [passage for n, passage in enumerate(passages) if n % 5]
    held = {passage.anchor for passage in kept}
    asked = _lines(folder / f"{name}.queries.jsonl")
    return kept, [
        _query(n, row["query"], [id for id in row["positive_ids"] if id in held]) for n, row in enumerate(asked)
    ]


def intents(folder: Path, name: str, tests: str, left_out: int, most: int = MOST) -> Set:
    """Each intent an FAQ asked for in EXAMPLES ways, no answer; every `left_out`-th one is left out (0: none)."""
    rows = _lines(folder / f"{name}.jsonl")
    ways: dict[str, list[str]] = {}
    for row in rows:
        if row["split"] == "train" and row["label"] != "oos":
            ways.setdefault(row["label"], []).append(row["text"])
    kept = [label for n, label in enumerate(sorted(ways)) if not left_out or n % left_out]
    chosen = {label: random.Random(7).sample(ways[label], min(EXAMPLES, len(ways[label]))) for label in kept}
    passages = [Passage(label, label, some[0], "", "en", phrasings=tuple(some[1:])) for label, some in chosen.items()]
    asked = _sample([row for row in rows if row["split"] == tests], most)
    return passages, [_query(n, r["text"], [r["label"]] if r["label"] in chosen else []) for n, r in enumerate(asked)]


def travel(folder: Path) -> Set:
    """DSTC11: FAQs of hotels and restaurants, asked for by name; what only reviews answer, no FAQ does."""
    docs = _lines(folder / "faq_dstc11.docs.jsonl")
    passages = [Passage(d["id"], d["id"], f"{d['entity'].title()}: {d['question']}", d["answer"], "en") for d in docs]
    ids = {f"{d['entity']} FAQ: {d['question']} {d['answer']}": d["id"] for d in docs}
    queries = []
    for n, row in enumerate(_sample(_lines(folder / "grounded_dstc11_val.jsonl"))):
        places = dict.fromkeys(re.split(r" (?:FAQ|review): ", passage)[0].title() for passage in row["passages"])
        relevant = [ids[passage] for passage in row["passages"] if passage in ids]
        queries.append(_query(n, f"{' '.join(places)}: {row['question']}", relevant))
    return passages, queries


def _query(n: int, text: str, relevant: Sequence[str]) -> Query:
    return Query(str(n), text, relevant=dict.fromkeys(relevant, 1))


def sets(folder: Path) -> Iterator[tuple[str, Set]]:
    yield "StackFAQ", faqs(folder, "faq_stackfaq", True)
    yield "Arduino", faqs(folder, "faq_arduino", False)
    yield "CLINC150", intents(folder, "oos_clinc150", "test", 0, 6_000)
    yield "BANKING77", intents(folder, "intent_banking77", "test", 5)
    yield "DSTC11", travel(folder)


# ── searching ──


class ReadsNothing:
    """An embedder of no language any of the sets is in: all is found by words."""

    name, dimension, languages = "none", 1, frozenset({"zh"})

    def embed(self, texts: Sequence[str], **_: Any) -> Any:
        return np.ones((len(texts), 1), dtype=np.float32)

    def read(self, texts: Sequence[str], **_: Any) -> Reading:
        return Reading(self.embed(texts), [np.zeros((0, WORD_DIMENSIONS), dtype=np.int8)] * len(texts))


async def searched(settings: Settings, folder: Path, by_words: bool) -> dict[str, list[Seen]]:
    rows = {}
    embedder: Any = ReadsNothing() if by_words else await asyncio.to_thread(bootstrap.make_embedder, settings)
    found = list(sets(folder))
    if by_words:  # the live index of the sample shop is another embedder's
        store = bootstrap.make_store(settings)
        shop = [one for one in await store.live_passages() if one.language == "en"]
        await store.close()
        found.append(("sample shop", (shop, [one for one in sample_queries() if one.language == "en"])))
    for name, (passages, queries) in found:
        with bootstrap.temporary_folder() as place:
            own = bootstrap.own_settings(settings, place, generator="none")
            await bootstrap.migrated(own)
            async with bootstrap.assembled(own, embedder=embedder) as bot:
                await _index(bot, passages)
                rows[name] = await calibrate.judged_searches(bot, queries)
        print(f"searched {name}: {len(rows[name])} questions", file=sys.stderr, flush=True)
    if by_words:
        return rows
    async with bootstrap.assembled(settings.model_copy(update={"generator": "none"}), embedder=embedder) as bot:
        rows["sample shop"] = [s for s in await calibrate.judged_searches(bot, sample_queries()) if s.language == "en"]
    return rows


async def _index(bot: Bot, passages: Sequence[Passage]) -> None:
    documents = [Document(p.document, p.title, "faq", "en", p.text, p.document) for p in passages]
    await bot.store.apply(documents, passages, (), bot.now())
    await rebuild(bot)


def sample_queries() -> list[Query]:
    folder = ROOT / "knowledge_base" / "judged"
    relevant = judged.qrels((folder / "qrels.tsv").read_text(encoding="utf-8"))
    return judged.queries((folder / "queries.jsonl").read_text(encoding="utf-8"), relevant)


# ── judging ──


def outcomes(curves: Curves, rows: Sequence[Seen]) -> list[Outcome]:
    return [calibrate.judged_by(curves, one) for one in rows]


def by_cosine(rows: Sequence[Seen]) -> list[Outcome]:
    return [Outcome(one.shown["dense"], one.shown["dense"], one.is_right) for one in rows]


def by_hand(rows: Sequence[Seen]) -> list[Outcome]:
    scores = [decision.by_hand(one.shown) for one in rows]
    return [Outcome(score, score, one.is_right) for score, one in zip(scores, rows, strict=True)]


def pooled(rows: Mapping[str, Sequence[Seen]], *without: str) -> Curves:
    without = (*without, *ODD)
    return calibrate.fit([one for name, some in rows.items() if name not in without for one in _sample(some)])


def line(rows: Sequence[Seen], found: Sequence[Outcome]) -> str:
    scored = [(one.score, one.is_right) for one in found]
    known = [one.known for one, row in zip(found, rows, strict=True) if row.is_known]
    unknown = [one.known for one, row in zip(found, rows, strict=True) if not row.is_known]
    auroc = metrics.auroc(known, unknown) or 0.0
    at = [metrics.coverage_at(precision, scored) for precision in (0.9, 0.95)]
    return f"AUROC {auroc:.3f}   answered at 90 % right {at[0]:.3f}   at 95 % {at[1]:.3f}"


def report(rows: Mapping[str, Sequence[Seen]]) -> None:
    for name, some in rows.items():
        right = metrics.average([float(one.is_right) for one in some])
        unknown = sum(not one.is_known for one in some)
        print(f"\n{name}: {len(some)} questions, {unknown} without an answer, first passage right {right:.3f}")
        print("  cosine alone              ", line(some, by_cosine(some)))
        print("  the rule by hand          ", line(some, by_hand(some)))
        print("  fitted on the other sets  ", line(some, outcomes(pooled(rows, name), some)))
        print("  fitted on itself, in folds", line(some, calibrate.cross_validated(some)))
    print(
        f"\nA promise of at most {PROMISE:.0%} wrong, cut on one set (row), kept on another (column): error / answered"
    )
    for name, some in rows.items():
        kept = [_kept(some, pooled(rows, name, key), other) for key, other in rows.items() if key != name]
        print(f"  {name:<12}", "  ".join(kept))


def _kept(some: Sequence[Seen], start: Curves, other: Sequence[Seen]) -> str:
    found = calibrate.calibrate(some, "en", PROMISE, start)
    if found.curves is None or found.point is None:
        return "refused"
    judged_there = outcomes(found.curves, other)
    answered = [one for one in judged_there if one.score >= found.point.threshold]
    wrong = metrics.average([float(not one.is_right) for one in answered])
    return f"{wrong:.3f} / {len(answered) / len(other):.2f}"


def main() -> None:
    rows = asyncio.run(searched(Settings(), Path(sys.argv[1]), "--by-words" in sys.argv[2:]))
    report(rows)
    print("\n" + json.dumps(decision.Model({"en": pooled(rows)}).as_mapping()["curves"]["en"], indent=1))


if __name__ == "__main__":
    main()
