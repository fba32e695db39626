"""`bot backup` and `bot restore`: everything a shop would miss, in one file. Nothing here loads a model."""

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from bot import backups, bootstrap, bootstrap_storage, shell
from bot.archived import Manifest
from bot.output import Output
from bot.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object, for programs.")]


def backup(
    file: Annotated[Path, typer.Argument(help="The archive to write, such as shop.backup.")],
    force: Annotated[bool, typer.Option("--force", help="Replace a file of that name.")] = False,
    json: Json = False,
) -> None:
    """Keep everything in one file: the database, the index, uploads, answers. The server may run meanwhile."""
    shell.run(keep(shell.settings(), Output(json), file, force))


def restore(
    file: Annotated[Path, typer.Argument(help="An archive that `bot backup` wrote.")],
    yes: Annotated[bool, typer.Option("--yes", help="Replace what is there.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only verify the archive.")] = False,
    json: Json = False,
) -> None:
    """Put back what a backup holds, all of it or nothing. No server may run; clients start anew afterwards."""
    shell.run(bring_back(shell.settings(), Output(json), file, yes, dry_run))


async def keep(settings: Settings, output: Output, file: Path, force: bool) -> int:
    if settings.is_sqlite:
        await bootstrap.migrated(settings)
    async with bootstrap_storage.kept(settings) as kept:
        with bootstrap_storage.new_archive(file, over=force) as archive:
            made = await backups.backup(kept, archive, _version(), datetime.now(UTC))
    output.line(f"{file}: {_told(made)}", "bold")
    output.line("It holds what customers said and who may log in: keep it where only you can read it.")
    if made.note:
        output.problem(made.note)
    output.result({"file": str(file), **_about(made)})
    return 0


async def bring_back(settings: Settings, output: Output, file: Path, is_sure: bool, dry_run: bool) -> int:
    with bootstrap_storage.archive(file) as archive:
        if dry_run:
            archive.verify()
            output.line(f"{file} is whole: {_told(archive.manifest)}", "bold")
            output.result({"file": str(file), "restored": False, **_about(archive.manifest)})
            return 0
        with bootstrap_storage.restoring(settings):
            async with bootstrap_storage.kept(settings) as kept:
                before = await backups.restore(kept, archive, is_sure)
        made = archive.manifest
    output.line(f"restored: {_told(made)}", "bold")
    output.line("Agents log in again; customers' chats load anew when they connect.")
    if made.note:
        output.problem(made.note)
    output.result({"file": str(file), "restored": True, "replaced": dict(before), **_about(made)})
    return 0


def _told(made: Manifest) -> str:
    rows = made.rows
    return (
        f"{rows.get('conversation', 0)} conversations, {rows.get('event', 0)} events, "
        f"{rows.get('passage', 0)} passages, {rows.get('agent', 0)} agents, {made.size / 2**20:.1f} MiB, "
        f"made {made.made_at:.19} of a {made.database} database"
    )


def _about(made: Manifest) -> Mapping[str, object]:
    return {
        "version": made.version, "revision": made.revision, "made_at": made.made_at, "database": made.database,
        "live": made.live, "note": made.note, "bytes": made.size, "rows": dict(made.rows), "parts": len(made.parts),
    }  # fmt: skip


def _version() -> str:
    try:
        return version("answerdesk")
    except PackageNotFoundError:
        return "unknown"
