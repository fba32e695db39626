"""Ours beside haystack-ai from files to what can be searched: `python -m tests.bench.peers_ingest [DIR] [--files N]`.

The same Markdown files (of DIR, else of `ANSWERDESK_DATA`'s help centre, else the sample shop's English ones), the same
weights, the same number of threads. Theirs: router, converter, cleaner, splitter, embedder and writer into memory, as
peers_runner says. Ours: what `bot ingest` does, that is reading in processes of their own, SQL and an index on disk
besides. The files are dealt into as many parts as there are rounds, and each part is ingested by one after the other,
so that what else the machine does falls on both. Then ours is given each part once more, unchanged.

A ratio of processor seconds says what the work costs; one of seconds on the clock depends on what else runs.
"""

import argparse
import asyncio
import os
import resource
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from bot import bootstrap, bootstrap_content, ingest
from bot.ports import Bot
from bot.settings import Settings
from tests.bench.peers import WARM_UP, Theirs, load, weights

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".bench" / "peers-venv" / "bin" / "python"
DATA = Path(os.environ.get("ANSWERDESK_DATA", "nowhere"))
PARTS = 3
FILES = 120  # of `make bench`
HELP_CENTRE = "raw/arduino+help-center-content/content"


@dataclass(frozen=True)
class Took:
    """Seconds on the clock and of processor, and how many passages it came to."""

    clock: float
    cpu: float
    passages: int


@dataclass(frozen=True)
class Round:
    ours: Took
    again: Took
    theirs: Took


# ── ours ──


class Ours:
    """`bot ingest` of a folder into a database and an index of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def twice(self, folder: Path) -> tuple[Took, Took]:
        """The first time, and again without a change."""
        async with AsyncExitStack() as stack:
            place = stack.enter_context(bootstrap.temporary_folder())
            own = bootstrap.own_settings(self._settings, place, generator="none")
            await bootstrap.migrated(own)
            bot = await stack.enter_async_context(bootstrap.assembled(own))
            await bot.run(partial(bot.embedder.embed, WARM_UP, is_query=False))
            return await self._took(bot, folder), await self._took(bot, folder)

    async def _took(self, bot: Bot, folder: Path) -> Took:
        started, used = perf_counter(), processor()
        with bootstrap_content.make_sandbox() as sandbox:
            known = await bot.store.origins()
            found = bootstrap_content.found_files(self._settings, [folder], known, sandbox)
            report = await ingest.ingest(bot, found.files, found.scopes, parse=sandbox.parsed)
        return Took(perf_counter() - started, processor() - used, len(report.added))


def processor() -> float:
    """Of this process and of those it has waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


# ── measuring ──


async def measure(settings: Settings, root: Path) -> dict[str, Any]:
    """For `make bench`."""
    return await compared(settings, spread(found(root, DATA), FILES), installed(PYTHON))


def installed(python: Path) -> Path | None:
    return python if python.exists() else None


async def compared(settings: Settings, files: Sequence[Path], python: Path | None) -> dict[str, Any]:
    if python is None:
        return {"not measured": "the peers are not installed: run `make peers`"}
    own = settings.model_copy(update={"embedder": bootstrap.MINILM})
    rounds = []
    with bootstrap.temporary_folder() as place, Theirs(python, "haystack", weights(), own.model_threads) as theirs:
        ours = Ours(own)
        theirs.ingest([])  # loads what is loaded once
        for part in dealt(files, place):
            first, again = await ours.twice(part)
            rounds.append(Round(first, again, Took(*theirs.ingest(sorted(map(str, part.iterdir()))))))
        versions = "  ".join(map(" ".join, theirs.versions.items()))
    about = {"files": f"{len(files)}, in {len(rounds)} parts", "threads": own.model_threads, "peer": versions}
    return {**about, **report(rounds), "load": load()}


def dealt(files: Sequence[Path], place: Path) -> Iterator[Path]:
    """Folders with every so-manyth file, under a name of its own."""
    for part in range(min(PARTS, len(files))):
        folder = place / str(part)
        folder.mkdir()
        for n, file in enumerate(files[part::PARTS]):
            (folder / f"{n:04} {file.name}").write_bytes(file.read_bytes())
        yield folder


def report(rounds: Sequence[Round]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for n, one in enumerate(rounds, 1):
        figures[f"part {n}: haystack / ours"] = ratio(one.theirs, one.ours)
    ours, again, theirs = (total([getattr(one, who) for one in rounds]) for who in ("ours", "again", "theirs"))
    return {
        **figures,
        "ours": told(ours),
        "haystack": told(theirs),
        "haystack / ours": ratio(theirs, ours),
        "ours, unchanged": told(again),
        "first time / unchanged": ratio(ours, again),
    }


def total(some: Sequence[Took]) -> Took:
    return Took(sum(one.clock for one in some), sum(one.cpu for one in some), sum(one.passages for one in some))


def ratio(one: Took, other: Took) -> str:
    return f"{one.clock / other.clock:.2f} x on the clock, {one.cpu / other.cpu:.2f} x of processor"


def told(one: Took) -> str:
    return f"{one.clock:.1f} s, {one.cpu:.1f} s of processor, {one.passages} passages"


def found(root: Path, data: Path) -> list[Path]:
    there = data / HELP_CENTRE
    return sorted(there.rglob("*.md")) if there.is_dir() else sorted((root / "knowledge_base").glob("*/en/*.md"))


def spread(files: Sequence[Path], n: int) -> Sequence[Path]:
    """So many of them, evenly; all for 0."""
    return files[:: max(1, len(files) // n)][:n] if n else files


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peers_ingest", description="From files to an index.")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--files", type=int, default=0, help="so many of them, evenly spread; 0: all")
    parser.add_argument("--python", type=Path, default=PYTHON, help="of the peers' environment")
    chosen = parser.parse_args()
    files = sorted(chosen.folder.rglob("*.md")) if chosen.folder else found(ROOT, DATA)
    figures = compared(Settings(), spread(files, chosen.files), installed(chosen.python))
    for name, value in asyncio.run(figures).items():
        print(f"{name:<28} {value}")


if __name__ == "__main__":
    main()
