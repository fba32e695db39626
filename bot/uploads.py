"""Uploaded files: what they would change, and publishing exactly that."""

import hashlib
from dataclasses import dataclass, field, replace

from bot import ingest
from bot.checks import NearPairs
from bot.conflicts import Conflicts, conflicts
from bot.errors import Conflict, Refused
from bot.indexing import Progress, silent
from bot.ingest import Gate, Report
from bot.overrides import Edited
from bot.planning import Parse, Planned, plan
from bot.ports import Bot


@dataclass(frozen=True, slots=True)
class Proposal:
    """`digest` stands for all that would happen: what was looked at is what is published, or nothing is."""

    planned: Planned
    digest: str
    files: tuple[str, ...]
    conflicts: Conflicts = field(default_factory=Conflicts)


async def looked_through(bot: Bot, proposed: Proposal, near_pairs: NearPairs, progress: Progress = silent) -> Proposal:
    """With the numbers in it that cannot be right beside others."""
    return replace(proposed, conflicts=await conflicts(bot, proposed.planned, near_pairs, progress))


async def propose(bot: Bot, batch: str, parse: Parse, edited: Edited = Edited.SKIP) -> Proposal:
    """Raises NotFound, and Refused for what `edited` forbids."""
    files = await bot.uploads.staged(batch)
    overrides = await bot.overrides.overrides()
    planned = await plan(bot.store, files, (), parse=parse, overrides=overrides, edited=edited)
    return Proposal(planned, _digest(planned), tuple(file.path for file in files))


def _digest(planned: Planned) -> str:
    parts = [
        *(f"+{one.id}" for one in planned.added), *(f"-{one.id}" for one in planned.removed),
        *(f"~{one.id} {one.source} {one.valid_from} {one.valid_to} {one.audience}" for one in planned.updated),
        *(f"={one.origin} {one.path} {one.digest}" for one in planned.sources.read),
        *(f"o{one.anchor} {one.at}" for one in (*planned.overrides.kept, *planned.overrides.dropped)),
    ]  # fmt: skip
    return hashlib.sha256("\x1f".join(sorted(parts)).encode()).hexdigest()


async def publish(
    bot: Bot,
    batch: str,
    digest: str,
    parse: Parse,
    passing: Gate,
    *,
    edited: Edited = Edited.SKIP,
    is_sure: bool = False,
    by: str = "",
    progress: Progress = silent,
) -> Report:
    """Raises Conflict when it would change something else by now, and Refused when it would remove a lot unasked."""
    found = await propose(bot, batch, parse, edited)
    if found.digest != digest:
        raise Conflict("The knowledge base has changed since: look at what this upload would change now.", "changed")
    if found.planned.is_much and not is_sure:
        n_removed, live = len(found.planned.removed), found.planned.live
        raise Refused(f"This removes {n_removed} of {live} passages: say that it is meant.")
    report = await ingest.publish(bot, found.planned, passing=passing, progress=progress, by=by)
    if not report.is_refused:
        await bot.uploads.keep(batch)
    return report
