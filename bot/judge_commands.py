"""`bot evaluate`: judged questions on the live index, a BEIR-shaped folder, or grounded rows."""

import json
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from bot import bootstrap, evaluate, judged
from bot.errors import Refused
from bot.evaluate import Phrased, Ranked
from bot.judged import Query
from bot.output import Output
from bot.settings import Settings

RANKED = 100  # ids written for each query


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Refused(f"{path}: there is no such file") from None
    except UnicodeDecodeError:
        raise Refused(f"{path}: this file is not UTF-8 text") from None


def _queries(folder: Path, qrels: Path, limit: int) -> list[Query]:
    relevant = judged.qrels(_read(qrels), str(qrels))
    found = judged.queries(_read(folder / "queries.jsonl"), relevant, str(folder / "queries.jsonl"))
    return found[:limit] if limit else found


async def corpus(settings: Settings, output: Output, folder: Path, per_query: Path | None, limit: int) -> int:
    """A corpus of its own, indexed in a temporary place."""
    started = perf_counter()
    entries = judged.entries(_read(folder / "corpus.jsonl"), str(folder / "corpus.jsonl"))
    queries = _queries(folder, folder / "qrels" / "test.tsv", limit)
    with bootstrap.temporary_folder() as place:
        own = bootstrap.own_settings(settings, place, generator="none")
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
    queries = _queries(folder, folder / "qrels.tsv", limit)
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
        "decision": one.decision,
    }


def _write(path: Path | None, rows: Sequence[dict[str, Any]]) -> None:
    if path is not None:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


async def grounded(settings: Settings, output: Output, file: Path, per_row: Path | None, limit: int) -> int:
    """Replies composed from exactly the passages of each row; no index is opened."""
    started = perf_counter()
    rows = judged.rows(_read(file), str(file))
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
