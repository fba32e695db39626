"""Settings → Bot: the only module that names concrete adapters."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bot.dialogue import Policy, Thresholds
from bot.errors import Refused
from bot.hub import Hub
from bot.ports import Bot, Embedder, Generator, Indexes, Sampling, Store
from bot.settings import Settings

# The libraries are imported when a part is made, not before: `bot --help` must not wait for torch.


def policy(settings: Settings) -> Policy:
    return Policy(
        Thresholds(settings.answer_threshold, settings.suggest_threshold),
        Thresholds(settings.answer_threshold_zh, settings.suggest_threshold_zh),
        first_sentence_s=settings.first_sentence_seconds,
        deadline_s=settings.deadline_seconds,
        drafts=settings.drafts,
    )


def sampling(settings: Settings) -> Sampling:
    return Sampling(settings.temperature, settings.top_p, settings.max_tokens, settings.seed)


def make_embedder(settings: Settings) -> Embedder:
    from bot.adapters.sbert import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(settings.embedder, threads=settings.model_threads)


def make_generator(settings: Settings) -> Generator:
    if settings.generator == "none":
        from bot.adapters.silent import SilentGenerator

        return SilentGenerator()
    from bot.adapters.gpt2 import Gpt2Generator

    return Gpt2Generator(settings.generator, threads=settings.model_threads)


def make_store(settings: Settings) -> Store:
    from bot.adapters.sql import SqlStore

    return SqlStore(settings.sql_url)


def make_indexes(settings: Settings, embedder: Embedder) -> Indexes:
    from bot.adapters.bm25_index import Bm25Part
    from bot.adapters.faiss_index import FaissPart
    from bot.adapters.generations import Generations

    # An embedder that knows a word whole tells the query's slips of the keyboard from words the shop never used.
    lexical = Bm25Part(getattr(embedder, "knows", lambda word: True))
    return Generations(settings.index_dir, embedder.name, embedder.dimension, FaissPart(), lexical)


def migrate(settings: Settings, to: str = "head") -> None:
    """Bring the database to a revision. Blocks; no event loop may be running."""
    from bot.adapters.migrate import migrate as run

    settings.data_dir.mkdir(parents=True, exist_ok=True)
    run(settings.sql_url, to)


@asynccontextmanager
async def assembled(
    settings: Settings,
    wake: Callable[[str], None] = lambda conversation: None,
    *,
    embedder: Embedder | None = None,
    generator: Generator | None = None,
) -> AsyncIterator[Bot]:
    """The Bot, for as long as the block lasts. Parts given are used as they are; the others are made."""
    quiet_libraries()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    executor = ThreadPoolExecutor(settings.model_workers, thread_name_prefix="model")
    loop = asyncio.get_running_loop()

    async def run(function: Callable[..., Any], *arguments: Any) -> Any:
        return await loop.run_in_executor(executor, partial(function, *arguments))

    store = make_store(settings)
    try:
        embedder = embedder or await run(make_embedder, settings)
        generator = generator or await run(make_generator, settings)
        indexes = await run(make_indexes, settings, embedder)
        yield Bot(
            store, indexes, embedder, generator, Hub(), policy(settings), lambda: datetime.now(UTC), run,
            sampling=sampling(settings), wake=wake,
        )  # fmt: skip
    finally:
        await store.close()
        executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="answerdesk-") as folder:
        yield Path(folder)


def own_settings(settings: Settings, folder: Path, **changes: Any) -> Settings:
    """Settings with a database and an index of their own in `folder`: the live ones are never touched."""
    return settings.model_copy(update={"data_dir": folder, "database_url": "", **changes})


async def migrated(settings: Settings) -> None:
    """`migrate`, from within an event loop."""
    await asyncio.to_thread(migrate, settings)


def train_composer(
    config: Path,
    corpus: Path,
    output: Path,
    minutes: float | None,
    resume: bool,
    say: Callable[[str], None],
) -> None:
    from bot.adapters.composer_training import train_composer as run

    run(config, corpus, output, minutes, resume, say)


def quiet_libraries() -> None:
    """No progress bars, no advice, no hub: what a library prints would stand between our own lines."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")


def gone(origins: Sequence[str]) -> frozenset[str]:
    """Folders that were ingested once and are no longer there: moved, or renamed."""
    return frozenset(origin for origin in origins if not Path(origin).exists())


def read_files(paths: Sequence[Path], known_origins: Sequence[str]) -> list[tuple[str, str, list[Any]]]:
    """(origin, prefix below it, files) for each path.

    A path inside a folder that was ingested before speaks for that part of it, so that `bot ingest kb/faqs` after
    `bot ingest kb` names its documents the same. Raises Refused for a path that is not there.
    """
    from bot.adapters.files import SUFFIXES, text_files

    found = []
    for path in paths:
        resolved = path.resolve()
        if not resolved.exists():
            raise Refused(f"{path}: there is no such file or folder")
        if resolved.is_file() and resolved.suffix.lower() not in SUFFIXES:
            raise Refused(f"{path}: only {', '.join(sorted(SUFFIXES))} files can be ingested")
        origin = next((Path(o) for o in known_origins if resolved.is_relative_to(o)), resolved)
        prefix = "" if origin == resolved else resolved.relative_to(origin).as_posix()
        found.append((str(origin), prefix, list(text_files(origin, resolved))))
    return found
