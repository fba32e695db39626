"""`bot serve` as it is, but for the models (an embedder that counts words, a generator that drips) and a probe.

Meant for a process forked from one that has imported everything (see `world`): the database, the index, the sockets and
the shutdown are the product's own, and a start takes a second at most instead of ten.
"""

import asyncio
import gc
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import numpy as np
from sqlalchemy import event
from sqlalchemy.engine import Engine

import bot.adapters.bm25_index
import bot.adapters.faiss_index
import bot.adapters.migrate
import bot.adapters.sql
from bot import bootstrap, cli, commands
from bot.adapters.silent import SilentGenerator
from bot.indexes import Reading
from bot.output import Output
from bot.ports import Sampling
from bot.settings import Settings
from tests.load.shop import ANSWERS, QUESTIONS

DIMENSION, SAMPLE_S = 512, 0.01
NO_WORDS = np.zeros((0, 64), dtype=np.int8)
SLOW, DRIP_S = "slow", 0.15  # as BOT_GENERATOR: the right sentence, a word every so often


class WordCounter:
    """Texts that share words are near each other."""

    name, dimension, languages = "word-counter", DIMENSION, frozenset({"en", "zh"})

    def embed(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Any:
        return np.array([self._vector(text) for text in texts], dtype=np.float32).reshape(-1, DIMENSION)

    def read(self, texts: Sequence[str], *, is_query: bool, progress: Callable[[int], None] | None = None) -> Reading:
        return Reading(self.embed(texts, is_query=is_query), [NO_WORDS] * len(texts))

    def _vector(self, text: str) -> Any:
        vector = np.full(DIMENSION, 1e-3)
        for word in text.lower().replace("?", " ").replace(".", " ").split():
            vector[int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest()) % DIMENSION] += 1
        return vector / np.linalg.norm(vector)


class Dripping:
    name, context = SLOW, 2_000

    def count_tokens(self, text: str) -> int:
        return len(text) // 4

    def generate(self, prompt: str, sampling: Sampling, cancelled: Callable[[], bool] = lambda: False) -> Iterator[str]:
        # The newest question stands last in a prompt.
        question = max(QUESTIONS, key=lambda one: prompt.rfind(one))
        for word in ANSWERS[question].split(" "):
            if cancelled():
                return
            sleep(DRIP_S)
            yield f"{word} "


class Probe:
    """Answers on a socket of its own what the process costs: one line of JSON for each line asked."""

    def __init__(self) -> None:
        self.late_ms: list[float] = []
        self.n_statements = self.n_tickets = 0
        event.listen(Engine, "before_cursor_execute", self._count)

    def _count(self, connection: object, cursor: object, statement: str, *_: object) -> None:
        self.n_statements += 1
        self.n_tickets += statement.startswith("INSERT INTO ticket")

    async def watch(self) -> None:
        while True:
            started = perf_counter()
            await asyncio.sleep(SAMPLE_S)
            self.late_ms.append((perf_counter() - started - SAMPLE_S) * 1_000)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            gc.collect()
            writer.write(json.dumps(self._figures()).encode() + b"\n")
            await writer.drain()
        writer.close()

    def _figures(self) -> dict[str, Any]:
        """Since the last time; lateness is of the event loop, in milliseconds."""
        late, n_statements, n_tickets = self.late_ms, self.n_statements, self.n_tickets
        self.late_ms, self.n_statements, self.n_tickets = [], 0, 0
        status = Path("/proc/self/status").read_text()
        return {
            "late_ms": late,
            "n_statements": n_statements,
            "n_tickets": n_tickets,
            "n_tasks": len(asyncio.all_tasks()),
            "n_files": len(os.listdir("/proc/self/fd")),
            "rss_kib": int(status.partition("VmRSS:")[2].split()[0]),
            "cpu_s": sum(os.times()[:2]),
        }


def make_generator(settings: Settings) -> Any:
    return Dripping() if settings.generator == SLOW else SilentGenerator()


def run(environment: Mapping[str, str], log: Path, probe: Path, *arguments: str) -> None:
    """The target of a process: `bot` with these arguments, or (with none) `bot serve` beside a probe."""
    for name in [name for name in os.environ if name.startswith("BOT_")]:
        del os.environ[name]
    os.environ.update(environment)
    os.chdir(environment["BOT_DATA_DIR"])  # where no `.env` lies
    with log.open("ab") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
    bootstrap.make_embedder = lambda settings: WordCounter()  # type: ignore[assignment,return-value]
    bootstrap.make_generator = make_generator
    bootstrap.make_moods = lambda settings, embedder: None  # type: ignore[assignment,return-value]
    probe.unlink(missing_ok=True)
    if arguments:
        sys.argv = ["bot", *arguments]
        cli.main()
    else:
        sys.exit(asyncio.run(_serve(probe)))


async def _serve(path: Path) -> int:
    probe = Probe()
    watching = asyncio.create_task(probe.watch())
    async with await asyncio.start_unix_server(probe.answer, path):
        code = await commands.serve(Settings(), Output())
    watching.cancel()
    return code


__all__ = ["SLOW", "bot", "run"]
