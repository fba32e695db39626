"""`bot ingest`: what would change is known before any model is loaded, and judged before anything is changed."""

import asyncio
import os
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import bootstrap, bootstrap_content, conflicts, ingest, planning, shell
from bot.bootstrap_content import FoundFiles
from bot.commands import opened_store, ready
from bot.conflicts import Conflicts
from bot.content import CsvFormat, Problem, SourceFile
from bot.errors import IndexDamaged, NotFound, Refused
from bot.gate import Came, Moved, Verdict
from bot.indexing import digest_of_ids
from bot.ingest import Gate, Report
from bot.judge_commands import queries_of
from bot.judged import Query
from bot.kb_commands import verified, worded
from bot.knowledge import Passage
from bot.lint import Finding
from bot.lint_commands import TITLES
from bot.output import Output
from bot.overrides import Edited
from bot.planning import Planned
from bot.ports import Bot
from bot.settings import Settings

SHOWN = 20  # judged questions in a list
NONE = Conflicts()
SAYS = {
    Came.WRONG: "answered wrongly",
    Came.PASSED_ON: "passed on",
    Came.OFFERED: "offered",
    Came.RIGHT: "answered",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for on the command line."""

    paths: Sequence[Path]
    csv_format: CsvFormat
    dry_run: bool = False
    is_gated: bool = True
    judged: Path | None = None
    force: str = ""
    is_sure: bool = False  # of removing a lot
    edited: Edited = Edited.SKIP


def command(
    paths: Annotated[list[str], typer.Argument(help="Folders, files and archives; see docs/content.md for formats.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would change, change nothing.")] = False,
    gate: Annotated[
        bool, typer.Option("--gate/--no-gate", help="Ask the judged questions first, if there are any.")
    ] = True,
    judged: Annotated[
        Path | None, typer.Option(help="Folder of the judged questions (default: `judged` in the ingested folder).")
    ] = None,
    force: Annotated[
        str, typer.Option(metavar="REASON", help="Publish what the gate refuses; the reason is kept.")
    ] = "",
    edited: Annotated[
        Edited,
        typer.Option(help="Entries edited in the console: keep them, let the file win, refuse, or look at none."),
    ] = Edited.SKIP,
    yes: Annotated[bool, typer.Option("--yes", help="Remove more than a fifth of the content without asking.")] = False,
    delimiter: Annotated[str, typer.Option(help="What parts the cells of a CSV file.")] = ",",
    headerless: Annotated[bool, typer.Option("--headerless", help="CSV: the first row is a question already.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")] = False,
) -> None:
    """Make the knowledge base hold what these files say, and publish a new index."""
    if len(delimiter) != 1:
        raise typer.BadParameter("the delimiter is one character", param_hint="--delimiter")
    csv_format = CsvFormat(delimiter, not headerless)
    wish = Wish([Path(path) for path in paths], csv_format, dry_run, gate, judged, force, yes, edited)
    shell.run(run(shell.settings(), Output(json), wish))


async def run(settings: Settings, output: Output, wish: Wish) -> int:
    await ready(settings)
    with output.progress("reading") as bar:
        planned, found = await _planned(settings, wish, bar)
    if not found.files:
        for problem in planned.problems:
            output.problem(str(problem))
        output.problem(f"{wish.paths[0]}: there is nothing in it that can be read; docs/content.md lists the formats")
        return 1
    if wish.dry_run:
        _show_changes(output, planned)
        return _told(output, wish, ingest.undone(planned), await _disagreeing(settings, output, planned))
    if not planned.changes:
        await _remembered(settings, planned)
        if await _is_published(settings):
            return _told(output, wish, ingest.undone(planned))
    if planned.is_much and not wish.is_sure:
        _confirm(f"this removes {planned.taken_out} of {planned.live} passages")
    queries = _queries(settings, wish, found)
    return _told(output, wish, *await _published(settings, output, wish, planned, queries))


async def _planned(settings: Settings, wish: Wish, progress: Callable[[int, int], None]) -> tuple[Planned, FoundFiles]:
    """The plan, and what it was made of."""
    with bootstrap_content.make_sandbox() as sandbox:
        async with opened_store(settings) as store:
            await store.check()
            known = await store.origins()
            found = await asyncio.to_thread(bootstrap_content.found_files, settings, wish.paths, known, sandbox)
            counted = _counted(found.files, progress)
            overrides = await bootstrap.make_overrides(store).overrides()
            planned = await planning.plan(
                store, counted, found.scopes, wish.csv_format, sandbox.parsed, overrides, wish.edited
            )
            return replace(planned, problems=(*found.problems, *planned.problems)), found


def _counted(files: Sequence[SourceFile], progress: Callable[[int, int], None]) -> Iterator[SourceFile]:
    for n, file in enumerate(files):
        progress(n, len(files))
        yield file


async def _is_published(settings: Settings) -> bool:
    """Whether the live index holds what the database holds, by the embedder that is asked for: nothing to be done."""
    if settings.embedder != bootstrap.AUTO:
        return False
    try:
        manifest = await asyncio.to_thread(verified, settings)
    except (NotFound, IndexDamaged):
        return False
    async with opened_store(settings) as store:
        return bool(manifest.content == digest_of_ids(await store.live_ids()))


async def _remembered(settings: Settings, planned: Planned) -> None:
    """The same words, in files that were saved again, at another place, or for another time."""
    if planned.sources.read or planned.sources.gone or planned.overrides:
        async with opened_store(settings) as store:
            await store.apply(planned.documents, planned.updated, (), datetime.now(UTC), planned.sources)
            await bootstrap.make_overrides(store).settle(planned.overrides.kept, planned.overrides.dropped)


def _confirm(sentence: str) -> None:
    """Raises Refused for a no, and where nobody is there to be asked."""
    if not sys.stdin.isatty() or not typer.confirm(f"{sentence[0].upper()}{sentence[1:]}. Go on?", err=True):
        raise Refused(f"{sentence}, and nothing was changed: look at `bot ingest --dry-run`, then add --yes")


async def _published(
    settings: Settings, output: Output, wish: Wish, planned: Planned, queries: Sequence[Query]
) -> tuple[Report, Conflicts]:
    async with _alone(settings, output, planned) as bot:
        limit = settings.gate_max_error or None
        with output.progress("embed") as bar:
            report = await ingest.publish(
                bot, planned, passing=Gate(queries, limit, wish.force), progress=bar.staged, by=shell.who()
            )
            return report, await conflicts.conflicts(bot, planned, bootstrap_content.near_pairs(), bar.staged)


@asynccontextmanager
async def _alone(settings: Settings, output: Output, planned: Planned) -> AsyncIterator[Bot]:
    """Nobody waits for an answer from this process: embedding may have every core."""
    async with opened_store(settings) as store:
        embedder, why = bootstrap.embedder_for(settings, await ingest.chinese_share(store, planned))
    if why:
        output.line(why)
    alone = {"generator": "none", "model_threads": os.cpu_count() or 1, "embedder": embedder}
    async with bootstrap.assembled(settings.model_copy(update=alone)) as bot:
        yield bot


async def _disagreeing(settings: Settings, output: Output, planned: Planned) -> Conflicts:
    """What comes and says the same as something else, and what says another number. No model is loaded for nothing."""
    if not planned.added:
        return Conflicts()
    async with opened_store(settings) as store:
        passages = await conflicts.staying(store, planned)
    for sentence in _twins(passages, planned):
        output.line(sentence, "yellow")
    if not conflicts.may_disagree(passages, planned):
        return conflicts.without_meaning(passages, planned)
    async with _alone(settings, output, planned) as bot:
        with output.progress("comparing") as bar:
            return await conflicts.conflicts(bot, planned, bootstrap_content.near_pairs(), bar.staged)


def _queries(settings: Settings, wish: Wish, found: FoundFiles) -> list[Query]:
    """The judged questions of what is ingested. None is no error; a named folder that holds none is."""
    if not wish.is_gated:
        return []
    if named := wish.judged or (Path(settings.judged) if settings.judged else None):
        if not (named / "queries.jsonl").is_file():
            raise Refused(f"{named}: there is no queries.jsonl in it")
        return queries_of(named, named / "qrels.tsv", 0)
    # A part of a folder is judged by the questions of the whole.
    folders = dict.fromkeys(Path(scope.origin, part, "judged") for scope in found.scopes for part in ("", scope.prefix))
    there = [folder for folder in folders if (folder / "queries.jsonl").is_file()]
    return [query for folder in there for query in queries_of(folder, folder / "qrels.tsv", 0)]


# ── telling ──


def _show_changes(output: Output, planned: Planned) -> None:
    gone = _by_anchor(planned.removed)
    new = _by_anchor(planned.added)
    for passage in planned.added:
        before = gone.get(passage.anchor)
        if before is None:
            output.line(f"+ {passage.source}  {passage.title}", "green")
        else:
            output.line(f"~ {passage.source}  {passage.title}", "yellow")
            if not output.is_json:
                typer.echo(f"    {worded(before, passage)}")
    for passage in planned.removed:
        if passage.anchor not in new:
            output.line(f"- {passage.source}  {passage.title}", "red")


def _by_anchor(passages: Sequence[Passage]) -> dict[str, Passage]:
    return {passage.anchor: passage for passage in passages}


def _twins(passages: Sequence[Passage], planned: Planned) -> list[str]:
    """Duplicates among what would be added, and with what stays."""
    texts: defaultdict[str, list[Passage]] = defaultdict(list)
    for passage in passages:
        texts[" ".join(passage.text.split()).casefold()].append(passage)
    fresh = {passage.id for passage in planned.added}
    twins = [some for some in texts.values() if len(some) > 1 and any(one.id in fresh for one in some)]
    return [f"= the same text: {', '.join(one.source for one in some)}" for some in twins]


def _told(output: Output, wish: Wish, report: Report, found: Conflicts = NONE) -> int:
    _show_conflicts(output, found)
    for problem in report.problems:
        output.problem(str(problem))
    for note in report.notes:
        output.line(f"{note.source}: {note.sentence}", "dim")
    if report.verdict is not None:
        _show_verdict(output, report.verdict)
    if report.is_refused:
        output.problem("nothing was published. Mend what is lost, or publish it all the same: --force 'why'")
    counted = f"{len(report.added)} added, {len(report.removed)} removed, {report.unchanged} unchanged"
    if report.updated:
        counted += f" (of them {len(report.updated)} at another place or for another time)"
    mood = "would be: " if wish.dry_run or report.is_refused else ""
    output.line(f"{mood}{counted} in {report.seconds:.1f} s")
    output.result(
        {**_mapping(report, wish.dry_run), "conflicts": _strings(found.findings), "not_compared": found.left_out}
    )
    return 1 if report.problems or report.is_refused else 0


def _show_conflicts(output: Output, found: Conflicts) -> None:
    if found.findings:
        output.line(f"{TITLES['conflict']}: {len(found.findings)}", "bold red")
    for one in found.findings:
        output.line(f"! {one}", "red")
    if found.left_out:
        output.line(f"{found.left_out} passages with numbers were not compared by meaning: see `bot kb lint`", "dim")


def _show_verdict(output: Output, verdict: Verdict) -> None:
    output.line(
        f"{verdict.n_queries} judged questions: {verdict.answered_before:.1%} → {verdict.answered_after:.1%} answered, "
        f"{verdict.error_before:.1%} → {verdict.error_after:.1%} of those wrongly; "
        f"{len(verdict.better)} better, {len(verdict.worse)} worse, {len(verdict.lost)} lost"
    )
    for mark, style, some in (("+", "green", verdict.better), ("-", "red", verdict.worse)):
        for moved in some[:SHOWN]:
            output.line(f"  {mark} {_moved(moved)}", style)
        if len(some) > SHOWN:
            output.line(f"  … and {len(some) - SHOWN} more")
    if verdict.is_over:
        output.problem(f"{verdict.error_after:.1%} of the answers are wrong, and {verdict.max_error:.1%} is the limit")


def _moved(moved: Moved) -> str:
    lost = " (lost)" if moved.is_lost and moved.after < moved.before else ""
    instead = f", first now {moved.instead}" if moved.after < moved.before and moved.instead else ""
    return f"{moved.query.text}: {SAYS[moved.before]} → {SAYS[moved.after]}{instead}{lost}"


def _mapping(report: Report, dry_run: bool) -> dict[str, Any]:
    return {
        "added": len(report.added),
        "removed": len(report.removed),
        "updated": len(report.updated),
        "unchanged": report.unchanged,
        "embedded": report.embedded,
        "problems": _strings(report.problems),
        "notes": _strings(report.notes),
        "generation": report.manifest.generation if report.manifest else None,
        "dry_run": dry_run,
        "refused": report.is_refused,
        "gate": _verdict(report.verdict) if report.verdict else None,
        "seconds": round(report.seconds, 3),
    }


def _strings(problems: Sequence[Problem] | Sequence[Finding]) -> list[str]:
    return [str(problem) for problem in problems]


def _verdict(verdict: Verdict) -> dict[str, Any]:
    return {
        "n_queries": verdict.n_queries,
        "better": [one.query.id for one in verdict.better],
        "worse": [one.query.id for one in verdict.worse],
        "lost": [one.query.id for one in verdict.lost],
        "error_before": round(verdict.error_before, 4),
        "error_after": round(verdict.error_after, 4),
        "answered_before": round(verdict.answered_before, 4),
        "answered_after": round(verdict.answered_after, 4),
    }
