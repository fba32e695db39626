"""Sources → store and index. SQL is changed first and at once; the index follows, and is derived from SQL alone.

With judged questions the index comes first, as a candidate beside the live one: what it would answer is judged before
anything is changed (`bot/gate.py`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter

from bot import gate, indexing
from bot.content import COMMAS, CsvFormat, Problem, SourceFile
from bot.gate import Verdict
from bot.indexes import Manifest
from bot.indexing import Progress, rebuild, silent
from bot.judged import Query
from bot.knowledge import Passage, script_of
from bot.overrides import Edited
from bot.planning import Parse, Planned, Scope, parsed_here, plan
from bot.ports import Bot, Store


@dataclass(frozen=True, slots=True)
class Report:
    added: tuple[Passage, ...]
    removed: tuple[Passage, ...]
    unchanged: int
    problems: tuple[Problem, ...]
    seconds: float
    embedded: int = 0
    manifest: Manifest | None = None
    updated: tuple[Passage, ...] = ()
    notes: tuple[Problem, ...] = ()
    verdict: Verdict | None = None
    is_refused: bool = False  # by the gate: nothing was changed


@dataclass(frozen=True, slots=True)
class Gate:
    """What a change has to pass. `reason` says why it may pass although it does not."""

    queries: Sequence[Query]
    max_error: float | None = None  # None: no limit but that nothing is lost
    reason: str = ""


async def ingest(
    bot: Bot,
    files: Iterable[SourceFile],
    scopes: Sequence[Scope],
    *,
    csv_format: CsvFormat = COMMAS,
    dry_run: bool = False,
    progress: Progress = silent,
    parse: Parse = parsed_here,
    by: str = "",
    edited: Edited = Edited.SKIP,
) -> Report:
    """Make the knowledge base hold what `files` say, within `scopes`. Running it twice changes nothing."""
    started = perf_counter()
    planned = await plan(bot.store, files, scopes, csv_format, parse, await bot.overrides.overrides(), edited)
    return _report(planned, started) if dry_run else await publish(bot, planned, progress=progress, by=by)


async def publish(
    bot: Bot, planned: Planned, *, passing: Gate | None = None, progress: Progress = silent, by: str = ""
) -> Report:
    """Do what was planned; what does not pass the gate changes nothing."""
    started = perf_counter()
    if passing is None or not passing.queries or not planned.changes or not await bot.run(bot.indexes.live):
        await _apply(bot, planned)
        embedded, manifest = await rebuild(bot, progress, by=by)
        return _report(planned, started, embedded, manifest)
    embedded, candidate, instead_of = await indexing.candidate(bot, planned, progress)
    try:
        after = gate.with_candidate(bot, await bot.run(bot.indexes.load, candidate.generation), planned)
        counted = partial(progress, "judge")
        verdict = await gate.judge(bot, after, passing.queries, passing.max_error, counted)
        if verdict.refuses and not passing.reason:
            return _report(planned, started, embedded, verdict=verdict, is_refused=True)
        await _apply(bot, planned)
        made = await indexing.made_current(bot, candidate, instead_of)
    finally:
        await bot.run(bot.indexes.discard, candidate.generation)  # touches nothing that was published
    forced = {"action": "forced", "reason": passing.reason} if verdict.refuses else {}
    if made is not None:
        await bot.store.record_generation(made, by=by, **forced)
    _, newest = await rebuild(bot, progress, by=by, **forced)  # another ingest may have come between
    return _report(planned, started, embedded, newest, verdict)


async def _apply(bot: Bot, planned: Planned) -> None:
    for one in planned.overrides.made:  # first: should it not come to the rest, the next ingest does it
        await bot.overrides.put(one)
    gone = [passage.id for passage in planned.removed]
    await bot.store.apply(planned.documents, (*planned.added, *planned.updated), gone, bot.now(), planned.sources)
    if planned.overrides.kept or planned.overrides.dropped:
        await bot.overrides.settle(planned.overrides.kept, planned.overrides.dropped)


def undone(planned: Planned) -> Report:
    """What it would have been."""
    return _report(planned, perf_counter())


def _report(
    planned: Planned,
    started: float,
    embedded: int = 0,
    manifest: Manifest | None = None,
    verdict: Verdict | None = None,
    is_refused: bool = False,
) -> Report:
    return Report(
        planned.added, planned.removed, planned.unchanged, planned.problems, perf_counter() - started, embedded,
        manifest, planned.updated, planned.notes, verdict, is_refused,
    )  # fmt: skip


async def chinese_share(store: Store, planned: Planned | None = None) -> float:
    """The share of Chinese passages that are live, or would be then, from 0 to 1."""
    planned = planned or Planned()
    leaving = {passage.id for passage in planned.removed}
    stay = [passage for passage in await store.live_passages() if passage.id not in leaving]
    scripts = [script_of(passage.language) for passage in (*stay, *planned.added)]
    return scripts.count("zh") / len(scripts) if scripts else 0.0
