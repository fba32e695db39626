"""Ours beside haystack-ai and txtai in one run: the same passages, weights, questions and number of threads.

Each peer runs in its own process and environment (`make peers`, tests/bench/peers_runner.py). A peer gets one text a
passage: title, the shop's phrasings, body. Ours keeps them apart and counts the best piece of a passage, and it writes
its index and its database to disk; the peers hold theirs in memory. Questions are asked in turns of ten, so that what
else the machine does falls on all alike, and each only once, so that no cache answers. Follow-ups are left out: they
need a history, which no peer takes; so are questions that nothing answers. All use BOT_MODEL_THREADS threads.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any, Protocol, Self

from bot import bootstrap, bootstrap_content, indexing, judged, metrics, retrieval
from bot.content import COMMAS
from bot.judged import Entry, Query
from bot.knowledge import Document, Passage, language_of
from bot.ports import Bot
from bot.settings import Settings
from tests.bench.quality import development_sets

RUNNER = Path(__file__).with_name("peers_runner.py")
PEERS = ("haystack", "txtai")
OURS = "answerdesk"
K = 10  # passages asked for
TURN = 10  # questions each is asked before the next one's turn
BLOCKS = 5  # medians, of which the least disturbed is shown
OFTEN = 200  # passages up to which an ingest is so short that it is timed three times
SIZE = 2_445  # passages of the set that only shows what size costs
WARM_UP = ("Where do you ship to?", "What if it breaks?", "Can I pay by card?", "Who are you?", "When do you open?")


@dataclass(frozen=True)
class Set:
    """What is indexed and what is asked of it."""

    name: str
    documents: Sequence[Document]
    passages: Sequence[Passage]
    queries: Sequence[Query]


@dataclass(frozen=True)
class Found:
    """An answer: ids of passages, best first, milliseconds on the clock and of processor, and by stage where known."""

    ids: Sequence[str]
    ms: float
    cpu: float
    stages: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Measured:
    """What one system did on one set."""

    ingests: list[tuple[float, float]] = field(default_factory=list)  # seconds on the clock, of processor
    found: list[Found] = field(default_factory=list)


class System(Protocol):
    """Something that can be asked."""

    async def index(self, content: Set) -> tuple[float, float]:
        """Seconds, on the clock and of processor, from passages to an index that can be searched."""
        ...

    async def ask(self, questions: Sequence[str]) -> list[Found]: ...


# ── the systems ──


class Ours:
    """As `bot evaluate DIR` does it: a database and an index of its own in a temporary folder."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open = AsyncExitStack()
        self._bot: Bot | None = None

    async def index(self, content: Set) -> tuple[float, float]:
        await self._open.aclose()
        place = self._open.enter_context(bootstrap.temporary_folder())
        own = bootstrap.own_settings(self._settings, place, generator="none")
        await bootstrap.migrated(own)
        bot = self._bot = await self._open.enter_async_context(bootstrap.assembled(own))
        await bot.run(partial(bot.embedder.embed, WARM_UP, is_query=False))
        started, used = perf_counter(), process_time()
        await bot.store.apply(content.documents, content.passages, (), bot.now())
        await indexing.rebuild(bot)
        return perf_counter() - started, process_time() - used

    async def ask(self, questions: Sequence[str]) -> list[Found]:
        assert self._bot is not None
        answers = []
        for question in questions:
            started, used = perf_counter(), process_time()
            found = await retrieval.search(self._bot, question, language=language_of(question), k=K)
            ms, cpu = (perf_counter() - started) * 1_000, (process_time() - used) * 1_000
            answers.append(Found([hit.passage.id for hit in found.hits], ms, cpu, found.timings))
        return answers

    async def close(self) -> None:
        await self._open.aclose()


