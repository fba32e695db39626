"""What finding a passage costs, from a thousand passages to a million: `python -m tests.bench.size [N ...]`.

Each size runs in a process of its own: the dense index is built, loaded the way a server loads it, and asked; recall is
against comparing everything. Times are the median of a search for ten passages, and its ratio to the same search among
10,000 passages, compared one by one, in the same process and in turn.

No public set has a million passages, so vectors of real text are mixed: each new one is a piece and a share of another
one. `--vectors FILE.npy --queries FILE.npy` brings more real ones; else the sample shop's pieces and judged queries are
embedded. A passage has two pieces, as a question with its answer has.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import numpy as np

from bot.adapters.faiss_index import FaissPart
from bot.adapters.faiss_rows import NAME
from bot.knowledge import Piece

ROOT = Path(__file__).parents[2]
SIZES = (1_000, 10_000, 50_000, 100_000, 1_000_000)
REFERENCE = 10_000
PER_PASSAGE = 2
N_QUERIES = 300
BLOCK = 20_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.size", description="The cost of finding, by size.")
    parser.add_argument("sizes", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--vectors", type=Path, help="n × d float32, of unit length")
    parser.add_argument("--queries", type=Path)
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--ask", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.build:
        print(json.dumps(built(chosen.sizes[0], np.load(chosen.vectors), np.load(chosen.queries), chosen.build)))
    elif chosen.ask:
        print(json.dumps(asked(chosen.ask, np.load(chosen.queries)[:N_QUERIES])))
    else:
        with TemporaryDirectory(prefix="answerdesk-size-") as folder:
            _print(chosen.sizes, *((chosen.vectors, chosen.queries) if chosen.vectors else _embedded(Path(folder))))


def _print(sizes: Sequence[int], vectors: Path, queries: Path) -> None:
    for size in sizes:
        with TemporaryDirectory(prefix="answerdesk-size-") as folder:
            given = [str(size), "--vectors", str(vectors), "--queries", str(queries)]
            figures = _run(*given, "--build", folder) | _run(*given, "--ask", folder)  # apart: memory is told apart
        print("  ".join(f"{name} {value}" for name, value in figures.items()), flush=True)


def _run(*arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.size", *arguments]
    figures: dict[str, Any] = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    return figures


def built(n_passages: int, base: Any, queries: Any, folder: Path) -> dict[str, Any]:
    vectors = grown(base, n_passages * PER_PASSAGE)
    pieces = _pieces(len(vectors))
    started = perf_counter(), process_time()
    _write(folder / "index", FaissPart().build(pieces, vectors, vectors.shape[1], _told))
    seconds = perf_counter() - started[0], process_time() - started[1]
    part = FaissPart()
    part.load(_files(folder / "index"), vectors.shape[1])
    again = process_time()
    part.build(pieces[1:], vectors[1:], vectors.shape[1])
    again = process_time() - again
    (folder / "wanted.json").write_text(json.dumps(exact(vectors, queries[:N_QUERIES])))
    few = grown(base, REFERENCE * PER_PASSAGE)
    _write(folder / "reference", FaissPart(many=len(few) + 1).build(_pieces(len(few)), few, few.shape[1]))
    return {
        "passages": n_passages,
        "files": "+".join(sorted(file.name for file in (folder / "index").iterdir())),
        "build s": round(seconds[0], 1),
        "build CPU s": round(seconds[1], 1),
        "again, one piece less, CPU s": round(again, 1),
        "MB on disk": round(sum(file.stat().st_size for file in (folder / "index").iterdir()) / 1e6, 1),
    }


def asked(folder: Path, queries: Any) -> dict[str, Any]:
    before = resident()
    index = FaissPart().load(_files(folder / "index"), queries.shape[1])
    loaded = resident() - before
    found = [[passage for passage, _ in index.search("", query, 10)] for query in queries]
    searched = resident() - before
    reference = FaissPart().load(_files(folder / "reference"), queries.shape[1])
    times, others = [], []
    for query in queries:
        started = perf_counter()
        index.search("", query, 10)
        between = perf_counter()
        reference.search("", query, 10)
        times.append((between - started) * 1e3)
        others.append((perf_counter() - between) * 1e3)
    return {
        "MB resident": round(loaded / 1e6, 1),
        "MB resident after the searches": round(searched / 1e6, 1),
        "recall@10": round(_recall(found, json.loads((folder / "wanted.json").read_text())), 3),
        "p50 ms": round(median(times), 2),
        "p95 ms": round(sorted(times)[int(0.95 * len(times))], 2),
        "p50 of 10,000 ms": round(median(others), 2),
        "p50 / p50 of 10,000": round(median(times) / median(others), 2),
    }


def _pieces(n: int) -> list[Piece]:
    return [Piece(str(row // PER_PASSAGE), str(row)) for row in range(n)]


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir()
    for file, data in files.items():
        (folder / file).write_bytes(data)


def _files(folder: Path) -> dict[str, Any]:
    return {file.name: file.open("rb", buffering=0) if file.name == NAME else file.read_bytes()
            for file in folder.iterdir()}  # fmt: skip


def grown(base: Any, n: int) -> Any:
    """`n` vectors in half precision: those of `base`, then mixtures of two of them."""
    rng = np.random.default_rng(1)
    base = base[rng.permutation(len(base))[:n]].astype(np.float32)
    vectors = np.empty((n, base.shape[1]), np.float16)
    vectors[: len(base)] = base
    for start in range(len(base), n, BLOCK):
        size = min(BLOCK, n - start)
        one, other = base[rng.integers(0, len(base), size)], base[rng.integers(0, len(base), size)]
        mixed = one + rng.uniform(0.2, 1.0, (size, 1)).astype(np.float32) * other
        vectors[start : start + size] = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
    return vectors


def exact(vectors: Any, queries: Any, k: int = 10) -> list[list[str]]:
    """The passages that comparing everything finds."""
    best = np.empty((len(queries), 0), np.float32)
    where = np.empty((len(queries), 0), np.int64)
    for start in range(0, len(vectors), BLOCK):
        scores = queries @ vectors[start : start + BLOCK].astype(np.float32).T
        top = np.argpartition(-scores, min(PER_PASSAGE * k, scores.shape[1] - 1), axis=1)[:, : PER_PASSAGE * k]
        best = np.hstack((best, np.take_along_axis(scores, top, 1)))
        where = np.hstack((where, top + start))
    order = np.take_along_axis(where, np.argsort(-best, axis=1), 1) // PER_PASSAGE
    return [[str(passage) for passage in dict.fromkeys(row.tolist())][:k] for row in order]


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _recall(found: list[list[str]], wanted: list[list[str]]) -> float:
    shares = [len(set(one) & set(other)) / len(other) for one, other in zip(found, wanted, strict=True)]
    return sum(shares) / len(shares)


def _told(done: int, total: int) -> None:
    if sys.stderr.isatty():
        print(f"\rbuilding {done / total:4.0%}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def _embedded(folder: Path) -> tuple[Path, Path]:
    """The sample shop's pieces, English and Chinese apart from what MiniLM reads, and the judged queries."""
    from bot import faq, judged
    from bot.adapters.sbert import SentenceTransformerEmbedder
    from bot.knowledge import pieces

    shop = ROOT / "knowledge_base"
    texts = [
        piece.text
        for file in sorted(shop.glob("*/en/*.md"))
        for passage in faq.parse(file.read_text(), str(file.relative_to(shop))).passages
        for piece in pieces(passage)
    ]
    relevant = judged.qrels((shop / "judged" / "qrels.tsv").read_text())
    queries = judged.queries((shop / "judged" / "queries.jsonl").read_text(), relevant)
    asked = [query.text for query in queries if query.language == "en"]
    embedder = SentenceTransformerEmbedder(threads=os.cpu_count() or 1)
    found = folder / "vectors.npy", folder / "queries.npy"
    np.save(found[0], np.asarray(embedder.embed(texts, is_query=False)))
    np.save(found[1], np.asarray(embedder.embed(asked, is_query=True)))
    return found


if __name__ == "__main__":
    main()
