"""`bot calibrate`: fits the decision to the shop's questions and stores it with the index."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import bootstrap, calibrate, judged, plot, risk
from bot.calibrate import Calibrated
from bot.errors import Refused
from bot.judge_commands import queries_of, read
from bot.judged import Query
from bot.output import Output
from bot.ports import Bot
from bot.settings import Settings
from bot.shell import guarded, settings

JUDGED = Path("knowledge_base/judged")
LANGUAGES = ("en", "zh")
LEAST_DRAWN = 20  # of fewer answers the share of wrong ones jumps about


def command(
    max_error: Annotated[float, typer.Option(help="The share of answers that may be wrong.")] = 0.05,
    judged: Annotated[Path, typer.Option(help="Folder with queries.jsonl and qrels.tsv.")] = JUDGED,
    out_of_scope: Annotated[
        Path | None, typer.Option(help="JSONL, a `text` a line: real messages that nothing here answers.")
    ] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw error against coverage into this PNG.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be stored, store nothing.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")] = False,
) -> None:
    """Learn from judged questions when to answer, and store it with the index."""
    guarded(lambda: _calibrate(settings(), Output(json), max_error, judged, out_of_scope, plot, dry_run))


def _calibrate(
    settings: Settings,
    output: Output,
    max_error: float,
    folder: Path,
    out_of_scope: Path | None,
    picture: Path | None,
    dry_run: bool,
) -> int:
    limit = calibrate.checked_limit(max_error)
    queries = queries_of(folder, folder / "qrels.tsv", 0) if (folder / "queries.jsonl").exists() else []
    strangers = foreign(read(out_of_scope), str(out_of_scope)) if out_of_scope else []
    if not queries:
        output.problem(f"{folder}: there are no judged questions; only those made from the FAQs are used")
    found = asyncio.run(calibration(settings, output, limit, queries, strangers, dry_run))
    if picture is not None:
        _draw(picture, found)
    return 0 if any(one.curves for one in found) else 1


async def calibration(
    settings: Settings,
    output: Output,
    limit: float,
    queries: Sequence[Query],
    strangers: Sequence[str],
    dry_run: bool,
) -> list[Calibrated]:
    async with bootstrap.assembled(settings.model_copy(update={"generator": "none"})) as bot:
        index = await bot.run(bot.indexes.current)
        with output.progress("searching") as bar:
            seen = await calibrate.gather(bot, queries, strangers, bar)
        spoken = [language for language in LANGUAGES if any(one.language == language for one in seen)]
        found = [calibrate.calibrate(seen, one, limit, calibrate.start(bot, one)) for one in spoken]
        is_stored = any(one.curves for one in found) and not dry_run
        generation = await bot.run(_store, bot, found, limit, index.manifest.generation) if is_stored else None
    for one in found:
        _show(output, one, limit)
    output.line(_ending(generation, dry_run, found), "bold")
    figures = {one.language: _figures(one) for one in found}
    output.result({"max_error": limit, "generation": generation, "by_language": figures})
    return found


def foreign(text: str, name: str) -> list[str]:
    """The messages of a JSONL file. Raises Refused, naming the line, for what is not one."""
    found = []
    for n, value in judged.objects(text, name):
        message = value.get("text")
        if not isinstance(message, str) or not message.strip():
            raise Refused(f"{name}:{n}: text is missing or is not text")
        found.append(message)
    return found


def _store(bot: Bot, found: Sequence[Calibrated], limit: float, generation: str) -> str:
    before = bot.indexes.current().decision
    about = {one.language: _about(one, limit, generation) for one in found if one.curves}
    return bot.indexes.calibrate(calibrate.model(found, before, about), generation).generation


def _about(one: Calibrated, limit: float, generation: str) -> dict[str, Any]:
    assert one.point is not None
    promise = {"max_error": limit, "error": one.point.error, "bound": one.point.bound, "coverage": one.point.coverage}
    return {**promise, "questions": dict(one.counts), "generation": generation}


# ── telling ──


def _show(output: Output, one: Calibrated, limit: float) -> None:
    output.line(f"{one.language}: " + ", ".join(f"{n} {origin}" for origin, n in one.counts.items()), "bold")
    rows = []
    for level in sorted({*risk.LEVELS, limit}):
        point = risk.least_cautious(one.points, level)
        if point is not None:
            rows.append([f"{level:.1%}", f"{point.coverage:.0%}", f"{point.error:.1%}", f"{point.bound:.1%}",
                         f"{point.threshold:.3f}"])  # fmt: skip
    if rows:
        output.table(["wrong at most", "answered", "of them wrong", "surely below", "from a score of"], rows)
    if one.refusal:
        output.problem(one.refusal)
    if sentence := _sentence(one):
        output.line(sentence)


def _sentence(one: Calibrated) -> str:
    """ "answer 71 %, 4 % of those wrong (surely below 6 %); suggest 18 %; hand off 11 %"."""
    if one.point is None or one.thresholds is None:
        return ""
    answered, offered, passed = risk.shares(one.outcomes, one.thresholds.answer, one.thresholds.suggest)
    wrong = f"{one.point.error:.1%} of those wrong (surely below {one.point.bound:.1%})"
    return f"answer {answered:.0%}, {wrong}; suggest {offered:.0%}; hand off {passed:.0%}"


def _ending(generation: str | None, dry_run: bool, found: Sequence[Calibrated]) -> str:
    if generation:
        return f"stored with the index, generation {generation}: a running server takes it up by itself"
    if dry_run and any(one.curves for one in found):
        return "nothing was stored (--dry-run)"
    return "nothing was stored: the bot decides as before"


def _figures(one: Calibrated) -> dict[str, Any]:
    figures: dict[str, Any] = {"questions": dict(one.counts), "refusal": one.refusal or None}
    if one.point is not None and one.thresholds is not None:
        answered, offered, passed = risk.shares(one.outcomes, one.thresholds.answer, one.thresholds.suggest)
        figures |= {
            "answered": round(answered, 4), "suggested": round(offered, 4), "handed_off": round(passed, 4),
            "error": round(one.point.error, 4), "error_bound": round(one.point.bound, 4),
            "answer_threshold": round(one.thresholds.answer, 4), "suggest_threshold": round(one.thresholds.suggest, 4),
        }  # fmt: skip
    return figures


def _draw(path: Path, found: Sequence[Calibrated]) -> None:
    lines = [[(p.coverage, p.error) for p in one.points if p.answered >= LEAST_DRAWN] for one in found]
    marks = [(one.point.coverage, one.point.error) if one.point else None for one in found]
    try:
        path.write_bytes(plot.chart(lines, marks))
    except OSError as error:
        raise Refused(f"{path}: the picture could not be written ({error.strerror})") from None