class Theirs:
    """A peer in its own process."""

    def __init__(self, python: Path, name: str, model: Path, threads: int) -> None:
        quiet = {"HF_HUB_OFFLINE": "1", "HAYSTACK_TELEMETRY_ENABLED": "False", "TQDM_DISABLE": "1"}
        self._name = name
        self._process = subprocess.Popen(
            [python, RUNNER, name, model, str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, encoding="utf-8", env={**os.environ, **quiet, "OMP_NUM_THREADS": str(threads)},
        )  # fmt: skip
        self.versions: Mapping[str, str] = self._answer()["versions"]

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.communicate()
            raise RuntimeError(f"{self._name} stopped; what it said is above")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _told(self, **request: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._answer()

    async def index(self, content: Set) -> tuple[float, float]:
        passages = [{"id": passage.id, "text": as_text(passage)} for passage in content.passages]
        answer = self._told(do="index", passages=passages)
        return answer["seconds"], answer["cpu"]

    def ingest(self, files: Sequence[str]) -> tuple[float, float, int]:
        """Seconds, on the clock and of processor, and how many documents were written."""
        answer = self._told(do="ingest", files=list(files))
        return answer["seconds"], answer["cpu"], answer["documents"]

    async def ask(self, questions: Sequence[str]) -> list[Found]:
        return [Found(*found) for found in self._told(do="ask", questions=list(questions), k=K)["found"]]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


def as_text(passage: Passage) -> str:
    return "\n".join(part for part in (passage.title, *passage.phrasings, passage.text) if part)


# ── measuring ──


async def measure(settings: Settings, root: Path) -> dict[str, Any]:
    python = root / ".bench" / "peers-venv" / "bin" / "python"
    if not python.exists():
        return {"not measured": "the peers are not installed: run `make peers`"}
    threads = settings.model_threads
    figures: dict[str, Any] = {"threads": threads, "load before": load()}
    with ExitStack() as stack:
        peers = {name: stack.enter_context(Theirs(python, name, weights(), threads)) for name in PEERS}
        figures |= {name: "  ".join(map(" ".join, peer.versions.items())) for name, peer in peers.items()}
        ours = Ours(settings.model_copy(update={"embedder": bootstrap.MINILM}))
        systems: dict[str, System] = {OURS: ours, **peers}
        for content in sets(root, Path(os.environ.get("ANSWERDESK_DATA", "nowhere"))):
            figures |= report(content, await side_by_side(systems, content))
        await ours.close()
    return {**figures, "load after": load()}


def weights() -> Path:
    from bot.adapters.sbert import MINILM_PACKAGE  # imports torch, which what only reads figures can do without

    found = find_spec(MINILM_PACKAGE)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent / "model"


def load() -> str:
    return " ".join(f"{average:.2f}" for average in os.getloadavg())


async def side_by_side(systems: Mapping[str, System], content: Set) -> dict[str, Measured]:
    measured = {name: Measured() for name in systems}
    for _ in range(3 if len(content.passages) <= OFTEN else 1):
        for name, system in systems.items():
            measured[name].ingests.append(await system.index(content))
    for system in systems.values():
        await system.ask(WARM_UP)
    for start in range(0, len(content.queries), TURN):
        texts = [query.text for query in content.queries[start : start + TURN]]
        for name, system in systems.items():
            measured[name].found += await system.ask(texts)
    return measured


# ── the figures ──


@dataclass(frozen=True)
class Figures:
    hit: float
    mrr: float
    p50: float
    p95: float
    cpu: float  # milliseconds of processor, the median question
    rate: float  # passages ingested a second
    cpu_rate: float  # passages ingested a second of processor

    def __str__(self) -> str:
        return (
            f"hit@1 {self.hit:.4f}  MRR@10 {self.mrr:.4f}  p50 {self.p50:.1f} ms  p95 {self.p95:.1f} ms  "
            f"{self.rate:.1f} passages/s  (processor: {self.cpu:.1f} ms, {self.cpu_rate:.1f} passages/s)"
        )

    def against(self, peer: Self) -> str:
        return (
            f"hit@1 {self.hit - peer.hit:+.4f}  MRR@10 {self.mrr - peer.mrr:+.4f}  "
            f"question {peer.p50 / self.p50:.1f} x as fast  ingest {self.rate / peer.rate:.1f} x as fast  "
            f"(processor: {peer.cpu / self.cpu:.1f} x, {self.cpu_rate / peer.cpu_rate:.1f} x)"
        )


def figures_of(content: Set, measured: Measured) -> Figures:
    anchors = {passage.id: passage.anchor for passage in content.passages}
    judgements = [
        ([anchors[id] for id in found.ids], query.relevant)
        for found, query in zip(measured.found, content.queries, strict=True)
    ]
    n = len(content.passages)
    return Figures(
        hit=metrics.average([metrics.hit_at(ranked, relevant, 1) for ranked, relevant in judgements]),
        mrr=metrics.average([metrics.reciprocal_rank(ranked, relevant) for ranked, relevant in judgements]),
        p50=calmest([found.ms for found in measured.found]),
        p95=metrics.percentile([found.ms for found in measured.found], 0.95),
        cpu=calmest([found.cpu for found in measured.found]),
        rate=n / min(clock for clock, _ in measured.ingests),
        cpu_rate=n / min(used for _, used in measured.ingests),
    )


def calmest(ms: Sequence[float]) -> float:
    """The best of the medians of some stretches: what else runs on the machine does not run all the time."""
    size = max(1, -(-len(ms) // BLOCKS))
    return min((median(ms[start : start + size]) for start in range(0, len(ms), size)), default=0.0)


def report(content: Set, measured: Mapping[str, Measured]) -> dict[str, str]:
    name = f"{content.name}, {len(content.passages)} passages, {len(content.queries)} questions"
    figures = {system: figures_of(content, one) for system, one in measured.items()}
    stages = [found.stages for found in measured[OURS].found]
    where = "  ".join(f"{stage} {calmest([one[stage] for one in stages]):.1f} ms" for stage in stages[0])
    return {
        **{f"{name}: {system}": str(one) for system, one in figures.items()},
        **{f"{name}: against {peer}": figures[OURS].against(figures[peer]) for peer in figures if peer != OURS},
        f"{name}: where our time goes": where,
    }


# ── the sets ──


def sets(root: Path, data: Path) -> Iterator[Set]:
    yield sample_shop(root)
    public = list(development_sets(data))
    for name, entries, queries in public:
        yield of_entries(name, entries, queries)
    for folder in sorted({file.parent for file in (*data.glob("corpus.jsonl"), *data.glob("*/corpus.jsonl"))}):
        yield beir(folder)
    file = data / "dev" / "faq_dstc11.docs.jsonl"
    if public and file.is_file():
        yield of_size(
            [entry for _, entries, _ in public for entry in entries], file, [q for *_, qs in public for q in qs]
        )


def sample_shop(root: Path) -> Set:
    """English only, in the index as in the questions: the weights read nothing else."""
    with bootstrap_content.make_sandbox() as sandbox:
        files = bootstrap_content.found_files(Settings(), [root / "knowledge_base"], [], sandbox).files
        parsed = [one for _, one in sandbox.parsed(files, COMMAS)]
    documents = [document for one in parsed for document in one.documents]
    passages = [passage for one in parsed for passage in one.passages]
    folder = root / "knowledge_base" / "judged"
    queries = judged.queries((folder / "queries.jsonl").read_text(), judged.qrels((folder / "qrels.tsv").read_text()))
    english = [one for one in passages if one.language == "en"]
    return Set(
        "sample shop, English",
        [one for one in documents if one.language == "en"],
        english,
        standalone([query for query in queries if query.language == "en"]),
    )


def beir(folder: Path) -> Set:
    relevant = judged.qrels((folder / "qrels" / "test.tsv").read_text())
    queries = judged.queries((folder / "queries.jsonl").read_text(), relevant)
    return of_entries(folder.name, judged.entries((folder / "corpus.jsonl").read_text()), queries)


def of_entries(name: str, entries: Sequence[Entry], queries: Sequence[Query]) -> Set:
    documents = [_document(entry) for entry in entries]
    passages = [Passage(d.key, d.key, d.title, d.text, d.language) for d in documents]
    return Set(name, documents, passages, standalone(queries))


def _document(entry: Entry) -> Document:
    return Document(entry.id, entry.title, "faq", language_of(f"{entry.title} {entry.text}"), entry.text, entry.id)


def of_size(entries: Sequence[Entry], more: Path, queries: Sequence[Query]) -> Set:
    """The public sets in one index, filled up with short FAQs: a peer's cost of a question grows with the index."""
    rows = map(json.loads, more.read_text().splitlines())
    filling = [Entry(row["id"], row["question"], row["answer"]) for row in rows]
    return of_entries("all in one", [*entries, *filling][:SIZE], queries[::4])


def standalone(queries: Sequence[Query]) -> list[Query]:
    return [query for query in queries if query.relevant and not query.history]
