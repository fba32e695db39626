"""`bot evaluate`: judged questions on the live index, a BEIR-shaped folder, or grounded rows."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from time import perf_counter
from typing import Any

from bot import bootstrap, bootstrap_insight, evaluate, judged
from bot import grounded as against_quoting
from bot import parity as comparing
from bot.abstaining import FALSE_ALARMS, Told
from bot.errors import Refused
from bot.evaluate import Phrased, Ranked
from bot.grounded import Line
from bot.judged import Query
from bot.knowledge import language_of, script_of
from bot.output import Output
from bot.ports import Bot
from bot.settings import Settings

RANKED = 100  # ids written for each query
PATIENCE_S = 600.0  # for one draft


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


async def grounded(
    settings: Settings, output: Output, file: Path, per_row: Path | None, limit: int, against: str | None = None
) -> int:
    """Replies composed from exactly the passages of each row; no index is opened."""
    started = perf_counter()
    rows = judged.rows(read(file), str(file))
    rows = rows[:limit] if limit else rows
    rival = await asyncio.to_thread(bootstrap_insight.make_rival, settings, against) if against else None
    with bootstrap.temporary_folder() as place:
        # What is measured is the phrasing: on a machine with other work no draft may lose by being late.
        patient = {"first_sentence_seconds": PATIENCE_S, "deadline_seconds": PATIENCE_S}
        async with bootstrap.assembled(bootstrap.own_settings(settings, place, **patient)) as bot:
            with output.progress("composing") as bar:
                phrased = await evaluate.phrase(bot, rows, bar)
            with output.progress("comparing") as bar:
                lines = against_quoting.table(await against_quoting.compare(bot, phrased, bar, rival))
            abstained = await _abstentions(settings, bot, phrased)
    figures = evaluate.phrasing(phrased, perf_counter() - started)
    _figures(output, figures)
    _compared(output, lines)
    shared = against_quoting.shares(phrased)
    kinds = list(dict.fromkeys(kind for one in shared for kind in one.by))
    output.table(
        ["replies", "rows", *kinds],
        [[one.source, str(one.rows), *(f"{one.by[kind]:.0%}" for kind in kinds)] for one in shared],
    )
    if abstained:
        _told(output, abstained)
    output.result({
        **figures, "by_source": [asdict(line) for line in lines], "replies": [asdict(one) for one in shared],
        "abstaining": [asdict(one) for one in abstained],
    })  # fmt: skip
    _write(per_row, [_phrased(one) for one in phrased])
    return 0


async def _abstentions(settings: Settings, bot: Bot, phrased: Sequence[Phrased]) -> list[Told]:
    if all(evaluate.is_answerable(one.row) for one in phrased):
        return []
    can_look = bootstrap_insight.has_insight(settings)
    insight = await asyncio.to_thread(bootstrap_insight.make_insight, settings) if can_look else None
    return await against_quoting.abstentions(bot, phrased, insight)


def _compared(output: Output, lines: Sequence[Line]) -> None:
    output.table(
        ["source", "answered by", "rows", "token F1", "ROUGE-L", "words", "carried", "median ms"],
        [
            [line.source, line.way, str(line.rows), f"{line.token_f1:.3f}", f"{line.rouge_l:.3f}", f"{line.words:.1f}",
             f"{line.carried:.1%}", f"{line.ms:.0f}"]
            for line in lines
        ],
    )  # fmt: skip


def _told(output: Output, abstained: Sequence[Told]) -> None:
    output.table(
        ["nothing answers, by", "AUROC", f"handed off, at {FALSE_ALARMS:.0%} of the others"],
        [[one.sign, "–" if one.auroc is None else f"{one.auroc:.3f}", f"{one.recall:.1%}"] for one in abstained],
    )


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
