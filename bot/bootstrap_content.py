"""What an ingest reads, and with what: files in sandboxed processes, pages of the web, judged questions."""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot import judged
from bot.checks import NearPairs
from bot.content import Problem, SourceFile
from bot.errors import Refused
from bot.judged import Query
from bot.planning import Scope
from bot.settings import Settings


def gone(origins: Sequence[str]) -> frozenset[str]:
    """Folders that were ingested once and are no longer there: moved, or renamed."""
    return frozenset(origin for origin in origins if "://" not in origin and not Path(origin).exists())


def near_pairs() -> NearPairs:
    from bot.adapters.near_pairs import near_pairs

    return near_pairs


def make_sandbox() -> Any:
    """Reads files in processes of their own; close it."""
    from bot.adapters.sandbox import Sandbox

    return Sandbox(workers=min(4, os.cpu_count() or 1))


def judged_questions(settings: Settings, origins: Iterable[str]) -> list[Query]:
    """As `bot ingest` of these folders would ask them: the named ones, else those in a folder `judged` of each."""
    there = [Path(one) / "judged" for one in origins if "://" not in one]
    named = [Path(settings.judged)] if settings.judged else there
    found: list[Query] = []
    for folder in named:
        if (folder / "queries.jsonl").is_file():
            asked, rated = ((folder / name).read_text(encoding="utf-8") for name in ("queries.jsonl", "qrels.tsv"))
            found += judged.queries(asked, judged.qrels(rated, "qrels.tsv"))
    return found


@dataclass(frozen=True, slots=True)
class FoundFiles:
    files: tuple[SourceFile, ...]
    scopes: tuple[Scope, ...]
    problems: tuple[Problem, ...]


def found_files(settings: Settings, paths: Sequence[Path], known_origins: Sequence[str], sandbox: Any) -> FoundFiles:
    """What lies below the paths, or at an address of the web, and what an ingest of it speaks for.

    A path inside a folder that was ingested before speaks for that part of it, so that `bot ingest kb/faqs` after
    `bot ingest kb` names its documents the same. Raises Refused for a path that is not there.
    """
    from bot.adapters.files import walked
    from bot.adapters.site_folder import mapped

    away, ours = gone(known_origins), (settings.index_dir, settings.data_dir / "unpublished")
    files: list[SourceFile] = []
    scopes, problems = list[Scope](), list[Problem]()
    for path in paths:
        if url := _url(path):
            files += _fetched(settings, url, sandbox)
            scopes.append(Scope(url))
            continue
        resolved = path.resolve()
        if not resolved.exists():
            raise Refused(f"{path}: there is no such file or folder")
        origin = next((Path(o) for o in known_origins if "://" not in o and resolved.is_relative_to(o)), resolved)
        walk = mapped(walked(origin, resolved, ours), lambda data: sandbox.sitemap(data))
        files += walk.files
        problems += walk.problems
        prefix = "" if origin == resolved else resolved.relative_to(origin).as_posix()
        scopes.append(Scope(str(origin), prefix, away))
    return FoundFiles(tuple(files), tuple(scopes), tuple(problems))


def _url(path: Path) -> str:
    """A Path keeps one slash of the two."""
    found = re.match(r"(https?):/+(.+)", str(path), re.I)
    return f"{found[1].lower()}://{found[2]}" if found else ""


def _fetched(settings: Settings, url: str, sandbox: Any) -> Sequence[SourceFile]:
    from bot.adapters.fetch import Web

    if not settings.fetch:
        raise Refused(f"{url}: nothing is fetched from the web unless BOT_FETCH=true is set")
    try:
        return Web().pages(url, sandbox.sitemap)
    except OSError as error:
        raise Refused(f"{url}: {error.strerror}; nothing was changed") from None
