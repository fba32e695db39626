"""Retrieval and the decision to answer: the sample shop's judged questions, and the development sets if there."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any

from bot import bootstrap, evaluate, judged
from bot.judged import Entry, Query
from bot.settings import Settings

NAMES = ("hit_at_1", "mrr_at_10", "ndcg_at_10", "auroc", "coverage", "error", "coverage_at_p90", "coverage_at_p95")


async def measure(settings: Settings, root: Path) -> dict[str, Any]:
    """Uses the index that latency.measure left in the data folder."""
    figures: dict[str, Any] = {}
    folder = root / "knowledge_base" / "judged"
    relevant = judged.qrels((folder / "qrels.tsv").read_text())
    queries = judged.queries((folder / "queries.jsonl").read_text(), relevant)
    async with bootstrap.assembled(settings.model_copy(update={"generator": "none"})) as bot:
        for language in ("en", "zh"):
            figures[f"sample shop, {language}"] = await _judged(bot, [q for q in queries if q.language == language])
    data = Path(os.environ.get("ANSWERDESK_DATA", "nowhere"))
    for name, entries, asked in development_sets(data):
        with bootstrap.temporary_folder() as place:
            own = bootstrap.own_settings(settings, place, generator="none")
            await bootstrap.migrated(own)
            async with bootstrap.assembled(own) as bot:
                await evaluate.index_corpus(bot, entries, lambda stage, done, total: None)
                figures[name] = await _judged(bot, asked)
    return figures


async def _judged(bot: Any, queries: list[Query]) -> str:
    started = perf_counter()
    summary = evaluate.summary(await evaluate.judge(bot, queries), perf_counter() - started)
    return "  ".join(f"{name} {summary[name]}" for name in NAMES if summary[name] is not None)


def development_sets(data: Path) -> Iterator[tuple[str, list[Entry], list[Query]]]:
    for name, has_title in (("faq_stackfaq", True), ("faq_arduino", False)):
        docs, queries = data / "dev" / f"{name}.docs.jsonl", data / "dev" / f"{name}.queries.jsonl"
        if docs.is_file():
            rows = [json.loads(line) for line in docs.read_text().splitlines()]
            entries = [Entry(row["id"], row["question"] if has_title else "", row["answer"]) for row in rows]
            asked = [json.loads(line) for line in queries.read_text().splitlines()]
            yield name, entries, [_query(n, row) for n, row in enumerate(asked)]


def _query(n: int, row: dict[str, Any]) -> Query:
    return Query(str(n), row["query"], relevant=dict.fromkeys(row["positive_ids"], 1))
