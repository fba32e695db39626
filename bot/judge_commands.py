"""`bot evaluate`: judged questions on the live index, a BEIR-shaped folder, or grounded rows."""

import json
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from bot import bootstrap, evaluate, judged
from bot import parity as comparing
from bot.errors import Refused
from bot.evaluate import Phrased, Ranked
from bot.judged import Query
from bot.knowledge import language_of, script_of
from bot.output import Output
from bot.settings import Settings

RANKED = 100  # ids written for each query


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Refused(f"{path}: there is no such file") from None
    except UnicodeDecodeError:
        raise Refused(f"{path}: this file is not UTF-8 text") from None


def queries_of(folder: Path, qrels: Path, limit: int) -> list[Query]:
    relevant = judged.qrels(read(qrels), str(qrels))
    found = judged.queries(read(folder / "queries.jsonl"), relevant, str(folder / "queries.jsonl"))
    return found[:limit] if limit else found


async def corpus(settings: Settings, output: Output, folder: Path, per_query: Path | None, limit: int) -> int:
    """A corpus of its own, indexed in a temporary place."""
    started = perf_counter()
    entries = judged.entries(read(folder / "corpus.jsonl"), str(folder / "corpus.jsonl"))
    queries = queries_of(folder, folder / "qrels" / "test.tsv", limit)
    chinese = [script_of(language_of(f"{entry.title} {entry.text}")) == "zh" for entry in entries]
    embedder, why = bootstrap.embedder_for(settings, sum(chinese) / max(1, len(chinese)))
    if why:
        output.line(why)
    with bootstrap.temporary_folder() as place:
        own = bootstrap.own_settings(settings, place, generator="none", embedder=embedder)
        await bootstrap.migrated(own)
        async with bootstrap.assembled(own) as bot:
            with output.progress("indexing") as bar:
                await evaluate.index_corpus(bot, entries, bar.staged)
            with output.progress("judging") as bar:
                ranked = await evaluate.judge(bot, queries, bar)
    _report(output, ranked, per_query, perf_counter() - started)
    return 0


async def live(settings: Settings, output: Output, folder: Path, per_query: Path | None, limit: int) -> int:
    """The shop's own judged questions on the live index, each language apart."""
    started = perf_counter()
    queries = queries_of(folder, folder / "qrels.tsv", limit)
    async with bootstrap.assembled(settings.model_copy(update={"generator": "none"})) as bot:
        with output.progress("judging") as bar:
            ranked = await evaluate.judge(bot, queries, bar)
    seconds = perf_counter() - started
    by_language: dict[str, Any] = {}
    for language in sorted({one.query.language or "?" for one in ranked}):
        some = [one for one in ranked if (one.query.language or "?") == language]
        by_language[language] = evaluate.summary(some, seconds)
        output.line(language, "bold")
        _figures(output, by_language[language])
    output.result({**evaluate.summary(ranked, seconds), "by_language": by_language})
    _write(per_query, [_ranked(one) for one in ranked])
    return 0


def _report(output: Output, ranked: Sequence[Ranked], per_query: Path | None, seconds: float) -> None:
    figures = evaluate.summary(ranked, seconds)
    _figures(output, figures)
    output.result(figures)
    _write(per_query, [_ranked(one) for one in ranked])


def _figures(output: Output, figures: dict[str, Any]) -> None:
    rows = [[name, "–" if value is None else f"{value:g}"] for name, value in figures.items()]
    output.table(["figure", "value"], rows)


def _ranked(one: Ranked) -> dict[str, Any]:
    return {
        "_id": one.query.id,
        "ids": list(one.ids[:RANKED]),
        "scores": list(one.scores[:RANKED]),
        "score": round(one.score, 6),
        "known": round(one.known, 6),
        "decision": one.decision,
    }


def _write(path: Path | None, rows: Sequence[dict[str, Any]]) -> None:
    if path is not None:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


async def parity(settings: Settings, output: Output, folder: Path, limit: int) -> int:
    """FAQs that work in one language only, on the live index."""
    queries = queries_of(folder, folder / "qrels.tsv", limit) if (folder / "queries.jsonl").exists() else []
    async with bootstrap.assembled(settings.model_copy(update={"generator": "none"})) as bot:
        with output.progress("judging") as bar:
            ranked = await evaluate.judge(bot, queries, bar)
        found = await comparing.compare(bot, ranked)
    for name, singles in (("only in English", found.english_only), ("only in Chinese", found.chinese_only)):
        output.line(f"{name}: {len(singles)} of {len(singles) + len(found.pairs)}", "bold")
        rows = [
            [one.passage.anchor, one.passage.title, one.nearest.title if one.nearest else "", f"{one.likeness:.2f}"]
            for one in singles
        ]
        output.table(["FAQ", "question", "nearest in the other language", "likeness"], rows)
    lopsided = [pair for pair in found.pairs if pair.is_lopsided]
    output.line(f"in both, but judged questions find it in one only: {len(lopsided)} of {len(found.pairs)}", "bold")
    output.table(
        ["English", "Chinese", "hit@1 en", "hit@1 zh"],
        [
            [pair.english.anchor, pair.chinese.anchor, f"{pair.english_works:.2f}", f"{pair.chinese_works:.2f}"]
            for pair in lopsided
        ],
    )
    output.result(comparing.as_mapping(found))
    return 0


async def grounded(settings: Settings, output: Output, file: Path, per_row: Path | None, limit: int) -> int:
    """Replies composed from exactly the passages of each row; no index is opened."""
    started = perf_counter()
    rows = judged.rows(read(file), str(file))
    rows = rows[:limit] if limit else rows
    with bootstrap.temporary_folder() as place:
        async with bootstrap.assembled(bootstrap.own_settings(settings, place)) as bot:
            with output.progress("composing") as bar:
                phrased = await evaluate.phrase(bot, rows, bar)
    figures = evaluate.phrasing(phrased, perf_counter() - started)
    _figures(output, figures)
    output.result(figures)
    _write(per_row, [_phrased(one) for one in phrased])
    return 0


def _phrased(one: Phrased) -> dict[str, Any]:
    return {
        "question": one.row.question,
        "reply": one.reply,
        "source": one.source,
        "verdict": list(one.carried),
        "answer": one.row.answer,
        "draft": one.draft,
        "ms": round(one.ms, 1),
        "error": one.error,
    }
